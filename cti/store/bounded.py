"""Waiting with a deadline without cancelling: the work goes on to its own end, only the waiting stops.

Cancelling in the middle of a database or Redis exchange leaves a connection with half a conversation; the next user of
it would read the other's answer. So work is never cancelled here; each piece of work has an end of its own.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Bounded:
    """Runs pieces of work and remembers those that outlived their waiter."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    @property
    def running(self) -> int:
        """How many pieces of work have not ended."""
        return len(self._running)

    async def run(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """Return the work's result or raise its error; raise TimeoutError after `seconds` while the work goes on."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            raise TimeoutError(f"no answer within {seconds:g} s")
        return task.result()

    async def drain(self, seconds: float) -> bool:
        """Wait for all work to end; tell whether it did within `seconds`."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=seconds)
        return not self._running

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # taken, so that nobody complains about an error nobody waited for
