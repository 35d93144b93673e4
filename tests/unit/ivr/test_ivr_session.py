"""The session: late and foreign events, budgets, hanging up, restarts, changed flows."""

import copy
import json

import pytest

from ivr.commands import Hangup, SetLanguage
from ivr.events import BackendReplied, CallerHungUp, DeadlinePassed, DigitPressed, PlayEnded, RecordEnded
from ivr.flows import load_flows
from ivr.session import Interpreter
from ivr.state import Awaiting, CallInfo, Ended, Session
from tests.unit.ivr.ivr_room import CALL, NOON, Room, files, flow_text, load

MENU = """
a: {type: menu, say: {zh: 请选, en: Choose}, choices: {"1": b, "2": a}}
b: {type: say, say: {zh: 好, en: Good}, next: bye}
"""


@pytest.fixture
def room() -> Room:
    return Room(load(MENU))


@pytest.mark.parametrize(
    "event",
    [
        PlayEnded("t999"),
        PlayEnded(""),
        BackendReplied("t1x", {"a": 1}),
        RecordEnded("t0", "x", 1.0),
        DigitPressed("A"),
        DigitPressed(""),
        DigitPressed("12"),
        DeadlinePassed(),
    ],
)
def test_an_event_that_does_not_fit_changes_nothing(room, event):
    before = room.session.to_json()
    step = room.send(event)
    assert (step.commands, step.trace) == ((), ())
    assert step.session.to_json() == before


def test_an_event_of_another_kind_with_the_right_token_does_no_harm(room):
    room.send(BackendReplied(room.token, {}))
    assert room.step.ended is None
    room.press("1")
    assert room.where == "main/b"


def test_a_session_is_a_value(room):
    before = room.session
    text = json.dumps(before.to_json())
    room.press("1")
    assert json.dumps(before.to_json()) == text


def test_a_caller_who_hangs_up_ends_the_session(room):
    room.send(CallerHungUp())
    assert room.step.ended == Ended("abandoned", "the caller hung up")
    assert not room.step.commands
    again = room.send(DigitPressed("1"))
    assert (again.ended, again.commands) == (room.step.ended, ())


def test_the_trace_tells_the_way(room):
    room.press("21")
    room.played()
    assert [(t.step, t.type, t.result, dict(t.values)) for t in room.trace] == [
        ("a", "menu", "choice", {"key": "2"}),
        ("a", "menu", "choice", {"key": "1"}),
        ("b", "say", "said", {}),
        ("bye", "hangup", "ended", {"outcome": "completed", "reason": "done"}),
    ]


def test_a_loop_comes_to_the_safe_exit_within_its_budget():
    steps = """
    a: {type: branch, cases: [{when: n < 0, next: c}], otherwise: b}
    b: {type: set, set: {n: "${n + 1}"}, next: a2}
    a2: {type: goto, step: a3}
    a3: {type: call, flow: sub, next: a}
    c: {type: say, say: {zh: 好, en: Good}, next: bye}
    """
    sub = flow_text("a: {type: set, set: {n: 1}, next: return}", name="sub", variables="n: number")
    room = Room(load(steps, variables="n: number", sub=sub))
    assert room.step.ended == Ended("completed", "done")
    assert any(entry.result == "budget" and entry.values["error"] == "steps" for entry in room.trace)
    assert len(room.trace) < 150


def test_time_in_flows_is_limited(room):
    for _ in range(400):
        room.press("2")
        room.played()
        room.now += 4
        if room.step.ended:
            break
    assert room.session.spent_seconds == pytest.approx(1800, abs=30)
    assert any(entry.result == "budget" and entry.values["error"] == "time" for entry in room.trace)


def test_steps_of_a_call_are_limited(room):
    pressed = 0
    while not room.step.ended:
        room.press("2")
        room.now -= 0.2
        pressed += 1
        assert pressed < 1100
    assert any(entry.result == "budget" for entry in room.trace)


def test_a_safe_exit_that_leads_nowhere_ends_the_call():
    text = flow_text("a: {type: menu, say: {zh: 请选, en: Choose}, choices: {'1': a, '2': bye}}")
    text = text.replace("safe_exit: bye", "safe_exit: a")
    sub = flow_text(
        "a: {type: say, say: {zh: '${digits(t)}', en: x}, next: bye}", name="sub", variables="t: text"
    ).replace("safe_exit: bye", "safe_exit: a")
    room = Room(
        load_flows(
            files(
                text.replace("'1': a", "'1': c").replace("  bye: {", "  c: {type: goto, flow: sub}\n  bye: {"), sub=sub
            )
        )
    )
    room.press("1")
    assert room.plays == ["phrases/system-error"], "nobody is sent away without a word"
    assert room.step.ended is None
    room.restore()
    assert room.step.ended == Ended("failed", "the safe exit leads nowhere")
    assert room.step.commands[-1] == Hangup()


