"""Playing a scenario with several seeds, and gathering what came of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from acd.config import Policy
from acd.simulation.callers import Caller, merged
from acd.simulation.results import Results
from acd.simulation.runner import Simulation
from acd.simulation.staff import Shift
from acd.theory.confidence import Interval, interval
from cti.simulation.scenario import Scenario

#: how often progress is told, in parts of a day
_STEPS = 48
_AFTER_CLOSING_SECONDS = 4 * 3600.0
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Day:
    """One day that was played: the seed and its results."""

    seed: int
    results: Results


def play_day(scenario: Scenario, seed: int, progress: Progress | None = None, policy: Policy | None = None) -> Day:
    """Play one day; the same seed brings the same callers to any policy.

    Args:
        scenario: the day.
        seed: of everything drawn.
        progress: told how much of the day has passed since it was last told (0 to 1).
        policy: to route by instead of the scenario's.

    """
    callers: Iterable[Caller] = merged(scenario.streams, seed, scenario.seconds)
    if scenario.recorded is not None:
        callers = scenario.recorded.callers(scenario.policy, seed, scenario.opens_at_seconds, scenario.seconds)
    return Day(seed, play(scenario, callers, seed, progress, policy))


def play(
    scenario: Scenario,
    callers: Iterable[Caller],
    seed: int,
    progress: Progress | None = None,
    policy: Policy | None = None,
) -> Results:
    """Play given callers before the scenario's agents; see `play_day`."""
    routed = policy or scenario.policy
    results = Results(routed, interval_seconds=scenario.interval_seconds, measure_until=scenario.seconds)
    shifts = [shift for shift in scenario.shifts if shift.agent in routed.agents]
    simulation = Simulation(
        routed,
        callers,
        watch=results.told,
        shifts=_open_ended(shifts, scenario.seconds),
        manners=scenario.manners,
        seed=seed,
    )
    for step in range(1, _STEPS + 1):
        simulation.run(scenario.seconds * step / _STEPS)
        if progress is not None:
            progress(1 / _STEPS)
    # whoever waits at closing time is still served
    simulation.run(scenario.seconds + _AFTER_CLOSING_SECONDS)
    return results.finish(simulation.now)


def _open_ended(shifts: Sequence[Shift], closes: float) -> Iterator[Shift]:
    """A shift that lasts to the end of the day lasts until the last caller is served."""
    for shift in shifts:
        late = shift.end >= closes
        yield Shift(shift.agent, shift.start, closes + _AFTER_CLOSING_SECONDS if late else shift.end, shift.breaks)


def over_days(days: Sequence[Day], figure: Callable[[Results], float]) -> Interval:
    """Return a figure's mean over the days with its 95 % interval; days without the figure (NaN) do not count."""
    values = [value for value in (figure(day.results) for day in days) if value == value]  # noqa: PLR0124 - NaN is not itself
    return interval(values, 0.95) if values else Interval(float("nan"), float("nan"))
