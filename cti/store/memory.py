"""The store's twin in memory: same behaviour, gone with the process. For tests and for demos without a disk."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cti.store.codec import whole_number


@dataclass(frozen=True, slots=True)
class _Cell:
    generation: int
    text: str
    expires_at: float | None


class MemoryDriver:
    """Keeps cells in a dict; `clock` gives seconds that lifetimes are measured by."""

    name = "memory"
    errors: tuple[type[BaseException], ...] = ()

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._cells: dict[tuple[str, str], _Cell] = {}

    async def read(self, namespace: str, key: str) -> tuple[int, str] | None:
        """See `Driver.read`."""
        cell = self._living(namespace, key)
        return None if cell is None else (cell.generation, cell.text)

    async def write(self, namespace: str, key: str, text: str, lifetime: float | None) -> None:
        """See `Driver.write`."""
        self._set(namespace, key, 0, text, lifetime)

    async def write_generation(
        self, namespace: str, key: str, generation: int, text: str, lifetime: float | None
    ) -> bool:
        """See `Driver.write_generation`."""
        cell = self._living(namespace, key)
        if cell is not None and cell.generation > generation:
            return False
        self._set(namespace, key, generation, text, lifetime)
        return True

    async def remove(self, namespace: str, key: str) -> None:
        """See `Driver.remove`."""
        self._cells.pop((namespace, key), None)

    async def scan(self, namespace: str) -> dict[str, str]:
        """See `Driver.scan`."""
        keys = [key for room, key in self._cells if room == namespace]
        return {key: cell.text for key in keys if (cell := self._living(namespace, key)) is not None}

    async def add(self, namespace: str, key: str, amount: int, lifetime: float) -> int:
        """See `Driver.add`."""
        cell = self._living(namespace, key)
        count = whole_number(cell.text if cell else None) + amount
        if cell is None:
            self._set(namespace, key, 0, str(count), lifetime)
        else:
            self._cells[namespace, key] = _Cell(0, str(count), cell.expires_at)
        return count

    async def swap(self, namespace: str, key: str, expected: str, new: str, lifetime: float | None) -> bool:
        """See `Driver.swap`."""
        cell = self._living(namespace, key)
        if (cell.text if cell else "null") != expected:
            return False
        if new == "null":
            self._cells.pop((namespace, key), None)
        else:
            self._set(namespace, key, 0, new, lifetime)
        return True

    async def ping(self) -> None:
        """See `Driver.ping`."""

    def drop(self) -> None:
        """See `Driver.drop`."""

    async def shut(self) -> None:
        """See `Driver.shut`."""
        self._cells.clear()

    def _living(self, namespace: str, key: str) -> _Cell | None:
        cell = self._cells.get((namespace, key))
        if cell is not None and cell.expires_at is not None and cell.expires_at <= self._clock():
            del self._cells[namespace, key]
            return None
        return cell

    def _set(self, namespace: str, key: str, generation: int, text: str, lifetime: float | None) -> None:
        expires_at = None if lifetime is None else self._clock() + lifetime
        self._cells[namespace, key] = _Cell(generation, text, expires_at)
