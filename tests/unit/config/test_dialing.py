"""The allow-list of what may be dialled: numbers in every writing, the file's mistakes, and the dialplan made of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cti.asterisk.outside import demo_lines, outside_contexts
from cti.cli.main import build_app
from cti.config.dialing import load_dialing, read_dialing
from cti.dialing import Dialing, Numbering, Purpose, Rule, matches, order
from ivr.document import BadDocument, Finding

DEMO = Path(__file__).parents[3] / "config"
BRANCH = Rule("branch", ("6800X",), frozenset({Purpose.DIAL}), "PJSIP/{number}@outside", 30, 1800, 5)
CUSTOMERS = Rule("customers", ("1[3-9]XXXXXXXXX",), frozenset({Purpose.CALLBACK}), "PJSIP/{number}@outside", 20, 600)
PHONE = Rule("desk", ("1001",), frozenset({Purpose.DIAL, Purpose.CALLBACK}), "PJSIP/{number}", 15, 60)
LIST = Dialing((BRANCH, CUSTOMERS, PHONE), never=("68009", "9XXXX"), caller_number="95598", max_calls=3)


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("68001", "68001"),
        (" 6800-1 ", "68001"),
        ("+86 138-0013-8001", "13800138001"),
        ("008613800138001", "13800138001"),
        ("+86 (10) 6789 0123", "01067890123"),
        ("+49 30 1234", "0049301234"),
        ("010 6789.0123", "01067890123"),
        ("", ""),
        ("+", ""),
        ("68001@evil", ""),
        ("68001;phone-context=x", ""),
        ("６８００１", ""),
        ("12345678901234567890", "12345678901234567890"),
        ("123456789012345678901", ""),
        ("*45", ""),
        ("0086", ""),
    ],
)  # fmt: skip
def test_numbers_come_to_one_form(written: str, dialled: str) -> None:
    assert LIST.normal(written) == dialled


def test_a_country_without_national_prefix() -> None:
    numbering = Numbering(country_code="45", national_prefix="", without_prefix=())
    assert numbering.normal("+45 12 34 56 78") == "12345678"


def test_only_what_is_listed_for_the_purpose_may_be_dialled() -> None:
    assert LIST.allows("6800-1") is BRANCH
    assert LIST.allows("68001", Purpose.CALLBACK) is None
    assert LIST.allows("+86 138 0013 8001", Purpose.CALLBACK) is CUSTOMERS
    assert LIST.allows("13800138001") is None
    assert LIST.allows("680012") is None  # the whole number must fit
    assert LIST.allows("6800") is None
    assert LIST.allows("68001\n") is BRANCH  # blanks around it do not matter, and are not dialled
    assert LIST.normal("68001\n") == "68001"
    assert LIST.allows("") is None


def test_a_number_never_dialled_is_not_whatever_rule_has_it() -> None:
    assert LIST.allows("68009") is None
    assert LIST.allows("6800 9") is None


def test_without_a_list_nothing_may_be_dialled(tmp_path: Path) -> None:
    assert load_dialing(tmp_path) == Dialing()
    assert Dialing().allows("68001") is None


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [("1X", "10", "1"), ("1Z", "11", "10"), ("1N", "12", "11"), ("1[3-59]", "19", "16"), ("110", "110", "1100")],
)
def test_patterns(pattern: str, fits: str, fits_not: str) -> None:
    assert matches(pattern, fits)
    assert not matches(pattern, fits_not)


def test_an_order_never_asks_for_more_than_the_rule_lets() -> None:
    assert order(BRANCH, "68001") == "branch!68001!30!1800!ring!"
    assert order(BRANCH, "68001", ring_seconds=10, talk_seconds=60, music=True, mark="t7") == "branch!68001!10!60!music!t7"
    assert order(BRANCH, "68001", ring_seconds=99, talk_seconds=9999) == "branch!68001!30!1800!ring!"


# ---- the file


def test_the_demos_list() -> None:
    dialing = load_dialing(DEMO)
    branch = dialing.allows("68001")
    assert branch is not None
    assert (branch.name, branch.label_zh, branch.device, branch.ring_seconds) == ("branch", "营业厅", "PJSIP/{number}@outside", 30)
    assert dialing.allows("13800138001", Purpose.CALLBACK) is not None
    assert [number for number in ("110", "16812345", "96123", "13800138001", "95598") if dialing.allows(number)] == []


def found(tmp_path: Path, text: str) -> list[Finding]:
    (tmp_path / "dialing.yaml").write_text(text, encoding="utf-8")
    findings: list[Finding] = []
    dialing = read_dialing(tmp_path, findings)
    if any(finding.severity == "error" for finding in findings):
        assert dialing == Dialing()
        with pytest.raises(BadDocument):
            load_dialing(tmp_path)
    return findings


RULE = "rules:\n  branch:\n    label: {zh: 店, en: Shop}\n    numbers: ["


@pytest.mark.parametrize(
    ("text", "at", "code"),
    [
        ("version: 2\n", (1, 1), "bad-value"),
        ("version: 1\nrule: {}\n", (2, 1), "unknown-key"),
        (f'version: 1\n{RULE}"6800."]\n', (5, 15), "bad-value"),
        (f'version: 1\n{RULE}"_6800X"]\n', (5, 15), "bad-value"),
        (f'version: 1\n{RULE}"68,1,Hangup()"]\n', (5, 15), "bad-value"),
        (f'version: 1\n{RULE}"1[9-3]X"]\n', (5, 15), "bad-value"),
        (f"version: 1\n{RULE}]\n", (5, 5), "bad-value"),
        (f'version: 1\n{RULE}"68001"]\n    purposes: [ring]\n', (6, 16), "bad-value"),
        (f'version: 1\n{RULE}"68001"]\n    device: Local/{{number}}@x\n', (6, 5), "bad-value"),
        (f'version: 1\n{RULE}"68001"]\n    ring_seconds: 900\n', (6, 5), "bad-value"),
        ('version: 1\nnever: ["1[5-2]"]\n', (2, 9), "bad-value"),
        ("version: 1\ncaller_number: hotline\n", (2, 1), "bad-value"),
        ("version: 1\nrules: {Branch: {}}\n", (2, 9), "bad-name"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_lets_nothing_be_dialled(tmp_path: Path, text: str, at: tuple[int, int], code: str) -> None:
    findings = found(tmp_path, text)
    assert (findings[0].line, findings[0].column, findings[0].code) == (*at, code), findings
    assert findings[0].path.endswith("dialing.yaml")
    assert findings[0].cure


def test_a_rule_that_allows_any_beginning_is_warned_of(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, f'version: 1\n{RULE}"XXXXX"]\n')
    assert (finding.code, finding.severity, finding.line) == ("wide-rule", "warning", 5)
    assert load_dialing(tmp_path).allows("12345") is not None


def test_digits_without_quotes_are_taken(tmp_path: Path) -> None:
    assert found(tmp_path, f"version: 1\ncaller_number: 95598\n{RULE}68001]\n") == []
    assert load_dialing(tmp_path).caller_number == "95598"


# ---- the dialplan


def test_each_rule_and_purpose_has_a_context_with_its_limits() -> None:
    text = outside_contexts(LIST)
    assert re.findall(r"^\[(.*)\]$", text, re.MULTILINE) == [
        "hotline-out-never", "hotline-out-dial-branch", "hotline-out-callback-customers", "hotline-out-callback-desk", "hotline-out-dial-desk",
    ]  # fmt: skip
    assert "exten => 68009,1,NoOp()\nexten => _9XXXX,1,NoOp()" in text
    assert "[hotline-out-dial-branch]\nexten => _6800X,1,Set(LOCAL(OUT_DEVICE)=PJSIP/${EXTEN}@outside)\n" in text
    assert "exten => 1001,1,Set(LOCAL(OUT_DEVICE)=PJSIP/${EXTEN})\n" in text
    assert " same => n,Set(LOCAL(OUT_RING)=20)\n same => n,Set(LOCAL(OUT_TALK)=600)\n same => n,Set(LOCAL(OUT_MAX)=0)\n" in text
    assert text.count("Goto(hotline-outside,dial,1)") == 4


def test_an_empty_list_makes_no_way_out() -> None:
    assert outside_contexts(Dialing()) == "[hotline-out-never]"
    assert demo_lines(Dialing()) == ""


def test_the_demo_plays_what_callers_can_be_put_through_to() -> None:
    lines = ["_6800X,1,Goto(hotline-demo,s,1)", "_1[3-9]XXXXXXXXX,1,Goto(hotline-demo,customer,1)", "1001,1,Goto(hotline-demo,s,1)"]
    assert demo_lines(LIST) == "\n".join(f"exten => {line}" for line in lines)


# ---- hotline dialing


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["6800-1"], 0, "68001: rule branch (营业厅 · Branch offices)\ndialled as PJSIP/68001@outside, rings 30 s, talks 1800 s at most\n"),
        (["+86 138-0013-8001", "--for", "callback"], 0, "13800138001: rule customers"),
        (["13800138001"], 1, "the rule customers has 13800138001, but not for dial. Add dial to its purposes:."),
        (["16812345"], 1, "16812345 stands under never: in dialing.yaml."),
        (["12345"], 1, "no rule of dialing.yaml has 12345. Add one for dial."),
        (["hotline"], 1, "that is no number."),
        (["68001", "--config", "{tmp}"], 2, "dialing.yaml:1:1: bad-value"),
    ],
)
def test_the_command_tells_by_which_rule_or_why_not(tmp_path: Path, words: list[str], status: int, told: str) -> None:
    (tmp_path / "dialing.yaml").write_text("version: 7\n", encoding="utf-8")
    words = [word.replace("{tmp}", str(tmp_path)) for word in words]
    result = CliRunner().invoke(build_app(), ["dialing", *(words if "--config" in words else [*words, "--config", str(DEMO)])])
    assert result.exit_code == status, result.output
    assert told in result.output
