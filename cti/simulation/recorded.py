"""A recorded day played again: its callers, rebuilt from the call records, before another policy.

Nobody recorded what did not happen. What is known is used as it was, the rest is drawn, and both are counted:

- entry into the line: the answer (or the end) minus the wait; known.
- patience of those who gave up: their wait; known. Of the answered only that it was longer than their wait: what is left
  is drawn from an exponential, with the day's own rate of giving up (abandonments divided by all waiting).
- talk of the answered: known. Of the others: drawn from the talks of their queue.
- needs: the language of the call, where some agent has the skill `lang_<language>`.
- agents: each works from his first talk of the day to his last; pauses are not recorded.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from acd.config import Policy, SkillNeed
from acd.simulation.callers import Caller
from acd.simulation.draws import Draws
from acd.simulation.results import Results
from acd.simulation.runner import Simulation
from acd.simulation.staff import Shift
from acd.simulation.tally import Tally
from cti.records.calls import CallRecord

ABANDONED = "abandoned"
_AFTER_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """A day's callers and agents, in seconds from the first entry, and what is known and what was drawn.

    `skipped`: calls with a queue whose times are not complete, or whose queue or tier the policy does not have.
    """

    callers: tuple[Caller, ...]
    shifts: tuple[Shift, ...]
    answered: int
    abandoned: int
    skipped: int
    patience_seconds: float
    seen: Tally
    seen_by_tier: dict[str, Tally]
    first_entry_ms: int = 0


@dataclass(frozen=True, slots=True)
class RecordedCallers:
    """Call records of one day, for a scenario that plays them; `midnight_ms` begins that day (UTC milliseconds)."""

    records: tuple[CallRecord, ...]
    midnight_ms: int

    def callers(self, policy: Policy, seed: int, opens_at_seconds: float, seconds: float) -> list[Caller]:
        """Return who entered within the scenario's hours, in order of time, in seconds from its opening.

        What was not recorded is drawn by the seed, as `rebuild` says.

        Raises:
            ValueError: if no record can be used.

        """
        day = rebuild(self.records, policy, seed)
        later = (day.first_entry_ms - self.midnight_ms) / 1000 - opens_at_seconds
        moved = (replace(caller, at=caller.at + later) for caller in day.callers)
        return [caller for caller in moved if 0 <= caller.at < seconds]


@dataclass(frozen=True, slots=True)
class _Seen:
    record: CallRecord
    queue: str
    tier: str
    entered_ms: int
    wait_seconds: float
    talk_seconds: float | None

    @property
    def gave_up(self) -> bool:
        return self.talk_seconds is None


def rebuild(records: Sequence[CallRecord], policy: Policy, seed: int) -> RecordedDay:
    """Rebuild a day from its records, as the module's first lines say.

    Args:
        records: of the day; those that waited in no queue are left out.
        policy: names the queues, tiers and skills that count.
        seed: of what has to be drawn.

    Raises:
        ValueError: if no record can be used.

    """
    queued = [record for record in records if record.queue is not None and record.wait_ms is not None]
    seen = sorted(
        (one for record in queued if (one := _seen(record, policy)) is not None), key=lambda one: one.entered_ms
    )
    if not seen:
        raise ValueError("no call of this day waited in a queue that the configuration has")
    start = seen[0].entered_ms
    gave_up = sum(one.gave_up for one in seen)
    patience = math.fsum(one.wait_seconds for one in seen) / gave_up if gave_up else math.inf
    draws = Draws(seed, "recorded day")
    by_tier: dict[str, Tally] = {}
    for one in seen:
        _tally(by_tier.setdefault(one.tier, Tally()), one, policy)
    total = Tally()
    for tally in by_tier.values():
        total.add(tally)
    return RecordedDay(
        callers=tuple(_caller(one, start, _talks(seen, one.queue), patience, policy, draws) for one in seen),
        shifts=tuple(_shifts(seen, start, policy)),
        answered=len(seen) - gave_up,
        abandoned=gave_up,
        skipped=len(queued) - len(seen),
        patience_seconds=patience,
        seen=total,
        seen_by_tier=by_tier,
        first_entry_ms=start,
    )


def play_again(day: RecordedDay, policy: Policy, seed: int) -> Results:
    """Play the day's callers before its agents by a policy; agents it does not have stay away."""
    known = [caller for caller in day.callers if caller.queue in policy.queues]
    shifts = [shift for shift in day.shifts if shift.agent in policy.agents]
    last = max((shift.end for shift in shifts), default=0.0)
    results = Results(policy, measure_until=last)
    simulation = Simulation(policy, known, watch=results.told, shifts=shifts, seed=seed)
    simulation.run(max(last, known[-1].at if known else 0.0) + _AFTER_SECONDS)
    return results.finish(simulation.now)


def _seen(record: CallRecord, policy: Policy) -> _Seen | None:
    answered = record.answered_at_ms is not None
    until_ms = record.answered_at_ms if answered else record.ended_at_ms
    tier = record.tier or ""
    if (
        until_ms is None
        or record.wait_ms is None
        or record.queue is None
        or record.queue not in policy.queues
        or tier not in policy.tiers
    ):
        return None
    if answered and record.talk_ms is None:
        return None
    if not answered and record.outcome != ABANDONED:
        return None
    talk = None if not answered or record.talk_ms is None else record.talk_ms / 1000
    return _Seen(record, record.queue, tier, until_ms - record.wait_ms, record.wait_ms / 1000, talk)


def _tally(tally: Tally, one: _Seen, policy: Policy) -> None:
    in_time = one.wait_seconds <= policy.queues[one.queue].service_level_seconds
    tally.offered += 1
    if one.gave_up:
        tally.abandoned += 1
        tally.abandoned_in_time += in_time
        tally.abandoned_seconds += one.wait_seconds
    else:
        tally.answered += 1
        tally.answered_in_time += in_time
        tally.waits.append(one.wait_seconds)


def _talks(seen: Sequence[_Seen], queue: str) -> list[float]:
    own = [one.talk_seconds for one in seen if one.talk_seconds is not None and one.queue == queue]
    return own or [one.talk_seconds for one in seen if one.talk_seconds is not None] or [60.0]


def _caller(one: _Seen, start: int, talks: list[float], patience: float, policy: Policy, draws: Draws) -> Caller:
    skill = f"lang_{one.record.language}"
    spoken = any(skill in agent.skills for agent in policy.agents.values())
    longer = draws.exponential(patience) if patience < math.inf else math.inf
    return Caller(
        call=one.record.call,
        at=(one.entered_ms - start) / 1000,
        queue=one.queue,
        tier=one.tier,
        talk_seconds=draws.one_of(talks) if one.talk_seconds is None else one.talk_seconds,
        patience_seconds=one.wait_seconds if one.gave_up else one.wait_seconds + longer,
        needs=(SkillNeed(skill),) if spoken else (),
    )


def _shifts(seen: Sequence[_Seen], start: int, policy: Policy) -> list[Shift]:
    spans: dict[str, tuple[float, float]] = {}
    for one in seen:
        agent = one.record.agent
        if agent is None or one.talk_seconds is None or agent not in policy.agents:
            continue
        begins = (one.entered_ms - start) / 1000 + one.wait_seconds
        first, last = spans.get(agent, (begins, begins))
        spans[agent] = (min(first, begins), max(last, begins + one.talk_seconds))
    return [Shift(agent, first, last) for agent, (first, last) in spans.items()]
