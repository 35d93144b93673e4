"""Agents' days: whatever an agent did, its days sum up to the time he was logged in, over midnights and changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from acd.states import AgentState
from cti.records.agent_days import BUSY, day_of, day_window
from cti.records.agent_states import Span

ZONES = [ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/St_Johns"), ZoneInfo("Australia/Lord_Howe")]
#: three days before the clocks go forward in Europe
FIRST = date(2026, 3, 26)
STARTS_MS = 1_774_483_200_000
LOGGED_OUT, PAUSED, TALKING = AgentState.LOGGED_OUT, AgentState.PAUSED, AgentState.TALKING
STEPS = st.lists(
    st.tuples(st.sampled_from(list(AgentState)), st.sampled_from(["lunch", "training"]), st.integers(1, 30 * 3_600_000)), min_size=1, max_size=25
)


def as_spans(steps: list[tuple[AgentState, str, int]], *, still: bool) -> list[Span]:
    """One after the other; while logged out there is none. `still`: the last goes on."""
    at_ms, spans = STARTS_MS, []
    for state, reason, lasts_ms in steps:
        if state is not LOGGED_OUT:
            spans.append(Span("anna", state, reason if state is PAUSED else "", at_ms, at_ms + lasts_ms))
        at_ms += lasts_ms
    if still and spans and spans[-1].until_ms == at_ms:
        spans[-1] = Span("anna", spans[-1].state, spans[-1].reason, spans[-1].from_ms, None)
    return spans


def touching(spans: list[Span], window: tuple[int, int]) -> list[Span]:
    """What the database would give for the day."""
    return [span for span in spans if span.from_ms < window[1] and (span.until_ms is None or span.until_ms >= window[0])]


@given(steps=STEPS, still=st.booleans(), zone=st.sampled_from(ZONES), later_ms=st.integers(0, 86_400_000))
def test_the_days_sum_up_to_the_time_logged_in(steps: list[tuple[AgentState, str, int]], zone: ZoneInfo, later_ms: int, *, still: bool) -> None:
    spans = as_spans(steps, still=still)
    ended_ms = STARTS_MS + sum(lasts_ms for _, _, lasts_ms in steps)
    now_ms = ended_ms + later_ms
    lasted = {state: sum((span.until_ms or now_ms) - span.from_ms for span in spans if span.state is state) for state in AgentState}
    summed = dict.fromkeys(AgentState, 0)
    logins = talks = 0
    for number in range(-1, 40):
        window = day_window(FIRST + timedelta(days=number), zone)
        day = day_of("anna", touching(spans, window), window, now_ms=now_ms, productive=["training"])
        for state, milliseconds in day.state_ms.items():
            summed[state] += milliseconds
        assert sum(day.pause_ms.values()) == day.state_ms.get(PAUSED, 0)
        assert day.productive_pause_ms == day.pause_ms.get("training", 0)
        assert 0 <= day.logged_in_ms <= window[1] - window[0]
        assert day.occupancy is None or 0 <= day.occupancy <= 1
        assert (day.occupancy is None) == (not any(day.state_ms.get(state) for state in BUSY | {AgentState.READY}))
        for at_ms in (day.first_login_ms, day.last_logout_ms):
            assert at_ms is None or window[0] <= at_ms < window[1]
        logins += day.first_login_ms is not None
        talks += day.talks
    assert summed == lasted
    assert talks == sum(span.state is TALKING for span in spans)
    assert (logins > 0) == bool(spans)


def test_a_civil_day_has_23_to_25_hours() -> None:
    berlin = ZONES[1]
    hours = [(ends - begins) / 3_600_000 for begins, ends in (day_window(day, berlin) for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 25)))]
    assert hours == [24, 23, 25]
    assert day_window(date(2026, 11, 21), ZONES[0])[0] == datetime(2026, 11, 20, 16, tzinfo=UTC).timestamp() * 1000


def test_log_ins_and_log_outs_of_a_day() -> None:
    begins, ends = window = day_window(date(2026, 11, 21), ZONES[0])
    ready, hour = AgentState.READY, 3_600_000

    def told(*times: tuple[int, int | None], now_ms: int = ends + hour) -> tuple[int | None, int | None]:
        day = day_of("anna", [Span("anna", ready, "", since, until) for since, until in times], window, now_ms=now_ms)
        return day.first_login_ms, day.last_logout_ms

    assert told() == (None, None)
    assert told((begins + hour, begins + 2 * hour), (begins + 2 * hour, begins + 3 * hour)) == (begins + hour, begins + 3 * hour)
    assert told((begins + hour, begins + 2 * hour), (begins + 4 * hour, begins + 5 * hour)) == (begins + hour, begins + 5 * hour)
    assert told((begins - hour, begins + hour)) == (None, begins + hour), "logged in before midnight"
    assert told((begins + hour, begins + 2 * hour), (begins + 4 * hour, ends + 1)) == (begins + hour, None), "still there at midnight"
    assert told((begins + hour, begins + 2 * hour), (begins + 4 * hour, None), now_ms=begins + 5 * hour) == (begins + hour, None), "still there now"
