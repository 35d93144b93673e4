"""How the callers of a played day go through the menus: walks through the real flows, made once each and used again and again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from acd.facts import CallbackOutcome, Outcome
from acd.simulation.draws import Draws
from cti.records.calls import CallRecord
from cti.records.contacts import ContactLeg, LegKind
from ivr.events import QueueOutcome
from ivr.flowset import FlowSet
from ivr.scripts import Answers
from ivr.state import CallInfo, Trace
from ivr.walker import Walker

HANG_UP = "h"
#: ways to an agent's line, by queue, with how often they are taken
_TO_QUEUE: Mapping[str, Sequence[tuple[str, float]]] = {
    "billing": (("01", 6), ("10", 3), ("t01", 1)),
    "faults": (("02", 8), ("t02", 1)),
    "general": (("03", 7), ("x03", 1), ("303", 1)),
}
#: what callers do who need nobody; `t` waits for a time-out
_ALONE: Sequence[tuple[str, float]] = (
    ("1#", 30), ("11#", 7), ("1h", 6), ("1*3#", 5), ("3#", 12), ("3h", 3), ("211h", 4), ("211#", 19), ("22h", 3), ("2h", 3), ("h", 9), ("th", 4),
    ("9h", 1),
)  # fmt: skip
_SELF_SERVED_PER_CALL = 1.35
_MARKS = (1, 2, 3, 4, 5)
_KNOWN_CALLERS, _KNOWN_CALLERS_ASKED = 0.7, 0.94
_ANSWERS_SURVEY = 0.46
_PATIENT_MS = 45_000
_ASKS_FOR_CALLBACK = 0.3
_CALLBACKS = (
    (CallbackOutcome.CALLED_BACK, 74.0), (CallbackOutcome.FAILED, 12.0), (CallbackOutcome.RANG_IN, 7.0), (CallbackOutcome.EXPIRED, 5.0), (CallbackOutcome.CANCELLED, 2.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk: what came before the line and after it, milliseconds from its begin and from the line's end; how it ended."""

    before: tuple[tuple[int, Mapping[str, Any]], ...]
    after: tuple[tuple[int, Mapping[str, Any]], ...]
    before_ms: int
    after_ms: int
    completed: bool


class Walks:
    """Draws walks.

    Args:
        flows: the flows, with a flow `main`.
        answers: of the backends.
        civil: when all of them take place: within opening hours.

    """

    def __init__(self, flows: FlowSet, answers: Answers, civil: datetime) -> None:
        self._flows = flows
        self._answers = answers
        self._civil = civil
        self._known: dict[tuple[str, str], Walk] = {}

    def told(self, legs: Sequence[ContactLeg], draws: Draws) -> tuple[list[ContactLeg], list[CallRecord]]:
        """Return the legs with what callers chose and said added to them, and their calls' records."""
        by_call: dict[str, list[ContactLeg]] = {}
        for leg in legs:
            by_call.setdefault(leg.call, []).append(leg)
        told_legs: list[ContactLeg] = []
        calls: list[CallRecord] = []
        for its in by_call.values():
            last, more = self._chosen(its[-1], draws)
            told_legs += [*its[:-1], last, *more]
            calls.append(self._call([*its[:-1], last], draws))
        return told_legs, calls

    def self_served(self, opens_ms: int, seconds: float, queued: int, prefix: str, draws: Draws) -> list[CallRecord]:
        """Return calls of one day that never come to a line, as many in proportion to those that do."""
        calls = []
        for number in range(int(queued * _SELF_SERVED_PER_CALL)):
            walk = self._walk(_drawn(_ALONE, draws), "", draws)
            at_ms = opens_ms + int(draws.unit() * seconds * 1000)
            ended_at_ms = at_ms + walk.before_ms + 1500
            outcome = "self_service" if walk.completed else Outcome.ABANDONED.value
            calls.append(CallRecord(call=f"{prefix}self-{number}", started_at_ms=at_ms, ended_at_ms=ended_at_ms, language="zh", outcome=outcome, hangup_cause="16", trail=_stamped(walk.before, at_ms)))
        return calls

    # ---- what callers choose

    def _chosen(self, leg: ContactLeg, draws: Draws) -> tuple[ContactLeg, list[ContactLeg]]:
        leg = replace(leg, language="zh")
        if leg.outcome == Outcome.ANSWERED.value and draws.unit() < _ANSWERS_SURVEY:
            return replace(leg, survey_score=_mark(leg, draws)), []
        if leg.outcome == Outcome.ABANDONED.value and (leg.wait_ms or 0) > _PATIENT_MS and draws.unit() < _ASKS_FOR_CALLBACK:
            return replace(leg, outcome=Outcome.CALLBACK.value, reason="callback"), [_callback(leg, draws)]
        return leg, []

    def _call(self, legs: Sequence[ContactLeg], draws: Draws) -> CallRecord:
        first, last = legs[0], legs[-1]
        walk = self._walk(_drawn(_TO_QUEUE.get(first.queue, _TO_QUEUE["general"]), draws), _ending(last), draws)
        left_ms = last.ended_at_ms or last.entered_at_ms
        started_at_ms = first.entered_at_ms - walk.before_ms
        talked = last.answered_at_ms is not None
        return CallRecord(
            call=first.call, started_at_ms=started_at_ms, answered_at_ms=last.answered_at_ms, ended_at_ms=left_ms + walk.after_ms, tier=first.tier,
            language="zh", queue=last.queue, agent=last.agent, wait_ms=sum(leg.wait_ms or 0 for leg in legs), talk_ms=last.talk_ms if talked else None,
            outcome=last.outcome, hangup_cause="16", survey_score=last.survey_score, trail=(*_stamped(walk.before, started_at_ms), *_stamped(walk.after, left_ms)),
        )  # fmt: skip

    # ---- walking

    def _walk(self, keys: str, ending: str, draws: Draws) -> Walk:
        asks_who_he_is = keys.startswith("1")  # and most who cannot say that do not try
        from_his_own_phone = draws.unit() < (_KNOWN_CALLERS_ASKED if asks_who_he_is else _KNOWN_CALLERS) or (asks_who_he_is and bool(ending))
        number = "13800138001" if from_his_own_phone else "13900000000"
        known = self._known.get((keys + "|" + ending, number))
        if known is None:
            known = self._known[keys + "|" + ending, number] = self._walked(keys, ending, number)
        return known

    def _walked(self, keys: str, ending: str, number: str) -> Walk:
        walker = Walker(self._flows, CallInfo("demo", number, "95598", "zh"), self._answers, self._civil)
        for key in keys:
            _do(walker, key)
        if not ending:
            _to_the_end(walker)
            return _walk_of(walker, len(walker.trace))
        joined = len(walker.trace)
        if not walker.waits_in_queue:
            raise ValueError(f"the keys {keys} lead to no line in these flows; the demo month needs the flows that come with the hotline")
        _leave(walker, ending)
        _to_the_end(walker)
        return _walk_of(walker, joined)


