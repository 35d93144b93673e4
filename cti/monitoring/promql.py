"""Every key figure as a question to Prometheus, with the very names and formulas of docs/kpi.md.

The counts under the figures are recorded once, by queue and tier (`counts`); figures are reckoned from these, so that each
window's histograms are read once. A figure without calls has no sample: never NaN.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from acd.config import Policy, Queue
from cti.kpi import Unit, kpi
from cti.kpi.inputs import ABANDONED, ANSWERED, FLOW_OUTS, SELF_SERVICE
from cti.kpi.tally import GOOD_MARK


class Level(StrEnum):
    """By what a figure is told apart; the first part of a rule's name."""

    ALL = "hotline"
    QUEUE = "hotline_queue"
    QUEUE_TIER = "hotline_queue_tier"

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of its series."""
        return {Level.ALL: (), Level.QUEUE: ("queue",), Level.QUEUE_TIER: ("queue", "tier")}[self]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time that figures are reckoned over, and how often that is done."""

    name: str
    every: str


WINDOWS = (Window("15m", "15s"), Window("1h", "1m"), Window("1d", "5m"))
MARKS = range(1, 6)
_OPERATIONS = {Unit.RATIO: "ratio", Unit.SECONDS: "seconds", Unit.COUNT: "increase", Unit.MARK: "mark"}

_WAIT = "hotline_queue_wait_seconds"
_SCORES = "hotline_survey_scores_total"
_OUTCOMES = "hotline_calls_by_outcome_total"


@dataclass(frozen=True, slots=True)
class Count:
    """Something counted over a window, recorded under `name` at a level; `question` gives the PromQL for a window."""

    name: str
    level: Level
    question: Callable[[str], str]

    def record(self, window: str) -> str:
        """The name of the rule."""
        return f"{self.level}:{self.name}:increase{window}"


def _sum(level: Level, inner: str) -> str:
    return f"sum by ({', '.join(level.labels)}) ({inner})" if level.labels else f"sum({inner})"


def _plain(name: str, level: Level, selector: str) -> Count:
    return Count(name, level, lambda window: _sum(level, f"increase({selector}[{window}])"))


def _within(name: str, policy: Policy, limit: Callable[[Queue], float], outcome: str) -> Count:
    """Entries that ended within a limit of their queue: by buckets, whose bounds hold the limits. Nothing ends within 0."""
    queues: dict[float, list[str]] = {}
    for queue in policy.queues.values():
        queues.setdefault(limit(queue), []).append(queue.name)

    def question(window: str) -> str:
        return " or ".join(_of_bound(window, bound, names, outcome) for bound, names in queues.items())

    return Count(name, Level.QUEUE_TIER, question)


def _of_bound(window: str, bound: float, queues: Iterable[str], outcome: str) -> str:
    chosen = ",".join([f'queue=~"{"|".join(queues)}"', *([f'outcome="{outcome}"'] if outcome else [])])
    if bound <= 0:
        return f"0 * {_sum(Level.QUEUE_TIER, f'increase({_WAIT}_count{{{chosen}}}[{window}])')}"
    return _sum(Level.QUEUE_TIER, f'increase({_WAIT}_bucket{{{chosen},le="{float(bound)}"}}[{window}])')


def counts(policy: Policy) -> tuple[Count, ...]:
    """Return what is counted for the figures, each recorded once a window."""
    line, queue, everything = Level.QUEUE_TIER, Level.QUEUE, Level.ALL
    good = "|".join(str(mark) for mark in MARKS if mark >= GOOD_MARK)
    outs = "|".join(sorted(FLOW_OUTS))
    return (
        _plain("calls_offered", line, f"{_WAIT}_count"),
        _plain("calls_answered", line, f'{_WAIT}_count{{outcome="{ANSWERED}"}}'),
        _plain("calls_abandoned", line, f'{_WAIT}_count{{outcome="{ABANDONED}"}}'),
        _plain("calls_flowed_out", line, f'hotline_queue_calls_ended_total{{outcome=~"{outs}"}}'),
        _within("calls_answered_in_time", policy, lambda one: one.service_level_seconds, ANSWERED),
        _within("calls_abandoned_in_time", policy, lambda one: one.service_level_seconds, ABANDONED),
        _within("calls_left_in_time", policy, lambda one: one.service_level_seconds, ""),
        _within("calls_short_abandoned", policy, lambda one: one.short_abandon_seconds, ABANDONED),
        _plain("wait_seconds", line, f"{_WAIT}_sum"),
        _plain("answered_wait_seconds", line, f'{_WAIT}_sum{{outcome="{ANSWERED}"}}'),
        _plain("abandoned_wait_seconds", line, f'{_WAIT}_sum{{outcome="{ABANDONED}"}}'),
        _plain("talks", line, "hotline_talk_seconds_count"),
        _plain("talk_seconds", line, "hotline_talk_seconds_sum"),
        _plain("wrapup_seconds", line, "hotline_wrapup_seconds_sum"),
        _plain("marks", queue, _SCORES),
        _plain("good_marks", queue, f'{_SCORES}{{score=~"{good}"}}'),
        Count("mark_sum", queue, _mark_sum),
        *_agents(queue, "hotline_queue_agent_state_seconds_total"),
        *_agents(everything, "hotline_agent_state_seconds_total"),
        _plain("calls_connected", everything, _OUTCOMES),
        _plain("calls_contained", everything, f'{_OUTCOMES}{{outcome="{SELF_SERVICE}"}}'),
        _plain("calls_lost", everything, "hotline_calls_lost_total"),
    )  # fmt: skip


