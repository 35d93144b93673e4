"""The company behind the gallery's flows: a bank that knows one PIN and one card, and services that misbehave."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.support.http_backend import ReferenceServer

if TYPE_CHECKING:
    from collections.abc import Mapping

CUSTOMER = {"account": "10203040", "name": "张伟", "tier": "gold", "language": "zh", "star_level": 4}


@dataclass(frozen=True)
class Asked:
    """One request as it came in. `at`: monotonic seconds."""

    service: str
    operation: str
    arguments: Mapping[str, Any]
    at: float


class Company(ReferenceServer):
    """`POST /<service>/<operation>`. The services `bank` and `card` judge a secret; each other one is a trouble of ReferenceServer.

    Args: the one right `pin` of each service that judges.
    While `open_for_business` is cleared, nobody who judges answers.
    """

    route = "/{service}/{operation}"

    def __init__(self, secrets: Mapping[str, str]) -> None:
        super().__init__(backend=None)  # type: ignore[arg-type]
        self.asked: list[Asked] = []
        self.open_for_business = asyncio.Event()
        self.open_for_business.set()
        self._secrets = secrets

    def requests(self, service: str, number: str = "") -> list[Asked]:
        """What a service was asked, by a caller or by all."""
        return [asked for asked in self.asked if asked.service == service and number in str(asked.arguments)]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        service, operation = request.match_info["service"], request.match_info["operation"]
        arguments = await request.json()
        self.asked.append(Asked(service, operation, arguments, time.monotonic()))
        if service in self._secrets:
            return await self._judged(service, arguments)
        return await getattr(self, f"_{service}")(request, operation, arguments)

    async def _judged(self, service: str, arguments: Mapping[str, Any]) -> web.Response:
        await self.open_for_business.wait()
        right = arguments["pin"] == self._secrets[service]
        return web.json_response({"verified": right, "locked": False, "customer": CUSTOMER if right else None})
