"""Filling in the templates of deploy/asterisk: `@NAME@` stands for a value. Pure."""

import re
from collections.abc import Mapping
from pathlib import Path

_PLACEHOLDER = re.compile(r"@([A-Z][A-Z0-9_]*)@")
_COMMENT = ";"


class TemplateError(Exception):
    """A template cannot be filled in; the message says file, line, and how to mend it."""


def fill(text: str, values: Mapping[str, str], path: Path) -> str:
    """Return the text with each `@NAME@` replaced; comment lines stay as they are.

    A value of several lines may only stand alone in its line, and none may hold a control character otherwise.
    Raises TemplateError for a name without a value and for a value that would spill into another line.
    """
    lines = []
    for number, line in enumerate(text.splitlines(), start=1):
        where = f"{path}:{number}"
        lines.append(line if line.lstrip().startswith(_COMMENT) else _fill_line(line, values, where))
    return "\n".join(lines) + "\n"


def _fill_line(line: str, values: Mapping[str, str], where: str) -> str:
    def value_of(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            raise TemplateError(
                f"{where}: @{name}@ has no value; known are {', '.join(sorted(values))}. Correct the template."
            )
        value = values[name]
        if line.strip() != found[0] and any(ord(character) < 32 for character in value):
            raise TemplateError(
                f"{where}: the value of @{name}@ holds a line break or control character; correct the setting."
            )
        return value

    return _PLACEHOLDER.sub(value_of, line)
