"""The second backend: somebody else's service over HTTP/JSON, trusted with nothing.

`POST <base>/<operation>` with the arguments as a JSON object and, for effects, the header `Idempotency-Key`. Answers:
200 with the reply as JSON; 408, 425, 429 and 5xx mean "not now"; everything else is a breach of the contract. No
redirects, no cookies, no proxies from the environment, no compression, at most 64 KB.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from cti.backends.base import BackendInvalid, BackendUnavailable, Revealable, reveal
from cti.backends.catalogue import Operation, operation_named
from cti.backends.guard import Guard

MAX_BODY_BYTES = 64 * 1024
CONNECT_SECONDS = 2.0
MAX_CONNECTIONS = 32
_NOT_NOW = frozenset({408, 425, 429})
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """Where the service is and how to log in there.

    Attributes:
        url: base address; https, or http to this machine (or when `allow_plain_http` was chosen).
        token: sent as `Authorization: Bearer …`; None for none.

    """

    url: str
    token: Revealable | None = field(default=None, repr=False)
    allow_plain_http: bool = False

    def __post_init__(self) -> None:
        url = URL(self.url)
        if url.scheme not in ("http", "https") or not url.host or url.user or url.query_string:
            raise ValueError("the address of an HTTP backend is https://host[:port][/path] without login or query")
        local = url.host in ("localhost", "127.0.0.1", "::1")
        if url.scheme == "http" and not local and not self.allow_plain_http:
            raise ValueError("PINs must not travel unencrypted: use https, or set allow_plain_http: true knowingly")


class HttpBackend:
    """`cti.backends.base.Backend` over HTTP/JSON; opens its connections at the first call."""

    def __init__(self, address: HttpAddress) -> None:
        self._address = address
        self._base = URL(address.url)
        self._session: aiohttp.ClientSession | None = None
        self._guard = Guard("the HTTP backend", (aiohttp.ClientError, OSError))

    async def call(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        timeout_seconds: float,
    ) -> dict[str, Any]:
        """See `Backend.call`."""
        entry = operation_named(operation)
        checked = entry.checked_arguments(arguments)
        if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
            raise BackendInvalid(f"{operation}: an idempotency key has 1 to 200 printable ASCII characters")
        work = self._checked(entry, checked, idempotency_key, timeout_seconds)
        return await self._guard.run(work, timeout_seconds)

    async def ping(self, timeout_seconds: float) -> None:
        """See `Backend.ping`: any answer of the server is a sign of life, so the base address is asked."""
        await self._guard.run(self._head(timeout_seconds), timeout_seconds)

    async def close(self) -> None:
        """See `Backend.close`."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await self._guard.drain()

    async def _checked(
        self, entry: Operation, arguments: dict[str, Any], key: str | None, seconds: float
    ) -> dict[str, Any]:
        """Ask once; once more when the connection broke before the answer and asking again can do no harm."""
        deadline = asyncio.get_running_loop().time() + seconds
        repeatable = key is not None or not entry.effect
        try:
            raw = await self._asked(entry, arguments, key, deadline)
        except aiohttp.ServerDisconnectedError:
            if not repeatable:
                raise
            raw = await self._asked(entry, arguments, key, deadline)
        return entry.checked_reply(raw)

    async def _asked(self, entry: Operation, arguments: dict[str, Any], key: str | None, deadline: float) -> object:
        body = {name: reveal(value) if name in entry.secret else value for name, value in arguments.items()}
        headers = {} if key is None else {"Idempotency-Key": key}
        # Own end of the work: `Guard` only stops waiting, and a dripping server would keep the connection for ever.
        async with (
            asyncio.timeout_at(deadline),
            self._opened().post(self._base / entry.name, json=body, headers=headers, allow_redirects=False) as answer,
        ):
            _refuse_by_status(entry, answer)
            return _decoded(entry, await _body(entry, answer))

    async def _head(self, seconds: float) -> None:
        async with asyncio.timeout(seconds), self._opened().head(self._base, allow_redirects=False):
            return

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            token = self._address.token
            login = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                headers={"Accept": "application/json", "Accept-Encoding": "identity", **login},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                max_line_size=8190,
                max_field_size=8190,
            )
        return self._session


def _refuse_by_status(entry: Operation, answer: aiohttp.ClientResponse) -> None:
    if answer.status >= 500 or answer.status in _NOT_NOW:
        raise BackendUnavailable(f"{entry.name}: the HTTP backend answered {answer.status}")
    if answer.status != 200:
        raise BackendInvalid(f"{entry.name}: the HTTP backend answered {answer.status}, expected 200")
    if answer.content_type != "application/json" or answer.headers.get("Content-Encoding", "identity") != "identity":
        raise BackendInvalid(f"{entry.name}: the HTTP backend's answer is no plain application/json")


async def _body(entry: Operation, answer: aiohttp.ClientResponse) -> bytes:
    """Return the body; give up at the first byte too many, whatever length was announced."""
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            answer.close()
            raise BackendInvalid(f"{entry.name}: the HTTP backend's answer is longer than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _decoded(entry: Operation, body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BackendInvalid(f"{entry.name}: the HTTP backend's answer is no JSON") from None