def _do(walker: Walker, key: str) -> None:
    if walker.over:
        return
    if key == HANG_UP:
        walker.hang_up()
    elif key == "t":
        walker.wait()
    else:
        walker.press("7" if key == "x" else key)


def _leave(walker: Walker, ending: str) -> None:
    if ending == HANG_UP:
        walker.hang_up()
    elif ending == Outcome.CALLBACK.value:
        walker.press("1")
        _do(walker, "1")
    elif ending == QueueOutcome.MAX_WAIT:
        walker.leave_queue(QueueOutcome.MAX_WAIT)
        _do(walker, HANG_UP)
    else:
        walker.leave_queue(QueueOutcome.SERVED)
        _do(walker, ending)


def _to_the_end(walker: Walker) -> None:
    """Let a caller who does nothing more hang up."""
    for _ in range(3):
        if walker.over:
            return
        if walker.waits_in_queue:
            break
        walker.wait()
    _do(walker, HANG_UP)


def _ending(leg: ContactLeg) -> str:
    match leg.outcome:
        case Outcome.ANSWERED.value:
            return "t" if leg.survey_score is None else str(leg.survey_score)
        case Outcome.ABANDONED.value:
            return HANG_UP
        case Outcome.CALLBACK.value:
            return Outcome.CALLBACK.value
        case _:
            return QueueOutcome.MAX_WAIT.value


def _walk_of(walker: Walker, joined: int) -> Walk:
    before, after = walker.trace[:joined], walker.trace[joined:]
    left = after[0].at if after else 0.0
    outcome = walker.commands and walker.session.ended
    return Walk(
        tuple(_steps(before, 0.0)), tuple(_steps(after, left)), int(before[-1].at * 1000) + 2000 if before else 0,
        int((after[-1].at - left) * 1000) if after else 0, bool(outcome and outcome.outcome == "completed"),
    )  # fmt: skip


def _steps(traces: Sequence[Trace], from_seconds: float) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for trace in traces:
        key = {"key": trace.values["key"]} if "key" in trace.values else {}
        yield int((trace.at - from_seconds) * 1000), {"flow": trace.flow, "step": trace.step, "type": trace.type, "result": trace.result, **key}


def _stamped(steps: Sequence[tuple[int, Mapping[str, Any]]], from_ms: int) -> tuple[Mapping[str, Any], ...]:
    return tuple({"at_ms": from_ms + after_ms, **step} for after_ms, step in steps)


# ---- drawing


def _drawn(choices: Sequence[tuple[Any, float]], draws: Draws) -> Any:
    return draws.weighted([choice for choice, _ in choices], [weight for _, weight in choices])


def _mark(leg: ContactLeg, draws: Draws) -> int:
    """Whoever waited long is less pleased, and some agents please more."""
    charm = Draws(7, leg.agent or "").unit() - 0.5
    patience = min(1.0, (leg.wait_ms or 0) / 240_000)
    pleased = 0.5 + 0.5 * charm - 0.5 * patience
    return int(draws.weighted(_MARKS, (3 + 14 * patience, 4 + 8 * patience, 11, 26, max(4.0, 52 + 60 * pleased))))


def _callback(leg: ContactLeg, draws: Draws) -> ContactLeg:
    outcome: CallbackOutcome = _drawn(_CALLBACKS, draws)
    asked_at_ms = leg.ended_at_ms or leg.entered_at_ms
    waited_ms = int(draws.exponential(900_000)) + 60_000
    made = ContactLeg(
        leg=f"cb-{leg.call}-1", call=f"cb-{leg.call}", number=1, kind=LegKind.CALLBACK, queue=leg.queue, tier=leg.tier, language="zh", entered_at_ms=asked_at_ms,
        ended_at_ms=asked_at_ms + waited_ms, wait_ms=waited_ms, outcome=outcome.value,
    )  # fmt: skip
    return replace(made, answered_at_ms=asked_at_ms + waited_ms) if outcome is CallbackOutcome.CALLED_BACK else made
