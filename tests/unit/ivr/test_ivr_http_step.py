"""http: the request as it goes out, typed replies, statuses as ways out, effects with a key, and what the checker finds."""

import json
from dataclasses import replace

import pytest

from ivr.commands import CallBackend
from ivr.document import parse, plain
from ivr.events import BackendFailed, FailReason
from ivr.secret import Secret
from tests.unit.ivr.ivr_room import KNOWN, Room, files, findings, flow_text, load

SERVICES = replace(KNOWN, services=frozenset({"parcels"}))
VARIABLES = "n: text\nd: data\npin: secret\nrate: decimal"
ASK = """
a: {type: set, set: {n: "NUMBER"}, next: ask}
ask: {type: http, service: parcels, path: "/parcels/${n}/now", query: {lang: "${call.language}", fast: true, none: null},
    headers: {X-Caller: "${call.caller_number}"}, reply: {state: text, place.city: optional text, left: number}, into: d,
    on_status: {404: lost}, timeout_seconds: 4, next: b, on_error: failed}
b: {type: say, say: {zh: "${digits(d.state)}", en: x}, next: bye}
lost: {type: hangup, reason: lost}
failed: {type: hangup, reason: failed}
"""
SEND = """
a: {type: collect, secure: true, say: {zh: 好, en: Good}, max_digits: 1, into: pin, next: ask}
ask: {type: http, service: parcels, method: POST, path: /orders, body: {who: {pin: "${pin}", days: 2}, all: ["${n}", null]}, next: b, on_error: bye}
b: {type: confirm, say: {zh: 再来, en: 'Again?'}, yes: ask, no: bye}
"""


def asking(number: str = "42") -> Room:
    return Room(load(ASK.replace("NUMBER", number), known=SERVICES, variables=VARIABLES))


def test_a_request_has_everything_worked_out():
    wanted = {
        "method": "GET",
        "path": "/parcels/42/now",
        "query": {"lang": "zh", "fast": "true"},
        "headers": {"X-Caller": "13800138001"},
        "statuses": [404],
        "reply": True,
    }
    assert asking().command == CallBackend("t1", "parcels", "main/ask", wanted, 4.0, None)


@pytest.mark.parametrize(
    ("value", "path"), [("a/b?c#d%", "a%2Fb%3Fc%23d%25"), ("城 东", "%E5%9F%8E%20%E4%B8%9C"), ("...", "...")]
)
def test_values_in_a_path_are_encoded(value, path):
    assert asking(value).command.arguments["path"] == f"/parcels/{path}/now"


@pytest.mark.parametrize("value", ["", ".", ".."])
def test_a_value_that_would_lead_elsewhere_takes_the_way_for_errors(value):
    assert asking(value).step.ended.reason == "failed"


def test_a_reply_is_checked_kept_and_spoken():
    room = asking()
    room.replied(status=200, body={"state": "12", "place": None, "left": 3, "more": "x"})
    assert room.plays == ["say/n-1", "say/n-2"]
    assert room.session.frame.variables["d"] == {"state": "12", "place": {"city": None}, "left": 3}


def test_a_status_is_a_way_out():
    room = asking()
    room.replied(status=404, body=None)
    assert room.step.ended.reason == "lost"


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 200, "body": {"state": 5, "left": 3}},
        {"status": 200, "body": {"state": "x"}},
        {"status": 200, "body": []},
        {"status": 200},
        {"status": 302, "body": {}},
        {"status": 500, "body": {"state": "x", "left": 1}},
        {"status": "200", "body": {"state": "x", "left": 1}},
        {},
    ],
)
def test_an_answer_that_is_not_as_declared_takes_the_way_for_errors(answer):
    room = asking()
    room.replied(**answer)
    assert room.step.ended.reason == "failed"
    assert "5" not in str(
        [entry.values for entry in room.trace if entry.result == "error" and "state" in str(entry.values)]
    )


def test_a_failure_and_silence_take_the_way_for_errors_after_the_filler():
    room = asking()
    room.send(BackendFailed(room.token, FailReason.UNAVAILABLE))
    assert room.step.ended.reason == "failed"
    slow = asking()
    slow.silence()
    assert slow.plays == ["phrases/one-moment"]
    slow.played()
    slow.silence()
    assert slow.step.ended.reason == "failed"


