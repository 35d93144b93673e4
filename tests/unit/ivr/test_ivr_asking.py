"""Menu, confirm, collect, survey, language: keys, time-outs, wrong keys, barge-in and type-ahead."""

import pytest

from ivr.commands import Hangup, Play, SetLanguage, StopPlaying
from ivr.state import Awaiting, CallInfo
from tests.unit.ivr.ivr_room import Room, load

MENU = """
a:
  type: menu
  say: {zh: 请选, en: Choose}
  choices: {"1": one, "2": {next: one, set: {t: two, n: "${n + 2}"}}, "*": a, "#": bye}
  retries: 1
one: {type: hangup, reason: one, say: {zh: "${number(n)}", en: "${number(n)}"}}
"""
VARIABLES = "t: text\nn: number"


@pytest.fixture
def menu() -> Room:
    return Room(load(MENU, variables=VARIABLES))


def test_the_question_is_played_and_a_key_after_it_chooses(menu):
    assert menu.step.awaiting is Awaiting.INPUT
    assert menu.command == Play("t1", ("main/a-1",), "zh", barge_in=True)
    menu.played()
    assert menu.step.deadline == menu.now + 5
    menu.press("1")
    assert menu.where == "main/one"


def test_a_key_during_the_question_stops_it(menu):
    menu.press("2")
    assert menu.step.commands[0] == StopPlaying("t1")
    assert menu.where == "main/one"
    assert menu.session.frame.variables == {"t": "two", "n": 2}
    assert menu.plays == ["say/n-2"]


def test_no_key_asks_again_and_then_goes_on(menu):
    menu.played()
    menu.silence()
    assert menu.plays == ["main/a-1"]
    menu.played()
    menu.silence()
    assert menu.step.ended is not None
    assert [entry.result for entry in menu.trace if entry.step == "a"] == ["timeout", "timeout"]


def test_a_wrong_key_is_told_and_asked_again(menu):
    menu.press("7")
    assert menu.plays == ["phrases/wrong"]
    menu.played()
    assert menu.plays == ["main/a-1"]
    menu.press("8")
    assert menu.plays == ["phrases/wrong"]
    menu.played()
    assert isinstance(menu.command, Hangup)


def test_a_key_during_the_sentence_about_a_wrong_key_counts(menu):
    menu.press("71")
    assert menu.where == "main/one"


def test_star_asks_again_with_all_tries(menu):
    menu.press("7*")
    assert menu.session.scratch["tries"] == 0
    assert menu.session.visits["main/a"] == 2


def test_a_prompt_that_cannot_be_played_hangs_nobody_up(menu):
    menu.played(ok=False)
    assert menu.step.awaiting is Awaiting.INPUT
    assert menu.step.deadline == menu.now + 5


def test_a_prompt_that_never_ends_is_stopped(menu):
    menu.silence()
    assert menu.step.commands == (StopPlaying("t1"),)
    menu.press("1")
    assert menu.where == "main/one"


def test_keys_typed_ahead_skip_what_would_be_played():
    steps = "a: {type: say, say: {zh: 好, en: Good}, next: b}\n" + MENU.replace("\na:", "\nb:", 1).replace(
        '"*": a', '"*": b'
    )
    room = Room(load(steps, variables=VARIABLES))
    room.press("7")
    assert room.step.commands[0] == StopPlaying("t1")
    assert room.plays == ["phrases/wrong"]
    room = Room(load(steps, variables=VARIABLES))
    room.press("1")
    assert room.where == "main/one"
    assert "main/b-1" not in [
        prompt for command in room.commands if isinstance(command, Play) for prompt in command.prompts
    ]


@pytest.mark.parametrize("switch", ["clear: true", "barge_in: false"])
def test_a_step_may_refuse_keys_typed_ahead(switch):
    steps = "a: {type: say, say: {zh: 好, en: Good}, next: b}\n" + MENU.replace("\na:", "\nb:", 1).replace(
        "retries: 1", switch
    )
    room = Room(load(steps.replace('"*": a', '"*": b'), variables=VARIABLES))
    room.press("1")
    assert room.where == "main/b"
    assert room.plays == ["main/b-1"]


