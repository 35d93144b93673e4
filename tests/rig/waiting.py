"""Waiting for a condition with a deadline: the only way tests wait here."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any


class Deadline(AssertionError):
    """What was waited for did not happen in time; the text says what was seen instead."""


class Changed:
    """A condition variable without a lock, for one event loop: `fire()` wakes all who wait."""

    def __init__(self) -> None:
        self._future: asyncio.Future[None] | None = None

    def fire(self) -> None:
        """Tell everybody who waits to look again."""
        if self._future is not None and not self._future.done():
            self._future.set_result(None)
        self._future = None

    async def until(self, probe: Callable[[], Any], within: float, what: Callable[[], str]) -> Any:
        """Return the first true value of `probe()`, which is asked now and after every `fire()`.

        Raises Deadline with `what()` after `within` seconds.
        """
        end = time.monotonic() + within
        while True:
            value = probe()
            if value:
                return value
            left = end - time.monotonic()
            if left <= 0:
                raise Deadline(what())
            if self._future is None or self._future.done():
                self._future = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._future}, timeout=left)


async def eventually(probe: Callable[[], Any], within: float, what: str, every: float = 0.05) -> Any:
    """Poll `probe` (plain or async) until it gives a true value; for things that cannot wake us (files, HTTP).

    Raises Deadline with `what` and the last value after `within` seconds.
    """
    end = time.monotonic() + within
    while True:
        value = probe()
        if isinstance(value, Awaitable):
            value = await value
        if value:
            return value
        if time.monotonic() > end:
            raise Deadline(f"not within {within:g} s: {what}; last value {value!r}")
        await asyncio.sleep(every)
