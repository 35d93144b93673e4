"""What the API says and takes, as pydantic models; its OpenAPI document is made from these.

Durations are seconds, instants UTC: RFC 3339 text where people read them, milliseconds in records.
"""

import re
from collections.abc import Mapping
from datetime import date as Date  # noqa: N812 - a field is called date
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from acd.states import AgentState, CallState
from cti.users.roles import Role

Seconds = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class Model(BaseModel):
    """Base of all: nothing undeclared comes in."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class Problem(Model):
    """What went wrong, as RFC 9457 says; `errors` names each fault of a request that cannot be used."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list["Fault"] = Field(default_factory=list)


class Fault(Model):
    """One fault of a request: `where` is `body.reason`, `query.limit` …"""

    where: str
    message: str


class Health(Model):
    """The process answers."""

    status: str


class Readiness(Model):
    """Whether calls are served; each condition by name."""

    ready: bool
    reasons: Mapping[str, Any]


class WaitingCall(Model):
    """A caller in a line, or a `callback` dialled `attempts` times so far; `position` 1 is next. `held_back` says why a callback is
    not made now."""

    call: str
    tier: str
    state: CallState
    position: Annotated[int, Field(ge=1)]
    waited_seconds: Seconds
    offer: str
    agent: str
    callback: bool
    attempts: Annotated[int, Field(ge=0)]
    held_back: str


class CallbackView(Model):
    """A customer who is to be called back. `results` of the attempts so far, "" for one whose end nobody saw; `position` null while
    he is on the line himself, or agent and customer talk."""

    callback: str
    number: str
    queue: str
    tier: str
    language: str
    requested_at: datetime
    expires_at: datetime
    attempts: Count
    results: list[str]
    state: CallState
    position: Count | None
    agent: str
    held_back: str


class CallbackList(Model):
    """The callbacks, by place in line."""

    callbacks: list[CallbackView]


class QueueView(Model):
    """A line now. `waiting` holds a place; `away` are those in the menu who keep their age.

    A newcomer will as likely wait more as less than `expected_wait_seconds`, one in ten more than `longest_expected_seconds`.
    `forecast_error` is the median of |forecast - wait| / wait over the last `forecasts_judged` answered calls.
    """

    name: str
    label_zh: str
    label_en: str
    waiting: Count
    longest_wait_seconds: Seconds
    waiting_by_tier: Mapping[str, Count]
    talking: Count
    away: Count
    agents: Mapping[AgentState, Count]
    expected_wait_seconds: Seconds | None
    longest_expected_seconds: Seconds | None
    forecast_error: float | None
    forecasts_judged: Count
    service_level_seconds: Seconds


class QueueDetail(QueueView):
    """A line with its callers in order."""

    calls: list[WaitingCall]


class QueueList(Model):
    """All lines."""

    queues: list[QueueView]


class AgentView(Model):
    """An agent now.

    `seconds_in_state` is null until his state changes for the first time (or the store told of it); `ends_in_seconds`:
    when the state ends by itself; `next_state`: what he asked to be after his talk; `over_limit`: his pause lasts longer than
    its reason allows.
    """

    name: str
    label: str
    extension: str
    queues: list[str]
    state: AgentState
    reason: str
    seconds_in_state: Seconds | None
    ends_in_seconds: Seconds | None
    next_state: AgentState | None
    call: str
    offer: str
    misses: Count
    busy_elsewhere: bool
    over_limit: bool


class AgentList(Model):
    """All agents."""

    agents: list[AgentView]


def _written_out(value: Any) -> Any:
    """Refuse what pydantic would take for a day as well: seconds since 1970."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("write the day as 2026-11-21")
    return value


class DayQuery(Model):
    """Which day, as 2026-11-21, in the hotline's time zone; without it today."""

    date: Annotated[Date, BeforeValidator(_written_out)] | None = None


class ReportQuery(Model):
    """A day of the period, as 2026-11-21, in the hotline's time zone; the language of labels; a queue alone, or all."""

    date: Annotated[Date, BeforeValidator(_written_out)] | None = None
    language: Literal["zh", "en"] = "zh"
    queue: Annotated[str, Field(pattern=r"^[a-z0-9_]{0,32}$")] = ""


class AgentDayView(Model):
    """What an agent did on a day (`date`, midnight to midnight in `time_zone`), up to now.

    `seconds` by state sum up to `logged_in_seconds`; `pause_seconds` are those of `paused` by reason, of which
    `productive_pause_seconds` count as work. `first_login` is null when he did not log in that day (he may have been since before
    midnight), `last_logout` while he is logged in at the end of the day. `talks` that began. `occupancy_ring_to_wrap_up`: time from
    ring to end of wrap-up / that and being ready; pauses and back-offs are in neither; null while there is neither.
    """

    agent: str
    date: Date
    time_zone: str
    logged_in_seconds: Seconds
    first_login: datetime | None
    last_logout: datetime | None
    seconds: Mapping[AgentState, Seconds]
    pause_seconds: Mapping[str, Seconds]
    productive_pause_seconds: Seconds
    talks: Count
    occupancy_ring_to_wrap_up: Annotated[float, Field(ge=0, le=1)] | None


class AgentDayList(Model):
    """What all agents did on a day."""

    date: Date
    days: list[AgentDayView]


class ReloadRequest(Model):
    """How many of the new calls meet the new flows: 1 for all, less to try them on a share first."""

    share: Annotated[float, Field(gt=0, le=1, strict=True)] = 1.0