def _mark_sum(window: str) -> str:
    """Series of different marks stay apart by their label, so `or` gathers those there are."""
    return _sum(Level.QUEUE, " or ".join(f'{mark} * increase({_SCORES}{{score="{mark}"}}[{window}])' for mark in MARKS))


def _agents(level: Level, metric: str) -> tuple[Count, ...]:
    return (
        _plain("agent_handling_seconds", level, f'{metric}{{state=~"talking|wrap_up"}}'),
        _plain("agent_ready_seconds", level, f'{metric}{{state="ready"}}'),
        _plain("agent_on_queue_seconds", level, f'{metric}{{state!~"logged_out|paused"}}'),
        _plain("agent_logged_in_seconds", level, f'{metric}{{state!="logged_out"}}'),
    )


@dataclass(frozen=True, slots=True)
class Formula:
    """A figure: counts (a leading `-` subtracts) over counts; without `below` a count. `levels`: where it exists, and why nowhere else."""

    above: tuple[str, ...]
    below: tuple[str, ...] = ()
    levels: tuple[Level, ...] = tuple(Level)
    why: str = ""


_PEOPLE = (Level.ALL, Level.QUEUE)
_NO_TIER = "agents and marks belong to no customer tier"
_NO_QUEUE = "it is a share of all calls, whatever queue they came to"

FORMULAS: Mapping[str, Formula] = {
    "offered": Formula(("calls_offered",)),
    "answered": Formula(("calls_answered",)),
    "abandoned": Formula(("calls_abandoned",)),
    "short_abandoned": Formula(("calls_short_abandoned",)),
    "flow_outs": Formula(("calls_flowed_out",)),
    "sl_offered": Formula(("calls_answered_in_time", "calls_abandoned_in_time"), ("calls_answered", "calls_abandoned")),
    "sl_answered": Formula(("calls_answered_in_time",), ("calls_answered",)),
    "sl_strict": Formula(("calls_answered_in_time",), ("calls_answered", "calls_abandoned", "calls_flowed_out")),
    "sl_without_short": Formula(("calls_answered_in_time",), ("calls_answered", "calls_abandoned", "calls_flowed_out", "-calls_short_abandoned")),
    "sl_removed": Formula(("calls_left_in_time",), ("calls_offered",)),
    "sl_accepted": Formula(("calls_answered_in_time",), ("calls_answered", "calls_abandoned", "-calls_short_abandoned")),
    "asa": Formula(("answered_wait_seconds",), ("calls_answered",)),
    "queue_time_average": Formula(("wait_seconds",), ("calls_offered",)),
    "abandon_time_average": Formula(("abandoned_wait_seconds",), ("calls_abandoned",)),
    "abandonment_offered": Formula(("calls_abandoned", "-calls_short_abandoned"), ("calls_offered", "-calls_short_abandoned")),
    "abandonment_all": Formula(("calls_abandoned",), ("calls_offered",)),
    "answered_rate": Formula(("calls_answered",), ("calls_offered",)),
    # talks that ended in the window: an answer counts when the talk begins, its length when it is over
    "aht": Formula(("talk_seconds", "wrapup_seconds"), ("talks",)),
    "occupancy_contact": Formula(("agent_handling_seconds",), ("agent_handling_seconds", "agent_ready_seconds"), _PEOPLE, _NO_TIER),
    "occupancy_on_queue": Formula(("agent_handling_seconds",), ("agent_on_queue_seconds",), _PEOPLE, _NO_TIER),
    "occupancy_logged_in": Formula(("agent_handling_seconds",), ("agent_logged_in_seconds",), _PEOPLE, _NO_TIER),
    "satisfaction_average": Formula(("mark_sum",), ("marks",), _PEOPLE, _NO_TIER),
    "satisfaction_share": Formula(("good_marks",), ("marks",), _PEOPLE, _NO_TIER),
    "loss_rate_connected": Formula(("calls_lost",), ("calls_connected",), (Level.ALL,), _NO_QUEUE),
    "containment": Formula(("calls_contained",), ("calls_connected",), (Level.ALL,), _NO_QUEUE),
}  # fmt: skip


def record(name: str, level: Level, window: str) -> str:
    """Return the name of the rule that records a key figure, like `hotline_queue:sl_offered:ratio15m`."""
    return f"{level}:{name}:{_OPERATIONS[kpi(name).unit]}{window}"


def expression(name: str, level: Level, window: str, policy: Policy) -> str:
    """Return a key figure as PromQL over the recorded counts. Raises KeyError for a name or level there is not."""
    formula, known = FORMULAS[name], {(count.level, count.name): count for count in counts(policy)}
    if level not in formula.levels:
        raise KeyError(f"{name} is not told by {level}: {formula.why}")
    above = _summed(formula.above, level, window, known)
    return f"{above} / ({_summed(formula.below, level, window, known)} > 0)" if formula.below else above


def _summed(terms: Iterable[str], level: Level, window: str, known: Mapping[tuple[Level, str], Count]) -> str:
    """The terms added up and brought to the level, from the counts as they are recorded."""
    text, finest = "", level
    for term in terms:
        name = term.removeprefix("-")
        found = known.get((level, name)) or next(count for (_, each), count in known.items() if each == name)
        finest = found.level
        sign = "" if not text else " - " if term != name else " + "
        text += f"{sign}{found.record(window)}"
    if finest is level:
        return f"({text})" if " " in text else text
    return _sum(level, text)
