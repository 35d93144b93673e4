"""A PIN is shown nowhere: not in the JSON, the trace, a repr; and a restart asks for it again."""

import json
import pickle

import pytest

from ivr import Secret
from ivr.events import DigitPressed
from ivr.state import Awaiting
from tests.unit.ivr.ivr_room import KNOWN, Room, load

PIN = "739517"
STEPS = """
a: {type: collect, secure: true, say: {zh: 密码, en: PIN}, min_digits: 6, max_digits: 6, into: p, next: b, retries: 1}
b: {type: lookup, backend: crm, operation: pin, with: {account: x, pin: "${p}"}, into: d, next: c, on_error: bye}
c: {type: confirm, say: {zh: 再来, en: Again}, yes: b, no: bye}
"""


@pytest.fixture
def room() -> Room:
    return Room(load(STEPS, variables="p: secret\nd: data", known=KNOWN))


def shown(room: Room) -> str:
    parts = [
        room.saved,
        [repr(c) for c in room.commands],
        [repr(t) for t in room.trace],
        repr(room.step),
        str(room.session),
    ]
    return json.dumps(parts)


def test_a_secure_value_reaches_the_backend_and_nothing_else(room):
    assert room.step.secure
    for count in range(1, 6):
        room.press(PIN[count - 1])
        assert PIN[:count][-3:] not in json.dumps(room.saved) or count < 3
    room.press(PIN[5])
    secret = room.command.arguments["pin"]
    assert secret.reveal() == PIN
    assert PIN not in shown(room)
    assert PIN[:5] not in shown(room)
    assert not room.step.secure
    assert [dict(entry.values) for entry in room.trace if entry.result == "collected"] == [{"digits": "***"}]


def test_keys_typed_ahead_may_become_a_pin_and_are_not_saved(room):
    steps = "a: {type: say, barge_in: false, say: {zh: 好, en: Good}, next: x}\n" + STEPS.strip().replace(
        "a: {", "x: {", 1
    )
    room = Room(load(steps, variables="p: secret\nd: data", known=KNOWN))
    room.press(PIN)
    assert PIN not in shown(room)
    room.played()
    assert room.command.arguments["pin"].reveal() == PIN


def test_a_restart_that_needs_the_pin_asks_for_it_again(room):
    room.press(PIN)
    room.restore()
    assert room.where == "main/a"
    assert room.plays == ["main/a-1"]
    assert "secure value lost" in [entry.result for entry in room.trace]
    room.press(PIN)
    assert room.command.arguments["pin"].reveal() == PIN
    room.replied(ok=True)
    assert room.where == "main/c"


def test_a_restart_that_does_not_need_the_pin_goes_on(room):
    room.press(PIN)
    room.replied(ok=True)
    room.restore()
    assert room.where == "main/c"
    room.press("1")
    assert room.where == "main/a", "only now it is needed"


def test_a_restart_within_the_pin_begins_it_anew(room):
    room.press(PIN[:4])
    room.restore()
    assert room.step.awaiting is Awaiting.INPUT
    room.press(PIN)
    assert room.command.arguments["pin"].reveal() == PIN


def test_a_wrong_pin_length_is_dropped_at_once(room):
    room.press(PIN[:4] + "*")
    assert room.session.secure_digits == ""
    assert room.plays == ["phrases/wrong"]


def test_a_secure_value_that_was_never_collected_is_an_error():
    steps = (
        STEPS.replace("a: {type", "x: {type", 1)
        .replace("b: {", "a: {", 1)
        .replace("yes: b", "yes: x")
        .replace("next: b,", "next: a,")
    )
    room = Room(load(steps, variables="p: secret\nd: data", known=KNOWN))
    assert room.step.ended is not None
    assert any("not collected" in str(entry.values) for entry in room.trace)


def test_a_secret_shows_stars_only():
    secret = Secret(PIN)
    assert f"{secret} {secret!r} {secret:>4}" == "*** ***  ***"
    assert secret == Secret(PIN)
    assert secret != Secret("1")
    assert secret != PIN
    assert len({secret, Secret(PIN)}) == 1
    with pytest.raises(TypeError, match="must not leave memory"):
        pickle.dumps(secret)
    assert PIN not in repr(vars(Secret))


def test_a_pressed_digit_is_not_shown_either():
    assert "7" not in repr(DigitPressed("7"))