class FlowsView(Model):
    """The versions of the flows. `candidate` gets `share` of the new calls; `refused` says why the last set was not taken."""

    current: str
    candidate: str
    share: float
    previous: str
    refused: str


class PolicyView(Model):
    """The queues, tiers and agents that calls are routed by. `refused` says why the last configuration was not taken."""

    version: str
    queues: tuple[str, ...]
    tiers: tuple[str, ...]
    agents: int
    warnings: tuple[str, ...]
    refused: str


class PauseRequest(Model):
    """Why the agent pauses: one of `pause_reasons` of agents.yaml; if none are listed there, any word."""

    reason: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


class WrapUpRequest(Model):
    """How much longer the agent needs after his talk."""

    seconds: Annotated[float, Field(gt=0, le=3600, strict=True)]


class CallPlace(StrEnum):
    """Where a living call is."""

    IVR = "ivr"
    QUEUE = "queue"
    TALK = "talk"


class LiveCallView(Model):
    """A call on the line. `position` and `waited_seconds` while it is in a queue, `agent` while one is rung or talks."""

    call: str
    place: CallPlace
    caller: str
    language: str
    tier: str
    queue: str
    position: int | None
    waited_seconds: Seconds | None
    agent: str


class LiveCallList(Model):
    """The calls on the line."""

    calls: list[LiveCallView]


class StoryLine(Model):
    """One thing that happened to a call in the queue: an event, a command or a fact, and what it said."""

    at: datetime
    what: str
    details: Mapping[str, Any]


class StandingView(Model):
    """Where a waiting call stands: the highest score goes first; `ineligible` says why each other agent cannot.

    The score is the sum of the wait, the head start, the bonus and the credit: the place of his callback, for a customer who rang in
    himself. `held_back` says why a callback is not made now, `past_guarantee` that he goes first for having waited so long, `waits_for`
    whom he waits for alone at first.
    """

    queue: str
    tier: str
    position: int
    score: float
    waited_seconds: Seconds
    head_start_seconds: float
    bonus_seconds: float
    credit_seconds: float
    ring: int
    needs: Mapping[str, int]
    eligible: list[str]
    ineligible: Mapping[str, str]
    expected_wait_seconds: float | None
    held_back: str
    past_guarantee: bool
    waits_for: str


class DecisionView(Model):
    """Why the last offer went to whom it went."""

    at: datetime
    offer: str
    chosen: str
    also_rung: list[str]
    score: float
    strategy: str
    ranked: list[str]
    ineligible: Mapping[str, str]


class ExplanationView(Model):
    """What the routing engine knows of a call."""

    state: CallState
    standing: StandingView | None
    decision: DecisionView | None
    story: list[StoryLine]


class OfferRecord(Model):
    """An offer as things stood when it was made; `ineligible` says why each other agent was passed by."""

    offer: str
    at_ms: int
    entered_ms: int
    queue: str
    tier: str
    agent: str
    waited_seconds: float
    score: float
    ring: int
    strategy: str
    ranked: list[str]
    needs: Mapping[str, int]
    ineligible: Mapping[str, str]
    ineligible_counts: Mapping[str, Count]
    past_guarantee: bool
    returned: bool
    also_rung: list[str]


class Reasons(Model):
    """Why a call went where it went, or why it waits: sentences by language (zh, en), and the offers they are made from."""

    call: str
    sentences: Mapping[str, list[str]]
    offers: list[OfferRecord]


class RecordView(Model):
    """A call's record; null where nothing is known (yet)."""

    call: str
    started_at_ms: int | None
    answered_at_ms: int | None
    ended_at_ms: int | None
    caller_number: str | None
    account: str | None
    tier: str | None
    language: str | None
    flow_version: str | None
    queue: str | None
    agent: str | None
    wait_ms: int | None
    talk_ms: int | None
    outcome: str | None
    hangup_cause: str | None
    survey_score: int | None
    tickets: list[str]
    trail: list[Mapping[str, Any]]


class RecordList(Model):
    """Records, newest first."""

    records: list[RecordView]


class RecordsQuery(Model):
    """Which records: the latest `limit`, of calls that began before `before_ms` (UTC milliseconds)."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    before_ms: Annotated[int, Field(ge=0, lt=2**53)] | None = None


VersionPart = Literal["current", "candidate", "previous"]


class FlowPageQuery(Model):
    """Which version of a flow is shown, and which one it is compared with."""

    version: VersionPart = "current"
    against: VersionPart | None = None


class CallDetail(Model):
    """All that is known of a call. `record_error` says why no record could be looked up."""

    call: str
    live: LiveCallView | None
    explanation: ExplanationView | None
    record: RecordView | None
    record_error: str


class LogInRequest(Model):
    """Who logs in."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=200)]


class SessionView(Model):
    """Who is logged in; `team` is "" for none, `expires_at` null for somebody who came with a token."""

    name: str
    role: Role
    team: str
    language: str
    expires_at: datetime | None


class WallQuery(Model):
    """The token of a wall display's link, and how the page looks on a wall, which has no mouse to choose it."""

    token: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    language: Literal["zh", "en"] | None = None
    theme: Literal["light", "dark"] | None = None


class SessionEnded(Model):
    """Nobody is logged in any more."""

    ended: bool


class Status(Model):
    """Everything `hotline status` shows."""

    version: str
    ready: bool
    reasons: Mapping[str, Any]
    dispatching: bool
    queues: list[QueueView]
    agents: list[AgentView]
    calls: list[LiveCallView]
