"""Policy tests: the project's own hold; what goes otherwise is said with its place; broken ones are refused with a cure."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from cti.cli.main import build_app

ROOT = Path(__file__).parents[3]
GOOD = """version: 1
config: CONFIG
tests:
  - name: The diamond goes first
    given:
      - {caller: b, queue: general, tier: basic}
      - {at: 10, caller: d, queue: general, tier: diamond, until: 500}
      - {at: 20, agent: agent01}
    then:
      - {first: d}
      - {caller: b, waits: 90, agent: agent01, ends: answered}
"""


def run(tmp_path, old="", new="", *more):
    assert old in GOOD
    path = tmp_path / "policy.yaml"
    path.write_text(GOOD.replace(old, new, 1).replace("CONFIG", str(ROOT / "config")), encoding="utf-8")
    return CliRunner().invoke(build_app(), ["acd", "test", str(path), *more])


def test_the_projects_own_policies_do_what_their_tests_say():
    folders = [str(ROOT / "config"), str(ROOT / "config/examples/telecom")]
    result = CliRunner().invoke(build_app(), ["acd", "test", *folders])
    assert result.exit_code == 0, result.output
    assert "all as written" in result.output


def test_one_that_holds_is_told_and_reported(tmp_path):
    result = run(tmp_path, "", "", "--junit", str(tmp_path / "out/report.xml"))
    assert result.exit_code == 0, result.output
    suite = ET.parse(tmp_path / "out/report.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    assert suite[0].get("line") == "4"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{first: d}", "{first: b}", "10:9: policy-test The diamond goes first: b should be first, d was"),
        (
            "{first: d}",
            "{order: [b, d]}",
            "10:9: policy-test The diamond goes first: should be answered in the order b, d, were in the order d, b",
        ),
        ("waits: 90", "waits: 80", "11:9: policy-test The diamond goes first: b should wait 80 s, waited 90 s"),
        ("waits: 90", "waits_at_most: 89", "b should wait at most 89 s, waited 90 s"),
        ("agent: agent01, ends", "agent: agent02, ends", "b should talk to agent02, talked to agent01"),
        ("ends: answered", "ends: overflowed", "b should end as overflowed, ended as answered"),
        ("until: 500", "until: 15", "d should be first, b was"),
    ],
)
def test_what_goes_otherwise_is_said_with_its_place_and_what_happened(tmp_path, old, new, message):
    result = run(tmp_path, old, new, "--junit", str(tmp_path / "report.xml"))
    assert result.exit_code == 1
    assert message in result.output
    assert "offers: " in result.output
    assert ET.parse(tmp_path / "report.xml").getroot()[0].get("failures") == "1"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("queue: general", "queue: genral", '6:21: unknown-queue no queue is called "genral"'),
        ("tier: basic", "tier: bronze", '6:37: unknown-tier no tier is called "bronze"'),
        ("agent: agent01}", "agent: agnt01}", '8:18: unknown-agent no agent is called "agnt01"'),
        ("{first: d}", "{first: x}", '10:9: bad-value no caller is called "x" here'),
        ("{first: d}", "{first: d, caller: b}", "10:9: bad-value one line says one thing"),
        ("{at: 20, agent: agent01}", "{at: 20}", "8:9: bad-value one line is one caller or one agent"),
        ("tier: basic", "tier: basic, needs: {lang_fr: 1}", "6:58: unknown-skill"),
        ("ends: answered", "ends: lost", "11:48: bad-value"),
        ("tests:", "test:", "3:1: unknown-key"),
    ],
)
def test_a_broken_test_is_refused_with_place_and_cure(tmp_path, old, new, message):
    result = run(tmp_path, old, new)
    assert result.exit_code == 2
    assert f"policy.yaml:{message}" in result.output
    assert "Traceback" not in result.output


def test_a_folder_without_tests_is_refused(tmp_path):
    result = CliRunner().invoke(build_app(), ["acd", "test", str(tmp_path)])
    assert result.exit_code == 2
    assert "no tests of a policy here" in result.output
