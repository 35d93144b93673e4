"""Asks the server's API on behalf of the command line."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import aiohttp

from cti.settings import HttpSettings

ANSWER_SECONDS = 10.0
CONNECT_SECONDS = 3.0
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - to be replaced, not listened on


class ServerAway(Exception):
    """Nobody answers as the server would; the message tells the cure."""


class ServerRefused(Exception):
    """The server answered with a problem. `status` is that of HTTP, the message the problem's detail."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def address_of(http: HttpSettings) -> str:
    """Return where to reach a server with these settings, as http://host:port."""
    host = _ANY_ADDRESS.get(http.host, http.host)
    return f"http://[{host}]:{http.port}" if ":" in host else f"http://{host}:{http.port}"


class ApiClient:
    """One session with the API. Both methods raise ServerAway and ServerRefused."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = address

    async def get(self, *path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the answer to GET of /api/ and the path's parts."""
        return await self._ask("GET", path, params=query)

    async def post(self, *path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer to POST to /api/ and the path's parts."""
        return await self._ask("POST", path, json=body)

    async def _ask(self, method: str, path: tuple[str, ...], **keywords: Any) -> dict[str, Any]:
        url = "/".join([self._address, "api", *(quote(part, safe="") for part in path)])
        try:
            async with self._session.request(method, url, allow_redirects=False, **keywords) as answer:
                text, status = await answer.text(errors="replace"), answer.status
        except TimeoutError as error:
            raise ServerAway(
                f"{self._address} does not answer within {ANSWER_SECONDS:g} s. Look at its log; restarting it loses no caller."
            ) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ServerAway(
                f"no server at {self._address} ({error}). Start it with `make run` or `hotline serve`; if it listens "
                "elsewhere, name its settings file with --settings, or set HOTLINE_HTTP__PORT."
            ) from error
        return self._understood(status, text)

    def _understood(self, status: int, text: str) -> dict[str, Any]:
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ServerAway(
                f"what answers at {self._address} is not the hotline's server. Correct http.port in the settings."
            )
        if status == HTTPStatus.UNAUTHORIZED:
            raise ServerRefused(
                status, "the server refuses the token. Name the settings file it was started with: --settings FILE."
            )
        if status >= HTTPStatus.BAD_REQUEST:
            faults = "; ".join(f"{fault['where']}: {fault['message']}" for fault in answer.get("errors", ()))
            detail = str(answer.get("detail", text))
            raise ServerRefused(status, f"{detail} ({faults})" if faults else detail)
        return answer


@asynccontextmanager
async def api_client(http: HttpSettings) -> AsyncIterator[ApiClient]:
    """Give a client to the server with these settings; nothing is sent before the first call."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS, connect=CONNECT_SECONDS)
    headers = {"Authorization": f"Bearer {http.token.get_secret_value()}"}
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        yield ApiClient(session, address_of(http))
        await asyncio.sleep(0)  # lets the transports close before the loop does