def test_the_safe_exit_of_a_called_flow_goes_on_by_that_of_its_caller():
    """A called flow comes back from its safe exit: there the call must not begin anew with what used its budget up."""
    steps = """
    a: {type: lookup, backend: crm, operation: who, with: {number: '1'}, into: d, next: b, on_error: b}
    b: {type: branch, cases: [{when: d.found, next: out}], otherwise: a}
    out: {type: say, say: {zh: 好, en: Good}, next: return}
    """
    sub = flow_text(steps, name="sub", variables="d: data").replace("safe_exit: bye", "safe_exit: out")
    main = """
    a: {type: call, flow: sub, next: a2}
    a2: {type: menu, say: {zh: 坏, en: Bad}, choices: {'1': a, '2': bye}}
    """
    room = Room(load(main, sub=sub.replace("\n  bye: {type: hangup}", "")))
    while room.step.awaiting is Awaiting.BACKEND:
        room.replied(found=False)
    assert [entry.values for entry in room.trace if entry.result == "budget"] == [{"error": "silence"}]
    assert (room.where, room.plays) == ("sub/out", ["sub/out-1"])
    room.played()
    assert room.step.ended == Ended("completed", "done"), "not main/a2: the safe exit of main"


def test_answers_that_come_quickly_do_not_keep_a_caller_in_silence():
    steps = """
    a: {type: lookup, backend: crm, operation: who, with: {number: '1'}, into: d, next: a, on_error: a}
    b: {type: menu, say: {zh: 好, en: Good}, choices: {'1': a}}
    """
    room = Room(
        load(
            steps.replace("next: a,", "next: c,")
            + "\n    c: {type: branch, cases: [{when: d.found, next: b}], otherwise: a}",
            variables="d: data",
        )
    )
    for _ in range(10):
        room.replied(found=False)
    room.replied(found=True)
    room.press("1")
    count = 0
    while room.step.ended is None:
        count += 1
        room.replied(found=False)
    assert 10 < count < 20, "the count began anew when the caller heard something"
    assert room.step.ended.outcome == "completed"


def test_a_restart_plays_the_question_again_and_keeps_the_tries(room):
    room.press("7")
    room.restore()
    assert room.step.commands[0] == SetLanguage("zh")
    assert room.plays == ["main/a-1"]
    assert room.session.scratch["tries"] == 1
    assert room.step.trace[0].result == "restored"
    assert room.session.visits == {"main/a": 1}
    room.press("1")
    assert room.where == "main/b"


def test_a_restart_during_a_sentence_goes_on_after_or_with_it(room):
    room.press("1")
    room.restore()
    assert room.plays == ["main/b-1"]
    room = Room(load(MENU))
    for _ in range(3):
        room.press("7")
        room.played()
    room = Room(load(MENU))
    room.press("7")
    room.played()
    room.press("7")
    room.played()
    room.press("7")
    assert room.session.scratch["leave"] == ["bye", "invalid"]
    room.restore()
    assert room.step.ended is not None, "the sentence was said; its way is taken"


def test_a_restart_of_an_ended_session_ends_it(room):
    room.send(CallerHungUp())
    room.restore()
    assert room.step.ended is not None
    assert room.command == Hangup()


def test_a_changed_flow_takes_the_session_as_far_as_it_can(room):
    room.press("1")
    without_b = load("a: {type: menu, say: {zh: 新, en: New}, choices: {'1': a, '2': bye}}")
    room.restore(without_b)
    assert room.step.ended is not None, "the step is gone: the safe exit"
    other = Room(load(MENU, variables="old: text"))
    other.restore(load(MENU, variables="fresh: {type: number, value: 3}"))
    assert other.session.frame.variables == {"fresh": 3}


def test_a_session_of_flows_that_are_gone_starts_again_in_its_language():
    sub = flow_text("a: {type: menu, say: {zh: 请选, en: Choose}, choices: {'1': bye}}", name="sub")
    room = Room(load("a: {type: goto, flow: sub}", sub=sub), CallInfo("c9", "138", "955", "en"))
    room.restore(load(MENU))
    assert (room.where, room.session.language, room.session.call.call) == ("main/a", "en", "c9")


