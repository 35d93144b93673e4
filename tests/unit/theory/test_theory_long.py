"""The engine against theory, narrowly: the formula lies inside the 99 % interval of 20 replications, and that is narrow."""

import pytest

from acd.proof.cases import experiments
from acd.proof.experiment import SEEDS


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("experiment", experiments(), ids=lambda experiment: experiment.name)
def test_the_formula_lies_inside_a_narrow_interval(experiment):
    played = [experiment.play(seed, experiment.calls) for seed in SEEDS]
    for quantity, found in experiment.intervals(played).items():
        told = f"{quantity}: {found.mean:.6f} ± {100 * found.relative_half_width:.2f} %, {experiment.formulas[quantity]:.6f}"
        assert found.relative_half_width <= experiment.widest, told
        assert found.holds(experiment.formulas[quantity]), told
