"""What is wrong with a file, where, and how to mend it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is: an error stops the start, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend in a file. `line` and `column` count from 1; `code` is stable and short; `cure` says how to mend it."""

    path: str
    line: int
    column: int
    code: str
    message: str
    cure: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        cure = f" ({self.cure})" if self.cure else ""
        kind = "warning " if self.severity is Severity.WARNING else ""
        return f"{self.path}:{self.line}:{self.column}: {kind}{self.code} {self.message}{cure}"


class BadDocument(Exception):
    """A file or a set of files cannot be used. `findings` lists everything found, in order of position."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(sorted(findings, key=lambda f: (f.path, f.line, f.column, f.code)))
        super().__init__("\n".join(str(finding) for finding in self.findings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where something stands: the file as it was named, line and column from 1."""

    path: str
    line: int
    column: int

    def finding(self, code: str, message: str, cure: str = "", severity: Severity = Severity.ERROR) -> Finding:
        """Return a finding at this place."""
        return Finding(self.path, self.line, self.column, code, message, cure, severity)

    def after(self, text: str, piece: str) -> "Position":
        """Return the place of `piece` in a text that begins at this place, or this place when it is not in it."""
        offset = text.find(piece)
        if offset < 0:
            return self
        before = text[:offset]
        newlines = before.count("\n")
        column = len(before) - before.rfind("\n") if newlines else self.column + offset
        return Position(path=self.path, line=self.line + newlines, column=column)


def did_you_mean(word: str, known: Iterator[str] | Sequence[str]) -> str:
    """Return `did you mean "x"?` for the nearest known word, else the list of known ones (at most twelve), else nothing."""
    words = sorted(set(known))
    near = get_close_matches(word, words, n=1, cutoff=0.6)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"known: {', '.join(words)}" if 0 < len(words) <= 12 else ""
