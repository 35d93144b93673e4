"""Draws replay exactly and follow their distributions."""

import math
from statistics import fmean, pstdev

import pytest

from acd.simulation.callers import Rate, Stream, merged
from acd.simulation.draws import Draws
from acd.simulation.times import FOR_EVER, Empirical, Exponential, Fixed, Gamma, Lognormal

STEADY = Rate(0.0, 3600.0)
KNOWN = [
    5600579596998867750,
    17120461846132721970,
    14507157980534261566,
]


def test_the_generator_is_splitmix64_for_ever():
    """A changed figure here would mean that every seed plays another day."""
    assert [Draws(1, "x").bits() for _ in range(2)] == [Draws(1, "x").bits()] * 2
    first = Draws(1, "arrivals")
    assert [first.bits() for _ in range(3)] == KNOWN
    assert Draws(2, "arrivals").bits() != KNOWN[0]
    assert Draws(1, "talks").bits() != KNOWN[0]


@pytest.mark.parametrize(
    ("times", "mean", "spread"),
    [
        (Exponential(60.0), 60.0, 60.0),
        (Lognormal(200.0, 0.8), 200.0, 160.0),
        (Gamma(200.0, 0.5), 200.0, 100.0),
        (Gamma(100.0, 1.5), 100.0, 150.0),
        (Fixed(7.0), 7.0, 0.0),
        (Empirical((10.0, 20.0, 60.0)), 30.0, 21.6),
    ],
)
def test_times_have_the_mean_and_spread_they_say(times, mean, spread):
    draws = Draws(5, "times")
    drawn = [times.draw(draws) for _ in range(40_000)]
    assert times.mean_seconds == pytest.approx(mean)
    assert fmean(drawn) == pytest.approx(mean, rel=0.03)
    assert pstdev(drawn) == pytest.approx(spread, rel=0.06)
    assert min(drawn) >= 0


def test_units_are_spread_evenly_and_never_0_or_1():
    draws = Draws(9)
    drawn = [draws.unit() for _ in range(20_000)]
    parts = [sum(part / 10 <= unit < (part + 1) / 10 for unit in drawn) for part in range(10)]
    assert all(1850 < count < 2150 for count in parts)
    assert 0 < min(drawn) < max(drawn) < 1


def stream(name="a", rates=(STEADY,), **more):
    return Stream(name, "line", tuple(rates), {"gold": 1.0, "basic": 3.0}, Exponential(60.0), **more)


def test_arrivals_follow_the_profile():
    callers = list(stream(rates=(Rate(0.0, 0.0), Rate(3600.0, 3600.0), Rate(7200.0, 360.0))).callers(1, 10_800.0))
    by_hour = [sum(hour <= caller.at / 3600 < hour + 1 for caller in callers) for hour in range(3)]
    assert by_hour[0] == 0
    assert by_hour[1] == pytest.approx(3600, rel=0.06)
    assert by_hour[2] == pytest.approx(360, rel=0.2)
    assert [caller.at for caller in callers] == sorted(caller.at for caller in callers)


def test_tiers_come_as_often_as_their_shares_say():
    callers = list(stream().callers(1, 7200.0))
    assert sum(caller.tier == "gold" for caller in callers) / len(callers) == pytest.approx(0.25, abs=0.03)


def test_the_same_seed_brings_the_same_callers_and_streams_are_independent():
    one, other = stream("a", patience=Exponential(90.0)), stream("b")
    assert list(merged([one, other], 4, 900.0)) == list(merged([one, other], 4, 900.0))
    assert [c for c in merged([one, other], 4, 900.0) if c.call.startswith("a-")] == list(one.callers(4, 900.0))
    assert list(one.callers(5, 900.0)) != list(one.callers(4, 900.0))
    assert math.isinf(FOR_EVER.draw(Draws(1)))
