"""The company behind the gallery's flows: a bank that knows one PIN, a shop that knows one card, and services that misbehave."""

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
EXHIBIT = {"price": {"cents": 250, "currency": "CNY"}, "since": "2026-10-01", "crowded": False}


@dataclass(frozen=True)
class Asked:
    """One request as it came in. `at`: monotonic seconds."""

    service: str
    path: str
    arguments: Mapping[str, Any]
    at: float


class Company(ReferenceServer):
    """`POST /bank/verify_pin`, `POST /shop/charge`, `GET /shop/exhibits/<number>`; each other service is a trouble of ReferenceServer.

    Args: the one right PIN and card number.
    While its event in `answers` is cleared, the bank (or the shop) does not answer.
    """

    route = "/{service}/{operation:.*}"

    def __init__(self, pin: str, card: str) -> None:
        super().__init__(backend=None)  # type: ignore[arg-type]
        self.asked: list[Asked] = []
        self.answers = {"bank": asyncio.Event(), "shop": asyncio.Event()}
        for answering in self.answers.values():
            answering.set()
        self._pin, self._card = pin, card

    def requests(self, service: str, number: str = "") -> list[Asked]:
        """What a service was asked, for a caller or for all."""
        return [asked for asked in self.asked if asked.service == service and number in str(asked.arguments)]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        service, path = request.match_info["service"], request.match_info["operation"]
        arguments = await request.json() if request.method == "POST" else dict(request.query)
        self.asked.append(Asked(service, path, arguments, time.monotonic()))
        if service not in self.answers:
            return await getattr(self, f"_{service}")(request, path, arguments)
        await self.answers[service].wait()
        if service == "bank":
            right = arguments["pin"] == self._pin
            return web.json_response({"verified": right, "locked": False, "customer": CUSTOMER if right else None})
        if path == "charge":
            return web.json_response({"paid": arguments["card"]["number"] == self._card, "reference": "r-1"})
        return web.json_response(EXHIBIT, status=200 if path == "exhibits/12" else 404)
