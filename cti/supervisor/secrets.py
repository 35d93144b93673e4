"""Random passwords of one runtime folder: made once, kept in files that only the owner can read."""

import os
import secrets
from pathlib import Path

_LENGTH = 20
# Without characters that are mistaken for each other: people type these into a phone.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def secret(folder: Path, name: str) -> str:
    """Return the secret of that name, made at the first call (about 99 bits). Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    path = folder / name
    if not path.exists():
        fresh = folder / f".{name}.{os.getpid()}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) + "\n")
        fresh.replace(path)
    return path.read_text(encoding="ascii").strip()
