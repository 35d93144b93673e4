"""What an operator configures: queues, customer tiers, agents and the engine's own limits.

Everything here is frozen; a changed policy is a new `Policy` handed over with `PolicyReplaced`.
All durations are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acd.states import AgentState


class SkillNeed(NamedTuple):
    """A skill an agent must have, at `level` or higher (levels are 1 and up)."""

    skill: str
    level: int = 1


Needs = tuple[SkillNeed, ...]


@dataclass(frozen=True, slots=True)
class Ring:
    """How wide to search once a call has waited `after_seconds`: these needs replace the queue's own."""

    after_seconds: float
    needs: Needs = ()


@dataclass(frozen=True, slots=True)
class Tier:
    """A customer tier (the caller's class): a head start in seconds, never a jump to the front."""

    name: str
    head_start_seconds: float = 0.0
    label_zh: str = ""
    label_en: str = ""


@dataclass(frozen=True, slots=True)
class Seats:
    """Dedicated seats of a queue: its agents with `skill` serve callers of `tiers` first, or (`only`) nobody else."""

    skill: str
    tiers: tuple[str, ...]
    only: bool = False


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """How customers of a queue who asked for it are called back.

    `attempts` is how often a customer is dialled at most, `pause_seconds` the time between two attempts;
    `expiry_seconds` after the request the promise ends (a call that is just being made is finished). A customer is
    rung for `ring_seconds` and has `answer_seconds` to take the call once he hears the greeting. `max_waiting`
    callbacks of the queue may wait at once, 0 for no limit. `plan` names the opening hours in which customers may be
    called (the shell knows the hours), empty for always.
    """

    attempts: int = 3
    pause_seconds: float = 300.0
    expiry_seconds: float = 28_800.0
    ring_seconds: float = 30.0
    answer_seconds: float = 30.0
    max_waiting: int = 100
    plan: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """One waiting line.

    `max_wait_seconds` 0 waits for ever; `max_length` 0 has no limit; `announce_first_seconds` and
    `announce_frequency_seconds` 0 announce nothing (again). `overflow` names where a call goes after max
    wait or when the line is full. `weight` is the priority in the static `Queue()` of the dialplan's fallback;
    the engine itself orders by score only. `callback` None offers no callback.

    For one caller up to `ring_at_once` agents are rung together, the best who are free; the first to answer gets him.

    `extension` is what agents dial to lead a caller there, for the shell alone.

    `seats` are dedicated to some tiers. A caller who has waited `guarantee_seconds` (0: never) goes before all who have
    not, the oldest first. One who asks for an agent by name (the one he spoke to last) waits for him alone for
    `last_agent_wait_seconds`, as long as that agent is at work.

    A queue is empty while each of its agents is in one of the states `empty_when` (none: it never is). Nobody joins it
    then, and those who wait are let out to `overflow` after `empty_grace_seconds`. If `overflow` is a queue itself, the
    caller goes on there with his age; `max_wait_seconds` counts from his coming to each queue.

    Figures for reports and alerts alone, routing never reads them: `service_level_target` is the share of calls to be
    answered within `service_level_seconds`, `abandonment_target` the share that may hang up at most, where whoever
    hangs up within `short_abandon_seconds` (0: nobody) is left out as a mistaken call.
    """

    name: str
    label_zh: str = ""
    label_en: str = ""
    extension: str = ""
    needs: Needs = ()
    rings: tuple[Ring, ...] = ()
    bonus_seconds: float = 0.0
    max_wait_seconds: float = 900.0
    max_length: int = 0
    offer_timeout_seconds: float = 20.0
    wrapup_seconds: float = 10.0
    announce_first_seconds: float = 15.0
    announce_frequency_seconds: float = 60.0
    service_level_seconds: float = 20.0
    service_level_target: float = 0.9
    short_abandon_seconds: float = 5.0
    abandonment_target: float = 0.05
    strategy: str = "longest_idle"
    ring_at_once: int = 1
    overflow: str = "voicemail"
    weight: int = 0
    seats: tuple[Seats, ...] = ()
    guarantee_seconds: float = 0.0
    last_agent_wait_seconds: float = 0.0
    empty_when: frozenset[AgentState] = frozenset()
    empty_grace_seconds: float = 30.0
    #: all rings in order of time, as (after seconds, needs); the first is the queue's own needs, from second 0
    stages: tuple[tuple[float, Needs], ...] = field(init=False, repr=False, compare=False)
    #: after how many seconds something changes for whoever waits: his next ring, or the guarantee
    changes: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rings = sorted(((ring.after_seconds, ring.needs) for ring in self.rings), key=lambda stage: stage[0])
        object.__setattr__(self, "stages", ((0.0, self.needs), *rings))
        guarantee = (self.guarantee_seconds,) if self.guarantee_seconds > 0 else ()
        object.__setattr__(self, "changes", (*(after for after, _ in rings), *guarantee))

    callback: CallbackRules | None = None


