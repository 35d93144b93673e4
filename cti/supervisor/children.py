"""One child program that is kept running: started, watched, started again, ended."""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cti.asterisk.process import die_at_once_with_parent

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 0.8
LOG_LIMIT_BYTES = 50_000_000
STEADY_SECONDS = 5.0
"""A child that ran this long gets the short pause again."""


@dataclass(slots=True)
class Restarts:
    """When a child that ended is started again: soon at first, never later than LONGEST_PAUSE_SECONDS."""

    pause_seconds: float = FIRST_PAUSE_SECONDS

    def after(self, ran_seconds: float) -> float:
        """Return the pause before the next start of a child that ran so long."""
        pause = FIRST_PAUSE_SECONDS if ran_seconds >= STEADY_SECONDS else self.pause_seconds
        self.pause_seconds = min(LONGEST_PAUSE_SECONDS, pause * 2)
        return pause


@dataclass(slots=True)
class Child:
    """A program with its log file. `started_at` is monotonic seconds of the latest start."""

    name: str
    argv: list[str]
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    restarts: Restarts = field(default_factory=Restarts)
    _log_began_at: int = 0

    def start(self) -> None:
        """Start it in a session of its own; its output is added to the log. It is killed when this process's thread ends."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as output:
            self._log_began_at = output.tell()
            self.process = subprocess.Popen(  # noqa: S603 - our own programs
                self.argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=self.environment,
                start_new_session=True, preexec_fn=die_at_once_with_parent,  # noqa: PLW1509 - one call into libc
            )  # fmt: skip
        self.started_at = time.monotonic()

    def ended(self) -> int | None:
        """Return the exit status when it has ended, else None."""
        return self.process.poll() if self.process else None

    def stop(self, deadline_seconds: float) -> None:
        """End it: politely, after the deadline by force."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(deadline_seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(deadline_seconds)

    def last_words(self, lines: int = 4) -> str:
        """Return the end of what it has written since its latest start."""
        return "\n".join(self._lines()[-lines:])

    def message(self, lines: int = 40) -> str:
        """Return what it said to a person at its end: the lines after the last one of its JSON log."""
        said: list[str] = []
        for line in self._lines():
            said = [] if line.startswith("{") else [*said, line]
        return "\n".join(said[-lines:])

    def _lines(self) -> list[str]:
        if not self.log.exists():
            return []
        return self.log.read_bytes()[self._log_began_at :].decode("utf-8", "replace").splitlines()


def wait_until(condition: Callable[[], bool], deadline_seconds: float, step_seconds: float = 0.05) -> bool:
    """Ask until it is so; False after the deadline."""
    end = time.monotonic() + deadline_seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(step_seconds)
    return True
