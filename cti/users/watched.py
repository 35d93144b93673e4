"""What a small file says, read again whenever it was changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from ivr.document import BadDocument

T = TypeVar("T")


class Watched(Generic[T]):
    """A file's content. What cannot be read is logged once and changes nothing.

    Args:
        path: the file.
        read: makes the content; raises BadDocument or OSError.
        missing: the content when there is no file, or none that could ever be read.

    """

    def __init__(self, path: Path, read: Callable[[Path], T], missing: T) -> None:
        self._path = path
        self._read = read
        self._missing = missing
        self._content = missing
        self._mark: tuple[int, int, int] | None = None

    def __call__(self) -> T:
        """Return the content as it is now."""
        mark = self._stat()
        if mark != self._mark:
            self._mark = mark
            self._content = self._missing if mark is None else self._fresh()
        return self._content

    def _stat(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _fresh(self) -> T:
        try:
            return self._read(self._path)
        except (BadDocument, OSError) as error:
            structlog.get_logger("users").error("file_refused", file=str(self._path), reason=str(error))
            return self._content
