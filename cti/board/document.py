"""The board as the browser gets it, as pydantic models. Durations are seconds; shares are 0 to 1; null: nothing to say (yet)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from acd.states import AgentState, CallState
from cti.users.roles import Role

Seconds = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """Base of all parts."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Label(Part):
    """How people call a thing, in both languages."""

    zh: str
    en: str


class NamedLabel(Part):
    """A thing of the configuration with its label: a team, a reason to pause."""

    name: str
    label: Label


class Links(Part):
    """Whether what the hotline leans on can be reached."""

    ami: bool
    database: bool
    store: bool


class TierLine(Part):
    """The callers of one tier in a line."""

    tier: str
    label: Label
    waiting: Count
    longest_wait_seconds: Seconds


class QueueBoard(Part):
    """A line: now, in the last 15 minutes, and today (in the hotline's time zone).

    `service_level_now` and `service_level_today` are `sl_offered`, `abandonment_today` is `abandonment_offered`,
    `asa_today_seconds` is `asa` of docs/kpi.md. `agents` counts those who serve this line by state.
    """

    name: str
    label: Label
    waiting: Count
    longest_wait_seconds: Seconds
    talking: Count
    callbacks: Count
    estimated_wait_seconds: Seconds | None
    service_level_seconds: Seconds
    service_level_target: Share
    service_level_now: Share | None
    service_level_today: Share | None
    abandonment_today: Share | None
    abandonment_target: Share
    offered_today: Count
    answered_today: Count
    abandoned_today: Count
    asa_today_seconds: Seconds | None
    agents: Mapping[AgentState, Count]
    tiers: list[TierLine]


class AgentBoard(Part):
    """An agent. `call` only for those who may see it; `may_steer`: whether the one who looks may log him in, pause him …"""

    name: str
    label: str
    team: str
    state: AgentState
    reason: str
    next_state: AgentState | None
    since_seconds: Seconds | None
    queue: str | None
    call: str | None
    over_limit: bool
    may_steer: bool


class LinePlace(Part):
    """A caller in a line, or one who waits to be called back; of more than 300 those who have waited longest. `call` only for those
    who may see it."""

    call: str | None
    queue: str
    tier: str
    position: Count
    waited_seconds: Seconds
    state: CallState
    callback: bool


class FlowLoad(Part):
    """How many callers are in a flow now."""

    flow: str
    calls: Count


class IvrCall(Part):
    """A caller in a flow, and for how long in this step."""

    call: str | None
    flow: str
    step: str
    seconds: Seconds


class IvrBoard(Part):
    """The callers in the flows now; `calls` the first hundred of them, longest in their step first."""

    active: Count
    flows: list[FlowLoad]
    calls: list[IvrCall]


class AlertBoard(Part):
    """An alert that is on. `severity` is warning or critical; see docs/alerts.md."""

    name: str
    severity: str
    summary: Label
    since: datetime
    queue: str | None


class Trend(Part):
    """The last three hours, all lines together: a number each `every_seconds` from `from` on, the running minute last.

    Offered, answered and abandoned are those of the minute; `waiting` is how many waited at its end; `service_level` is that of
    the 15 minutes up to its end.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    every_seconds: Count
    begins: Annotated[datetime, Field(alias="from")]
    offered: list[Count]
    answered: list[Count]
    abandoned: list[Count]
    waiting: list[Count]
    service_level: list[Share | None]


class Board(Part):
    """Everything on the wall, as one role sees it."""

    at: datetime
    version: str
    language: str
    role: Role
    name: str
    ready: bool
    links: Links
    queues: list[QueueBoard]
    agents: list[AgentBoard]
    teams: list[NamedLabel]
    pause_reasons: list[NamedLabel]
    line: list[LinePlace]
    ivr: IvrBoard
    alerts: list[AlertBoard]
    trend: Trend
