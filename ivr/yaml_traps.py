"""What YAML silently reads otherwise than telephone people mean it, found in the lines themselves: `#` taken for a comment, and the
colons and blanks of Chinese keyboards.
"""

import re
from collections.abc import Collection, Iterator

from ivr.findings import Finding

_KEYS = "#[0-9*#]*"
_HASH_KEY = re.compile(r"^[ ]*(?:-[ ]+)?(#):(?:[ ]|$)")
_HASH_VALUE = re.compile(rf"(?::|^[ ]*-)[ ]+({_KEYS})[ ]*$")
_HASH_IN_BRACKETS = re.compile(rf"[{{\[,:][ ]*({_KEYS})[ ]*[:,\]}}]")
_WIDE_COLON = re.compile(r"^[ ]*(?:-[ ]+)?[\"'“”]?[\w*#-]+?[\"'“”]?(：)")
_ODD_BLANK = re.compile(r"^[ ]*([\u3000\u00a0\u2000-\u200b])")


def silent_traps(text: str, path: str, text_lines: Collection[int]) -> Iterator[Finding]:
    """Find what a parser lets pass: choices and values that would vanish as comments, and blanks that would become part of a key.

    Args:
        text: the document.
        path: its name, for the findings.
        text_lines: lines (from 0) within a longer text, where everything may stand.

    """
    for number, line in enumerate(text.splitlines()):
        if number in text_lines:
            continue
        if found := _ODD_BLANK.match(line):
            message = f"a blank U+{ord(found[1]):04X} where YAML wants an ordinary one"
            yield _line_trap(path, number, found.start(1), "yaml-blank", message, "type plain spaces")
        elif found := _HASH_KEY.match(line):
            yield _line_trap(
                path, number, found.start(1), "yaml-hash", "this line is a comment to YAML", 'quote the key: "#":'
            )
        elif found := _HASH_VALUE.search(line):
            yield _hash(path, number, found)


def loud_trap(text: str, path: str, wrong_line: int) -> Finding | None:
    """Return what a syntax error comes from, when it is one of the traps: in its line, or in one before.

    Args:
        text: the document.
        path: its name, for the finding.
        wrong_line: line (from 0) in which the parser gave up.

    """
    for number, line in enumerate(text.splitlines()[: wrong_line + 1]):
        if found := _HASH_IN_BRACKETS.search(line):
            return _hash(path, number, found)
        if found := _WIDE_COLON.match(line):
            message = "a full-width colon ： where YAML wants : and a blank"
            return _line_trap(path, number, found.start(1), "yaml-colon", message, 'write ": "')
    return None


def _hash(path: str, number: int, found: re.Match[str]) -> Finding:
    cure = f'quote the value: "{found[1]}"'
    return _line_trap(path, number, found.start(1), "yaml-hash", "this # is a comment to YAML", cure)


def _line_trap(path: str, number: int, column: int, code: str, message: str, cure: str) -> Finding:
    return Finding(path, number + 1, column + 1, code, message, cure)
