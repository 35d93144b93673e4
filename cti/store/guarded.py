"""The store everybody uses: a driver, with a deadline on every call, a breaker, and one kind of error."""

import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from cti.store.base import Json, Namespace, StoreDown
from cti.store.bounded import Bounded
from cti.store.breaker import Breaker
from cti.store.codec import checked_place, decode, encode

T = TypeVar("T")

FAILURES_TO_OPEN = 2
REST_SECONDS = 1.0
CLOSE_SECONDS = 0.5


class Driver(Protocol):
    """What one kind of store must be able to do. Texts are encoded values; `lifetime` is seconds or None for ever."""

    name: str
    errors: tuple[type[BaseException], ...]

    async def read(self, namespace: str, key: str) -> tuple[int, str] | None:
        """Return (generation, text) or None."""

    async def write(self, namespace: str, key: str, text: str, lifetime: float | None) -> None:
        """Write with generation 0."""

    async def write_generation(
        self, namespace: str, key: str, generation: int, text: str, lifetime: float | None
    ) -> bool:
        """Write unless a higher generation is there, atomically."""

    async def remove(self, namespace: str, key: str) -> None:
        """Remove."""

    async def scan(self, namespace: str) -> dict[str, str]:
        """Return all keys with their texts."""

    async def add(self, namespace: str, key: str, amount: int, lifetime: float) -> int:
        """Add to a counter, atomically."""

    async def swap(self, namespace: str, key: str, expected: str, new: str, lifetime: float | None) -> bool:
        """Write `new` if the text is `expected` ("null": nothing there, or to be removed), atomically."""

    async def ping(self) -> None:
        """Ask for a sign of life."""

    def drop(self) -> None:
        """Forget connections that may be in the middle of a conversation: a call failed."""

    async def shut(self) -> None:
        """Give everything back."""


class GuardedStore:
    """`cti.store.base.Store` on top of a driver.

    Args:
        driver: who keeps the values.
        deadline_seconds: end of every call (`items` may take five times as long).
        clock: monotonic seconds, for the breaker.

    """

    def __init__(self, driver: Driver, *, deadline_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._driver = driver
        self._failures: tuple[type[BaseException], ...] = (TimeoutError, *driver.errors)
        self._deadline_seconds = deadline_seconds
        self._bounded = Bounded()
        self._breaker = Breaker(failures_to_open=FAILURES_TO_OPEN, rest_seconds=REST_SECONDS, clock=clock)
        self._closed = False

    async def put(self, namespace: str, key: str, value: Json, *, expires_in_seconds: float | None = None) -> None:
        """See `Store.put`."""
        place, text = checked_place(namespace, key), encode(value)
        await self._ask(lambda: self._driver.write(*place, text, expires_in_seconds))

    async def get(self, namespace: str, key: str) -> Json:
        """See `Store.get`."""
        found = await self.get_generation(namespace, key)
        return None if found is None else found[1]

    async def get_generation(self, namespace: str, key: str) -> tuple[int, Json] | None:
        """See `Store.get_generation`."""
        place = checked_place(namespace, key)
        found = await self._ask(lambda: self._driver.read(*place))
        return None if found is None else (found[0], decode(found[1]))

    async def delete(self, namespace: str, key: str) -> None:
        """See `Store.delete`."""
        place = checked_place(namespace, key)
        await self._ask(lambda: self._driver.remove(*place))

    async def items(self, namespace: str) -> dict[str, Json]:
        """See `Store.items`."""
        room = Namespace(namespace).value
        texts = await self._ask(lambda: self._driver.scan(room), patience=5)
        return {key: decode(text) for key, text in texts.items() if text != "null"}

    async def increment(self, namespace: str, key: str, *, expires_in_seconds: float, amount: int = 1) -> int:
        """See `Store.increment`."""
        place = checked_place(namespace, key)
        return await self._ask(lambda: self._driver.add(*place, amount, expires_in_seconds))

    async def compare_and_set(
        self, namespace: str, key: str, expected: Json, new: Json, *, expires_in_seconds: float | None = None
    ) -> bool:
        """See `Store.compare_and_set`."""
        place, old_text, new_text = checked_place(namespace, key), encode(expected), encode(new)
        return await self._ask(lambda: self._driver.swap(*place, old_text, new_text, expires_in_seconds))

    async def put_generation(
        self, namespace: str, key: str, generation: int, value: Json, *, expires_in_seconds: float | None = None
    ) -> bool:
        """See `Store.put_generation`."""
        place, text = checked_place(namespace, key), encode(value)
        return await self._ask(lambda: self._driver.write_generation(*place, generation, text, expires_in_seconds))

    async def ping(self) -> None:
        """See `Store.ping`."""
        await self._ask(self._driver.ping)

    async def close(self) -> None:
        """See `Store.close`."""
        if not self._closed:
            self._closed = True
            await self._bounded.drain(CLOSE_SECONDS)
            await self._quietly_shut()

    async def _quietly_shut(self) -> None:
        try:
            await self._bounded.run(self._driver.shut(), CLOSE_SECONDS)
        except self._failures:
            return

    async def _ask(self, work: Callable[[], Coroutine[Any, Any, T]], patience: int = 1) -> T:
        """Do one piece of work within the deadline, or raise StoreDown."""
        if self._closed:
            raise StoreDown(f"the {self._driver.name} store is closed")
        if not self._breaker.admit():
            raise StoreDown(f"the {self._driver.name} store failed just now and rests for {REST_SECONDS:g} s")
        try:
            answer = await self._bounded.run(work(), self._deadline_seconds * patience)
        except self._failures as error:
            self._breaker.failed()
            self._driver.drop()
            raise StoreDown(f"the {self._driver.name} store: {error or type(error).__name__}") from error
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()
        return answer
