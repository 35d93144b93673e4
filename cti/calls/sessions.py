"""Keeps flow sessions: the newest of each call in memory, written behind to the store, highest generation wins.

A store that is down or slow delays no call. After a kill at most the last write is missing: one menu step back.
"""

import asyncio
from collections.abc import Collection
from typing import Any

import structlog

from cti.store.base import Namespace, Store, StoreDown

#: A session outlives its call by far less than this; it bounds what an abandoned store keeps.
EXPIRES_SECONDS = 6 * 3600.0
#: A caller who knows his way passes several waits in this time; one write does for all of them. An effect does not wait for it.
GATHER_SECONDS = 0.05


class SessionKeeper:
    """Sessions by call id. `write_failures` counts writes the store did not take."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._newest: dict[str, tuple[int, dict[str, Any]]] = {}
        self._unwritten: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self.write_failures = 0
        self.log = structlog.get_logger("sessions")

    def save(self, call: str, generation: int, session: dict[str, Any]) -> None:
        """Keep this session; the store gets it soon."""
        self._newest[call] = (generation, session)
        self._unwritten[call] = None
        self._wake.set()

    def forget(self, call: str) -> None:
        """The call is over."""
        self._newest.pop(call, None)
        self._unwritten[call] = None
        self._wake.set()

    def keep_only(self, alive: Collection[str]) -> None:
        """Forget the sessions of calls that ended while nobody looked."""
        for call in [call for call in self._newest if call not in alive]:
            self.forget(call)

    async def load(self, call: str) -> tuple[int, dict[str, Any]] | None:
        """The newest session known, from memory or the store; None when neither has one."""
        if call in self._newest:
            return self._newest[call]
        try:
            found = await self._store.get_generation(Namespace.SESSIONS, call)
        except StoreDown:
            return None
        if found is None or not isinstance(found[1], dict):
            return None
        return found[0], dict(found[1])

    async def run(self) -> None:
        """Write behind until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._wake.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write all that is not written yet, oldest first; what fails is dropped here and stays in memory.

        When it returns, writes that others had begun are done too: an effect may rely on its key being on record.
        """
        async with self._one_at_a_time:
            while self._unwritten:
                call = next(iter(self._unwritten))
                del self._unwritten[call]
                try:
                    await self._write(call)
                except StoreDown as error:
                    self.write_failures += 1
                    if self.write_failures == 1:
                        self.log.warning("store_down", reason=str(error))

    async def _write(self, call: str) -> None:
        newest = self._newest.get(call)
        if newest is None:
            await self._store.delete(Namespace.SESSIONS, call)
        else:
            await self._store.put_generation(Namespace.SESSIONS, call, newest[0], newest[1], expires_in_seconds=EXPIRES_SECONDS)
