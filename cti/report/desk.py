"""Where the server has its reports made: in a process of its own, one at a time, kept for those who ask again."""

import asyncio
import json
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cti.report.document import Document
from cti.report.periods import Period, PeriodKind, period_of

MAKE_SECONDS = 120.0
KEPT = 16
#: how long a report is shown again: of a period that goes on, and of one that is over (records may still be deleted)
_FRESH_SECONDS, _OVER_SECONDS = 30.0, 600.0


class ReportsDown(Exception):
    """The report cannot be made now; the message says why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A report that is asked for; `queue` "" for all."""

    kind: PeriodKind
    day: date
    language: str
    queue: str = ""

    @property
    def period(self) -> Period:
        """Return the period the day lies in."""
        return period_of(self.kind, self.day)


class ReportDesk:
    """Makes reports for the pages of the server.

    Args:
        database_url: with the records.
        config: the folder with queues.yaml, tiers.yaml and agents.yaml.
        zone: name of the hotline's time zone.
        now: monotonic seconds.
        make_seconds: after this a report that is still being made is given up.

    """

    def __init__(self, database_url: str, config: Path, zone: str, now: Callable[[], float], *, make_seconds: float = MAKE_SECONDS) -> None:
        self._asked = {"database_url": database_url, "config": str(config), "zone": zone}
        self._now = now
        self._make_seconds = make_seconds
        self._one_at_a_time = asyncio.Lock()
        self._kept: OrderedDict[tuple[Period, str, str], tuple[float, Document]] = OrderedDict()

    async def report(self, wish: Wish) -> Document:
        """Return the report, at most some seconds old. Raises ReportsDown."""
        key = (wish.period, wish.language, wish.queue)
        try:
            async with asyncio.timeout(self._make_seconds), self._one_at_a_time:
                kept = self._kept.get(key)
                if kept is not None and self._now() < kept[0]:
                    return kept[1]
                told = await self._made(wish)
        except TimeoutError:
            raise ReportsDown(f"it was not done within {self._make_seconds:g} s; ask again later, or use `hotline report`") from None
        self._keep(key, told)
        return told

    def _keep(self, key: tuple[Period, str, str], told: Document) -> None:
        seconds = _OVER_SECONDS if told["report"]["over"] else _FRESH_SECONDS
        self._kept[key] = (self._now() + seconds, told)
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    async def _made(self, wish: Wish) -> Document:
        asked = {**self._asked, "kind": wish.kind.value, "date": wish.period.first.isoformat(), "language": wish.language, "queue": wish.queue}
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "cti.report", stdin=pipe, stdout=pipe, stderr=pipe)
        try:
            answer, complaint = await process.communicate(json.dumps(asked).encode())
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            lines = complaint.decode("utf-8", "replace").strip().splitlines()
            raise ReportsDown(lines[-1] if lines else f"the process that made it ended with status {process.returncode}")
        return await asyncio.to_thread(_read, answer)


def _read(answer: bytes) -> Document:
    told: Document = json.loads(answer)
    return told
