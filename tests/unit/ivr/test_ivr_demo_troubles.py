"""The demo flows when things go wrong: backends down, queues full, nobody there. Always a sentence and a way on."""

from datetime import timedelta

import pytest

from cti.config import load_policy
from ivr.commands import CallBackend, Hangup, JoinQueue, Play, Record
from ivr.events import (
    BackendFailed,
    BackendReplied,
    DialEnded,
    DialOutcome,
    FailReason,
    PlayEnded,
    QueueLeft,
    QueueOutcome,
    RecordEnded,
)
from ivr.flows import load_flows, read_files
from ivr.state import Awaiting, CallInfo
from tests.unit.ivr.ivr_room import NOON, ROOT, Room

FLOWS = load_flows(ROOT / "flows")
CUSTOMER = {
    "found": True,
    "customer": {"account": "10000001", "name": "x", "tier": "gold", "language": "zh", "star_level": 5},
}


def settle(room: Room, fail: FailReason | None = None, **replies) -> Room:
    """Let prompts end, and backends answer (or fail), until a key, a recording or the queue is awaited."""
    while room.step.ended is None:
        if room.step.awaiting is Awaiting.BACKEND:
            call = next(c for c in reversed(room.commands) if isinstance(c, CallBackend))
            reply = replies.get(call.operation)
            room.send(BackendFailed(call.token, fail) if reply is None else BackendReplied(call.token, reply), 0.2)
        elif room.session.token and room.step.awaiting in (Awaiting.PLAY, Awaiting.INPUT):
            room.send(PlayEnded(room.token), 2)
        else:
            break
    return room


def heard(room: Room) -> list[str]:
    return [prompt for command in room.commands if isinstance(command, Play) for prompt in command.prompts]


@pytest.fixture
def known() -> Room:
    return settle(Room(FLOWS), customer_by_number=CUSTOMER)


@pytest.mark.parametrize("fail", list(FailReason))
def test_with_every_backend_down_the_caller_still_gets_everywhere(fail):
    room = settle(Room(FLOWS), fail)
    assert room.where == "main/ask_language"
    settle(room.press("2") and room, fail)
    assert room.where == "main/menu"
    room.press("110000001")
    settle(room, fail)
    room.press("1234")
    settle(room, fail)
    assert "identify/unavailable-1" in heard(room)
    assert room.where == "main/menu", "and back in the menu"
    for key in "2112":
        room.press(key)
        settle(room, fail)
    assert room.where == "fault/check"
    room.press("1")
    settle(room, fail)
    assert "fault/create-error-1" in heard(room)
    assert room.where == "agent/wait"
    assert isinstance(room.command, JoinQueue)
    assert (room.command.queue, room.command.tier, room.command.needs) == ("faults", "basic", (("lang_en", 1),))


def test_a_balance_that_cannot_be_told_is_said_so(known):
    known.press("1")
    settle(known, FailReason.TIMEOUT)
    assert "balance/unavailable-1" in heard(known)
    assert known.where == "main/menu"


@pytest.mark.parametrize(
    ("cents", "due", "step"),
    [(100, None, "owing"), (100, "2026-12-01", "owing_until"), (-100, None, "credit"), (0, None, "nothing_due")],
)
def test_each_balance_has_its_own_sentence(known, cents, due, step):
    known.press("1")
    settle(known, balance={"balance_cents": cents, "due_date": due, "last_payment": None, "last_bill": None})
    assert any(prompt.startswith(f"balance/{step}-") for prompt in heard(known))
    assert known.where == "balance/after"


@pytest.mark.parametrize(
    ("outcome", "sentence", "where"),
    [
        (QueueOutcome.MAX_WAIT, "agent/too_long-1", "voicemail/message"),
        (QueueOutcome.FULL, "agent/too_many-1", "voicemail/message"),
        (QueueOutcome.CLOSED, "agent/closed-1", "voicemail/message"),
        (QueueOutcome.VOICEMAIL, "phrases/voicemail-ask", "voicemail/message"),
        (QueueOutcome.ERROR, "phrases/system-error", "voicemail/message"),
        (QueueOutcome.AGENT_LOST, "phrases/agent-lost", "agent/wait"),
        (QueueOutcome.MENU, "agent/ask_topic-1", "agent/ask_topic"),
        (QueueOutcome.SERVED, "survey/ask-1", "survey/ask"),
    ],
)
def test_each_way_out_of_the_queue_has_a_sentence_and_a_way_on(known, outcome, sentence, where):
    known.press("01")
    assert known.where == "agent/wait"
    known.send(QueueLeft(known.token, outcome, 30.0, "agent01", "o1"))
    settle(known)
    assert sentence in heard(known)
    assert known.where == where


