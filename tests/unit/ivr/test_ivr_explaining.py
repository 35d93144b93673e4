"""A walk that explains itself tells more, and changes nothing."""

import dataclasses

import pytest

from ivr.explaining import ExplainingWalker
from ivr.flows import load_flows
from ivr.state import CallInfo
from ivr.walker import LineKind, Walker
from tests.unit.ivr.ivr_room import CALL, NOON, ROOT, demo_replies, files, flow_text
from tests.unit.ivr.test_ivr_commands_line import run

FLOWS = load_flows(ROOT / "flows")
CALLS = [
    ("13800138001", None, "1#"), ("13800138002", "en", "22" + "1" * 4), ("10086", None, "211" + "10000001" + "1234" + "*0"), ("", "zh", "9" * 5),
    ("10086", None, "1110000001" + "7391"),
]  # fmt: skip


def walked(kind, number, language, keys):
    walker = kind(FLOWS, CallInfo("t1", number, "95598", language), demo_replies(), NOON)
    for key in keys:
        if not walker.over:
            walker.press(key)
    return walker


@pytest.mark.parametrize(("number", "language", "keys"), CALLS)
def test_explaining_disturbs_nothing(number, language, keys):
    plain, told = walked(Walker, number, language, keys), walked(ExplainingWalker, number, language, keys)
    assert [dataclasses.replace(line, others={}) for line in told.lines if line.kind not in (LineKind.STEP, LineKind.VALUES)] == plain.lines
    assert told.session.to_json() == plain.session.to_json()
    assert sum(line.kind is LineKind.STEP for line in told.lines) == len(told.trace)


@pytest.mark.parametrize(("number", "language", "keys"), CALLS)
def test_every_sentence_comes_in_both_languages_and_no_secret_in_any(number, language, keys):
    told = walked(ExplainingWalker, number, language, keys)
    heard = [line for line in told.lines if line.kind is LineKind.HEARD]
    assert heard
    for line in heard:
        assert set(line.others) == {"zh", "en"} - {line.language}, line
        assert line.others != {line.language: line.text}
    assert "7391" not in "".join(line.text for line in told.lines)


def test_values_are_spoken_in_the_other_language_too():
    told = walked(ExplainingWalker, "13800138001", None, "1")
    amounts = [line.others["en"] for line in told.lines if line.kind is LineKind.HEARD and "一百二十三元四角五分" in line.text]
    assert amounts[0].startswith("You owe one hundred twenty-three yuan and forty-five fen")


def test_conditions_and_changed_variables_are_told_once():
    steps = """
        a: {type: set, set: {n: "${n + 1}", seen: "${n == 2}"}, next: s}
        s: {type: say, say: {zh: 好, en: Good}, next: b}
        b: {type: branch, cases: [{when: n < 3, next: a}], otherwise: c}
        c: {type: say, say: {zh: 好, en: Good}, next: bye}
    """
    flows = load_flows(files(flow_text(steps, variables="n: {type: number, value: 0}\nseen: {type: flag, value: false}")))
    walker = ExplainingWalker(flows, CALL, lambda _call: {}, NOON)
    told = [line.text for line in walker.lines if line.kind in (LineKind.STEP, LineKind.VALUES)]
    assert "main/b (branch): case 1: n < 3" in told
    assert "main/b (branch): otherwise" in told
    assert [text for text in told if text.startswith("n = ")] == ["n = 1", "n = 2, seen = True", "n = 3, seen = False"]


def test_the_command_takes_a_flow_or_a_folder_and_tells_what_it_does():
    known = run("try", "balance", "--flows", ROOT / "flows", "--from", "13800138001", "--keys", "h", "--at", "2026-11-20T12:00").output
    assert known.startswith("call from 13800138001 at 2026-11-20 12:00 CST, flow balance of ")
    assert "  · balance/is_known (branch): otherwise" in known
    assert "[en] Please enter your eight-digit account number" in known
    bank = run("try", ROOT / "flows/examples/bank", "--keys", "h", "--brief").output
    assert "flow main of" in bank
    assert "(branch)" not in bank


def test_backends_fail_and_queues_end_as_the_operator_says():
    output = run("try", ROOT / "flows", "--keys", "1,h", "--fail", "balance=timeout", "--fail", "pay").output
    assert "很抱歉，现在无法查询您的电费" in output
    assert "--fail pay: nothing asked for it; this call asked for balance, customer_by_number" in output
    full = run("try", ROOT / "flows", "--keys", "full,0,1,full,h", "--at", "2026-11-20T12:00").output
    assert '"full" is for a caller who waits in a queue or is put through; this one is waiting for a key' in full
    assert "queue: left for full" in full
    assert "目前等待的客户较多" in full
    wrong = run("try", ROOT / "flows", "--fail", "balance=soon")
    assert wrong.exit_code == 2
    assert "--fail balance=soon: write OPERATION=timeout|unavailable|invalid" in wrong.output
