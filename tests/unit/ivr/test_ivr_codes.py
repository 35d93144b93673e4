"""Every code a check can give is documented and none is made up; SARIF has the shape code hosts read; the later lints."""

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cti.cli.check import check_project
from cti.cli.main import build_app
from cti.cli.sarif import sarif
from ivr.codes import CODES, findings_page
from ivr.document import Finding, Severity
from tests.unit.ivr.ivr_room import KNOWN, ROOT, files, findings, flow_text

POSITIONS = {"report": 1, "finding": 0, "Finding": 3, "_refuse": 1, "_line_trap": 3}
SAY = "a: {type: say, say: {zh: 好, en: Good}, next: bye}"


def emitted() -> Iterator[str]:
    """Every code that stands in a call that makes a finding; `unknown-<what>` from the name that is looked up."""
    for path in [*(ROOT / "ivr").rglob("*.py"), *(ROOT / "cti").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            at = POSITIONS.get(name, 99)
            if len(node.args) > at and isinstance(node.args[at], ast.Constant):
                yield node.args[at].value
            if name in ("check_name", "name_in") and isinstance(node.args[1], ast.Constant):
                yield f"unknown-{node.args[1].value}"


def codes(hours: str = "", variables: str = "", steps: str = SAY, known=KNOWN) -> list[str]:
    others = {"hours": hours} if hours else {}
    return [f.code for f in findings(files(flow_text(steps, variables=variables), **others), known)]


def test_every_code_is_documented_and_every_documented_code_is_given():
    assert set(emitted()) == set(CODES)
    assert list(CODES) == sorted(CODES)


def test_the_page_is_current_and_has_a_section_for_each_code():
    page = (ROOT / "docs/findings.md").read_text(encoding="utf-8")
    assert page == findings_page()
    assert page.count("\n## ") == len(CODES)


def test_sarif_names_rule_place_and_cure():
    found = [
        Finding("flows/main.yaml", 3, 5, "unknown-step", 'no step "x"', "name a step"),
        Finding("/etc/a b.yaml", 1, 1, "unused-flow", "nobody", severity=Severity.WARNING),
    ]
    run = sarif(found)["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["unknown-step", "unused-flow"]
    first, second = run["results"]
    assert first["message"]["text"] == 'no step "x" (name a step)'
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "flows/main.yaml"}, "region": {"startLine": 3, "startColumn": 5},
    }  # fmt: skip
    assert (second["level"], second["ruleIndex"]) == ("warning", 1)
    assert second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "file:///etc/a%20b.yaml"


def test_the_command_prints_sarif_with_status_2(tmp_path: Path):
    (tmp_path / "main.yaml").write_text("version: 1\nflow: main\n", encoding="utf-8")
    words = ["check", str(tmp_path), "--config", str(ROOT / "config"), "--format", "sarif"]
    result = CliRunner().invoke(build_app(), words)
    assert result.exit_code == 2
    document = json.loads(result.output)
    assert document["version"] == "2.1.0"
    run = document["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(run["results"]) > 2
    assert all(rules[each["ruleIndex"]] == each["ruleId"] for each in run["results"])
    assert {each["level"] for each in run["results"]} <= {"error", "warning"}


@pytest.mark.parametrize(
    ("weekly", "warnings"),
    [
        ("{mon-sun: '00:00-24:00'}", 0),
        ("{mon-fri: '09:00-17:00', sat: closed, sun: closed}", 0),
        ("{mon-fri: '09:00-17:00'}", 1),
        ("{mon-sun: '00:00-23:59'}", 7),
        ("{mon-sun: ['09:00-12:00', '12:05-18:00']}", 7),
        ("{mon-sun: ['09:00-12:00', '13:00-18:00']}", 0),
        ("{mon-sun: '22:00-06:00'}", 0),
    ],
)
def test_holes_in_hours_are_warned_of(weekly, warnings):
    hours = f"version: 1\nplans: {{p: {{weekly: {weekly}}}}}"
    assert codes(hours, known=replace(KNOWN, today=date(2026, 6, 1))).count("hours-hole") == warnings


@pytest.mark.parametrize(
    ("today", "dates", "expected"),
    [
        (date(2024, 6, 1), "{}", False),
        (date(2033, 12, 1), "{}", False),
        (date(2026, 12, 15), "{}", True),
        (date(2026, 12, 15), "{'2027-02-20': '09:00-12:00'}", False),
    ],
)
def test_a_calendar_that_ends_soon_is_warned_of(today, dates, expected):
    hours = f"version: 1\nholidays: CN\ndates: {dates}\nplans: {{p: {{weekly: {{mon-sun: '00:00-24:00'}}}}}}"
    assert ("holidays-end" in codes(hours, known=replace(KNOWN, today=today))) is expected
    assert "holidays-end" not in codes(hours)


def test_secrets_in_plain_text_are_found(tmp_path: Path):
    assert "plain-secret" in codes(variables="card_number: text")
    assert "plain-secret" not in codes(variables="card: text")
    assert "plain-secret" in codes(variables="pin: {type: secret, value: '1234'}")
    assert "plain-secret" not in codes(variables="pin: secret\nopinion: text")
    for path in (ROOT / "config").glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    backends = tmp_path / "backends.yaml"
    text = backends.read_text(encoding="utf-8")
    crm = "backends:\n  crm: {type: http, url: 'https://crm.example.org/', token: abcdef}"
    backends.write_text(text.replace("backends:", crm, 1), encoding="utf-8")
    for mode, expected in ((0o644, True), (0o600, False)):
        backends.chmod(mode)
        found = check_project(ROOT / "flows", tmp_path).findings
        assert ("plain-secret" in [finding.code for finding in found]) is expected, found
        assert "abcdef" not in str(found)


def test_a_skill_no_agent_has_is_warned_of():
    steps = "a: {type: queue, queue: billing, tier: gold, needs: [lang_en], outcomes: {served: bye}, on_error: bye}"
    assert codes(steps=steps, known=replace(KNOWN, staffed=frozenset({"lang_zh"}))) == ["skill-nobody"]
    assert codes(steps=steps, known=replace(KNOWN, staffed=frozenset({"lang_en"}))) == []


def test_texts_without_audio_are_found(tmp_path: Path):
    folder = tmp_path / "zh" / "hotline"
    folder.mkdir(parents=True)

    def missing() -> int:
        found = check_project(ROOT / "flows", ROOT / "config", tmp_path).findings
        return sum(finding.code == "missing-prompt" for finding in found)

    before = missing()
    (folder / "phrases").mkdir()
    (folder / "phrases" / "goodbye.ulaw").write_bytes(b"")
    assert before - missing() == 1
    assert before > 100
