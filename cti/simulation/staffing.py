"""How many agents each queue needs in each interval of a scenario; and a day played with just those, skills and all."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from acd.config import Agent, Policy
from acd.simulation.callers import Stream
from acd.simulation.staff import Shift
from acd.theory.staffing import Target, agents_needed
from cti.simulation.playing import Day, play_day
from cti.simulation.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Need:
    """What one queue needs in one interval. Times are seconds; `erlangs` is the work that comes, in agents."""

    interval: int
    queue: str
    calls: float
    erlangs: float
    agents: int
    at_hand: int


def plan(scenario: Scenario, target: Target) -> tuple[Need, ...]:
    """Return what each queue needs in each interval, each queue taken for itself.

    The formula is Erlang A with the mean patience, or C where callers never give up; handling is the mean ring, talk and
    wrap-up. `at_hand` counts the agents whose first queue this is.
    """
    intervals = math.ceil(scenario.seconds / scenario.interval_seconds)
    return tuple(_need(scenario, target, number, queue) for number in range(intervals) for queue in _queues(scenario))


def play_plan(
    scenario: Scenario, needs: Iterable[Need], seeds: Iterable[int], played: Callable[[], None] = lambda: None
) -> list[Day]:
    """Play days on which just the planned agents work, by the policy with all its skills and rings.

    Args:
        scenario: the day.
        needs: the plan.
        seeds: one day each.
        played: told after each day.

    """
    planned = replace(scenario, shifts=tuple(_shifts(scenario, tuple(needs))))
    days = []
    for seed in seeds:
        days.append(play_day(planned, seed))
        played()
    return days


def _need(scenario: Scenario, target: Target, interval: int, queue: str) -> Need:
    streams = [stream for stream in scenario.streams if stream.queue == queue]
    start, end = interval * scenario.interval_seconds, min((interval + 1) * scenario.interval_seconds, scenario.seconds)
    calls = [expected_calls(stream, start, end) for stream in streams]
    total = math.fsum(calls)
    handle = _weighted(calls, [_handling(scenario, stream) for stream in streams])
    patience = _weighted(calls, [stream.patience.mean_seconds for stream in streams])
    rate = total / (end - start)
    agents = agents_needed(rate, handle, patience, target) if total else 0
    at_hand = sum(_first_queue(agent) == queue for agent in scenario.policy.agents.values())
    return Need(interval, queue, total, rate * handle, agents, at_hand)


def expected_calls(stream: Stream, start: float, end: float) -> float:
    """Return how many calls of a stream are expected between two instants, in seconds from the start of the day."""
    begins = [rate.from_seconds for rate in stream.rates]
    ends = [*begins[1:], math.inf]
    return math.fsum(
        max(0.0, min(end, until) - max(start, since)) * rate.calls_per_hour / 3600.0
        for rate, since, until in zip(stream.rates, begins, ends, strict=True)
    )


def _handling(scenario: Scenario, stream: Stream) -> float:
    wrapup = scenario.policy.queues[stream.queue].wrapup_seconds
    if stream.wrapup is not None:
        wrapup = min(wrapup, stream.wrapup.mean_seconds)
    answers = [manner.answer.mean_seconds for manner in scenario.manners.values()]
    return stream.talk.mean_seconds + wrapup + (math.fsum(answers) / len(answers) if answers else 0.0)


def _weighted(weights: list[float], values: list[float]) -> float:
    total = math.fsum(weights)
    return (
        math.fsum(weight * value for weight, value in zip(weights, values, strict=True) if weight) / total
        if total
        else math.inf
    )


def _queues(scenario: Scenario) -> Iterator[str]:
    called = {stream.queue for stream in scenario.streams}
    return (queue for queue in scenario.policy.queues if queue in called)


def _first_queue(agent: Agent) -> str:
    return agent.queues[0] if agent.queues else ""


def _shifts(scenario: Scenario, needs: tuple[Need, ...]) -> Iterator[Shift]:
    """The first agents of each queue work, without a gap between intervals in which they are needed."""
    for queue in dict.fromkeys(need.queue for need in needs):
        wanted = {need.interval: need.agents for need in needs if need.queue == queue}
        for place, agent in enumerate(_agents_of(scenario.policy, queue)):
            on = sorted(interval for interval, count in wanted.items() if count > place)
            for first, last in _runs(on):
                end = min((last + 1) * scenario.interval_seconds, scenario.seconds)
                yield Shift(agent, first * scenario.interval_seconds, end)


def _agents_of(policy: Policy, queue: str) -> list[str]:
    return [agent.name for agent in policy.agents.values() if _first_queue(agent) == queue]


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Return the runs of consecutive numbers, each as first and last."""
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run[0], run[-1]
            run = []
        run.append(number)
    if run:
        yield run[0], run[-1]
