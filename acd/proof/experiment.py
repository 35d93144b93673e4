"""What an experiment is, and what its replications say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acd.config import Agent, Policy, Queue, Tier
from acd.facts import CallAnswered, CallEnded, Outcome
from acd.simulation.draws import Draws
from acd.simulation.runner import Simulation
from acd.theory.confidence import Interval, controlled

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from acd.facts import Fact
    from acd.simulation.callers import Caller
    from acd.simulation.runner import Talk

CONFIDENCE = 0.99
SEEDS = tuple(range(1, 21))
WARM_UP_SHARE = 0.1
FEW_AGENTS = 10
_WIDEST = {True: 0.02, False: 0.05}


@dataclass(frozen=True, slots=True)
class Played:
    """One replication: the values measured, and a control measured on the same callers whose mean is known."""

    values: Mapping[str, float]
    control: float


@dataclass(frozen=True, slots=True)
class Experiment:
    """A small hotline with a known answer.

    Args:
        name: short, for reports.
        source: where the formula is from.
        agents: how many there are.
        calls: how many calls a replication takes.
        formulas: the exact value of each quantity; waits are in units of a mean talk.
        control_mean: the exact mean of the control.
        play: plays one replication, of a seed and a number of calls, through the engine.

    """

    name: str
    source: str
    agents: int
    calls: int
    formulas: Mapping[str, float]
    control_mean: float
    play: Callable[[int, int], Played]

    @property
    def widest(self) -> float:
        """How wide half the interval may be, as a share of its mean."""
        return _WIDEST[self.agents <= FEW_AGENTS]

    def intervals(self, played: Sequence[Played]) -> dict[str, Interval]:
        """Return the 99 % interval of each quantity."""
        control = [one.control for one in played]
        return {
            quantity: controlled([one.values[quantity] for one in played], control, self.control_mean, CONFIDENCE)
            for quantity in self.formulas
        }


@dataclass(frozen=True, slots=True)
class Fate:
    """What chance brings, in units of a mean talk: when calls come, and how long talks last if the agent's pace is 1."""

    arrivals: tuple[float, ...]
    talks: tuple[float, ...]


def fate(seed: int, calls: int, calls_a_talk: float) -> Fate:
    """Draw Poisson arrivals, `calls_a_talk` during a mean talk, and exponential talks."""
    gaps, talks = Draws(seed, "proof gaps"), Draws(seed, "proof talks")
    at = 0.0
    arrivals = []
    for _ in range(calls):
        at += gaps.exponential(1.0 / calls_a_talk)
        arrivals.append(at)
    return Fate(tuple(arrivals), tuple(talks.exponential(1.0) for _ in range(calls)))


def plain_queue(name: str = "line", strategy: str = "longest_idle") -> Queue:
    """Return a queue that does nothing but keep callers in order."""
    return Queue(
        name, max_wait_seconds=0, announce_first_seconds=0, announce_frequency_seconds=0, wrapup_seconds=0,
        strategy=strategy,
    )  # fmt: skip


def one_line(agents: int, *tiers: Tier) -> Policy:
    """Return one queue with as many equal agents."""
    staff = [Agent(f"agent{number}", queues=("line",)) for number in range(agents)]
    return Policy(
        {"line": plain_queue()}, {tier.name: tier for tier in tiers or (Tier("any"),)}, {one.name: one for one in staff}
    )


def waits(policy: Policy, callers: Sequence[Caller], talk: Talk | None = None) -> tuple[list[float], list[bool]]:
    """Play the callers through the engine; return each one's wait, and whether an agent answered, in their order."""
    waited: dict[str, float] = {}
    given_up: set[str] = set()

    def watch(facts: tuple[Fact, ...], _: float) -> None:
        for fact in facts:
            if isinstance(fact, CallAnswered):
                waited[fact.call] = fact.wait_seconds
            elif isinstance(fact, CallEnded) and fact.outcome is Outcome.ABANDONED:
                waited[fact.call] = fact.wait_seconds
                given_up.add(fact.call)

    Simulation(policy, callers, watch=watch, talk=talk).run()
    return [waited[caller.call] for caller in callers], [caller.call not in given_up for caller in callers]


def talks_in_order(lengths: Sequence[float], pace: Mapping[str, float] | None = None) -> Talk:
    """Return a rule that gives the n-th talk to begin the n-th length, times the agent's pace.

    So the same lengths meet every order of service, and what no order can change is the same to the last digit.
    """
    left = iter(lengths)
    paces = pace or {}
    return lambda _, agent: next(left) * paces.get(agent, 1.0)
