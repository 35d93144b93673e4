"""Scenarios: what is wrong is said with place and cure; the telecom example plays, and the commands say what it did."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cti.cli.main import build_app
from cti.simulation.playing import play_day
from cti.simulation.scenario import read_scenario
from ivr.document import BadDocument

ROOT = Path(__file__).parents[3]
TELECOM = ROOT / "config/examples/telecom"
SMALL = """version: 1
label: {zh: 一小时, en: An hour}
config: CONFIG
hours: {from: "09:00", to: "10:00"}
callers:
  calls:
    queue: billing
    calls_per_hour: {"08:00": 100, "09:30": 200}
    tiers: {gold: 1, basic: 4}
    needs: [{share: 1, needs: {lang_zh: 1}}]
    talk: {exponential: 120}
    patience: {fixed: 90}
"""


def scenario(tmp_path, old="", new=""):
    assert old in SMALL
    path = tmp_path / "hour.yaml"
    path.write_text(SMALL.replace(old, new).replace("CONFIG", str(ROOT / "config")), encoding="utf-8")
    return path


def run(*arguments):
    return CliRunner().invoke(build_app(), ["acd", *(str(one) for one in arguments)])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("queue: billing", "queue: biling", '7:5: unknown-queue no queue is called "biling"'),
        ("gold: 1", "golden: 1", '9:13: unknown-tier no tier is called "golden"'),
        ("lang_zh", "lang_fr", '10:32: unknown-skill no skill is called "lang_fr"'),
        ("{gold: 1, basic: 4}", "{gold: 0}", "9:5: bad-value no tier calls at all"),
        ("10:00", "08:00", "4:1: bad-hours the day ends before it begins"),
        ("{exponential: 120}", "{exponential: 120, fixed: 3}", "11:5: bad-value"),
        ("{fixed: 90}", "{fixed: -1}", "12:16: bad-value"),
        ('"08:00"', '"8:00"', '8:22: bad-hours "8:00" is no time of the day'),
        ("queue: billing", "queue: billing\n    pace: 2", '8:5: unknown-key unknown key "pace"'),
        ("{fixed: 90}", "{fixed: 90}\n    callback: {share: 2, after: 9}", "13:16: bad-value"),
        ("callers:", "staff: [{agents: [agnt01]}]\ncallers:", '5:19: unknown-agent no agent is called "agnt01"'),
    ],
)
def test_what_is_wrong_with_a_scenario_is_said_with_its_place(tmp_path, old, new, message):
    with pytest.raises(BadDocument) as bad:
        read_scenario(scenario(tmp_path, old, new))
    assert f"hour.yaml:{message}" in str(bad.value)
    result = run("simulate", scenario(tmp_path, old, new))
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_share_of_the_callers_asks_to_be_called_back(tmp_path):
    """One agent for a hundred callers an hour; the wishes change nobody's fate: those who have none come and talk as before."""
    wish = "    callback: {share: 0.5, after: 30, reached: 0.8, rings: {fixed: 8}}\nstaff: [{agents: [agent01]}]\n"
    path = scenario(tmp_path, "    patience: {fixed: 90}\n", "    patience: {fixed: 90}\n" + wish)
    told = json.loads(run("simulate", path, "--seeds", "1-2", "--json").stdout)["callbacks"]
    assert told["promised"]["mean"] > 20
    assert told["attempts"]["mean"] >= told["called_back"]["mean"] > 10
    assert "callbacks a day: promised" in run("simulate", path, "--seeds", "1").output
    wishing = list(read_scenario(path).streams[0].callers(1, 600))
    plain = list(read_scenario(scenario(tmp_path)).streams[0].callers(1, 600))
    assert [replace(caller, wish=None) for caller in wishing] == plain


def test_rates_before_the_day_are_in_force_at_its_start(tmp_path):
    day = read_scenario(scenario(tmp_path))
    assert [(rate.from_seconds, rate.calls_per_hour) for rate in day.streams[0].rates] == [(0, 100), (1800, 200)]
    assert day.seconds == 3600
    assert len(day.shifts) == 10


def test_the_same_seed_replays_exactly_and_another_is_another_day(tmp_path):
    day = read_scenario(scenario(tmp_path))
    one, again, other = (play_day(day, seed).results for seed in (1, 1, 2))
    assert one.tallies == again.tallies
    assert one.overtakings == again.overtakings
    assert one.tallies != other.tallies


def test_the_command_prints_tables_json_and_plots_the_same_each_time(tmp_path):
    path = scenario(tmp_path)
    said = run("simulate", path, "--seeds", "1-2", "--intervals", "--plot", tmp_path / "a.svg")
    assert said.exit_code == 0, said.output
    assert "gold" in said.output
    assert "09:30" in said.output
    told = json.loads(run("simulate", path, "--seeds", "1-2", "--json", "--plot", tmp_path / "b.svg").stdout)
    total = told["total"]
    assert total["offered"]["mean"] == sum(tier["offered"]["mean"] for tier in told["tiers"].values())
    assert told["seeds"] == [1, 2]
    assert set(told["definitions"]) > {"sl_offered", "asa_seconds", "occupancy"}
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    run("simulate", path, "--seeds", "1", "--json", "--plot", tmp_path / "c.html")
    assert "<svg" in (tmp_path / "c.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments", [["--seeds", "0x"], ["--seeds", "9-3"], ["--seeds", "1-999"], ["--plot", "day.png"]]
)
def test_arguments_that_cannot_be_used_end_with_status_2_and_a_cure(tmp_path, arguments):
    result = run("simulate", scenario(tmp_path), *arguments)
    assert result.exit_code == 2
    assert "write" in result.output


def test_the_telecom_example_is_a_centre_of_sixty_agents_five_skills_four_tiers_two_cities():
    day = read_scenario(TELECOM / "scenario.yaml")
    skills = {skill for agent in day.policy.agents.values() for skill in agent.skills}
    assert len(day.policy.agents) == 60
    assert {skill for skill in skills if not skill.startswith(("city_", "seat_"))} == {
        "mobile",
        "broadband",
        "billing",
        "faults",
        "english",
    }
    assert len([skill for skill in skills if skill.startswith("city_")]) == 2
    assert len(day.policy.tiers) == 4
    assert len(day.shifts) == 60