def test_without_barge_in_keys_count_only_after_the_question():
    room = Room(load(MENU.replace("retries: 1", "barge_in: false"), variables=VARIABLES))
    room.press("1")
    assert room.where == "main/a"
    assert room.step.commands == ()
    room.played()
    room.press("1")
    assert room.where == "main/one"


def test_a_say_step_without_barge_in_keeps_keys_for_the_menu_after_it():
    steps = "a: {type: say, barge_in: false, say: {zh: 好, en: Good}, next: b}\n" + MENU.replace("\na:", "\nb:", 1)
    room = Room(load(steps.replace('"*": a', '"*": b'), variables=VARIABLES))
    room.press("1")
    assert room.where == "main/a"
    room.played()
    assert room.where == "main/one"


def test_what_must_be_heard_clears_keys_typed_ahead():
    steps = """
    a: {type: say, barge_in: false, say: {zh: 好, en: Good}, next: b}
    b: {type: say, clear: true, say: {zh: 余额, en: Balance}, next: c}
    c: {type: menu, say: {zh: 请选, en: Choose}, choices: {"1": bye}}
    """
    room = Room(load(steps))
    room.press("1")
    room.played()
    assert room.plays == ["main/b-1"]
    room.press("1")
    assert room.step.ended is not None


def test_the_type_ahead_buffer_is_bounded():
    room = Room(load("a: {type: say, barge_in: false, say: {zh: 好, en: Good}, next: bye}"))
    room.press("1" * 100)
    assert len(room.session.type_ahead) == 64


def test_a_longer_key_is_waited_for():
    steps = """
    a: {type: menu, say: {zh: 请选, en: Choose}, inter_digit_seconds: 2, choices: {"1": one, "12": two, "3456": two}}
    one: {type: hangup, reason: one}
    two: {type: hangup, reason: two}
    """
    ends = {}
    for keys in ("1", "12", "345", "3456", "13"):
        room = Room(load(steps))
        room.press(keys)
        if room.step.ended is None and not room.plays:
            assert room.step.deadline == room.now + 2
            room.silence()
        ends[keys] = room.step.ended.reason if room.step.ended else room.plays
    assert ends == {"1": "one", "12": "two", "345": ["phrases/wrong"], "3456": "two", "13": ["phrases/wrong"]}


def test_confirm_is_yes_or_no():
    steps = """
    a: {type: confirm, say: {zh: 对吗, en: 'Right?'}, yes: one, no: two, no_key: "*"}
    one: {type: hangup, reason: one}
    two: {type: hangup, reason: two}
    """
    for key, reason in (("1", "one"), ("*", "two")):
        room = Room(load(steps))
        room.press(key)
        assert room.step.ended.reason == reason


COLLECT = """
a:
  type: collect
  say: {zh: 户号, en: Account}
  min_digits: 3
  max_digits: 5
  into: t
  keys: {"*": bye}
  next: b
b: {type: menu, say: {zh: 请选, en: Choose}, choices: {"1": bye}}
"""


@pytest.mark.parametrize(("keys", "kept"), [("123#", "123"), ("12345", "12345"), ("1234", "1234"), ("00120", "00120")])
def test_digits_are_collected_until_the_finish_key_the_last_digit_or_a_pause(keys, kept):
    room = Room(load(COLLECT, variables="t: text"))
    room.press(keys)
    if room.where == "main/a":
        room.silence()
    assert room.session.frame.variables["t"] == kept
    assert room.plays == ["main/b-1"]


@pytest.mark.parametrize("keys", ["12#", "#", "1*"])
def test_too_few_digits_are_wrong(keys):
    room = Room(load(COLLECT, variables="t: text"))
    room.press(keys)
    assert room.plays == ["phrases/wrong"]


def test_a_pause_after_too_few_digits_is_wrong():
    room = Room(load(COLLECT, variables="t: text"))
    room.press("12")
    room.silence()
    assert room.plays == ["phrases/wrong"]


