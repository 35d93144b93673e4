"""An agent's day out of his states: seconds by state and reason to pause, log-in, log-out, talks, occupancy. Pure reckoning."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from acd.states import AgentState
from cti.records.agent_states import Span

_DAY_MS = 86_400_000
#: from the first ring to the end of the wrap-up
BUSY = frozenset({AgentState.OFFERED, AgentState.CONNECTING, AgentState.CANCELLING, AgentState.TALKING, AgentState.WRAP_UP})


@dataclass(frozen=True, slots=True)
class AgentDay:
    """What an agent did on one day of the hotline's time zone.

    Attributes:
        agent: his name.
        state_ms: milliseconds by state; their sum is the time he was logged in.
        pause_ms: those of PAUSED by reason.
        productive_pause_ms: those of them whose reason counts as work.
        first_login_ms: his first log-in of the day, UTC milliseconds; None if there was none (he may have been logged in since
            before midnight).
        last_logout_ms: his last log-out; None if there was none, or he logged in again after it and stayed.
        talks: how many talks began.

    """

    agent: str
    state_ms: dict[AgentState, int] = field(default_factory=dict)
    pause_ms: dict[str, int] = field(default_factory=dict)
    productive_pause_ms: int = 0
    first_login_ms: int | None = None
    last_logout_ms: int | None = None
    talks: int = 0

    @property
    def logged_in_ms(self) -> int:
        """How long he was logged in."""
        return sum(self.state_ms.values())

    @property
    def occupancy(self) -> float | None:
        """Time from ring to end of wrap-up / that and being ready; pauses and back-offs are in neither. As the simulator's.

        None while there is neither.
        """
        busy_ms = sum(lasted for state, lasted in self.state_ms.items() if state in BUSY)
        on_duty_ms = busy_ms + self.state_ms.get(AgentState.READY, 0)
        return busy_ms / on_duty_ms if on_duty_ms else None


def day_window(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """Return a civil day's begin and end, UTC milliseconds: 23 to 25 hours where clocks are changed."""
    begins_ms = _wall_ms(datetime.combine(day, time(), zone))
    if day == date.max:  # no calendar goes on
        return begins_ms, begins_ms + _DAY_MS
    return begins_ms, _wall_ms(datetime.combine(day + timedelta(days=1), time(), zone))


def day_of(agent: str, spans: Iterable[Span], window: tuple[int, int], *, now_ms: int, productive: Collection[str] = ()) -> AgentDay:
    """Return an agent's day.

    Args:
        agent: his name.
        spans: his, not overlapping, in order; also the one that ended as the day began, if there is one.
        window: the day's begin and end, UTC milliseconds.
        now_ms: what goes on is counted until now.
        productive: the reasons to pause that count as work.

    """
    begins, ends = window[0], min(window[1], max(window[0], now_ms))
    his = [(span, max(begins, span.from_ms), min(ends, ends if span.until_ms is None else span.until_ms)) for span in spans]
    state_ms: dict[AgentState, int] = {}
    pause_ms: dict[str, int] = {}
    for span, since, until in his:
        if until > since:
            state_ms[span.state] = state_ms.get(span.state, 0) + until - since
            if span.state is AgentState.PAUSED:
                pause_ms[span.reason] = pause_ms.get(span.reason, 0) + until - since
    logins, logouts = _turns([span for span, _, _ in his], begins, ends)
    return AgentDay(
        agent, state_ms, pause_ms, sum(lasted for reason, lasted in pause_ms.items() if reason in productive),
        first_login_ms=min(logins, default=None), last_logout_ms=None if _stays(his, ends) else max(logouts, default=None),
        talks=sum(span.state is AgentState.TALKING and begins <= span.from_ms < ends for span, _, _ in his),
    )  # fmt: skip


def _turns(spans: Sequence[Span], begins: int, ends: int) -> tuple[list[int], list[int]]:
    """Log-ins and log-outs of the day: where one span begins and no other ends, and the other way round."""
    starts = {span.from_ms for span in spans}
    stops = {span.until_ms for span in spans if span.until_ms is not None}
    return [at for at in starts - stops if begins <= at < ends], [at for at in stops - starts if begins <= at < ends]


def _stays(his: Sequence[tuple[Span, int, int]], ends: int) -> bool:
    """Whether he is logged in as the day ends, or now."""
    return any(span.from_ms < ends and (span.until_ms is None or span.until_ms >= ends) for span, _, _ in his)


def instant(wall_ms: int | None) -> datetime | None:
    """Return UTC milliseconds as an instant."""
    return None if wall_ms is None else datetime.fromtimestamp(wall_ms / 1000, UTC)


def _wall_ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
