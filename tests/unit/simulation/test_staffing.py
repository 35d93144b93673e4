"""Staffing: the plan is the formula's least number, and a day with just these agents comes near the target."""

import json
import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.simulation.callers import Rate, Stream
from acd.simulation.times import Exponential
from acd.theory.erlang import ErlangA, ErlangC
from acd.theory.staffing import Target, agents_needed, expected_level
from cti.cli.main import build_app
from cti.simulation.staffing import expected_calls

TELECOM = Path(__file__).parents[3] / "config/examples/telecom/scenario.yaml"


@pytest.mark.parametrize(
    ("erlangs", "target"), [(4.0, Target(0.8, 20)), (45.0, Target(0.9, 10)), (900.0, Target(0.95, 5))]
)
def test_the_plan_without_giving_up_is_the_least_number_by_erlang_c(erlangs, target):
    found = agents_needed(erlangs / 300, 300.0, math.inf, target)
    assert ErlangC(found, erlangs, 300.0).service_level(target.seconds) >= target.share
    if found - 1 > erlangs:
        assert ErlangC(found - 1, erlangs, 300.0).service_level(target.seconds) < target.share


def test_the_plan_with_giving_up_is_the_least_number_by_erlang_a_and_smaller():
    target = Target(0.8, 20)
    found = agents_needed(0.15, 300.0, 180.0, target)
    assert (
        ErlangA(found, 0.15, 300.0, 180.0).service_level(20)
        >= 0.8
        > ErlangA(found - 1, 0.15, 300.0, 180.0).service_level(20)
    )
    assert found < agents_needed(0.15, 300.0, math.inf, target)


def test_nobody_is_needed_where_nobody_calls_and_no_number_does_the_impossible():
    assert agents_needed(0.0, 300.0, math.inf, Target(0.9, 10)) == 0
    assert expected_level(0, 0.1, 300.0, 60.0, 10) == 0
    with pytest.raises(ValueError, match="no number of agents reaches"):
        agents_needed(0.01, 300.0, math.inf, Target(1.1, 10))


def test_expected_calls_are_the_area_under_the_profile():
    stream = Stream("a", "line", (Rate(0.0, 60.0), Rate(1800.0, 120.0)), {"basic": 1.0}, Exponential(60.0))
    assert expected_calls(stream, 0.0, 3600.0) == pytest.approx(90)
    assert expected_calls(stream, 900.0, 2700.0) == pytest.approx(45)


def test_the_command_plans_the_telecom_day_and_plays_it():
    result = CliRunner().invoke(
        build_app(), ["acd", "staff", str(TELECOM), "--target", "80/20", "--seeds", "1", "--json"]
    )
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert len(told["plan"]) == 24 * 4
    busiest = max(told["plan"], key=lambda need: need["erlangs"])
    assert busiest["queue"] == "mobile"
    assert busiest["agents"] > busiest["erlangs"]
    assert told["played"]["total"]["sl_offered"]["mean"] > 0.6


def test_the_command_prints_the_plan_and_refuses_targets_it_cannot_mean():
    said = CliRunner().invoke(build_app(), ["acd", "staff", str(TELECOM), "--target", "80/20", "--seeds", "1"])
    assert "10:00" in said.output
    assert "mobile" in said.output
    for wrong in ("90", "0/20", "100/20", "x/y"):
        refused = CliRunner().invoke(build_app(), ["acd", "staff", str(TELECOM), "--target", wrong])
        assert refused.exit_code == 2
        assert "write it like 90/10" in refused.output
