"""How values and names are written in every store, so that all of them compare and refuse alike."""

import json
import re

from cti.store.base import Json, Namespace

MAX_VALUE_CHARACTERS = 1_000_000
_KEY = re.compile(r"[^\x00-\x1f\x7f]{1,512}")


def encode(value: Json) -> str:
    """Return the one canonical text of a value (sorted keys, ASCII); raise ValueError for what is no JSON or too big."""
    text = json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))
    if len(text) > MAX_VALUE_CHARACTERS:
        raise ValueError(f"the value has {len(text)} characters; {MAX_VALUE_CHARACTERS} are allowed")
    return text


def decode(text: str | None) -> Json:
    """Return the value of a text; None for no text."""
    value: Json = None if text is None else json.loads(text)
    return value


def checked_place(namespace: str, key: str) -> tuple[str, str]:
    """Return namespace and key as plain text; raise ValueError when the key is empty, too long or has control signs."""
    if not _KEY.fullmatch(key):
        raise ValueError("a key has 1 to 512 characters and no control characters")
    return Namespace(namespace).value, key


def whole_number(text: str | None) -> int:
    """Return the count written in a text; 0 for anything that is no whole number."""
    return int(text) if text is not None and re.fullmatch(r"-?\d{1,18}", text) else 0