def test_an_effect_has_one_key_a_visit_and_secrets_stay_wrapped():
    room = Room(load(SEND, known=SERVICES, variables=VARIABLES))
    room.press("7")
    first = room.command
    body = {"who": {"pin": Secret("7"), "days": 2}, "all": ["", None]}
    assert first.arguments == {"method": "POST", "path": "/orders", "body": body}
    assert "7" not in repr(first)
    assert first.idempotency_key == "c1/main/ask/1"
    room.replied(status=201)
    room.press("1")
    assert room.command.idempotency_key == "c1/main/ask/2"


def test_an_effect_sent_again_after_a_restart_has_the_same_key():
    steps = "a: {type: http, service: parcels, method: DELETE, path: /orders/1, next: bye, on_error: bye}"
    room = Room(load(steps, known=SERVICES))
    first = room.command
    room.restore()
    assert room.command.idempotency_key == first.idempotency_key == "c1/main/a/1"
    assert room.command.token != first.token


def test_a_reply_is_not_needed():
    room = Room(load(SEND, variables=VARIABLES))
    room.press("7")
    room.replied(status=204, body=None)
    assert room.where == "main/b"


def parsed(text: str) -> dict:
    return plain(parse(text, "step"))


@pytest.mark.parametrize(
    ("more", "code", "cure"),
    [
        ("service: parcel", "unknown-service", "parcels"),
        ("path: x", "bad-value", "begin it with /"),
        ("path: https://evil.example/x", "bad-value", "begin it with /"),
        ("path: '/x?y=1'", "bad-value", "query:"),
        ("path: /../admin", "bad-value", "without . and .."),
        ("path: '/x/${pin}'", "bad-expression", "only be handed to a backend"),
        ("path: '/x/${m}'", "bad-expression", "declare it"),
        ("query: {p: '${pin}'}", "leaking-secret", "body"),
        ("headers: {X-Pin: '${pin}'}", "leaking-secret", "body"),
        ("headers: {Authorization: x}", "bad-value", "backends.yaml"),
        ("headers: {'X Y': x}", "bad-name", "letters"),
        ("body: {a: b}", "bad-value", "method: POST"),
        ("method: POST, body: [a]", "not-a-table", "key: value"),
        ("method: POST, body: {a: 'x ${n}'}", "bad-value", "join"),
        ("method: FETCH", "bad-value", "PATCH"),
        ("reply: {a: text}", "bad-value", "into"),
        ("into: d", "bad-value", "reply"),
        ("reply: {a: integer}, into: d", "unknown-type", "write number"),
        ("reply: {a: text}, into: n", "bad-type", "data"),
        ("on_status: {999: bye}", "bad-value", "200 to 599"),
        ("on_status: {404: nowhere}", "unknown-step", ""),
        ("on_status: {404: [bye]}", "bad-value", "<step>"),
        ("colour: red", "unknown-key", ""),
    ],
)
def test_every_fault_is_found_with_its_cure(more, code, cure):
    keys = {**parsed("{type: http, service: parcels, path: /x, next: bye, on_error: bye}"), **parsed(f"{{{more}}}")}
    text = flow_text(f"a: {json.dumps(keys)}", variables=VARIABLES)
    found = findings(files(text), SERVICES)
    assert [finding.code for finding in found] == [code]
    assert cure in found[0].cure
    assert found[0].line > 0


def test_an_expression_over_the_reply_is_checked():
    steps = """
    a: {type: http, service: parcels, path: /x, reply: {n.count: number, t: text}, into: d, next: b, on_error: bye}
    b: {type: branch, cases: [{when: "%s", next: bye}], otherwise: bye}
    """
    for when, codes in {"d.n.count > 1": [], "d.t > 1": ["bad-expression"], "d.m > 1": ["unknown-field"]}.items():
        assert [f.code for f in findings(files(flow_text(steps % when, variables=VARIABLES)), SERVICES)] == codes
