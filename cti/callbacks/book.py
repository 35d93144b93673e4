"""The promises: in memory for the router, in the store for the next server.

A promise is written before the caller is told of it. What becomes of it later is written behind: Asterisk itself knows
which attempts were made, so a late write loses nothing.
"""

from collections.abc import Iterator

import structlog

from cti.callbacks.promise import Promise, promise_of
from cti.store.base import Namespace, Store, StoreDown

#: A promise outlives its expiry in the store by this much, so that a server that was away can still settle it.
KEPT_SECONDS = 24 * 3600.0


class CallbackBook:
    """Promises by id. `loaded` turns true once the store has told what it knows."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._promises: dict[str, Promise] = {}
        self._unwritten: dict[str, None] = {}
        self.loaded = False
        self.log = structlog.get_logger("callbacks")

    def __iter__(self) -> Iterator[Promise]:
        return iter(list(self._promises.values()))

    def get(self, callback: str) -> Promise | None:
        """The promise of this id, if it is open."""
        return self._promises.get(callback)

    def of_number(self, number: str) -> Promise | None:
        """The open promise to this number."""
        return next((promise for promise in self._promises.values() if promise.number == number), None)

    async def load(self) -> None:
        """Learn what the store knows, once. Raises StoreDown."""
        if self.loaded:
            return
        for callback, value in (await self._store.items(Namespace.CALLBACKS)).items():
            promise = promise_of(callback, value)
            if promise is None:
                self.log.error("promise_unreadable", callback=callback)
            else:
                self._promises.setdefault(callback, promise)
        self.loaded = True

    async def answers(self) -> None:
        """Return when a promise could be written. Raises StoreDown."""
        await self._store.ping()

    async def promise(self, promise: Promise) -> None:
        """Write a promise, new or changed; only then may it be told. Raises StoreDown: nothing was promised."""
        try:
            await self._write(promise)
        except BaseException:
            self._unwritten[promise.callback] = None  # it may be written nevertheless: the next round puts that right
            raise
        self._promises[promise.callback] = promise

    def change(self, promise: Promise) -> None:
        """Something became of an open promise; the store gets it soon."""
        if promise.callback in self._promises:
            self._promises[promise.callback] = promise
            self._unwritten[promise.callback] = None

    def settle(self, callback: str) -> Promise | None:
        """The promise is over: take it out and return it; None if it is over already."""
        self._unwritten[callback] = None
        return self._promises.pop(callback, None)

    def is_written(self, callback: str) -> bool:
        """Whether the store knows what became of it."""
        return callback not in self._unwritten

    async def flush(self) -> None:
        """Write what is not written yet; stops when the store is down."""
        for callback in list(self._unwritten):
            promise = self._promises.get(callback)
            try:
                await (self._store.delete(Namespace.CALLBACKS, callback) if promise is None else self._write(promise))
            except StoreDown as error:
                self.log.warning("store_down", reason=str(error))
                return
            if self._promises.get(callback) is promise:
                del self._unwritten[callback]

    async def _write(self, promise: Promise) -> None:
        seconds = max(0.0, (promise.expires_ms - promise.requested_ms) / 1000) + KEPT_SECONDS
        await self._store.put(Namespace.CALLBACKS, promise.callback, promise.to_json(), expires_in_seconds=seconds)
