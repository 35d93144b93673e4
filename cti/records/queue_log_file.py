"""Writes the `queue_log` while things happen, a second behind them.

Lines of calls follow what is in the database: a server that goes on after a kill writes what its predecessor did not come
to, and nothing twice. The file is opened anew for each write, so whatever rotates logs may simply move it away.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from acd.config import Policy
from acd.facts import AgentChanged, CallEntered, Fact
from acd.states import AgentState
from cti.clock import Clock
from cti.records.contact_store import Written
from cti.records.contacts import ContactLeg
from cti.records.queue_log import Line, agent_lines, lines_of, news, started

FLUSH_SECONDS = 1.0
MOST_LINES = 20_000
_READABLE_BY_GROUP = 0o640


class QueueLogFile:
    """A FactSink for the agents' changes, and told by the writer of contact legs what was written.

    Args:
        path: the file; its folder must be there.
        clock: for civil times.
        policy: the policy in force: which queues an agent serves.
        caller_of: a call's number, "" when not known.

    """

    def __init__(self, path: Path, clock: Clock, *, policy: Callable[[], Policy], caller_of: Callable[[str], str]) -> None:
        self._path = path
        self._clock = clock
        self._policy = policy
        self._caller_of = caller_of
        self._callers: dict[str, str] = {}
        self._changed: dict[str, Written] = {}
        self._lines: list[Line] = [started(clock.wall_ms())]
        self._settled = False
        self._refused = False
        self.lost = 0  #: lines that could not be written and were dropped
        self.log = structlog.get_logger("queue_log")

    def told(self, fact: Fact, now: float) -> None:
        """Take one fact. During an adoption agents only seem to change."""
        if isinstance(fact, CallEntered):
            self._callers[fact.call] = self._caller_of(fact.call)
        if isinstance(fact, AgentChanged) and self._settled:
            config = self._policy().agents.get(fact.agent)
            paused = AgentState.PAUSED
            # of a pause the engine tells the reason as it begins; what it was is of no matter as it ends
            old, new = (fact.old, ""), (fact.new, fact.reason if fact.new is paused else "")
            self._lines += agent_lines(fact.agent, config.queues if config is not None else (), self._clock.to_wall_ms(now), old, new)

    def unsettle(self) -> None:
        """An adoption begins."""
        self._settled = False

    def settle(self) -> None:
        """The adoption is done."""
        self._settled = True

    def written(self, changes: Sequence[Written]) -> None:
        """Take what was written of contact legs."""
        for change in changes:
            earlier = self._changed.get(change.after.leg)
            self._changed[change.after.leg] = Written(change.before if earlier is None else earlier.before, change.after)

    async def run(self) -> None:
        """Write until cancelled; then what is left is `close`'s to write."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> bool:
        """Write what there is; tell whether the file took it. What it did not take is kept, the newest MOST_LINES of it."""
        lines = sorted([*self._lines, *self._of_calls()])
        self._lines = []
        if not lines:
            return True
        text = "".join(f"{line}\n" for line in lines)
        try:
            await asyncio.to_thread(_append, self._path, text)
        except OSError as error:
            if not self._refused:
                self.log.warning("queue_log_refused", path=str(self._path), reason=error.strerror, cure="see that its folder exists and may be written")
            self._refused = True
            kept = [*lines, *self._lines]
            self._lines = kept[-MOST_LINES:]
            self.lost += len(kept) - len(self._lines)
            return False
        self._refused = False
        return True

    async def close(self, timeout_seconds: float) -> int:
        """Write what is left; return how many lines could not be written in time. `run` must have ended."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self.flush()
        return len(self._lines)

    def _of_calls(self) -> list[Line]:
        """The news of the legs that changed, and of those alone."""
        changed, self._changed = self._changed, {}
        lines: list[Line] = []
        for change in changed.values():
            caller = self._callers.get(change.after.call) or self._caller_of(change.after.call)
            before = () if change.before is None else lines_of(change.before, caller)
            lines += news(before, lines_of(change.after, caller))
            if _is_done(change.after):
                self._callers.pop(change.after.call, None)
        return lines


def _is_done(leg: ContactLeg) -> bool:
    return leg.ended_at_ms is not None


def _append(path: Path, text: str) -> None:
    """Add to the file, making it when it is not there (any more)."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _READABLE_BY_GROUP)
    try:
        data = text.encode("utf-8", "replace")
        while data:
            data = data[os.write(handle, data) :]
    finally:
        os.close(handle)
