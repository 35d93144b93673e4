"""Tiers before equal agents: a head start of 0 is first come first served, a very large one strict priority."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from acd.config import Tier
from acd.proof.experiment import WARM_UP_SHARE, Experiment, Fate, Played, fate, one_line, talks_in_order, waits
from acd.simulation.callers import Caller
from acd.simulation.draws import Draws
from acd.theory.erlang import ErlangC
from acd.theory.priority import priority_waits
from acd.theory.recursion import first_come_waits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENDLESS = 1e9


def tiers(agents: int, calls_a_talk: Mapping[str, float], head_start: float, calls: int) -> Experiment:
    """Tiers in order of rank, each with `head_start` more than the next: 0, or ENDLESS; between there is no formula.

    Control: first come first served on the same callers.
    """
    line = ErlangC(agents, sum(calls_a_talk.values()), 1.0)
    exact = priority_waits(agents, list(calls_a_talk.values()), 1.0)
    if head_start == 0:
        exact = (line.mean_wait_seconds,) * len(calls_a_talk)

    def play(seed: int, count: int) -> Played:
        drawn = fate(seed, count, sum(calls_a_talk.values()))
        ranks = tiers_of(seed, count, calls_a_talk)
        skip = int(count * WARM_UP_SHARE)
        waited = tier_waits(agents, drawn, ranks, head_starts(calls_a_talk, head_start))
        fair = first_come_waits(agents, drawn.arrivals, drawn.talks)
        values = {
            f"mean wait of {tier}": fmean(
                wait for wait, own in zip(waited[skip:], ranks[skip:], strict=True) if own == tier
            )
            for tier in calls_a_talk
        }
        return Played(values, fmean(fair[skip:]))

    start = "no head start" if head_start == 0 else "endless head start"
    return Experiment(
        name=f"{len(calls_a_talk)} tiers, {agents} agents, {start}",
        source="A. K. Erlang 1917" if head_start == 0 else "O. Kella, U. Yechiali 1985",
        agents=agents,
        calls=calls,
        formulas={f"mean wait of {tier}": wait for tier, wait in zip(calls_a_talk, exact, strict=True)},
        control_mean=line.mean_wait_seconds,
        play=play,
    )


def head_starts(names: Mapping[str, float], step: float) -> dict[str, float]:
    """Return each tier's head start: 0 for the last, `step` more for each before it."""
    return {tier: step * rank for rank, tier in enumerate(reversed(list(names)))}


def tiers_of(seed: int, calls: int, calls_a_talk: Mapping[str, float]) -> list[str]:
    """Draw the tier of each call."""
    kinds = Draws(seed, "proof tiers")
    names, weights = list(calls_a_talk), list(calls_a_talk.values())
    return [kinds.weighted(names, weights) for _ in range(calls)]


def tier_waits(agents: int, drawn: Fate, ranks: Sequence[str], starts: Mapping[str, float]) -> list[float]:
    """Return each call's wait through the engine, with these head starts; talks last by the order in which they begin."""
    policy = one_line(agents, *(Tier(name, seconds) for name, seconds in starts.items()))
    callers = [
        Caller(str(number), at, "line", tier, 0.0)
        for number, (at, tier) in enumerate(zip(drawn.arrivals, ranks, strict=True))
    ]
    return waits(policy, callers, talks_in_order(drawn.talks))[0]
