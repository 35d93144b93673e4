"""One thing looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and how to mend it; no cure means it is well."""

    subject: str
    detail: str
    cure: str = ""

    @property
    def well(self) -> bool:
        """True when nothing needs to be done."""
        return not self.cure

    def __str__(self) -> str:
        """Return one line, and a second one with the cure."""
        mark = "ok  " if self.well else "FAIL"
        return f"{mark}  {self.subject}: {self.detail}" + (f"\n      mend: {self.cure}" if self.cure else "")
