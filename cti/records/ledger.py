"""What became of each call: news to the record writer, one summary line to the log, counts to the metrics.

Everything here takes facts and returns at once; it never waits and never fails a call.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from acd.facts import CallAnswered, CallEnded, CallEntered, Fact, OfferEnded, OfferMade, Outcome, TalkFinished
from cti.calls.state import ChannelPhase
from cti.clock import Clock
from cti.control.endings import Ending
from cti.leading import Transferred
from cti.records.calls import CallRecord, RecordWriter
from cti.records.contact_writer import ContactWriter
from cti.tracing import CallSpans, NoSpans
from ivr.events import DialOutcome, QueueOutcome
from ivr.state import Trace

#: How much of the trail the record keeps; a longer one keeps its beginning.
TRAIL_LIMIT = 200
FLUSH_SECONDS = 5.0
_OUTSIDE_TALKS = frozenset({ChannelPhase.TALK, ChannelPhase.TALKED})
#: Steps in which the caller waits for a person or talks: time that is not the flow's.
_ELSEWHERE = frozenset({"queue", "dial"})
#: How the last queue let a caller go for whom nobody was there.
_LOST = frozenset(outcome.value for outcome in (Outcome.ABANDONED, Outcome.OVERFLOWED, Outcome.REJECTED_FULL))
#: What the engine calls it, by the flow's word for how he came back from the line.
_LET_GO = {
    QueueOutcome.MAX_WAIT.value: Outcome.OVERFLOWED.value, QueueOutcome.EMPTY.value: Outcome.OVERFLOWED.value, QueueOutcome.FULL.value: Outcome.REJECTED_FULL.value,
    QueueOutcome.MENU.value: Outcome.LEFT_QUEUE.value, QueueOutcome.VOICEMAIL.value: Outcome.VOICEMAIL.value,
    QueueOutcome.CALLBACK.value: Outcome.CALLBACK.value, QueueOutcome.CLOSED.value: Outcome.CLOSED.value,
}  # fmt: skip


class IvrMetrics(Protocol):
    """What the ledger tells the metrics."""

    def ivr_stepped(self, trace: Trace, seconds: float) -> None:
        """A step did something after so long."""

    def ivr_exited(self, flow: str, outcome: str, *, seconds: float | None, call: str) -> None:
        """A caller left the flows after so long in them (None: nobody knows)."""

    def call_began(self, *, adopted: bool = False) -> None:
        """A call came in, or a living one was found."""

    def asked_for_person(self) -> None:
        """A call entered a queue for the first time."""

    def call_ended(self, cause: str, outcome: str, *, lost: bool = False, queue: str = "", score: int | None = None) -> None:
        """A call is over; `lost` if it asked for a person and none answered, `score` is the mark for the talk of `queue`."""

    def dialled(self, rule: str, outcome: DialOutcome, talk_seconds: float, call: str) -> None:
        """A number outside was dialled; `rule` is empty when none has it."""

    def transferred(self, queue: str, outcome: Transferred, *, attended: bool) -> None:
        """An agent led a caller of this queue on."""

    def fell_back(self) -> None:
        """The dialplan's fallback took a caller."""


@dataclass(slots=True)
class _Open:
    """What is gathered of a call that is up. Times are UTC milliseconds, durations milliseconds."""

    caller: str
    called: str
    started_ms: int
    flow: str = "main"
    steps: int = 0
    known: dict[str, Any] = field(default_factory=dict)
    queue: str | None = None
    agent: str | None = None
    wait_ms: int = 0
    talk_ms: int = 0
    answered: bool = False
    put_through: bool = False
    queue_outcome: str | None = None
    asked: bool = False
    stepped_at: float | None = None
    flow_seconds: float | None = None