@dataclass(frozen=True, slots=True)
class Agent:
    """One person who answers. `wrapup_seconds` None takes the queue's; `max_misses` 0 never pauses for misses.

    `queue_bonus_seconds` adds to the score of a queue's calls in this agent's eyes, and of several free agents those
    with the greatest are asked first. `weight` is his share where agents are drawn by lot. `team` is for people alone:
    routing never reads it.
    """

    name: str
    label: str = ""
    extension: str = ""
    device: str = ""
    skills: Mapping[str, int] = field(default_factory=dict)
    queues: tuple[str, ...] = ()
    wrapup_seconds: float | None = None
    max_misses: int = 3
    queue_bonus_seconds: Mapping[str, float] = field(default_factory=dict)
    weight: float = 1.0
    team: str = ""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long an agent is left alone after a failed offer, by cause.

    A repeat of the same cause doubles the time up to `limit_seconds`; a talk resets it. `floor_seconds` is
    the least time between two INVITEs to a phone that fails (busy, rejected, unreachable, error).
    """

    no_answer_seconds: float = 5.0
    busy_seconds: float = 10.0
    rejected_seconds: float = 15.0
    unreachable_seconds: float = 30.0
    error_seconds: float = 5.0
    hung_up_seconds: float = 5.0
    limit_seconds: float = 300.0
    floor_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class HeadStartRule:
    """Seconds for callers with an attribute (a tag, a credit score, a customer value) of this value, or at least so much.

    `equals` and `at_least` None ask nothing; a caller who lacks the attribute gets nothing.
    """

    attribute: str
    seconds: float
    equals: str | bool | float | None = None
    at_least: float | None = None

    def meets(self, value: object) -> bool:
        """Whether the attribute's value earns the seconds."""
        if self.at_least is not None:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and value >= self.at_least  # type: ignore[operator] # number says so
        return self.equals is None or value == self.equals


@dataclass(frozen=True, slots=True)
class ForecastRules:
    """When callers may be told how long they will wait.

    Only while the median of |forecast - wait| / wait over the queue's last `window_calls` answered calls is at most
    `median_error`; at least `least_calls` of them are needed to say so.
    """

    window_calls: int = 200
    least_calls: int = 20
    median_error: float = 0.3


@dataclass(frozen=True, slots=True)
class PauseReason:
    """A declared reason to pause: `limit_seconds` is how long it should last at most (0: as long as it takes); `productive`
    pauses count as work (back office, training) in reports."""

    name: str
    label_zh: str = ""
    label_en: str = ""
    limit_seconds: float = 0.0
    productive: bool = False


@dataclass(frozen=True, slots=True)
class Team:
    """A team of agents; `leader` names one of the agents, "" for none. For people alone, as `Agent.team`."""

    name: str
    label_zh: str = ""
    label_en: str = ""
    leader: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything the engine routes by. Mappings are by name; see `Queue`, `Tier`, `Agent`, `Backoff`.

    `grades` gives other names (star levels, grades of business customers) the tier they count as; `head_starts` add to
    the tier's. A caller who hung up and rings again within `return_seconds` gets his place back (0: never). Wrap-up is
    extended to `wrapup_limit_seconds` at most. The agent he spoke to last is remembered for
    `last_agent_seconds`. `seed` is for lots. A phone whose
    ringing (or whisper) was ended from our side is not rung again for `cancelled_rest_seconds`: it still has to
    answer that. `pause_reasons` are the words an agent may pause with; none listed: any.
    """

    queues: Mapping[str, Queue] = field(default_factory=dict)
    tiers: Mapping[str, Tier] = field(default_factory=dict)
    agents: Mapping[str, Agent] = field(default_factory=dict)
    backoff: Backoff = Backoff()
    grades: Mapping[str, str] = field(default_factory=dict)
    head_starts: tuple[HeadStartRule, ...] = ()
    away_seconds: float = 120.0
    return_seconds: float = 60.0
    last_agent_seconds: float = 86_400.0
    wrapup_limit_seconds: float = 600.0
    forecast: ForecastRules = ForecastRules()
    seed: int = 0
    offer_grace_seconds: float = 3.0
    connect_deadline_seconds: float = 15.0
    cancel_deadline_seconds: float = 5.0
    instant_hangup_seconds: float = 0.5
    cancelled_rest_seconds: float = 0.5
    pause_reasons: Mapping[str, PauseReason] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)

    def may_pause(self, reason: str) -> bool:
        """Whether an agent may give this reason for his pause."""
        return not self.pause_reasons or reason in self.pause_reasons
