"""docs/routing.md and its drawings are what the present engine measures; the rules' page is what its data say."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.proof.cases import experiments
from acd.proof.experiment import SEEDS
from cti.cli.main import build_app
from cti.simulation import rules
from cti.simulation.proof import AGREEMENT, HEAD_STARTS, MEASURED, STEPS, render, replay, with_tables
from cti.simulation.scenario import read_scenario

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
MEASURED_NOW = json.loads((DOCS / "routing" / MEASURED).read_text(encoding="utf-8"))
STALE = "run: hotline acd proof"


def test_the_page_and_its_drawings_are_those_of_the_measured_figures():
    rendered = render(MEASURED_NOW)
    page = (DOCS / "routing.md").read_text(encoding="utf-8")
    assert with_tables(page, rendered[""]) == page, STALE
    for name in (AGREEMENT, HEAD_STARTS):
        assert (DOCS / "routing" / name).read_text(encoding="utf-8") == rendered[name], f"{STALE} --draw-only"


def test_every_experiment_was_measured_with_every_seed_and_agrees():
    assert set(MEASURED_NOW["experiments"]) == {experiment.name for experiment in experiments()}, STALE
    for measured in MEASURED_NOW["experiments"].values():
        assert tuple(one["seed"] for one in measured) == SEEDS
    assert len(MEASURED_NOW["head_starts"]) == len(STEPS)
    assert "**no**" not in render(MEASURED_NOW)[""]


@pytest.mark.parametrize("place", [0, -2])
def test_one_seed_measures_today_what_was_measured_then(place):
    experiment = experiments()[place]
    [found] = replay(experiment, (1,))
    known = MEASURED_NOW["experiments"][experiment.name][0]
    assert found["values"] == pytest.approx(known["values"], rel=1e-12), STALE
    assert found["control"] == pytest.approx(known["control"], rel=1e-12), STALE


def test_the_page_of_the_rules_is_that_of_its_data():
    measured = json.loads((DOCS / "routing" / rules.DATA).read_text(encoding="utf-8"))
    known = (DOCS / "routing" / rules.PAGE).read_text(encoding="utf-8")
    assert known == rules.render(measured), "run: hotline acd rules config/examples/telecom/scenario.yaml --docs docs"
    scenario = read_scenario(ROOT / "config/examples/telecom/scenario.yaml")
    changing = {name for name, (_, _, off) in rules.RULES.items() if off(scenario.policy) != scenario.policy}
    assert set(measured["days"]) == {"", *changing}
    assert changing == set(rules.RULES), "the telecom example has every rule"


def test_switching_rules_off_is_measured_and_drawn(tmp_path):
    small = tmp_path / "hour.yaml"
    small.write_text(
        f"""version: 1
label: {{zh: 一小时, en: An hour}}
config: {ROOT / "config"}
hours: {{from: "09:00", to: "10:00"}}
callers:
  calls:
    queue: general
    calls_per_hour: 180
    tiers: {{diamond: 1, basic: 3}}
    talk: {{exponential: 240}}
staff:
  - agents: ["agent0*"]
""",
        encoding="utf-8",
    )
    result = CliRunner().invoke(build_app(), ["acd", "rules", str(small), "--docs", str(tmp_path), "--seeds", "1-2"])
    assert result.exit_code == 0, result.output
    measured = json.loads((tmp_path / "routing" / rules.DATA).read_text(encoding="utf-8"))
    wait = {name: measured["days"][name]["diamond"]["asa_seconds"]["mean"] for name in ("", "head_starts")}
    assert wait[""] < wait["head_starts"], "without its head start the diamond tier waits longer"
    assert "<svg" in (tmp_path / "routing" / rules.PAGE).read_text(encoding="utf-8")
    assert "seats" not in measured["days"], "a rule the policy does not have is not measured"
