"""The engine against theory, quickly: what must hold to the last digit, and a few replications of every experiment."""

import math

import pytest

from acd.proof.cases import THREE_TIERS, experiments
from acd.proof.experiment import fate, one_line, waits
from acd.proof.tiers import ENDLESS, head_starts, tier_waits, tiers_of
from acd.simulation.callers import Caller
from acd.theory.priority import conserved_wait_seconds
from acd.theory.recursion import first_come_waits, head_start_waits

CALLS = 3000


@pytest.mark.parametrize(("agents", "erlangs"), [(1, 0.7), (5, 4.0), (10, 9.5), (50, 48.0), (3, 6.0)])
def test_first_come_first_served_every_wait_is_that_of_the_multi_server_recursion(agents, erlangs):
    drawn = fate(1, CALLS, erlangs)
    callers = [
        Caller(str(number), at, "line", "any", talk)
        for number, (at, talk) in enumerate(zip(drawn.arrivals, drawn.talks, strict=True))
    ]
    found, _ = waits(one_line(agents), callers)
    expected = first_come_waits(agents, drawn.arrivals, drawn.talks)
    assert max(expected) > 0
    assert max(abs(one - other) for one, other in zip(found, expected, strict=True)) < 1e-9


@pytest.mark.parametrize("step", [0.0, 0.01, 0.1, 0.5, 2.0, 10.0, 100.0, ENDLESS])
def test_with_any_head_start_every_wait_is_that_of_the_definition_and_the_mean_is_conserved(step):
    drawn, ranks = fate(3, CALLS, 9.0), tiers_of(3, CALLS, THREE_TIERS)
    starts = head_starts(THREE_TIERS, step)
    found = tier_waits(10, drawn, ranks, starts)
    expected = head_start_waits(10, drawn.arrivals, [starts[rank] for rank in ranks], drawn.talks)
    assert max(abs(one - other) for one, other in zip(found, expected, strict=True)) < 1e-9
    # Kleinrock's law, path by path: talks begin at the same instants whoever goes first
    fair = first_come_waits(10, drawn.arrivals, drawn.talks)
    counts = [ranks.count(tier) for tier in THREE_TIERS]
    by_tier = [_mean([wait for wait, rank in zip(found, ranks, strict=True) if rank == tier]) for tier in THREE_TIERS]
    assert conserved_wait_seconds(counts, by_tier) == pytest.approx(_mean(fair), abs=1e-9)


def test_a_longer_head_start_moves_the_tiers_apart_all_the_way():
    drawn, ranks = fate(3, CALLS, 9.0), tiers_of(3, CALLS, THREE_TIERS)
    gold, basic = [], []
    for step in (0.0, 0.1, 0.5, 2.0, 10.0, ENDLESS):
        found = tier_waits(10, drawn, ranks, head_starts(THREE_TIERS, step))
        gold.append(_mean([wait for wait, rank in zip(found, ranks, strict=True) if rank == "gold"]))
        basic.append(_mean([wait for wait, rank in zip(found, ranks, strict=True) if rank == "basic"]))
    assert gold == sorted(gold, reverse=True)
    assert basic == sorted(basic)
    assert gold[0] / gold[-1] > 3


@pytest.mark.parametrize("experiment", experiments(), ids=lambda experiment: experiment.name)
def test_every_experiment_comes_near_its_formula_at_once_and_replays_exactly(experiment):
    """The narrow intervals need minutes (test_theory_long.py); a wrong engine is mostly wrong by more than this."""
    played = [experiment.play(seed, 1500) for seed in (1, 2, 3, 4)]
    for quantity, found in experiment.intervals(played).items():
        assert math.isfinite(found.half_width)
        assert (
            abs(found.mean - experiment.formulas[quantity]) <= 0.35 * experiment.formulas[quantity] + found.half_width
        )
    assert experiment.play(1, 500) == experiment.play(1, 500)
    assert experiment.play(1, 500) != experiment.play(2, 500)


def _mean(values):
    return math.fsum(values) / len(values)
