"""say, hangup, branch, set, goto, call, hours, record, queue: what they do and where they lead."""

from datetime import datetime, timedelta

import pytest

from ivr.commands import Hangup, JoinQueue, Record
from ivr.events import CallerHungUp, PlayEnded, QueueLeft, QueueOutcome, RecordEnded
from ivr.speech import text as words
from ivr.state import Awaiting, CallInfo, Ended
from tests.unit.ivr.ivr_room import KNOWN, NOON, Room, flow_text, load


def test_holes_are_spoken_by_kind_and_language():
    text = "${money(n)}，${date(t)}，${time(t)}，${duration(n)}，${phone(call.caller_number)}，${ticket('F7')}，${phrase('wrong')}。"
    steps = f'a: {{type: say, say: {{zh: "{text}", en: "${{number(n)}} days"}}, next: bye}}'
    room = Room(
        load(steps, variables='n: {type: number, value: 62}\nt: {type: text, value: "2026-11-21T15:20:00+08:00"}')
    )
    assert (
        words(room.plays, "zh")
        == "六角两分二零二六年十一月二十一日下午三点二十分一分钟两秒幺三八，零零幺三，八零零幺F，七<phrases/wrong>"
    )
    assert not any(prompt.startswith("main/") for prompt in room.plays), "punctuation alone is no prompt"
    english = Room(load(steps, variables="n: number\nt: text"), CallInfo("c", language="en"))
    assert english.plays == ["say/n-0", "main/a-1"]


def test_instants_are_spoken_in_the_time_of_the_callers_clock():
    steps = "a: {type: say, say: {zh: '${time(t)}', en: '${time(t)}'}, next: bye}"
    utc = Room(load(steps, variables='t: {type: text, value: "2026-11-21T10:30:00+00:00"}'))
    local = Room(load(steps, variables='t: {type: text, value: "2026-11-21T18:30"}'))
    assert utc.plays == local.plays


@pytest.mark.parametrize("value", ["2026-99-99T00:00", "nonsense"])
def test_what_cannot_be_spoken_takes_the_way_for_errors(value):
    steps = "a: {type: say, say: {zh: '${date(t)}', en: x}, next: bye, on_error: b}\nb: {type: hangup, reason: error}"
    room = Room(load(steps, variables=f't: {{type: text, value: "{value}"}}'))
    assert room.step.ended.reason == "error"


def test_a_phrase_chosen_at_run_time_must_exist():
    steps = "a: {type: say, say: {zh: '${phrase(call.called_number)}', en: x}, next: bye, on_error: b}\nb: {type: hangup, reason: error}"
    assert Room(load(steps), CallInfo("c1", "138", "wrong")).plays == ["phrases/wrong"]
    assert Room(load(steps), CallInfo("c1", "138", "nix")).step.ended.reason == "error"


def test_hanging_up_waits_for_the_last_sentence_which_no_key_stops():
    room = Room(load("a: {type: hangup, reason: sold, say: {zh: 再见, en: Bye}}"))
    room.press("1")
    assert room.step.awaiting is Awaiting.PLAY
    room.played()
    assert room.command == Hangup()
    assert room.step.ended == Ended("completed", "sold")


def test_the_last_sentence_cannot_keep_the_caller():
    room = Room(load("a: {type: hangup, say: {zh: 再见, en: Bye}}"))
    room.silence()
    assert room.step.ended is not None


def test_a_branch_takes_the_first_true_case():
    steps = """
    a:
      type: branch
      cases:
        - {when: n > 5, next: one}
        - {when: "d.nothing", next: one}
      otherwise: two
      on_error: three
    one: {type: hangup, reason: one}
    two: {type: hangup, reason: two}
    three: {type: hangup, reason: three}
    """
    flows = load(steps, variables="n: {type: number, value: 6}\nd: data")
    assert Room(flows).step.ended.reason == "one"
    assert Room(load(steps, variables="n: number\nd: data")).step.ended.reason == "three"
    other = load(steps.replace("d.nothing", "d == null ? false : true"), variables="n: number\nd: data")
    assert Room(other).step.ended.reason == "two"
    data = load(steps.replace("d.nothing", "d"), variables="n: number\nd: data")
    assert Room(data).step.ended.reason == "three", "neither true nor false"


def test_set_works_in_order_and_checks_types_at_run_time():
    steps = """
    a: {type: set, set: {n: 4, m: "${n * 2}", x: "${double(n)}", t: "${d}"}, next: bye, on_error: b}
    b: {type: hangup, reason: error}
    """
    room = Room(load(steps, variables="n: number\nm: number\nx: decimal\nt: text\nd: data"))
    assert room.step.ended.reason == "error", "d is null, and t a text"
    assert room.session.frame.variables == {"n": 4, "m": 8, "x": 4.0, "t": "", "d": None}


