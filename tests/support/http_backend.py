"""A reference HTTP backend: serves any backend over the wire as `cti.backends.http` wants it, and misbehaves on demand."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from cti.backends import OPERATIONS, Backend, BackendInvalid

GIGABYTE = 1 << 30


class ReferenceServer:
    """`POST /<operation>`. Set `trouble` to a name below to make the next answers go wrong; `seen` keeps what came in."""

    route = "/{operation}"

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.trouble: str | None = None
        self.seen: list[tuple[str, dict, dict]] = []
        self.sent_bytes = 0
        self.url = ""
        self._leaving = asyncio.Event()

    @asynccontextmanager
    async def running(self, port: int) -> AsyncIterator["ReferenceServer"]:
        app = web.Application()
        app.router.add_route("*", self.route, self._handle)
        runner = web.AppRunner(app, shutdown_timeout=1, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        self.url = f"http://127.0.0.1:{port}"
        try:
            yield self
        finally:
            self._leaving.set()
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        operation = request.match_info["operation"]
        arguments = await request.json()
        self.seen.append((operation, arguments, dict(request.headers)))
        trouble = getattr(self, f"_{self.trouble}", None)
        if trouble is not None:
            return await trouble(request, operation, arguments)
        return await self._answer(request, operation, arguments)

    async def _answer(self, request: web.Request, operation: str, arguments: dict) -> web.Response:
        if operation not in OPERATIONS:
            raise web.HTTPNotFound
        key = request.headers.get("Idempotency-Key")
        try:
            reply = await self._backend.call(operation, arguments, idempotency_key=key, timeout_seconds=5)
        except BackendInvalid as error:
            return web.json_response({"error": str(error)}, status=422)
        return web.json_response(reply)

    async def _done_but_cut(self, request: web.Request, operation: str, arguments: dict) -> web.Response:
        """Do the effect, then break the connection instead of answering; once."""
        self.trouble = None
        await self._answer(request, operation, arguments)
        request.transport.abort()
        return web.Response()

    async def _hang(self, *_: object) -> web.Response:
        await self._leaving.wait()
        return web.Response()

    async def _drip(self, request: web.Request, *_: object) -> web.StreamResponse:
        """Send a byte now and then, for ever: each read succeeds, the answer never ends."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with suppress(ConnectionError):
            while not self._leaving.is_set():
                await response.write(b" ")
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._leaving.wait(), 0.02)
        return response

    async def _gigabyte(self, request: web.Request, *_: object) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        block = b" " * 65536
        with suppress(ConnectionError):
            while self.sent_bytes < GIGABYTE and not self._leaving.is_set():
                await response.write(block)
                self.sent_bytes += len(block)
        return response

    async def _error_500(self, *_: object) -> web.Response:
        return web.Response(status=500, text="boom")

    async def _busy_429(self, *_: object) -> web.Response:
        return web.Response(status=429)

    async def _redirect(self, request: web.Request, operation: str, *_: object) -> web.Response:
        return web.Response(status=307, headers={"Location": f"/{operation}?again=1"})

    async def _no_json(self, *_: object) -> web.Response:
        return web.Response(body=b"<html>", content_type="application/json")

    async def _not_a_number(self, *_: object) -> web.Response:
        return web.Response(body=b'{"state": NaN}', content_type="application/json")

    async def _deep_json(self, *_: object) -> web.Response:
        return web.Response(body=b"[" * 60_000, content_type="application/json")

    async def _html(self, *_: object) -> web.Response:
        return web.Response(text="<p>welcome</p>", content_type="text/html")

    async def _wrong_types(self, *_: object) -> web.Response:
        return web.json_response({"found": "yes", "customer": None, "balance_cents": "12.50", "ticket": 7})

    async def _array(self, *_: object) -> web.Response:
        return web.json_response([1, 2, 3])

    async def _control_characters(self, *_: object) -> web.Response:
        customer = {
            "account": "1",
            "name": "张\r\n\u0000伟\u202e\x1b[31m",
            "tier": "gold",
            "language": "zh",
            "star_level": 4,
        }
        return web.json_response({"found": True, "customer": customer, "extra": "dropped"})

    async def _gzip(self, *_: object) -> web.Response:
        response = web.Response(body=json.dumps({"found": False}).encode(), content_type="application/json")
        response.enable_compression(web.ContentCoding.gzip)
        response.headers["X-Forced"] = "1"
        response._compression_force = web.ContentCoding.gzip  # even though the client did not ask for it
        return response
