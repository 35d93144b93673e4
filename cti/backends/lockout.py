"""Lock-out in front of `verify_pin`, whatever the backend: three tries per account and per caller number.

Tries are counted before the PIN is checked, so that many at once gain nothing, and taken back when it was right. The
caller's count is not forgotten by a right PIN of another account. Counts live in the store and, for the time it is
down, in memory: a dead store neither stops callers nor opens the door.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from cti.backends.base import Backend
from cti.backends.rules import text_of
from cti.store.base import Namespace, Store, StoreDown
from cti.store.opening import open_store

LOCKED: dict[str, Any] = {"verified": False, "locked": True, "customer": None}
HIDDEN_CALLERS = frozenset({"", "anonymous", "unknown", "unavailable", "private", "restricted"})


class LockoutBackend:
    """A backend whose `verify_pin` is guarded; all else passes through.

    Args:
        backend: who checks PINs.
        store: where tries are counted, in the namespace `lockouts`.
        max_tries: wrong PINs that lock; the last of them already answers `locked`.
        lock_seconds: how long a lock, and the memory of a wrong try, lasts.

    """

    def __init__(self, backend: Backend, store: Store, *, max_tries: int = 3, lock_seconds: float = 900) -> None:
        self._backend = backend
        self._stores = (store, open_store("memory:"))
        self._max_tries = max_tries
        self._lock_seconds = lock_seconds

    async def call(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        timeout_seconds: float,
    ) -> dict[str, Any]:
        """See `Backend.call`."""
        if operation != "verify_pin":
            return await self._backend.call(
                operation, arguments, idempotency_key=idempotency_key, timeout_seconds=timeout_seconds
            )
        keys = _keys(arguments)
        if await self._is_locked(keys) or await self._count(keys, +1) > self._max_tries:
            return dict(LOCKED)
        return await self._judged(await self._asked(arguments, timeout_seconds, keys), keys)

    async def ping(self, timeout_seconds: float) -> None:
        """See `Backend.ping`."""
        await self._backend.ping(timeout_seconds)

    async def close(self) -> None:
        """See `Backend.close`. The store stays its owner's to close."""
        await self._backend.close()
        await self._stores[1].close()

    async def _asked(
        self, arguments: Mapping[str, Any], timeout_seconds: float, keys: tuple[str, ...]
    ) -> dict[str, Any]:
        """Return the backend's answer; a try that nobody judged is no try."""
        try:
            return await self._backend.call("verify_pin", arguments, timeout_seconds=timeout_seconds)
        except BaseException:
            await self._count(keys, -1)
            raise

    async def _judged(self, answer: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
        if answer["verified"]:
            await self._count(keys, -1)
            await self._everywhere("delete", f"tries/{keys[0]}")
            return answer
        full = [key for key in keys if await self._count((key,), 0) >= self._max_tries]
        for key in full:
            await self._everywhere("put", f"locked/{key}", True, expires_in_seconds=self._lock_seconds)
        return dict(LOCKED) if full else answer

    async def _is_locked(self, keys: tuple[str, ...]) -> bool:
        answers = await asyncio.gather(*(self._everywhere("get", f"locked/{key}") for key in keys))
        return any(any(answer) for answer in answers)

    async def _count(self, keys: tuple[str, ...], amount: int) -> int:
        """Add to the tries of all keys; return the highest count known anywhere."""
        lifetime = self._lock_seconds
        counted = (
            self._everywhere("increment", f"tries/{key}", expires_in_seconds=lifetime, amount=amount) for key in keys
        )
        return max(int(count) for counts in await asyncio.gather(*counted) for count in counts)

    async def _everywhere(self, method: str, *arguments: Any, **options: Any) -> list[Any]:
        """Do the same to every store that works; the one in memory always does."""
        asked = (getattr(store, method)(Namespace.LOCKOUTS, *arguments, **options) for store in self._stores)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, StoreDown):
                raise answer
        return [answer for answer in answers if not isinstance(answer, StoreDown)]


def _keys(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what tries are counted by: the account first, then the caller's number unless he hides it."""
    account = text_of(arguments, "account", 64) or ""
    caller = (text_of(arguments, "caller", 64) or "").casefold()
    return (f"account/{account}",) if caller in HIDDEN_CALLERS else (f"account/{account}", f"caller/{caller}")