@pytest.mark.parametrize(
    "change",
    [
        {"form": 99},
        {"frames": None},
        {"frames": []},
        {"frames": [{"flow": "main"}]},
        {"frames": [{"flow": "main", "step": 5, "variables": {}, "secure": {}}]},
        {"frames": [{"flow": "main", "step": "a", "variables": [], "secure": {}}]},
        {"awaiting": "godot"},
        {"visits": {"main/a": "x"}},
        {"sequence": "x"},
        {"language": "fr"},
        {"call": {"call": "c1", "unknown": 1}},
    ],
)
def test_damaged_sessions_start_again(room, change):
    data = {**room.session.to_json(), **change}
    step = Interpreter(load(MENU)).restore(data, 5.0, NOON)
    assert step.awaiting is Awaiting.INPUT
    assert step.session.frame.step == "a"
    assert step.session.sequence == 1


@pytest.mark.parametrize("data", [{}, {"call": "x"}, {"call": {"call": 5, "language": 7}}, None, []])
def test_whatever_the_store_gives_back_a_call_goes_on(data):
    step = Interpreter(load(MENU)).restore(data, 5.0, NOON)
    assert step.awaiting is Awaiting.INPUT


def test_a_damaged_session_keeps_the_language_that_was_chosen():
    room = Room(load(MENU), CallInfo("c1", language="en"))
    data = {**room.session.to_json(), "frames": None}
    assert Interpreter(load(MENU)).restore(data, 5.0, NOON).session.language == "en"


def test_a_missing_visit_count_is_made_up(room):
    data = {**room.session.to_json(), "visits": {}}
    step = Interpreter(load(MENU)).restore(data, 5.0, NOON)
    assert step.session.visits == {"main/a": 1}


def test_another_form_of_session_is_refused():
    with pytest.raises(ValueError, match="form 1"):
        Session.from_json({"form": 2})


def test_a_call_begins_in_the_flow_it_is_told():
    sub = flow_text("a: {type: say, say: {zh: 好, en: Good}, next: return}", name="sub")
    room = Room(load(MENU, sub=sub), CALL, "sub")
    assert room.where == "sub/a"


def test_a_sentence_about_an_error_that_fails_itself_comes_to_the_safe_exit():
    steps = "a: {type: branch, cases: [{when: d.x, next: bye}], otherwise: bye, on_error: {say: {zh: '${digits(t)}', en: x}, next: bye}}"
    room = Room(load(steps, variables="d: data\nt: text"))
    assert room.step.ended == Ended("completed", "done")
    assert [entry.result for entry in room.trace] == ["error", "failed", "ended"]


def test_a_value_of_the_wrong_type_for_another_flow_is_the_fault_of_the_step_that_gives_it():
    steps = "a: {type: call, flow: sub, with: {n: '${d}'}, next: b, on_error: c}\nb: {type: hangup}\nc: {type: hangup, reason: error}"
    sub = flow_text("a: {type: say, say: {zh: 好, en: Good}, next: return}", name="sub", variables="n: number")
    room = Room(load(steps, variables="d: data", sub=sub))
    assert room.step.ended == Ended("completed", "error")


def test_an_event_changes_nothing_in_the_session_it_came_to():
    """Sessions share what lies deep in their variables: nobody may change that in place."""
    steps = """
    a: {type: lookup, backend: crm, operation: who, with: {number: '1'}, into: found, next: b, on_error: bye}
    b: {type: set, set: {other: "${found}"}, next: c}
    c: {type: menu, say: {zh: 好, en: Good}, choices: {'1': a}}
    """
    room = Room(load(steps, variables="found: data\nother: data"), through_json=False)
    kept = []
    for event in (BackendReplied(room.token, {"found": True, "customer": {"tier": ["gold"]}}), DigitPressed("1")):
        kept.append((room.session, json.dumps(room.session.to_json()), copy.deepcopy(room.session.to_json())))
        room.send(event)
    room.replied(found=False, customer={"tier": []})
    for session, text, data in kept:
        assert json.dumps(session.to_json()) == text
        assert session.to_json() == data
    assert kept[1][0].frame.variables["other"] == {"found": True, "customer": {"tier": ["gold"]}}
