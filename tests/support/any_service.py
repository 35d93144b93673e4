"""A service of a company as `http` steps and SMS gateways meet it: any method and path, effects once per key, trouble on demand."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.support.http_backend import ReferenceServer


@dataclass(frozen=True)
class Seen:
    """One request as it came in; `target` is path and query as they stood on the wire."""

    method: str
    target: str
    body: Any
    headers: dict[str, str]

    @property
    def key(self) -> str:
        return self.headers.get("Idempotency-Key", "")


TROUBLE = "/trouble/"


class AnyService(ReferenceServer):
    """Answers every request with `status` and `reply`, or with the `trouble` of ReferenceServer; `effects` counts keys, each once.

    A path below `/trouble/<name>` has that trouble always.
    """

    route = "/{operation:.*}"

    def __init__(self, reply: Any = None) -> None:
        super().__init__(backend=None)  # type: ignore[arg-type]
        self.requests: list[Seen] = []
        self.effects: dict[str, Seen] = {}
        self.reply = reply
        self.status = 200

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        seen = Seen(request.method, request.raw_path, body, dict(request.headers))
        self.requests.append(seen)
        place = request.path.removeprefix(TROUBLE).split("/")[0] if request.path.startswith(TROUBLE) else self.trouble
        trouble = getattr(self, f"_{place}", None)
        return await (trouble or self._answer)(request, seen.target, body)

    async def _answer(self, request: web.Request, operation: str, arguments: dict) -> web.Response:
        seen = self.requests[-1]
        if seen.key:
            self.effects.setdefault(seen.key, seen)
        return (
            web.Response(status=self.status)
            if self.reply is None
            else web.json_response(self.reply, status=self.status)
        )

    async def _done_but_silent(self, request: web.Request, operation: str, arguments: dict) -> web.Response:
        """Do the effect and never answer."""
        await self._answer(request, operation, arguments)
        return await self._hang()

    async def _control_characters(self, *_: object) -> web.Response:
        return web.json_response({"state": "o\r\n\u0000\u202ek\x1b"})

    async def _wrong_types(self, *_: object) -> web.Response:
        return web.json_response({"state": ["ok"]})
