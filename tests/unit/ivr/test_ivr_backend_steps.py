"""lookup and report: arguments, replies, the filler sentence, failures, and effects that happen once."""

import pytest

from ivr.commands import CallBackend, Play, StopPlaying
from ivr.events import BackendFailed, BackendReplied, CallerHungUp, FailReason, PlayEnded
from ivr.state import Awaiting
from ivr.steps.outside import FILLER_AFTER_SECONDS
from tests.unit.ivr.ivr_room import KNOWN, Room, load

LOOKUP = """
a: {type: lookup, backend: crm, operation: who, with: {number: "${call.caller_number}"}, into: d, timeout_seconds: 4, next: b, on_error: failed}
b: {type: say, say: {zh: "${digits(d.customer.tier)}", en: x}, next: bye}
failed: {type: hangup, reason: failed}
"""
REPORT = """
a: {type: report, backend: crm, operation: ticket, with: {area: east}, into: d, next: b, on_error: {say: {phrase: wrong}, next: failed}}
b: {type: confirm, say: {zh: 再来, en: 'Again?'}, yes: a, no: bye}
failed: {type: hangup, reason: failed}
"""


@pytest.fixture
def lookup() -> Room:
    return Room(load(LOOKUP, variables="d: data", known=KNOWN))


def test_a_query_has_arguments_a_time_and_no_key(lookup):
    assert lookup.command == CallBackend("t1", "crm", "who", {"number": "13800138001"}, 4.0, None)
    assert lookup.step.awaiting is Awaiting.BACKEND
    assert lookup.step.deadline == lookup.now + FILLER_AFTER_SECONDS
    lookup.replied(found=True, customer={"tier": "12"})
    assert lookup.plays == ["say/n-1", "say/n-2"]


def test_after_a_second_a_sentence_fills_the_time_once(lookup):
    lookup.silence()
    assert lookup.plays == ["phrases/one-moment"]
    assert lookup.step.deadline == pytest.approx(lookup.now + 4.5 - FILLER_AFTER_SECONDS)
    filler = lookup.command.token
    lookup.send(PlayEnded(filler), 1)
    assert lookup.step.commands == ()
    lookup.replied(found=True, customer={"tier": "1"})
    assert lookup.where == "main/b"


def test_a_reply_during_the_filler_waits_for_its_end(lookup):
    token = lookup.token
    lookup.silence()
    filler = lookup.command.token
    lookup.send(BackendReplied(token, {"found": True, "customer": {"tier": "1"}}), 0.1)
    assert lookup.where == "main/a"
    lookup.send(PlayEnded(filler), 1)
    assert lookup.plays == ["say/n-1"]


def test_a_reply_during_a_filler_that_never_ends_is_used_at_the_deadline(lookup):
    lookup.silence()
    filler = lookup.command.token
    lookup.replied(found=True, customer={"tier": "1"})
    lookup.silence()
    assert lookup.step.commands[0] == StopPlaying(filler)
    assert lookup.where == "main/b"


@pytest.mark.parametrize("reason", list(FailReason))
def test_a_failure_takes_the_way_for_errors(lookup, reason):
    lookup.send(BackendFailed(lookup.token, reason))
    assert lookup.step.ended.reason == "failed"
    assert reason.value in [entry.result for entry in lookup.trace]


def test_a_backend_that_never_answers_ends_at_its_time(lookup):
    lookup.silence()
    lookup.silence()
    assert lookup.now == pytest.approx(104.5)
    assert lookup.step.ended.reason == "failed"


def test_a_reply_without_what_the_flow_needs_is_an_error_not_a_crash(lookup):
    lookup.replied(found=False)
    assert lookup.step.ended.reason == "done", "the say step has no on_error, so the safe exit is taken"
    assert any(entry.result == "error" and "customer" in entry.values["error"] for entry in lookup.trace)


def test_digits_typed_while_waiting_are_kept_for_the_next_question():
    steps = LOOKUP.replace(
        'b: {type: say, say: {zh: "${digits(d.customer.tier)}", en: x}, next: bye}',
        "b: {type: menu, say: {zh: 选, en: x}, choices: {'1': failed}}",
    )
    room = Room(load(steps, variables="d: data"))
    room.press("1")
    room.replied(found=True)
    assert room.step.ended.reason == "failed"


def test_an_effect_has_a_key_of_call_step_and_visit():
    room = Room(load(REPORT, variables="d: data"))
    assert room.command.idempotency_key == "c1/main/a/1"
    room.replied(number="7")
    room.press("1")
    assert room.command.idempotency_key == "c1/main/a/2", "the caller asked for a second one"


def test_an_effect_is_sent_again_with_the_same_key_after_a_kill():
    room = Room(load(REPORT, variables="d: data"))
    first = room.command
    room.silence()
    room.restore()
    again = room.command
    assert again.idempotency_key == first.idempotency_key
    assert again.token != first.token
    room.send(BackendReplied(first.token, {"number": "old"}))
    assert room.where == "main/a", "an answer to the killed process is late"
    room.replied(number="7")
    assert room.session.frame.variables["d"] == {"number": "7"}


def test_the_way_for_errors_may_speak_first():
    room = Room(load(REPORT, variables="d: data"))
    room.send(BackendFailed(room.token, FailReason.UNAVAILABLE))
    assert room.plays == ["phrases/wrong"]
    room.played()
    assert room.step.ended.reason == "failed"


def test_a_caller_who_hangs_up_still_gets_his_ticket():
    room = Room(load(REPORT, variables="d: data"))
    token = room.token
    room.send(CallerHungUp())
    assert room.step.ended is None
    room.send(BackendReplied(token, {"number": "7"}), 2)
    assert (room.step.ended.outcome, room.step.commands) == ("abandoned", ())


def test_nobody_hears_a_filler_who_hung_up(lookup):
    lookup.send(CallerHungUp())
    lookup.silence()
    assert not any(isinstance(command, Play) for command in lookup.commands)
    lookup.silence()
    assert lookup.step.ended.outcome == "abandoned"


def test_hanging_up_during_the_filler_does_not_wait_for_its_end(lookup):
    token = lookup.token
    lookup.silence()
    lookup.send(BackendReplied(token, {"found": True, "customer": {"tier": "1"}}))
    lookup.send(CallerHungUp())
    assert lookup.step.ended.outcome == "abandoned"
