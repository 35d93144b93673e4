"""How late the event loop comes to its timers: what every call feels when something stands in the way."""

import asyncio
from typing import Protocol

EVERY_SECONDS = 0.1


class LagMetrics(Protocol):
    """Who counts it."""

    def loop_lagged(self, seconds: float) -> None:
        """The event loop came to a timer so late."""


async def watch_loop(metrics: LagMetrics) -> None:
    """Look until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY_SECONDS
        await asyncio.sleep(EVERY_SECONDS)
        metrics.loop_lagged(max(0.0, loop.time() - due))
