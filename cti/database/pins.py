"""PIN hashes (argon2id), made and checked in threads of their own: one hash costs milliseconds of pure computing.

A PIN of four to six digits can be tried out whatever the hash; what protects it is the lock-out. The hash keeps it
from being read in a copied database.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=1, memory_cost=4096, parallelism=1)


def hash_pin(pin: str) -> str:
    """Return the argon2 hash of a PIN."""
    return _HASHER.hash(pin)


@lru_cache(maxsize=1)
def nobodys_hash() -> str:
    """Return a hash no PIN fits: checked for unknown accounts, so that they take as long as a wrong PIN."""
    return hash_pin("no digits, so no caller can key it in")


class PinChecker:
    """Checks PINs beside the event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="pins")
        nobodys_hash()  # made now: the first unknown account must not take twice as long

    async def fits(self, pin: str, pin_hash: str | None) -> bool:
        """Tell whether the PIN fits; for `pin_hash` None (unknown account) it says no after the same work."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _fits, pin, pin_hash or nobodys_hash())

    def close(self) -> None:
        """Give the threads back."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _fits(pin: str, pin_hash: str) -> bool:
    try:
        return _HASHER.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False
