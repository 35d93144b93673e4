"""The form of a scenario, as pydantic models. What a value may be is said in its description, for messages."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from acd.simulation.times import Empirical, Exponential, Fixed, Gamma, Lognormal, Times
from cti.config.models import NAME_RULE, Label, Model, Name
from ivr.document import Finding, Position, did_you_mean

_DAY = 86_400
CLOCK = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"


def _seconds(meaning: str, least: float = 0) -> Any:
    return Field(ge=least, le=_DAY, allow_inf_nan=False, description=f"{meaning}: seconds from {least:g} to {_DAY}")


Clock = Annotated[str, Field(pattern=CLOCK, description='a time of the day in quotes, like "08:30"')]
_Share = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False, description="how often: a number from 0")]
_Rate = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False, description="calls an hour, from 0 to 100000")]
_VARIATION = "standard deviation divided by the mean, from 0.01 to 10"


def clock_seconds(clock: str) -> float:
    """Return a time of the day as seconds from midnight."""
    hours, minutes = clock.split(":")
    return 3600.0 * int(hours) + 60.0 * int(minutes)


class TimesEntry(Model):
    """How long something lasts: exactly one of the five forms."""

    fixed: Annotated[float | None, _seconds("always this time")] = None
    exponential: Annotated[float | None, _seconds("mean of an exponential time", 0.001)] = None
    lognormal: Annotated[float | None, _seconds("mean of a lognormal time", 0.001)] = None
    gamma: Annotated[float | None, _seconds("mean of a gamma time", 0.001)] = None
    seen: Annotated[
        list[Annotated[float, _seconds("a time that was seen")]] | None,
        Field(min_length=1, max_length=100_000, description="a list of times that were seen"),
    ] = None
    variation: Annotated[float, Field(ge=0.01, le=10, allow_inf_nan=False, description=_VARIATION)] = 1.0

    @model_validator(mode="after")
    def _one_form(self) -> "TimesEntry":
        given = [self.fixed, self.exponential, self.lognormal, self.gamma, self.seen]
        if sum(form is not None for form in given) != 1:
            raise ValueError("write exactly one of fixed, exponential, lognormal, gamma, seen")
        return self

    def times(self) -> Times:
        """Return the distribution."""
        if self.fixed is not None:
            return Fixed(self.fixed)
        if self.exponential is not None:
            return Exponential(self.exponential)
        if self.lognormal is not None:
            return Lognormal(self.lognormal, self.variation)
        if self.gamma is not None:
            return Gamma(self.gamma, self.variation)
        return Empirical(tuple(self.seen or ()))


class NeedsShare(Model):
    """What some callers need beside their queue's needs."""

    share: _Share
    needs: Annotated[
        dict[Name, Annotated[int, Field(ge=0, le=100, description="a level from 0 to 100")]],
        Field(default_factory=dict, description="skills with levels, like {lang_zh: 1}"),
    ]


class WishEntry(Model):
    """Callers who ask to be called back while they wait, where their queue has `callback:`."""

    share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, description="share of those who wait so long, 0 to 1")]
    after: Annotated[float, _seconds("wait after which they ask")]
    reached: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False, description="share of attempts they take, 0 to 1")] = 1.0
    rings: TimesEntry = TimesEntry(fixed=10.0)


class StreamEntry(Model):
    """Callers of one kind."""

    queue: Annotated[Name, Field(description=f"a queue of queues.yaml: {NAME_RULE}")]
    calls_per_hour: Annotated[
        _Rate | dict[str, _Rate],
        Field(description='calls an hour, or by time of the day: {"08:00": 60, "10:00": 90}'),
    ]
    tiers: Annotated[
        dict[Name, _Share], Field(min_length=1, description="how often each tier calls: {gold: 1, basic: 9}")
    ]
    needs: Annotated[
        list[NeedsShare], Field(max_length=50, default_factory=list, description="a list of shares with needs")
    ]
    talk: TimesEntry
    patience: TimesEntry | None = None
    wrapup: TimesEntry | None = None
    callback: WishEntry | None = None


class SpanEntry(Model):
    """From when to when."""

    start: Annotated[Clock, Field(alias="from")]
    end: Annotated[Clock, Field(alias="to")]


class BreakEntry(Model):
    """A break in a shift."""

    at: Clock
    minutes: Annotated[float, Field(gt=0, le=720, allow_inf_nan=False, description="minutes from 0 to 720")]
    reason: Annotated[str, Field(min_length=1, max_length=32, description="a short word")] = "break"


class StaffEntry(Model):
    """Some agents, when they work and how they answer."""

    agents: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=40, description='a name, or a pattern like "zh*"')]],
        Field(min_length=1, description='a list of names of agents, or patterns like ["zh*"]'),
    ]
    shift: SpanEntry | None = None
    breaks: Annotated[
        list[BreakEntry], Field(max_length=20, default_factory=list, description="a list of at most 20 breaks")
    ]
    answer: TimesEntry = TimesEntry(fixed=0.0)
    misses: Annotated[
        float, Field(ge=0, le=1, allow_inf_nan=False, description="share of rings not answered, 0 to 1")
    ] = 0.0
    pace: Annotated[
        float, Field(ge=0.1, le=10, allow_inf_nan=False, description="times as long as others talk, 0.1 to 10")
    ] = 1.0


class ScenarioFile(Model):
    """scenario.yaml."""

    version: Literal[1]
    label: Label
    config: Annotated[
        str, Field(min_length=1, max_length=200, description="the folder of queues.yaml, seen from this file")
    ] = "."
    hours: SpanEntry
    interval_minutes: Annotated[int, Field(ge=5, le=240, description="minutes from 5 to 240")] = 30
    callers: Annotated[dict[Name, StreamEntry], Field(min_length=1, description="at least one kind of callers")]
    staff: Annotated[
        list[StaffEntry], Field(max_length=200, default_factory=list, description="a list of groups of agents")
    ]


def known_name(place: Position, what: str, name: str, names: Iterable[str]) -> Iterator[Finding]:
    """Find a name of a queue, tier, skill or agent that the configuration does not have."""
    known = sorted(names)
    if name in known:
        return
    cure = did_you_mean(name, known) or f"use one of {', '.join(known[:8])}"
    message = f'no {what} is called "{name}" in the configuration'
    match what:
        case "queue":
            yield place.finding("unknown-queue", message, cure)
        case "tier":
            yield place.finding("unknown-tier", message, cure)
        case "agent":
            yield place.finding("unknown-agent", message, cure)
        case _:
            yield place.finding("unknown-skill", message, cure)
