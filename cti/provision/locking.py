"""One at a time: a file lock held while a program is fetched."""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cti.provision.errors import ProvisionError

LOCK_DEADLINE_SECONDS = 2400.0
_RETRY_SECONDS = 0.2


@contextmanager
def held(path: Path, on_wait: Callable[[str], None], deadline_seconds: float = LOCK_DEADLINE_SECONDS) -> Iterator[None]:
    """Hold the lock file for the block; the kernel lets it go when the process dies.

    on_wait is told once when another process holds it. Raises ProvisionError after `deadline_seconds`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        _acquire(file.fileno(), path, on_wait, deadline_seconds)
        yield


def _acquire(descriptor: int, path: Path, on_wait: Callable[[str], None], deadline_seconds: float) -> None:
    end = time.monotonic() + deadline_seconds
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                on_wait("another hotline process is fetching the same program; waiting for it")
                told = True
        else:
            return
        if time.monotonic() > end:
            raise ProvisionError(
                f"Another process held {path} for {deadline_seconds:.0f} s. End it (fuser {path} names it) and try again."
            )
        time.sleep(_RETRY_SECONDS)
