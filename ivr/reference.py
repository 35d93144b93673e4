"""The reference of the flow language: tables of keys, made from the declarations the editor's schema is made from.

In a Markdown text they stand between `<!-- keys: menu confirm -->` and `<!-- end of keys -->`; `fill` brings them up to date.
"""

import re
from collections.abc import Mapping

from ivr.fields import Field
from ivr.schema import DEFAULTS, FLOW, FRAGMENT
from ivr.steps import FORMS
from ivr.steps.asking import ASKING

_MARKED = re.compile(r"(<!-- keys: ([a-z ]+) -->\n).*?(<!-- end of keys -->)", re.DOTALL)
_ASKING_NAMES = frozenset(field.name for field in ASKING if not field.required)
_TABLES: Mapping[str, tuple[Field, ...]] = {
    "flow file": FLOW,
    "fragment file": FRAGMENT,
    "defaults": DEFAULTS,
    "asking": tuple(field for field in ASKING if not field.required),
}


def fill(text: str) -> str:
    """Return the text with every marked table as the declarations have it.

    Raises:
        KeyError: a mark names no step type and no table.

    """
    return _MARKED.sub(lambda found: f"{found[1]}{keys_of(found[2])}{found[3]}", text)


def marked(text: str) -> frozenset[str]:
    """Return what the marks of a text name."""
    return frozenset(found[2] for found in _MARKED.finditer(text))


def keys_of(name: str) -> str:
    """Return the table of the keys of a step type, of `flow file`, `defaults` or `asking` (what all asking steps share)."""
    if name in _TABLES:
        return _table(_TABLES[name])
    return "\n".join(_table(_own(form.fields), form.chosen_by) for form in FORMS[name])


def _own(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Leave out what all asking steps share: it has its own table."""
    shared = {field.name for field in fields} >= _ASKING_NAMES
    return tuple(field for field in fields if not (shared and field.name in _ASKING_NAMES))


def _table(fields: tuple[Field, ...], chosen_by: str = "") -> str:
    title = f"`{chosen_by}:` given" if chosen_by else "key"
    return "\n".join([f"| {title} | value | without it | |", "|---|---|---|---|", *map(_row, fields), ""])


def _row(field: Field) -> str:
    without = "required" if field.required else field.default
    return f"| `{field.name}` | {field.shape.words} | {without} | {field.meaning} |"
