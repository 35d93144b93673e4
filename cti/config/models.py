"""The form of the three files, as pydantic models. What a value may be is said in its description, for messages."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

NAME_RULE = "a name of small letters, digits and _, beginning with a letter, at most 32 characters"
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


def number_as_text(value: Any) -> Any:
    """Let `extension: 1001` be written without quotes; numbers with a leading zero are texts already."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def seconds(least: float, most: float, meaning: str) -> Any:
    """A field of seconds between two bounds; `meaning` stands in messages."""
    return Field(ge=least, le=most, allow_inf_nan=False, description=f"{meaning}: seconds from {least:g} to {most:g}")


_Level = Annotated[int, Field(ge=1, le=100)]
_Skills = dict[Name, _Level]
_Day = 86_400


class Model(BaseModel):
    """Unknown keys are errors; values are never repeated in messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Label(Model):
    """How people call a thing, in both languages."""

    zh: Annotated[str, Field(min_length=1, max_length=64, description="a short Chinese text")]
    en: Annotated[str, Field(min_length=1, max_length=64, description="a short English text")]


class RingEntry(Model):
    """How wide to search after a while."""

    after_seconds: Annotated[float, seconds(1, _Day, "wait after which this ring is in force")]
    needs: Annotated[
        _Skills, Field(description="skills with levels from 1 to 100, like {billing: 1}; {} for anybody")
    ] = {}


class CallbackEntry(Model):
    """How customers of the queue are called back who asked for it; see `acd.config.CallbackRules`."""

    attempts: Annotated[int, Field(ge=1, le=10, description="how often a customer is dialled, 1 to 10")] = 3
    pause_seconds: Annotated[float, seconds(0, _Day, "time between two attempts")] = 300
    expiry_seconds: Annotated[float, seconds(1, 7 * _Day, "how long a promise holds")] = 28_800
    ring_seconds: Annotated[float, seconds(5, 120, "how long a customer's phone rings")] = 30
    answer_seconds: Annotated[float, seconds(5, 120, "time to take the call after the greeting began")] = 30
    max_waiting: Annotated[int, Field(ge=0, le=100_000, description="most callbacks in line, 0 for no limit")] = 100
    plan: Annotated[
        str, Field(max_length=64, description="a plan of hours.yaml in which customers may be called, empty for always")
    ] = ""


class SeatsEntry(Model):
    """Seats of a queue that are dedicated to some tiers; see `acd.config.Seats`."""

    skill: Annotated[Name, Field(description="the skill that makes an agent's seat a dedicated one")]
    tiers: Annotated[list[Name], Field(min_length=1, description="a list of tiers")]
    only: Annotated[bool, Field(description="true to serve nobody else, false to serve these tiers first")] = False


class EmptyEntry(Model):
    """When a queue counts as empty, and how long those who wait stay nevertheless."""

    when: Annotated[
        list[Literal["logged_out", "paused", "backoff", "wrap_up"]],
        Field(min_length=1, description="a list of logged_out, paused, backoff, wrap_up: agents so do not count"),
    ]
    grace_seconds: Annotated[float, seconds(1, 3600, "time until waiting callers are let out")] = 30


class QueueSettings(Model):
    """What a queue may set and `defaults` may set for all."""

    bonus_seconds: Annotated[float, seconds(0, _Day, "head start of the whole queue")] = 0
    max_wait_seconds: Annotated[float, seconds(0, _Day, "longest wait, 0 for ever")] = 900
    max_length: Annotated[int, Field(ge=0, le=100_000, description="most callers in line, 0 for no limit")] = 0
    offer_timeout_seconds: Annotated[float, seconds(3, 120, "how long a phone is rung")] = 20
    wrapup_seconds: Annotated[float, seconds(0, 3600, "time after a talk, 0 for none")] = 10
    announce_first_seconds: Annotated[float, seconds(0, 3600, "wait before the first announcement, 0 for none")] = 15
    announce_frequency_seconds: Annotated[float, seconds(0, 3600, "time between announcements, 0 for none")] = 60
    service_level_seconds: Annotated[float, seconds(1, 3600, "target of the service level")] = 20
    service_level_target: Annotated[
        float, Field(gt=0, lt=1, description="share of calls to be answered within service_level_seconds, above 0 and below 1")
    ] = 0.9
    short_abandon_seconds: Annotated[
        float, seconds(0, 60, "whoever hangs up so early is left out of abandonment, 0 for nobody")
    ] = 5
    abandonment_target: Annotated[
        float, Field(gt=0, lt=1, description="share of calls that may be abandoned at most, above 0 and below 1")
    ] = 0.05
    strategy: Annotated[str, Field(description="the name of a ranking, like longest_idle")] = "longest_idle"
    ring_at_once: Annotated[
        int, Field(ge=1, le=10, description="how many phones ring for one caller at once, 1 to 10")
    ] = 1
    overflow: Annotated[Name, Field(description=f"where callers go when the line is over: {NAME_RULE}")] = "voicemail"
    weight: Annotated[int, Field(ge=0, le=1000, description="weight in the fallback queue, 0 to 1000")] = 0
    callback: CallbackEntry | None = None
    guarantee_seconds: Annotated[
        float, seconds(0, _Day, "wait after which a caller goes before all who waited less, 0 for none")
    ] = 0
    last_agent_wait_seconds: Annotated[
        float, seconds(0, 3600, "how long a caller waits for the agent he spoke to last, 0 for not at all")
    ] = 0
    empty: EmptyEntry | None = None
    seats: Annotated[list[SeatsEntry], Field(max_length=10, description="a list of at most 10 dedicated seats")] = []


class QueueEntry(QueueSettings):
    """One line."""

    label: Label
    extension: Annotated[str, BeforeValidator(number_as_text), Field(pattern=r"^([0-9]{2,8})?$", description="2 to 8 digits, which agents dial to lead a caller here")] = ""
    needs: Annotated[_Skills, Field(description="skills with levels from 1 to 100, like {billing: 1}")] = {}
    rings: Annotated[list[RingEntry], Field(max_length=10, description="a list of at most 10 rings")] = []


class BackoffEntry(Model):
    """How long a failing phone is left alone; see `acd.config.Backoff`."""

    no_answer_seconds: Annotated[float, seconds(0, 3600, "back-off after no answer")] = 5
    busy_seconds: Annotated[float, seconds(5, 3600, "back-off of a busy phone")] = 10
    rejected_seconds: Annotated[float, seconds(5, 3600, "back-off after a rejected call")] = 15
    unreachable_seconds: Annotated[float, seconds(5, 3600, "back-off of an unreachable phone")] = 30
    error_seconds: Annotated[float, seconds(5, 3600, "back-off after an error")] = 5
    hung_up_seconds: Annotated[float, seconds(0, 3600, "back-off after hanging up in the whisper")] = 5
    limit_seconds: Annotated[float, seconds(5, _Day, "longest back-off")] = 300


class DispatchEntry(Model):
    """Limits of the engine itself."""

    away_seconds: Annotated[float, seconds(1, 3600, "how long a caller in the menu keeps his age")] = 120
    offer_grace_seconds: Annotated[float, seconds(1, 60, "grace after the ring time-out")] = 3
    connect_deadline_seconds: Annotated[float, seconds(3, 120, "longest time from answer to talk")] = 15
    cancel_deadline_seconds: Annotated[float, seconds(1, 60, "longest wait for a cancelled leg's end")] = 5
    cancelled_rest_seconds: Annotated[
        float, seconds(0, 10, "how long a phone is not rung after a call to it was taken back, 0 for not at all")
    ] = 0.5
    return_seconds: Annotated[
        float, seconds(0, 3600, "time in which a caller who hung up gets his place back, 0 for never")
    ] = 60
    last_agent_seconds: Annotated[
        float, seconds(0, 30 * _Day, "how long it is remembered whom a caller spoke to last")
    ] = _Day
    wrapup_limit_seconds: Annotated[float, seconds(0, 3600, "longest extended wrap-up")] = 600
    seed: Annotated[int, Field(ge=0, lt=2**63, description="a whole number: where lots begin")] = 0
    backoff: BackoffEntry = BackoffEntry()


class ForecastEntry(Model):
    """When callers are told how long they will wait: only while such forecasts have come true."""

    window_calls: Annotated[int, Field(ge=1, le=10_000, description="forecasts of so many answered calls are judged, 1 to 10000")] = 200
    least_calls: Annotated[int, Field(ge=0, le=10_000, description="of so many at least, 0 to 10000; 0 tells from the start")] = 20
    median_error: Annotated[float, Field(gt=0, le=10, description="told while the median of |forecast - wait| / wait is at most this, up to 10")] = 0.3


class QueuesFile(Model):
    """queues.yaml."""

    version: Literal[1]
    defaults: QueueSettings = QueueSettings()
    dispatch: DispatchEntry = DispatchEntry()
    forecast: ForecastEntry = ForecastEntry()
    queues: Annotated[dict[Name, QueueEntry], Field(min_length=1, description="at least one queue")]


class TierEntry(Model):
    """One customer tier."""

    label: Label
    head_start_seconds: Annotated[float, seconds(0, _Day, "head start of the tier")]


class HeadStartEntry(Model):
    """Seconds that a customer's attribute earns; see `acd.config.HeadStartRule`."""

    attribute: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", description=NAME_RULE)]
    equals: Annotated[str | bool | float | None, Field(description="the value that earns it")] = None
    at_least: Annotated[float | None, Field(allow_inf_nan=False, description="the least number that earns it")] = None
    seconds: Annotated[float, seconds(0, _Day, "head start it earns")]