@pytest.mark.parametrize(
    ("outcome", "sentence", "where"),
    [
        (DialOutcome.ANSWERED, "main/menu-1", "main/menu"),
        (DialOutcome.BUSY, "agent/office_busy-1", "agent/ask_topic"),
        (DialOutcome.NO_ANSWER, "agent/office_no_answer-1", "agent/ask_topic"),
        (DialOutcome.REJECTED, "agent/office_unreachable-1", "agent/ask_topic"),
        (DialOutcome.UNREACHABLE, "agent/office_unreachable-1", "agent/ask_topic"),
        (DialOutcome.NOT_ALLOWED, "agent/office_unreachable-1", "agent/ask_topic"),
        (DialOutcome.ERROR, "phrases/system-error", "voicemail/message"),
    ],
)
def test_each_way_back_from_the_office_has_a_sentence_and_a_way_on(known, outcome, sentence, where):
    known.press("05")
    settle(known)
    assert known.where == "agent/call_office"
    known.commands.clear()
    known.send(DialEnded(known.token, outcome, 30.0, "branch"))
    settle(known)
    assert sentence in heard(known)
    assert known.where == where


def test_a_message_that_cannot_be_saved_or_was_not_spoken_is_told():
    for seconds, ok, sentence in (
        (5.0, True, "phrases/system-error"),
        (0.2, True, "voicemail/message-timeout-1"),
        (0.0, False, "phrases/system-error"),
    ):
        room = settle(Room(FLOWS, entry="voicemail"), FailReason.UNAVAILABLE)
        assert isinstance(room.command, Record)
        room.send(RecordEnded(room.token, "x", seconds, ok), 5)
        settle(room, FailReason.UNAVAILABLE)
        assert sentence in heard(room)
        assert room.command == Hangup()


def test_outside_hours_self_service_goes_on_and_agents_take_messages():
    texts = read_files(ROOT / "flows")
    hours = next(path for path in texts if path.endswith("hours.yaml"))
    texts[hours] = texts[hours].replace('mon-sun: "00:00-24:00"', 'mon-fri: "09:00-18:00"')
    night = NOON + timedelta(hours=10)
    room = settle(Room(load_flows(texts), civil=night), customer_by_number=CUSTOMER)
    room.press("0")
    settle(room)
    assert "agent/closed-1" in heard(room)
    assert isinstance(room.command, Record)


def test_the_office_hours_are_told_at_night_too():
    room = settle(Room(FLOWS, civil=NOON + timedelta(hours=10)), customer_by_number=CUSTOMER)
    room.press("04")
    settle(room)
    assert "agent/office_is_closed-1" in heard(room)


def test_a_report_whose_flow_breaks_goes_to_an_agent(known):
    known.press("21")
    known.press("1")
    token = known.token
    known.send(BackendReplied(token, {"known": True, "restore_at": "garbage"}))
    settle(known)
    assert "phrases/system-error" in heard(known)
    assert known.where == "agent/wait"


def test_no_number_means_no_lookup_and_the_chosen_language_is_kept():
    room = settle(Room(FLOWS, CallInfo("c", "", "95598", "en")))
    assert room.where == "main/menu"
    assert not any(isinstance(command, CallBackend) for command in room.commands)
    assert room.session.language == "en"


def test_a_customers_new_language_is_remembered(known):
    known.press("9")
    settle(known)
    known.press("2")
    assert known.command.operation == "remember_language"
    assert dict(known.command.arguments) == {"account": "10000001", "language": "en"}
    assert known.command.idempotency_key == "c1/main/save_language/1"


def test_agents_are_told_every_queue_tier_and_language_of_the_configuration():
    policy = load_policy(ROOT / "config")
    wanted = [f"whisper-queue-{queue}" for queue in policy.queues] + [f"whisper-tier-{tier}" for tier in policy.tiers]
    assert [
        name
        for name in [*wanted, "whisper-language-zh", "whisper-language-en", "whisper-waited"]
        if name not in FLOWS.phrases
    ] == []
