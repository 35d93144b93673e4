"""The experiments of the documentation and of the long tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.proof.lines import erlang_a, erlang_c
from acd.proof.skills import skills
from acd.proof.tiers import ENDLESS, tiers

if TYPE_CHECKING:
    from acd.proof.experiment import Experiment

THREE_TIERS = {"gold": 2.0, "silver": 3.0, "basic": 4.0}


def experiments() -> tuple[Experiment, ...]:
    """Return all of them; the numbers of calls make the intervals as narrow as is asked for, not more."""
    both, one = frozenset({"plain", "special"}), frozenset({"plain"})
    return (
        erlang_c(5, 4.0, 10_000),
        erlang_c(10, 9.0, 20_000),
        erlang_c(50, 45.0, 36_000),
        erlang_a(10, 9.0, 2.0, 36_000),
        erlang_a(10, 11.0, 2.0, 12_000),
        erlang_a(50, 48.0, 2.0, 20_000),
        tiers(10, THREE_TIERS, 0.0, 15_000),
        tiers(10, THREE_TIERS, ENDLESS, 32_000),
        skills(
            "two skills, one agent of two has both", {"plain": 1.1, "special": 0.5}, {"a": 1.0, "b": 1.0},
            {"a": one, "b": both}, 24_000,
        ),
        skills(
            "unequal agents, one twice as fast", {"plain": 2.4}, {"fast": 2.0, "slow": 1.0},
            {"fast": one, "slow": one}, 15_000,
        ),
        skills(
            "three skills in a chain, three unequal agents", {"x": 0.8, "y": 0.7, "z": 0.8},
            {"a": 1.0, "b": 0.8, "c": 1.2},
            {"a": frozenset("xy"), "b": frozenset("yz"), "c": frozenset("zx")}, 15_000,
        ),
    )  # fmt: skip
