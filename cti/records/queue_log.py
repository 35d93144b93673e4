"""Contact legs and agents' states as lines of Asterisk's `queue_log`, as app_queue writes them. Pure.

A line is `epoch|call|queue|member|EVENT|data…`. Members are the agents' names, calls have our ids. Waits are those in this
line; what app_queue does not log (callers who were not let into the line, callbacks) is not in it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from acd.facts import OfferResult, Outcome
from acd.states import AgentState
from cti.records.agent_states import Span
from cti.records.contact_news import MISSED
from cti.records.contacts import Attempt, ContactLeg, LegKind

NOBODY = "NONE"
#: What the Uniqueid of an agent's channel begins with; the rest is the offer's id.
CHANNEL_PREFIX = "acd-"
#: From where a blind transfer is led on.
TRANSFER_CONTEXT = "hotline-transfer"


class Word(Enum):
    """What app_queue calls what happened."""

    QUEUESTART = "QUEUESTART"
    ENTERQUEUE = "ENTERQUEUE"
    RINGNOANSWER = "RINGNOANSWER"
    RINGCANCELED = "RINGCANCELED"
    CONNECT = "CONNECT"
    COMPLETEAGENT = "COMPLETEAGENT"
    COMPLETECALLER = "COMPLETECALLER"
    BLINDTRANSFER = "BLINDTRANSFER"
    ATTENDEDTRANSFER = "ATTENDEDTRANSFER"
    ABANDON = "ABANDON"
    EXITWITHKEY = "EXITWITHKEY"
    EXITWITHTIMEOUT = "EXITWITHTIMEOUT"
    EXITEMPTY = "EXITEMPTY"
    ADDMEMBER = "ADDMEMBER"
    REMOVEMEMBER = "REMOVEMEMBER"
    PAUSE = "PAUSE"
    UNPAUSE = "UNPAUSE"


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One line; `at_ms` UTC milliseconds, of which the file shows whole seconds. Lines sort by time."""

    at_ms: int
    order: int  #: of what happens in the same millisecond
    word: str
    call: str = NOBODY
    queue: str = NOBODY
    member: str = NOBODY
    data: tuple[str, ...] = ("",)

    def __str__(self) -> str:
        return "|".join((str(self.at_ms // 1000), self.call, self.queue, self.member, self.word, *map(_safe, self.data)))


def lines_of(leg: ContactLeg, caller: str) -> tuple[Line, ...]:
    """Return what app_queue would have logged of a leg so far, in order; nothing for what is no queue entry.

    Args:
        leg: the leg.
        caller: his number, "" when not known.

    """
    if leg.kind is not LegKind.QUEUE or _was_refused(leg):
        return ()
    place = str(leg.position or 1)
    entered = Line(leg.entered_at_ms, 0, Word.ENTERQUEUE.value, leg.call, leg.queue, data=("", caller, place))
    rings = [line for attempt in leg.attempts for line in _ring(leg, attempt)]
    return tuple(sorted([entered, *rings, *_connected(leg), *_ended(leg, place)]))


def agent_lines(agent: str, queues: Sequence[str], at_ms: int, old: tuple[AgentState, str], new: tuple[AgentState, str]) -> tuple[Line, ...]:
    """Return what app_queue would have logged of an agent's change of state (state and reason before and after)."""
    words: list[tuple[Word, str]] = []
    if old[0] is AgentState.LOGGED_OUT and new[0] is not AgentState.LOGGED_OUT:
        words.append((Word.ADDMEMBER, ""))
    if new[0] is AgentState.PAUSED and old != new:
        words.append((Word.PAUSE, new[1]))
    if old[0] is AgentState.PAUSED and new[0] not in (AgentState.PAUSED, AgentState.LOGGED_OUT):
        words.append((Word.UNPAUSE, ""))
    if new[0] is AgentState.LOGGED_OUT and old[0] is not AgentState.LOGGED_OUT:
        words.append((Word.REMOVEMEMBER, ""))
    return tuple(
        Line(at_ms, order, word.value, NOBODY, queue, agent, (data,)) for order, (word, data) in enumerate(words, start=7) for queue in queues
    )


def lines_of_spans(agent: str, queues: Sequence[str], spans: Iterable[Span]) -> tuple[Line, ...]:
    """Return the same for what an agent did, told as spans in order; what goes on has no end yet."""
    lines: list[Line] = []
    out = (AgentState.LOGGED_OUT, "")
    before, until_ms = out, None
    for span in spans:
        if until_ms is not None and until_ms != span.from_ms:
            lines += agent_lines(agent, queues, until_ms, before, out)
            before = out
        now = (span.state, span.reason if span.state is AgentState.PAUSED else "")
        lines += agent_lines(agent, queues, span.from_ms, before, now)
        before, until_ms = now, span.until_ms
    if until_ms is not None:
        lines += agent_lines(agent, queues, until_ms, before, out)
    return tuple(lines)


def started(at_ms: int) -> Line:
    """Return what Asterisk logs when it starts."""
    return Line(at_ms, 0, Word.QUEUESTART.value)


def news(before: Collection[Line], after: Iterable[Line]) -> list[Line]:
    """Return the lines that are not among those before; a line that only moved in time is none."""
    known = {(line.word, line.call, line.queue, line.member, line.data) for line in before}
    return [line for line in after if (line.word, line.call, line.queue, line.member, line.data) not in known]


def _was_refused(leg: ContactLeg) -> bool:
    """Whether the line did not let him in; app_queue logs nothing then."""
    return leg.outcome == Outcome.REJECTED_FULL.value or (leg.outcome == Outcome.OVERFLOWED.value and leg.position is None and not leg.wait_ms)


def _ring(leg: ContactLeg, attempt: Attempt) -> list[Line]:
    if attempt.ring_ms is None or attempt.result is None:
        return []
    missed = attempt.result in MISSED
    if not missed and attempt.result != OfferResult.CALLER_GONE.value:
        return []
    word = Word.RINGNOANSWER if missed else Word.RINGCANCELED
    over_ms = attempt.at_ms + attempt.ring_ms
    at_ms = over_ms if leg.ended_at_ms is None else min(over_ms, leg.ended_at_ms)  # a phone stops ringing just after its caller is gone
    return [Line(at_ms, 1, word.value, leg.call, leg.queue, attempt.agent, (str(attempt.ring_ms),))]


def _connected(leg: ContactLeg) -> list[Line]:
    if leg.answered_at_ms is None:
        return []
    won = next((one.offer for one in reversed(leg.attempts) if one.result == OfferResult.TALKED.value), "")
    data = (_seconds(leg.answered_at_ms - leg.entered_at_ms), CHANNEL_PREFIX + won, _seconds(leg.ring_ms or 0))
    return [Line(leg.answered_at_ms, 2, Word.CONNECT.value, leg.call, leg.queue, leg.agent or NOBODY, data)]


def _ended(leg: ContactLeg, place: str) -> list[Line]:
    if leg.ended_at_ms is None:
        return []
    if leg.answered_at_ms is not None and leg.outcome == Outcome.ANSWERED.value:
        return [_completed(leg, leg.answered_at_ms, leg.ended_at_ms, place)]
    data: tuple[str, ...]
    left = (str(leg.position_at_end or place), place, _seconds(leg.ended_at_ms - leg.entered_at_ms))
    match Outcome(leg.outcome):
        case Outcome.LEFT_QUEUE | Outcome.VOICEMAIL | Outcome.CALLBACK:
            word, data = Word.EXITWITHKEY, (leg.reason or leg.outcome or "", *left)
        case Outcome.OVERFLOWED if leg.reason == "empty":
            word, data = Word.EXITEMPTY, left
        case Outcome.CLOSED:
            word, data = Word.EXITEMPTY, left
        case Outcome.OVERFLOWED:
            word, data = Word.EXITWITHTIMEOUT, left
        case _:
            word, data = Word.ABANDON, left
    return [Line(leg.ended_at_ms, 4, word.value, leg.call, leg.queue, NOBODY, data)]


def _completed(leg: ContactLeg, answered_at_ms: int, ended_at_ms: int, place: str) -> Line:
    data: tuple[str, ...]
    times = (_seconds(answered_at_ms - leg.entered_at_ms), _seconds(ended_at_ms - answered_at_ms), place)
    match leg.reason:
        case "transferred":
            word, data = Word.BLINDTRANSFER, (leg.target or "", TRANSFER_CONTEXT, *times)
        case "joined":
            word, data = Word.ATTENDEDTRANSFER, ("BRIDGE", "", *times)
        case "caller_remains":
            word, data = Word.COMPLETEAGENT, times
        case _:
            word, data = Word.COMPLETECALLER, times
    return Line(ended_at_ms, 4, word.value, leg.call, leg.queue, leg.agent or NOBODY, data)


def _seconds(milliseconds: int) -> str:
    return str(max(0, milliseconds) // 1000)


def _safe(text: str) -> str:
    """A field cannot hold what separates fields and lines."""
    return "".join(sign if sign.isprintable() and sign != "|" else " " for sign in text)
