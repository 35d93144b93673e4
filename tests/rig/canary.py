"""Finding a secret wherever it may have been written, in whatever dress."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ALONE = re.compile(rb"(?<![0-9])[0-9](?![0-9])")
_NO_DIGIT = re.compile(rb"[^0-9\n]")
LONG_DIGITS = 12  # so many digits do not meet by accident when everything between them is taken out


def traces(secret: str, data: bytes) -> list[str]:
    """In which dresses the secret occurs in the data; none is what is wanted.

    Plain, in UTF-16, base64, hexadecimal, reversed, hashed without salt; a long one also spread over a line, or digit by digit over many.
    """
    plain = secret.encode()
    dresses = {
        "plain": plain,
        "utf-16": secret.encode("utf-16-le"),
        "hexadecimal": plain.hex().encode(),
        "reversed": plain[::-1],
        **{f"base64 at {shift}": _inner_base64(plain, shift) for shift in range(3)},
        **{name: hashlib.new(name, plain).hexdigest().encode() for name in ("md5", "sha1", "sha256")},
    }
    found = [name for name, dress in dresses.items() if dress in data]
    if len(secret) >= LONG_DIGITS:
        found += ["spread over a line"] * (plain in _NO_DIGIT.sub(b"", data))
        found += ["digit by digit"] * (plain in b"".join(_ALONE.findall(data)))
    return found


def _inner_base64(plain: bytes, shift: int) -> bytes:
    """What is the same in the base64 of every text that holds `plain` at an offset of this remainder."""
    whole = base64.b64encode(b"\0" * shift + plain + b"\0\0")
    return whole[-(-shift * 8 // 6) : (shift + len(plain)) * 8 // 6]


def files_below(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file with its content; sockets and links are passed over."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.is_symlink():
            yield file, file.read_bytes()
