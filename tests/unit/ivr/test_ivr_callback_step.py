"""callback: which number, every outcome, once over a restart, and what the check says."""

from dataclasses import replace

import pytest

from ivr.commands import CallBackend, JoinQueue
from ivr.events import BackendFailed, CallerHungUp, FailReason, QueueLeft, QueueOutcome
from ivr.state import CallInfo
from tests.unit.ivr.ivr_room import DEFAULTS, KNOWN, Room, files, findings, flow_text, load

WITH_CALLBACK = replace(KNOWN, callbacks=frozenset({"billing"}))
VARIABLES = "number: text"
STEPS = """
a: {type: callback, queue: billing, tier: gold, needs: {lang_zh: 2}, number: number,
    say: {zh: 要回电吗, en: A callback}, ask_number: {zh: 请输入号码, en: The number},
    confirm: {zh: "${phone(number)}对吗", en: "${phone(number)}, right?"},
    outcomes: {accepted: accepted, declined: declined, unavailable: unavailable, closed: closed, full: full, no_number: nobody}}
accepted: {type: hangup, reason: accepted}
declined: {type: hangup, reason: declined}
unavailable: {type: hangup, reason: unavailable}
closed: {type: hangup, reason: closed}
full: {type: hangup, reason: full}
nobody: {type: hangup, reason: nobody}
"""


def room(number: str = "13800138001", *, own: bool = True, steps: str = STEPS) -> Room:
    """A caller to whom a callback is being offered."""
    made = Room(load(steps, known=WITH_CALLBACK, variables=VARIABLES), CallInfo("c1", number, "95598", "zh"))
    made.replied(outcome="possible", own_number=own)
    return made


def asked(room: Room) -> dict:
    """What the server is asked to promise."""
    command = room.command
    assert isinstance(command, CallBackend)
    assert (command.backend, command.operation) == ("callback", "request")
    return dict(command.arguments)


def test_the_server_is_asked_before_anything_is_offered():
    made = Room(load(STEPS, known=WITH_CALLBACK, variables=VARIABLES), CallInfo("c1", "138", "95598", "zh"))
    assert made.command == CallBackend("t1", "callback", "check", {"queue": "billing", "number": "138"}, 3.0, None)
    assert made.plays == []


def test_one_is_the_callers_own_number():
    here = room()
    here.press("1")
    assert asked(here) == {
        "queue": "billing", "tier": "gold", "needs": {"lang_zh": 2}, "number": "13800138001", "language": "zh", "call": "c1",
    }  # fmt: skip
    assert here.command.idempotency_key == "c1/main/a/1"
    here.replied(outcome="accepted", callback="k1")
    assert here.step.ended.reason == "accepted"


def test_two_is_another_number_which_is_said_again():
    here = room()
    here.press("2")
    assert here.plays == ["main/a-ask_number-1"]
    here.press("01067890123#")
    assert here.plays[-1] == "main/a-confirm-1"
    assert [prompt for prompt in here.plays if prompt.startswith("say/n-6")] == ["say/n-6"]
    here.press("2")
    assert here.plays == ["main/a-ask_number-1"]
    here.press("13900139002#1")
    assert asked(here)["number"] == "13900139002"


def test_a_caller_whose_number_cannot_be_called_is_asked_for_one():
    here = room("", own=False)
    assert here.plays == ["main/a-ask_number-1"]


def test_a_number_is_over_after_a_pause_and_too_short_ones_are_refused():
    here = room(own=False)
    here.press("12#")
    assert here.plays == ["phrases/wrong"]
    here.played()
    here.press("68001")
    here.silence()
    assert "main/a-confirm-1" in here.plays


@pytest.mark.parametrize("keys", ["*", "2*"])
def test_star_declines(keys):
    here = room()
    here.press(keys)
    assert here.step.ended.reason == "declined"


def test_who_says_nothing_declines():
    here = room(steps=STEPS.replace("number: number,", "number: number, retries: 0, on_timeout: declined,", 1))
    here.played()
    here.silence()
    assert here.step.ended.reason == "declined"


@pytest.mark.parametrize(
    ("outcome", "end"), [("unavailable", "unavailable"), ("closed", "closed"), ("full", "full"), ("odd", "unavailable")]
)
def test_what_cannot_be_promised_is_not_offered(outcome, end):
    made = Room(load(STEPS, known=WITH_CALLBACK, variables=VARIABLES), CallInfo("c1", "138", "95598", "zh"))
    made.replied(outcome=outcome)
    assert made.step.ended.reason == end


