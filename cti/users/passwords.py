"""Password hashes (argon2id), made and checked in threads: one costs tens of milliseconds and 19 MB, which no call shall wait for."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST_LENGTH = 8
LARGEST_LENGTH = 200
_WORKERS = 2
#: so many may stand in line to be checked
_WAITING_LIMIT = 16
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


class TooBusy(Exception):
    """More passwords are to be checked than can be soon."""


def hash_password(password: str) -> str:
    """Return the hash of a password. Raises ValueError with the cure when it is too short or too long."""
    if not LEAST_LENGTH <= len(password) <= LARGEST_LENGTH:
        raise ValueError(f"a password has {LEAST_LENGTH} to {LARGEST_LENGTH} characters: take a longer one, a few words for instance")
    return _HASHER.hash(password)


@lru_cache(maxsize=1)
def nobodys_hash() -> str:
    """Return a hash that fits nothing: checked for unknown users, so that they take as long as a wrong password."""
    return _HASHER.hash("\x00 no keyboard gives this")


class PasswordChecker:
    """Checks passwords beside the event loop, a few at a time."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="passwords")
        self._open = 0
        nobodys_hash()  # made now: the first unknown user must not take twice as long

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """Tell whether the password fits; for None (unknown user) it says no after the same work. Raises TooBusy."""
        if self._open >= _WAITING_LIMIT:
            raise TooBusy
        self._open += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, _fits, password, password_hash)
        finally:
            self._open -= 1

    def close(self) -> None:
        """Give the threads back."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _fits(password: str, password_hash: str | None) -> bool:
    try:
        return _HASHER.verify(password_hash or nobodys_hash(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False
