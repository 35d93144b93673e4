"""HTTP as all of the company's services are asked: one host, one deadline, nothing trusted.

No redirects, no cookies, no proxies from the environment, no compression, at most 64 KB of an answer.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

import aiohttp
from yarl import URL

from cti.backends.base import BackendInvalid, BackendUnavailable, Revealable

MAX_BODY_BYTES = 64 * 1024
CONNECT_SECONDS = 2.0
MAX_CONNECTIONS = 32
FAILURES: tuple[type[Exception], ...] = (aiohttp.ClientError, OSError)
"""What an exchange raises when the service is not to be had."""
_JSON = re.compile(r"application/([a-z0-9.-]+\+)?json")
_NOT_NOW = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class HttpAddress:
    """Where the service is and how to log in there.

    Attributes:
        url: base address; https, or http to this machine (or when `allow_plain_http` was chosen).
        token: sent as `Authorization: Bearer …`; None for none.
        headers: further headers of every request; their values may be secrets.

    """

    url: str
    token: Revealable | None = field(default=None, repr=False)
    allow_plain_http: bool = False
    headers: Mapping[str, Revealable] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        url = URL(self.url)
        if url.scheme not in ("http", "https") or not url.host or url.user or url.query_string or url.fragment:
            raise ValueError("the address of an HTTP backend is https://host[:port][/path] without login or query")
        local = url.host in ("localhost", "127.0.0.1", "::1")
        if url.scheme == "http" and not local and not self.allow_plain_http:
            raise ValueError("PINs must not travel unencrypted: use https, or set allow_plain_http: true knowingly")


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `path` is appended to the address as it is, and may be empty; `repeatable`: sending it twice can do no harm."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = field(default=None, repr=False)
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` is empty where nobody wanted it."""

    status: int
    content_type: str
    encoding: str
    body: bytes = field(repr=False)

    def json(self) -> object:
        """Return the body; raises BackendInvalid when it is no plain JSON."""
        if not _JSON.fullmatch(self.content_type) or self.encoding != "identity":
            raise BackendInvalid("the answer is no plain application/json")
        try:
            return json.loads(self.body, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise BackendInvalid("the answer is no JSON") from None


class Wire:
    """The connections to one address; opened at the first request."""

    def __init__(self, address: HttpAddress) -> None:
        self._address = address
        self._base = URL(address.url)
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, request: Request, seconds: float, wanted: Callable[[int], bool]) -> Answer:
        """Send a request and return the answer; once more when the connection broke before it and that can do no harm.

        Args:
            request: what is sent.
            seconds: the end of it all, also for a server that drips.
            wanted: tells by the status whether the body is to be read.

        Raises:
            BackendInvalid: the answer is too long, or the path leads to another host.
            TimeoutError, and what `FAILURES` lists.

        """
        deadline = asyncio.get_running_loop().time() + seconds
        try:
            return await self._once(request, deadline, wanted)
        except aiohttp.ServerDisconnectedError:
            if not request.repeatable:
                raise
            return await self._once(request, deadline, wanted)

    async def sign_of_life(self, seconds: float) -> None:
        """Return when the server answers anything."""
        async with asyncio.timeout(seconds), self._opened().head(self._base, allow_redirects=False):
            return

    async def close(self) -> None:
        """Give the connections back."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _once(self, request: Request, deadline: float, wanted: Callable[[int], bool]) -> Answer:
        # Own end of the work: a guard only stops waiting, and a dripping server would keep the connection for ever.
        async with (
            asyncio.timeout_at(deadline),
            self._opened().request(
                request.method,
                self._target(request),
                json=request.body,
                headers=dict(request.headers),
                allow_redirects=False,
            ) as answer,
        ):
            body = await _body(answer) if wanted(answer.status) else b""
            return Answer(answer.status, answer.content_type, answer.headers.get("Content-Encoding", "identity"), body)

    def _target(self, request: Request) -> URL:
        base = self._base.raw_path.rstrip("/")
        url = URL(f"{self._base.origin()}{base}{request.path}", encoded=True) if request.path else self._base
        below = url.raw_path.startswith(f"{base}/") and ".." not in url.raw_path.split("/")
        if request.path and not (below and url.origin() == self._base.origin()):
            raise BackendInvalid("the path leads out of the service")
        return url.with_query(dict(request.query)) if request.query else url

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            token = self._address.token
            login = {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}
            more = {name: value.reveal() for name, value in self._address.headers.items()}
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                headers={"Accept": "application/json", "Accept-Encoding": "identity", **more, **login},
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                max_line_size=8190,
                max_field_size=8190,
            )
        return self._session


def refuse_by_status(status: int, fine: Callable[[int], bool]) -> None:
    """Raise what a status that is not fine means: BackendUnavailable for "not now", else BackendInvalid."""
    if fine(status):
        return
    if status >= 500 or status in _NOT_NOW:
        raise BackendUnavailable(f"the service answered {status}")
    raise BackendInvalid(f"the service answered {status}")


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body; give up at the first byte too many, whatever length was announced."""
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            answer.close()
            raise BackendInvalid(f"the answer is longer than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")