class TiersFile(Model):
    """tiers.yaml."""

    version: Literal[1]
    tiers: Annotated[dict[Name, TierEntry], Field(min_length=1, description="at least one tier")]
    grades: Annotated[
        dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,32}$")], Name],
        Field(description="other names with the tier they count as, like {five_star: gold, 5A: diamond}"),
    ] = {}
    head_starts: Annotated[list[HeadStartEntry], Field(max_length=50, description="a list of at most 50 rules")] = []


class AgentEntry(Model):
    """One agent."""

    label: Annotated[str, Field(min_length=1, max_length=64, description="the agent's name for people")]
    extension: Annotated[
        str,
        BeforeValidator(number_as_text),
        Field(pattern=r"^[0-9]{2,8}$", description="2 to 8 digits"),
    ]
    device: Annotated[
        str | None,
        Field(
            pattern=r"^PJSIP/[A-Za-z0-9_.-]{1,64}$",
            description="PJSIP/ and the endpoint's name; leave it out for PJSIP/ and the agent's name",
        ),
    ] = None
    skills: Annotated[_Skills, Field(description="skills with levels from 1 to 100, like {lang_zh: 3}")] = {}
    queues: Annotated[list[Name], Field(description="a list of queue names")]
    wrapup_seconds: Annotated[float | None, seconds(0, 3600, "own time after a talk")] = None
    max_misses: Annotated[int, Field(ge=0, le=100, description="missed calls before a pause, 0 for never")] = 3
    queue_bonus_seconds: Annotated[
        dict[Name, Annotated[float, seconds(0, _Day, "how much more this queue counts for the agent")]],
        Field(description="queues of this agent with seconds, like {faults: 60}"),
    ] = {}
    weight: Annotated[float, Field(gt=0, le=1000, description="share in lots, above 0 to 1000")] = 1
    team: Annotated[Name | None, Field(description="one of teams, or leave it out")] = None


class TeamEntry(Label):
    """One team; see `acd.config.Team`."""

    leader: Annotated[Name | None, Field(description="the agent who leads the team, or leave it out")] = None


class PauseEntry(Label):
    """One reason to pause; see `acd.config.PauseReason`."""

    limit_seconds: Annotated[float, seconds(0, _Day, "how long such a pause should last at most, 0 for no limit")] = 0
    productive: Annotated[bool, Field(description="true when the agent works meanwhile (back office, training)")] = False


class AgentsFile(Model):
    """agents.yaml."""

    version: Literal[1]
    skills: Annotated[dict[Name, Label], Field(description="every skill there is, with its labels")]
    pause_reasons: Annotated[
        dict[Name, PauseEntry], Field(max_length=50, description="at most 50 reasons to pause, like {lunch: {zh: 午餐, en: Lunch}}; none for any word")
    ] = {}
    teams: Annotated[
        dict[Name, TeamEntry], Field(max_length=200, description="at most 200 teams, like {day: {zh: 白班, en: Day, leader: agent10}}")
    ] = {}
    agents: dict[Name, AgentEntry]