def test_goto_within_a_flow_and_into_another():
    steps = "a: {type: goto, step: b}\nb: {type: goto, flow: sub, with: {n: '${n + 1}'}}"
    sub = flow_text(
        "a: {type: branch, cases: [{when: n == 8, next: return}], otherwise: bye}", name="sub", variables="n: number"
    )
    room = Room(load(steps, variables="n: {type: number, value: 7}", sub=sub))
    assert room.step.ended == Ended("completed", "done"), "return from a flow nobody called ends the call"
    assert [frame.flow for frame in room.session.frames] == ["sub"]


CALLING = "a: {type: call, flow: sub, with: {n: 3}, take: {m: doubled}, next: b}\nb: {type: say, say: {zh: '${number(m)}', en: x}, next: bye}"
SUB = flow_text(
    "a: {type: confirm, say: {zh: 好, en: Good}, yes: b, no: return}\nb: {type: set, set: {doubled: '${n * 2}'}, next: return}",
    name="sub",
    variables="n: number\ndoubled: number",
)


def test_call_comes_back_with_what_is_wanted():
    room = Room(load(CALLING, variables="m: number", sub=SUB))
    assert room.where == "sub/a"
    room.press("1")
    assert room.where == "main/b"
    assert room.plays == ["say/n-6"]
    room = Room(load(CALLING, variables="m: number", sub=SUB))
    room.press("2")
    assert room.plays == ["say/n-0"]


def test_a_sub_flow_is_found_again_after_a_restart():
    room = Room(load(CALLING, variables="m: number", sub=SUB))
    room.restore()
    assert room.plays == ["sub/a-1"]
    room.press("1")
    assert room.plays == ["say/n-6"]


def test_a_sub_flow_that_gives_another_type_is_an_error():
    sub = flow_text(
        "a: {type: set, set: {doubled: '${today}'}, next: return}", name="sub", variables="n: number\ndoubled: data"
    )
    room = Room(load(CALLING, variables="m: number", sub=sub))
    assert any(entry.result == "error" for entry in room.trace)
    assert room.step.ended is not None


def test_flows_that_call_each_other_without_end_come_to_the_safe_exit():
    main = "a: {type: call, flow: sub, next: bye}"
    sub = flow_text("a: {type: call, flow: sub, next: return}", name="sub")
    room = Room(load(main, sub=sub))
    assert room.step.ended is not None
    assert any("deeply" in str(entry.values.get("error")) for entry in room.trace)


HOURS = "version: 1\nzone: Asia/Shanghai\nplans: {office: {weekly: {mon-fri: '09:00-18:00'}}}\n"


@pytest.mark.parametrize(
    ("moment", "reason"), [(NOON, "open"), (NOON + timedelta(hours=6), "closed"), (NOON + timedelta(days=1), "closed")]
)
def test_hours_decide_by_the_wall_clock(moment: datetime, reason: str):
    steps = "a: {type: hours, plan: office, open: b, closed: c}\nb: {type: hangup, reason: open}\nc: {type: hangup, reason: closed}"
    assert Room(load(steps, hours=HOURS), civil=moment).step.ended.reason == reason


RECORD = """
a: {type: record, say: {zh: 请留言, en: Speak}, into: t, seconds_into: n, max_seconds: 20, silence_seconds: 3, finish_keys: ["#", "*"], min_seconds: 2, next: b,
    on_timeout: {say: {phrase: wrong}, next: none}, on_error: failed}
b: {type: report, backend: crm, operation: ticket, with: {area: "${t}"}, next: c, on_error: failed}
c: {type: say, say: {zh: 谢谢, en: Thanks}, next: bye}
none: {type: hangup, reason: nothing}
failed: {type: hangup, reason: failed}
"""


@pytest.fixture
def record() -> Room:
    room = Room(load(RECORD, variables="t: text\nn: number", known=KNOWN))
    room.press("1")
    return room


def test_a_recording_follows_the_invitation(record):
    assert record.command == Record("t2", "c1-main-a-1-t2", 20.0, 3.0, "#*")
    assert record.step.deadline == record.now + 30
    record.press("5")
    assert record.step.awaiting is Awaiting.RECORD
    record.send(RecordEnded(record.token, "c1-main-a-1-t2", 6.6))
    assert record.session.frame.variables == {"t": "c1-main-a-1-t2", "n": 7}
    assert record.command.arguments == {"area": "c1-main-a-1-t2"}


def test_no_invitation_is_needed():
    room = Room(load("a: {type: record, into: t, next: bye}", variables="t: text"))
    assert isinstance(room.command, Record)


def test_nothing_said_takes_its_way(record):
    record.send(RecordEnded(record.token, "x", 1.0))
    assert record.plays == ["phrases/wrong"]
    record.played()
    assert record.step.ended.reason == "nothing"


def test_a_failed_or_lost_recording_takes_the_way_for_errors(record):
    record.send(RecordEnded(record.token, "x", 0.0, ok=False))
    assert record.step.ended.reason == "failed"


def test_a_recording_that_never_ends_takes_the_way_for_errors(record):
    record.silence()
    assert record.step.ended.reason == "failed"


