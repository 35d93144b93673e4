"""The step `dial`: what the shell is asked for, every outcome, what a kill and a hang-up do, and what the checker says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.commands import Dial
from ivr.events import CallerHungUp, DialEnded, DialOutcome
from ivr.state import Awaiting
from tests.unit.ivr.ivr_room import KNOWN, Room, files, findings, flow_text, load

STEPS = """
a:
  type: dial
  to: "${t}"
  ring_seconds: 20
  max_talk_seconds: 600
  hear: music
  announce: {zh: 热线来电。, en: From the hotline.}
  announce_language: en
  outcomes: {answered: b, busy: c}
  into: d
  on_error: failed
b: {type: say, say: {zh: "${number(d.talk_seconds)}", en: x}, next: bye}
c: {type: hangup, reason: busy}
failed: {type: hangup, reason: failed}
"""
ONLY_LISTED = replace(KNOWN, may_dial=lambda number: number == "68001")


def room(value: str = "6800-1") -> Room:
    return Room(load(STEPS, variables=f't: {{type: text, value: "{value}"}}\nd: data', known=ONLY_LISTED))


def test_the_shell_is_asked_for_everything_in_the_step():
    dialled = room()
    assert dialled.command == Dial("t1", "6800-1", 20, 600, True, ("main/a-announce-1",), "en")
    assert (dialled.step.awaiting, dialled.step.deadline) == (Awaiting.DIAL, None)


def test_what_is_left_out_is_left_to_the_configuration_and_the_caller():
    plain = Room(load("a: {type: dial, to: 68001, outcomes: {answered: bye}, on_error: bye}", known=ONLY_LISTED))
    assert plain.command == Dial("t1", "68001", None, None, False, (), "zh")


@pytest.mark.parametrize("outcome", list(DialOutcome))
def test_each_outcome_has_its_way(outcome):
    dialled = room()
    dialled.send(DialEnded(dialled.token, outcome, 41.6, "branch"))
    assert dialled.session.frames[-1].variables["d"] == {"outcome": outcome.value, "talk_seconds": 42, "rule": "branch"}
    if outcome is DialOutcome.ANSWERED:
        assert dialled.plays[-1] == "say/n-42"
    else:
        assert dialled.step.ended.reason == ("busy" if outcome is DialOutcome.BUSY else "failed")
    (entry,) = [entry for entry in dialled.trace if entry.type == "dial" and entry.step == "a"]
    assert entry.result == outcome.value


def test_keys_while_it_rings_are_not_kept_for_later():
    dialled = room()
    dialled.press("12")
    assert dialled.step.awaiting is Awaiting.DIAL
    dialled.send(DialEnded(dialled.token, DialOutcome.ANSWERED, 5))
    assert dialled.where == "main/b"
    assert dialled.session.type_ahead == ""


def test_after_a_kill_the_same_is_asked_for_again():
    dialled = room()
    dialled.restore()
    assert dialled.command == Dial("t2", "6800-1", 20, 600, True, ("main/a-announce-1",), "en")


def test_who_hangs_up_while_it_rings_has_given_up():
    dialled = room()
    dialled.send(CallerHungUp())
    assert dialled.step.ended.outcome == "abandoned"


def test_who_hangs_up_in_the_talk_has_done_what_he_called_for():
    dialled = room()
    dialled.send(DialEnded(dialled.token, DialOutcome.ANSWERED, 30, "branch", hung_up=True))
    assert (dialled.step.ended.outcome, dialled.step.ended.reason) == ("completed", "put through")
    assert dialled.step.commands == ()


def test_ringing_and_talking_do_not_use_up_the_callers_time():
    dialled = room()
    dialled.send(DialEnded(dialled.token, DialOutcome.ANSWERED, 5000), 5000)
    assert dialled.where == "main/b"


def test_no_number_takes_the_way_for_errors():
    assert room("").step.ended.reason == "failed"


def test_a_number_out_of_a_backend_may_be_a_number():
    lookup = "a: {type: lookup, backend: crm, operation: who, with: {number: '1'}, into: d, next: b, on_error: bye}"
    dial = 'b: {type: dial, to: "${d.number}", outcomes: {answered: bye}, on_error: bye}'
    asked = Room(load(f"{lookup}\n{dial}", variables="d: data"))
    asked.replied(number=68001)
    assert asked.command.number == "68001"


# ---- the checker


def found(keys: str, *, known=ONLY_LISTED, variables: str = "t: text\np: secret") -> list[tuple[int, int, str]]:
    step = f"a: {{type: dial, {keys}}}"
    return [(f.line, f.column, f.code) for f in findings(files(flow_text(step, variables=variables)), known) if f.code != "plain-secret"]



@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ('to: "68002", outcomes: {answered: bye}, on_error: bye', "number-not-listed"),
        ('to: "${p}", outcomes: {answered: bye}, on_error: bye', "leaking-secret"),
        ("outcomes: {answered: bye}, on_error: bye", "missing-key"),
        ('to: "68001", on_error: bye', "missing-key"),
        ('to: "68001", outcomes: {busy: bye}, on_error: bye', "missing-way"),
        ('to: "68001", outcomes: {answered: bye}', "missing-way"),
        ('to: "68001", outcomes: {answered: bye, bussy: bye}, on_error: bye', "unknown-outcome"),
        ('to: "68001", outcomes: {answered: bye, busy: [bye]}, on_error: bye', "bad-value"),
        ('to: "68001", outcomes: {answered: nowhere}, on_error: bye', "unknown-step"),
        ('to: "68001", outcomes: {answered: bye}, on_error: bye, ring_seconds: 500', "bad-value"),
        ('to: "68001", outcomes: {answered: bye}, on_error: bye, hear: birds', "bad-value"),
        ('to: "68001", outcomes: {answered: bye}, on_error: bye, announce_language: fr', "bad-value"),
        ('to: "68001", outcomes: {answered: bye}, on_error: bye, announce: {zh: 好}', "missing-language"),
        ('to: "68001", outcomes: {answered: bye}, on_error: bye, number: "1"', "unknown-key"),
        ('to: "68001", outcomes: {answered: bye}, on_error: bye, into: t', "bad-type"),
    ],
)
def test_a_mistake_is_found(keys, code):
    codes = [code for _, _, code in found(keys)]
    assert code in codes, codes


def test_a_listed_number_and_one_nobody_knows_yet_are_no_mistakes():
    assert found('to: "68001", outcomes: {answered: bye}, on_error: bye', variables="") == []
    assert found('to: "${t}", outcomes: {answered: bye}, on_error: bye', variables="t: text") == []
    assert found('to: "1", outcomes: {answered: bye}, on_error: bye', known=KNOWN, variables="") == []


def test_all_outcomes_listed_need_no_way_for_errors():
    outcomes = ", ".join(f"{outcome}: bye" for outcome in DialOutcome)
    assert found(f'to: "68001", outcomes: {{{outcomes}}}', variables="") == []