@pytest.mark.parametrize(
    ("outcome", "end"), [("full", "full"), ("no_number", "nobody"), ("possible", "unavailable"), ("closed", "closed")]
)
def test_what_is_refused_at_the_end_leads_on(outcome, end):
    here = room()
    here.press("1")
    here.replied(outcome=outcome)
    assert here.step.ended.reason == end


@pytest.mark.parametrize("keys", ["", "1"])
def test_a_server_that_cannot_promise_is_unavailable(keys):
    here = room() if keys else Room(load(STEPS, known=WITH_CALLBACK, variables=VARIABLES))
    here.press(keys)
    here.send(BackendFailed(here.token, FailReason.UNAVAILABLE))
    assert here.step.ended.reason == "unavailable"


def test_silence_of_the_server_is_unavailable():
    made = Room(load(STEPS, known=WITH_CALLBACK, variables=VARIABLES))
    made.silence()
    assert made.step.ended.reason == "unavailable"


def test_an_outcome_without_a_way_takes_the_one_for_errors():
    steps = STEPS.replace(", unavailable: unavailable", "").replace("unavailable: {type: hangup, reason: unavailable}\n", "")
    steps = steps.replace("number: number,", "number: number, on_error: full,", 1)
    made = Room(load(steps, known=WITH_CALLBACK, variables=VARIABLES))
    made.replied(outcome="unavailable")
    assert made.step.ended.reason == "full"


def test_after_a_restart_the_promise_is_asked_for_under_the_same_key():
    here = room()
    here.press("2")
    here.press("13900139002#1")
    before = here.command
    here.restore()
    assert (here.command.arguments, here.command.idempotency_key) == (before.arguments, before.idempotency_key)


@pytest.mark.parametrize(("keys", "again"), [("", "main/a-1"), ("2", "main/a-ask_number-1"), ("213800138000#", "main/a-confirm-1")])
def test_after_a_restart_the_same_question_is_asked_again(keys, again):
    here = room()
    here.press(keys)
    here.restore()
    assert again in here.plays
    here.press("2" if keys.endswith("#") else "*")
    assert here.plays == ["main/a-ask_number-1"] if keys.endswith("#") else here.step.ended.reason == "declined"


def test_after_a_restart_before_the_offer_the_server_is_asked_again():
    made = Room(load(STEPS, known=WITH_CALLBACK, variables=VARIABLES))
    made.restore()
    assert made.command.operation == "check"


def test_keys_pressed_while_the_server_answers_count():
    made = Room(load(STEPS, known=WITH_CALLBACK, variables=VARIABLES))
    made.press("1")
    made.replied(outcome="possible", own_number=True)
    assert asked(made)["number"] == "13800138001"


def test_hanging_up_before_the_promise_ends_it_and_after_it_does_not():
    made = Room(load(STEPS, known=WITH_CALLBACK, variables=VARIABLES))
    made.send(CallerHungUp())
    assert made.step.ended.outcome == "abandoned"
    here = room()
    here.press("1")
    here.send(CallerHungUp())
    assert here.step.ended is None
    here.replied(outcome="accepted")
    assert here.step.ended.reason == "accepted"


def test_a_key_while_waiting_leads_to_it():
    steps = """
    a: {type: queue, queue: billing, tier: gold, keys: {"2": callback}, outcomes: {served: bye, callback: later}, on_error: bye}
    later: {type: hangup, reason: later}
    """
    here = Room(load(steps, known=KNOWN))
    assert isinstance(here.command, JoinQueue)
    assert here.command.keys == {"2": "callback"}
    here.send(QueueLeft(here.token, QueueOutcome.CALLBACK))
    assert here.step.ended.reason == "later"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("queue: billing", "queue: general"), "no-callback"),
        (("queue: billing", "queue: nowhere"), "unknown-queue"),
        (("accepted: accepted, ", ""), "missing-way"),
        (("full: full", "ful: full"), "unknown-outcome"),
        (("number: number,", "number: phone,"), "unknown-variable"),
        (("full: full", "full: {next: full}"), "bad-value"),
    ],
)
def test_the_check_finds_what_is_wrong(change, code):
    texts = files(flow_text(STEPS.replace(*change, 1), variables=VARIABLES, defaults=DEFAULTS))
    found = [finding for finding in findings(texts, WITH_CALLBACK) if finding.code == code]
    assert found
    assert found[0].line > 0
    assert found[0].cure