def test_a_message_is_saved_although_the_caller_hung_up(record):
    record.send(RecordEnded(record.token, "x", 9.0, hung_up=True))
    assert record.step.awaiting is Awaiting.BACKEND
    assert record.step.ended is None
    record.send(CallerHungUp())
    record.replied(number="1")
    assert record.step.ended.outcome == "abandoned"
    assert record.step.commands == ()


def test_after_a_restart_the_invitation_and_the_recording_come_again_under_another_name(record):
    first = record.command.name
    record.restore()
    assert record.plays == ["main/a-1"]
    record.played()
    assert record.command.name != first


def test_a_caller_who_is_gone_records_nothing_asks_nothing_and_waits_for_nobody():
    for step in (
        "{type: record, into: t, next: bye, on_error: bye}",
        "{type: confirm, say: {zh: 好, en: Good}, yes: bye, no: bye}",
        "{type: queue, queue: general, tier: gold, outcomes: {served: bye}, on_error: bye}",
        "{type: say, say: {zh: 好, en: Good}, next: bye}",
        "{type: hangup, say: {zh: 好, en: Good}}",
    ):
        room = Room(load(f"a: {{type: record, into: t, next: b}}\nb: {step}", variables="t: text"))
        room.send(RecordEnded(room.token, "x", 9.0, hung_up=True))
        assert room.step.ended.outcome == "abandoned", step
        assert room.step.commands == (), step


QUEUE = """
a:
  type: queue
  queue: "${t}"
  tier: gold
  needs: ["${'lang_' + call.language}", lang_en]
  keys: {"*": menu}
  outcomes: {served: b, menu: c}
  into: d
  on_error: failed
b: {type: say, say: {zh: "${number(d.wait_seconds)}", en: x}, next: bye}
c: {type: hangup, reason: menu}
failed: {type: hangup, reason: failed}
"""


@pytest.fixture
def queue() -> Room:
    return Room(load(QUEUE, variables="t: {type: text, value: billing}\nd: data", known=KNOWN))


def test_a_queue_is_joined_with_skills_tier_and_keys(queue):
    assert queue.command == JoinQueue("t1", "billing", "gold", (("lang_zh", 1), ("lang_en", 1)), "zh", {"*": "menu"})
    assert (queue.step.awaiting, queue.step.deadline) == (Awaiting.QUEUE, None)


def test_what_is_known_of_the_customer_goes_with_him():
    """Only plain values of a table; nothing of a caller of whom nothing was found."""
    steps = QUEUE.replace("served: b", "served: again") + """
again: {type: queue, queue: billing, tier: gold, customer: d, outcomes: {served: b}, on_error: failed}
"""
    room = Room(load(steps, variables="t: {type: text, value: billing}\nd: data", known=KNOWN))
    assert room.command.customer == {}
    room.send(QueueLeft(room.token, QueueOutcome.SERVED, 41.6, "agent01", "o-7"))
    assert room.command.customer == {"outcome": "served", "wait_seconds": 42, "agent": "agent01", "offer": "o-7"}
    room = Room(load(steps.replace("a:\n  type: queue", "a:\n  type: queue\n  customer: d"), variables="t: {type: text, value: billing}\nd: data", known=KNOWN))
    assert room.command.customer == {}


def test_keys_while_waiting_are_not_kept_for_later(queue):
    queue.press("12")
    queue.send(QueueLeft(queue.token, QueueOutcome.SERVED, 41.6, "agent01", "o-7"))
    assert queue.session.frame.variables["d"] == {
        "outcome": "served",
        "wait_seconds": 42,
        "agent": "agent01",
        "offer": "o-7",
    }
    assert queue.plays[-1] == "say/n-42"


@pytest.mark.parametrize(
    ("outcome", "reason"), [(QueueOutcome.MENU, "menu"), (QueueOutcome.FULL, "failed"), (QueueOutcome.ERROR, "failed")]
)
def test_each_outcome_has_its_way(queue, outcome, reason):
    queue.send(QueueLeft(queue.token, outcome))
    assert queue.step.ended.reason == reason


def test_needs_may_have_levels():
    steps = "a: {type: queue, queue: billing, tier: gold, needs: {lang_zh: 3}, outcomes: {served: bye}, on_error: bye}"
    assert Room(load(steps, known=KNOWN)).command.needs == (("lang_zh", 3),)


def test_a_queue_without_a_name_is_an_error():
    room = Room(load(QUEUE, variables="t: text\nd: data", known=KNOWN))
    assert room.step.ended.reason == "failed"


def test_a_waiting_caller_joins_again_after_a_restart(queue):
    queue.restore()
    assert queue.command == JoinQueue("t2", "billing", "gold", (("lang_zh", 1), ("lang_en", 1)), "zh", {"*": "menu"})


def test_waiting_and_talking_does_not_use_up_the_callers_time(queue):
    queue.send(PlayEnded("nobody"), 5000)
    queue.send(QueueLeft(queue.token, QueueOutcome.SERVED, 5000.0), 1)
    assert queue.where == "main/b"
