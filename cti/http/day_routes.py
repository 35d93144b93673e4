"""The operations on agents' days: what each did, and for how long."""

from collections.abc import Iterable
from datetime import date
from itertools import groupby

from cti.http.deps import ApiDeps, RecordsDown
from cti.http.models import AgentDayList, AgentDayView, DayQuery
from cti.http.operations import operation
from cti.http.problems import Refusal
from cti.records.agent_days import AgentDay, day_of, day_window, instant
from cti.records.agent_states import Span
from cti.users.rights import Reach
from cti.users.roles import Scope


@operation("GET", "/api/agents/{name}/day", "agents", problems=(503,))
async def show_agent_day(deps: ApiDeps, name: str, query: DayQuery) -> AgentDayView:
    """What an agent did on a day of the hotline's time zone; today unless said otherwise.

    404 for a name that is neither configured nor has been at work that day.
    """
    day = _day(deps, query)
    spans = await _spans(deps, day, name)
    if not spans and name not in deps.policy().agents:
        raise Refusal(404, f"there is no agent {name!r}; GET /api/agents lists them")
    return _view(deps, day, name, spans)


@operation("GET", "/api/agent-days", "agents", problems=(503,))
async def list_agent_days(deps: ApiDeps, query: DayQuery, reach: Reach) -> AgentDayList:
    """What all agents did on a day of the hotline's time zone; today unless said otherwise.

    Those configured now, then those who were at work that day and are configured no more. For a team leader his team, for an
    agent himself.
    """
    day = _day(deps, query)
    known = {name: list(spans) for name, spans in groupby(await _spans(deps, day, None), key=lambda span: span.agent)}
    names = dict.fromkeys([*deps.policy().agents, *known])
    if reach.scope is not Scope.ALL:
        shown = reach.agents(deps.policy())
        names = dict.fromkeys(name for name in names if name in shown)
    return AgentDayList(date=day, days=[_view(deps, day, name, known.get(name, [])) for name in names])


def _day(deps: ApiDeps, query: DayQuery) -> date:
    return query.date or deps.clock.civil().date()


async def _spans(deps: ApiDeps, day: date, agent: str | None) -> list[Span]:
    since_ms, until_ms = day_window(day, deps.clock.zone)
    try:
        return list(await deps.agent_states.between(since_ms, until_ms, agent))
    except RecordsDown as error:
        raise Refusal(503, str(error)) from error


def _view(deps: ApiDeps, day: date, name: str, spans: Iterable[Span]) -> AgentDayView:
    productive = [reason.name for reason in deps.policy().pause_reasons.values() if reason.productive]
    told: AgentDay = day_of(name, spans, day_window(day, deps.clock.zone), now_ms=deps.clock.wall_ms(), productive=productive)
    return AgentDayView(
        agent=name, date=day, time_zone=deps.clock.zone.key, logged_in_seconds=told.logged_in_ms / 1000,
        first_login=instant(told.first_login_ms), last_logout=instant(told.last_logout_ms),
        seconds={state: lasted / 1000 for state, lasted in told.state_ms.items()},
        pause_seconds={reason: lasted / 1000 for reason, lasted in told.pause_ms.items()},
        productive_pause_seconds=told.productive_pause_ms / 1000, talks=told.talks, occupancy_ring_to_wrap_up=told.occupancy,
    )  # fmt: skip