def test_a_key_may_lead_elsewhere_instead():
    room = Room(load(COLLECT, variables="t: text"))
    room.press("*")
    assert room.step.ended is not None


def test_a_needless_finish_key_is_not_taken_for_an_answer():
    room = Room(load(COLLECT, variables="t: text"))
    room.press("12345#")
    assert room.where == "main/b"
    assert room.step.commands == ()
    room.press("#")
    assert room.plays == ["phrases/wrong"], "only one is needless"


def test_a_finish_key_long_after_the_last_digit_is_an_answer():
    room = Room(load(COLLECT, variables="t: text"))
    room.press("12345")
    room.played()
    room.now += 10
    room.press("#")
    assert room.plays == ["phrases/wrong"]


def test_typed_ahead_digits_and_their_needless_finish_key_are_used_up():
    steps = "z: {type: say, barge_in: false, say: {zh: 好, en: Good}, next: a}" + COLLECT
    room = Room(
        load(steps.replace("z:", "a:", 1).replace("\na:", "\nx:").replace("next: a}", "next: x}"), variables="t: text")
    )
    room.press("12345#1")
    room.played()
    assert room.step.ended is not None


def test_without_finish_key_only_length_and_pause_end():
    room = Room(load(COLLECT.replace('keys: {"*": bye}', "finish_key: none"), variables="t: text"))
    room.press("123#")
    assert room.plays == ["phrases/wrong"]


def test_a_mark_is_one_key_of_the_scale_and_none_is_no_harm():
    steps = "a: {type: survey, say: {zh: 评分, en: Rate}, scores: 1-5, into: n, next: b, skipped: bye, retries: 0}\nb: {type: hangup, reason: marked}"
    room = Room(load(steps, variables="n: number"))
    room.press("4")
    assert (room.step.ended.reason, room.session.frame.variables["n"]) == ("marked", 4)
    room = Room(load(steps, variables="n: number"))
    room.press("9")
    room.played()
    assert room.step.ended.reason == "done"
    room = Room(load(steps.replace(", skipped: bye", ""), variables="n: number"))
    room.played()
    room.silence()
    assert room.step.ended.reason == "marked", "without skipped: the caller goes on as if he had answered"


LANGUAGE = """
a: {type: language, say: {zh: 请按一, en: press two}, choices: {"1": zh, "2": en}, next: b}
b: {type: branch, cases: [{when: call.language_chosen && call.language == "en", next: c}], otherwise: bye}
c: {type: say, say: {zh: 好, en: Good}, next: bye}
"""


def test_each_language_is_offered_in_itself():
    room = Room(load(LANGUAGE))
    assert room.command == Play("t1", ("main/a-1",), "zh", barge_in=True)
    room.played()
    assert room.command == Play("t2", ("main/a-1",), "en", barge_in=True)
    room.press("2")
    assert SetLanguage("en") in room.step.commands
    assert room.command == Play("t3", ("main/c-1",), "en", barge_in=True)


def test_a_key_during_the_first_language_chooses_too():
    room = Room(load(LANGUAGE))
    room.press("1")
    assert room.session.language == "zh"
    assert room.session.language_chosen


def test_the_language_known_before_the_call_is_spoken_at_once():
    room = Room(load("a: {type: say, say: {zh: 好, en: Good}, next: bye}"), CallInfo("c", language="en"))
    assert room.step.commands[0] == SetLanguage("en")
    assert room.command.language == "en"
    other = Room(load("a: {type: say, say: {zh: 好, en: Good}, next: bye}"), CallInfo("c", language="fr"))
    assert (other.session.language, other.session.language_chosen) == ("zh", False)


def test_a_language_can_be_set_by_value_and_an_unknown_one_is_an_error():
    steps = "a: {type: language, to: '${call.called_number}', next: b, on_error: bye}\nb: {type: hangup, reason: set}"
    room = Room(load(steps), CallInfo("c1", "138", "en"))
    assert (room.session.language, room.step.ended.reason) == ("en", "set")
    room = Room(load(steps), CallInfo("c1", "138", "fr"))
    assert (room.session.language, room.step.ended.reason) == ("zh", "done")