class Ledger:
    """Implements RecordPort for calls and FactSink for the router."""

    def __init__(
        self, records: RecordWriter, metrics: IvrMetrics, clock: Clock, finished: Callable[[str], Awaitable[bool]],
        unfinished: Callable[[], Awaitable[list[CallRecord]]], contacts: ContactWriter, spans: CallSpans | None = None,
    ) -> None:
        self._records = records
        self._spans: CallSpans = spans or NoSpans()
        self._contacts = contacts
        self._finished = finished
        self._read_unfinished = unfinished
        self._unfinished: dict[str, CallRecord] = {}
        self._metrics = metrics
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._closed: dict[str, None] = {}
        self.log = structlog.get_logger("ledger")

    # ---- RecordPort

    def began(
        self, call: str, *, caller: str, called: str, channel: str, adopted: bool, up_seconds: float = 0.0, flow_version: str = "",
        agent: str = "", queue: str = "",
    ) -> None:
        """A call came in, or was found on its channel after a restart."""
        if not (adopted and call in self._open):
            known = self._unfinished.pop(call, None)
            self._open[call] = _Open(caller, called, self._clock.wall_ms()) if known is None else _reopened(known, caller, called)
        self._metrics.call_began(adopted=adopted)
        self._spans.began(call, adopted=adopted, flow_version=flow_version)
        if adopted:
            self._contacts.found(call)
            started_ms = self._clock.wall_ms() - int(up_seconds * 1000)  # stands only if nobody wrote a start before
            self._records.update(call, started_at_ms=started_ms, caller_number=caller, flow_version=flow_version, agent=agent or None)
            if agent:
                entry = self._open[call]
                entry.answered, entry.agent, entry.queue = True, agent, entry.queue or queue or None
        else:
            self._open[call].stepped_at, self._open[call].flow_seconds = self._clock.now(), 0.0
            self._records.begin(call, started_at_ms=self._clock.wall_ms(), caller_number=caller, flow_version=flow_version)
        self.log.info("call_adopted" if adopted else "call_began", call=call, caller=caller, called=called, channel=channel, flow_version=flow_version)

    def stepped(self, call: str, trace: Trace) -> None:
        """A flow step did something."""
        entry = self._open.get(call)
        seconds = 0.0 if entry is None else _spent(entry, trace)
        self._contacts.went_on(call)
        self._metrics.ivr_stepped(trace, seconds)
        self._spans.stepped(call, trace, seconds)
        if entry is None:
            return
        entry.flow = trace.flow
        entry.steps += 1
        if entry.steps <= TRAIL_LIMIT:
            at_ms = self._clock.to_wall_ms(trace.at)
            step = {"at_ms": at_ms, "flow": trace.flow, "step": trace.step, "type": trace.type, "result": trace.result}
            key = {"key": trace.values["key"]} if "key" in trace.values else {}
            self._records.update(call, trail=({**step, **key},))
        self.log.debug("step", call=call, flow=trace.flow, step=trace.step, result=trace.result)

    def replied(self, call: str, operation: str, arguments: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
        """Take from a backend's answer what belongs into the record: the customer, tickets made, the survey's score."""
        entry = self._open.get(call)
        if entry is None:
            return
        customer = reply.get("customer")
        if isinstance(customer, Mapping):
            entry.known |= {name: customer[name] for name in ("account", "tier") if isinstance(customer.get(name), str)}
        if operation == "create_ticket" and isinstance(reply.get("ticket"), str):
            entry.known.setdefault("tickets", []).append(reply["ticket"])
            self._records.update(call, tickets=(reply["ticket"],))
        score = str(arguments.get("score", ""))
        if operation == "save_survey" and score.isdigit():
            entry.known["survey_score"] = int(score)
            self._contacts.scored(call, int(score))

    def dialling(self, call: str, *, rule: str) -> None:
        """A number outside is being dialled for the caller."""
        self._contacts.dialling(call, rule=rule)

    def dialled(self, call: str, *, rule: str, outcome: DialOutcome, talk_seconds: float) -> None:
        """A number outside was dialled for the caller, or might not be."""
        self._metrics.dialled(rule, outcome, talk_seconds, call)
        self._contacts.dialled(call, rule=rule, outcome=outcome, talk_seconds=talk_seconds)
        entry = self._open.get(call)
        if entry is not None and outcome is DialOutcome.ANSWERED:
            entry.put_through = True
            entry.talk_ms += int(talk_seconds * 1000)
        self.log.info("dialled", call=call, rule=rule, outcome=outcome.value, talk_seconds=round(talk_seconds, 3))

    def led(self, call: str, *, agent: str, to: str, attended: bool) -> None:
        """An agent led his caller on."""
        self.log.info("led", call=call, agent=agent, to=to, attended=attended)
        self._contacts.led(call, to=to, attended=attended)
        entry = self._open.get(call)
        if entry is not None:
            kind = "attended" if attended else "blind"
            step = {"at_ms": self._clock.wall_ms(), "flow": entry.flow, "step": agent, "type": "transfer", "result": f"{kind} {to}".strip()}
            self._records.update(call, trail=(step,))

    def transferred(self, queue: str, outcome: Transferred, *, attended: bool) -> None:
        """What became of a caller whom his agent led on."""
        self._metrics.transferred(queue, outcome, attended=attended)

    def talked_unseen(self, call: str, *, offer: str, agent: str, tier: str) -> None:
        """A talk is over whose end nobody saw."""
        entry = self._open.get(call)
        if entry is not None and tier:
            entry.known.setdefault("tier", tier)
        self._contacts.talked_unseen(call, offer, agent)

    def led_back(self, call: str) -> None:
        """He is back from the talk to which his agent had joined him."""
        self._contacts.led_back(call)

    def knows(self, call: str, values: Mapping[str, Any]) -> None:
        """Something became known of a call."""
        entry = self._open.get(call)
        if entry is not None:
            entry.known |= values

    def ended(self, call: str, *, cause: str, hangup_cause: int) -> None:
        """A call is over: its record is finished and its summary line written, once."""
        self._contacts.over(call, hung_up=cause == Outcome.ABANDONED.value)
        entry = self._open.pop(call, None)
        if entry is None:
            return
        outcome = _outcome(entry, cause)
        known = dict(entry.known)
        self._metrics.ivr_exited(entry.flow, cause, seconds=entry.flow_seconds, call=call)
        self._metrics.call_ended(cause, outcome, lost=_is_lost(entry), queue=entry.queue or "", score=known.get("survey_score"))
        self._spans.ended(call, outcome)
        self._records.finish(
            call, ended_at_ms=self._clock.wall_ms(), outcome=outcome, hangup_cause=str(hangup_cause), queue=entry.queue, agent=entry.agent,
            wait_ms=entry.wait_ms if entry.queue else None, talk_ms=entry.talk_ms if entry.answered or entry.put_through else None,
            account=known.get("account"), tier=known.get("tier"), language=known.get("language"), survey_score=known.get("survey_score"),
            tickets=tuple(known.get("tickets", ())),
        )
        self._remember_closed(call)
        self.log.info(
            "call_ended", call=call, caller=entry.caller, outcome=outcome, hangup_cause=hangup_cause, queue=entry.queue, agent=entry.agent,
            wait_ms=entry.wait_ms, talk_ms=entry.talk_ms, steps=entry.steps, seconds=(self._clock.wall_ms() - entry.started_ms) / 1000,
            tier=known.get("tier"), language=known.get("language"), tickets=known.get("tickets", []), score=known.get("survey_score"),
        )

    def _remember_closed(self, call: str) -> None:
        self._closed[call] = None
        while len(self._closed) > 10_000:
            del self._closed[next(iter(self._closed))]

    async def recall(self) -> None:
        """Read the records that have no end yet: of calls that are adopted now, or that ended unseen."""
        self._unfinished = {record.call: record for record in await self._read_unfinished() if record.call not in self._open}

    def close_lost(self, alive: Collection[str]) -> None:
        """Finish the records of calls that are on no channel and of whose end Asterisk knows nothing: it was restarted."""
        for call in [call for call in self._open if call not in alive]:
            self._lost(call)
        for call in [call for call in self._unfinished if call not in alive]:
            self._unfinished.pop(call)
            self._lost(call)
        self._contacts.keep_only(alive)

    def _lost(self, call: str) -> None:
        self._open.pop(call, None)
        if call in self._closed:
            return
        self._remember_closed(call)
        self._metrics.call_ended("lost", "lost")
        self._spans.ended(call, "lost")
        self._records.finish(call, ended_at_ms=self._clock.wall_ms(), outcome="lost")
        self.log.warning("call_lost", call=call)

    async def written(self) -> bool:
        """Whether all that was told is in the database now."""
        return await self._records.flush(FLUSH_SECONDS) and await self._contacts.flush(FLUSH_SECONDS)

    async def ending_found(self, ending: Ending, *, served: bool) -> None:
        """Asterisk wrote down the end of a call; closes the record of one that ended while no server looked.

        `served`: a task has this call and will close it itself.
        """
        call = ending.call
        if served or call in self._closed or (call not in self._open and await self._finished(call)):
            return
        self._remember_closed(call)
        gave_up = ending.state.phase is ChannelPhase.HOLD or ending.outcome == Outcome.ABANDONED.value
        self._contacts.over_unseen(
            call, ending.ended_at_ms, talk=ending.ticket if ending.ticket.startswith("talk-") else "",
            outcome=Outcome.OVERFLOWED if ending.state.phase is ChannelPhase.FALLBACK else Outcome.ABANDONED if gave_up else Outcome.LEFT_QUEUE,
        )
        known = self._unfinished.pop(call, None)
        entry = self._open.pop(call, None) or (_reopened(known, "", "") if known is not None else _Open("", "", ending.started_at_ms))
        entry.answered = entry.answered or ending.ticket.startswith("talk-")
        entry.agent = ending.ticket.partition(":")[2] or entry.agent
        entry.put_through = entry.put_through or ending.state.phase in _OUTSIDE_TALKS
        outcome = _outcome(entry, ending.outcome)
        if ending.state.phase is ChannelPhase.FALLBACK:
            outcome = "fallback"
            self._metrics.fell_back()
        self._records.update(call, started_at_ms=ending.started_at_ms, caller_number=ending.caller or None)
        self._records.finish(
            call, ended_at_ms=ending.ended_at_ms, outcome=outcome, hangup_cause=str(ending.cause),
            queue=entry.queue or ending.state.queue or None, agent=entry.agent, tier=ending.state.tier or None, language=ending.state.language or None,
        )
        self._spans.ended(call, outcome)
        self._metrics.call_ended(ending.outcome, outcome, lost=_is_lost(entry), queue=entry.queue or "", score=entry.known.get("survey_score"))
        self.log.info("call_ended_unseen", call=call, outcome=outcome, hangup_cause=ending.cause)

    def caller_of(self, call: str) -> str:
        """The number of a call that is up; "" when not known."""
        entry = self._open.get(call)
        return "" if entry is None else entry.caller

    # ---- FactSink

    def told(self, fact: Fact, now: float) -> None:
        """Take what the engine established."""
        del now
        match fact:
            case CallEntered():
                self._entered(fact)
                self.log.info("queue_entered", call=fact.call, queue=fact.queue, tier=fact.tier, resumed=fact.resumed)
            case OfferMade():
                self.log.info("offer_made", call=fact.call, offer=fact.offer, agent=fact.agent, queue=fact.queue, adopted=fact.adopted)
            case CallAnswered():
                self._answered(fact)
            case TalkFinished():
                entry = self._open.get(fact.call)
                if entry is not None:
                    entry.talk_ms += int(fact.talk_seconds * 1000)
                    self._records.update(fact.call, talk_ms=entry.talk_ms)
                self.log.info("talk_finished", call=fact.call, agent=fact.agent, queue=fact.queue, talk_seconds=round(fact.talk_seconds, 3))
            case CallEnded():
                self._queue_ended(fact)
            case OfferEnded():
                self.log.info(
                    "offer_ended", call=fact.call, offer=fact.offer, agent=fact.agent, queue=fact.queue, result=fact.result.value,
                    seconds=round(fact.seconds, 3), cancel_expired=fact.cancel_expired,
                )

    def _entered(self, fact: CallEntered) -> None:
        """One who is taken over with his age was counted by the process he came to."""
        entry = self._open.get(fact.call)
        if entry is not None and not entry.asked:
            entry.asked = True
            if not fact.resumed:
                self._metrics.asked_for_person()

    def _answered(self, fact: CallAnswered) -> None:
        entry = self._open.get(fact.call)
        if entry is not None:
            entry.queue, entry.agent, entry.answered = fact.queue, fact.agent, True
            entry.wait_ms += int(fact.wait_seconds * 1000)
            self._records.update(fact.call, answered_at_ms=self._clock.wall_ms(), queue=fact.queue, agent=fact.agent, wait_ms=entry.wait_ms, tier=fact.tier)
        self.log.info("answered", call=fact.call, agent=fact.agent, queue=fact.queue, tier=fact.tier, wait_seconds=round(fact.wait_seconds, 3))

    def _queue_ended(self, fact: CallEnded) -> None:
        entry = self._open.get(fact.call)
        if entry is not None:
            entry.queue, entry.queue_outcome = fact.queue, fact.outcome.value
            entry.known.setdefault("tier", fact.tier)
            if fact.outcome is not Outcome.ANSWERED:
                entry.wait_ms += int(fact.wait_seconds * 1000)
            self._records.update(fact.call, queue=fact.queue, wait_ms=entry.wait_ms)  # the next process would not know it
        self.log.info("queue_ended", call=fact.call, queue=fact.queue, tier=fact.tier, outcome=fact.outcome.value, reason=fact.reason, wait_seconds=round(fact.wait_seconds, 3))


def _outcome(entry: _Open, cause: str) -> str:
    """One word for the whole call: what the queue says wins over how the flow ended."""
    if entry.answered:
        return "answered"
    if entry.put_through:
        return "put_through"
    if entry.queue_outcome is not None and (cause == "abandoned" or entry.queue_outcome != "abandoned"):
        return entry.queue_outcome
    return "self_service" if cause == "completed" else cause


def _is_lost(entry: _Open) -> bool:
    """Whether he asked for a person and hung up in the line, or was let go because nobody was there."""
    return not (entry.answered or entry.put_through) and entry.queue_outcome in _LOST


def _spent(entry: _Open, trace: Trace) -> float:
    """Seconds since the step before; nobody knows how long a call that was found was in its step."""
    since, entry.stepped_at = entry.stepped_at, trace.at
    seconds = 0.0 if since is None else max(0.0, trace.at - since)
    if entry.flow_seconds is not None and trace.type not in _ELSEWHERE:
        entry.flow_seconds += seconds
    return seconds


def _reopened(record: CallRecord, caller: str, called: str) -> _Open:
    """A call whose record a former process began."""
    known = {"account": record.account, "tier": record.tier, "language": record.language, "survey_score": record.survey_score}
    entry = _Open(caller or record.caller_number or "", called, record.started_at_ms or 0, steps=len(record.trail))
    entry.known = {name: value for name, value in known.items() if value is not None}
    if record.tickets:
        entry.known["tickets"] = list(record.tickets)
    entry.queue, entry.agent, entry.answered = record.queue, record.agent, record.answered_at_ms is not None
    entry.put_through = any(step.get("type") == "dial" and step.get("result") == DialOutcome.ANSWERED for step in record.trail)
    came_back = [step.get("result") for step in record.trail if step.get("type") == "queue"]
    entry.queue_outcome = _LET_GO.get(str(came_back[-1])) if came_back else None
    entry.wait_ms, entry.talk_ms = record.wait_ms or 0, record.talk_ms or 0
    return entry
