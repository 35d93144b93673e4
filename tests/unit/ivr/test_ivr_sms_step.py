"""sms: the text in the caller's language, the number, the outcomes, once over a restart, and how long a text is."""

from dataclasses import replace

import pytest

from ivr.commands import CallBackend
from ivr.events import BackendFailed, FailReason
from ivr.messages import receiver, segments
from ivr.speech import Kind, SpeechError
from ivr.speech.writing import write
from ivr.state import CallInfo
from tests.unit.ivr.ivr_room import KNOWN, Room, files, findings, flow_text, load

GATEWAYS = replace(KNOWN, gateways=frozenset({"sms"}))
VARIABLES = "n: text\nd: data\npin: secret\namount: number\nflag: flag"
STEPS = """
a: {type: set, set: {n: "A-12", amount: 1230, d: "${'2026-11-21T11:30:00+00:00'}"}, next: send}
send: {type: sms, gateway: sms, text: {zh: "单号${n}，${date(d)}${time(d)}，${money(amount)}，${phrase('wrong')}", en: "No ${n}, ${date(d)}, ${number(amount)}"},
    outcomes: {no_number: nobody, limited: enough}, timeout_seconds: 4, next: sent, on_error: failed}
sent: {type: hangup, reason: sent}
nobody: {type: hangup, reason: nobody}
enough: {type: hangup, reason: enough}
failed: {type: hangup, reason: failed}
"""


def sending(number: str = "13800138001", language: str | None = None, steps: str = STEPS) -> Room:
    return Room(load(steps, known=GATEWAYS, variables=VARIABLES), CallInfo("c1", number, "95598", language))


@pytest.mark.parametrize(
    ("language", "text"),
    [("zh", "单号A-12，2026年11月21日19:30，12.30元，按错了。"), ("en", "No A-12, 21 Nov 2026, 1230")],
)
def test_the_text_is_in_the_callers_language_with_values_as_they_are_written(language, text):
    arguments = {"number": "13800138001", "text": text, "language": language, "caller": "13800138001"}
    assert sending(language=language).command == CallBackend("t1", "sms", "send_sms", arguments, 4.0, "c1/main/send/1")


@pytest.mark.parametrize("number", ["", "anonymous", "1234", "1" * 16, "sip:x@y"])
def test_without_a_number_nothing_is_sent(number):
    assert sending(number).step.ended.reason == "nobody"


def test_another_number_can_be_given_and_is_cleaned():
    steps = STEPS.replace("gateway: sms,", "gateway: sms, to: \"${'+86 138-0013-8002'}\",")
    assert sending("", steps=steps).command.arguments["number"] == "+8613800138002"


@pytest.mark.parametrize(
    ("answer", "end"),
    [("sent", "sent"), ("no_number", "nobody"), ("limited", "enough"), ("lost", "failed"), (None, "failed")],
)
def test_every_outcome_leads_on(answer, end):
    room = sending()
    room.replied(outcome=answer)
    assert room.step.ended.reason == end


def test_a_failing_gateway_takes_the_way_for_errors():
    room = sending()
    room.send(BackendFailed(room.token, FailReason.TIMEOUT))
    assert room.step.ended.reason == "failed"


def test_after_a_restart_it_is_sent_again_under_the_same_key():
    room = sending()
    room.restore()
    assert room.command.idempotency_key == "c1/main/send/1"


def test_a_text_grown_beyond_all_measure_is_not_sent():
    steps = STEPS.replace('n: "A-12"', f'n: "{"字" * 700}"')
    assert sending(steps=steps).step.ended.reason == "failed"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3), ("字" * 70, 1), ("字" * 71, 2), ("字" * 134, 2), ("字" * 135, 3),
        ("a" * 70 + "字", 2), ("😀" * 35, 1), ("😀" * 36, 2), ("😀" * 66, 2), ("😀" * 67, 3), ("à{}" * 32, 1), ("ç" * 71, 2),
    ],
)  # fmt: skip
def test_short_messages_are_counted_by_the_standard(text, count):
    assert segments(text) == count


def test_numbers_are_cleaned_and_judged():
    assert receiver("+86 (138) 0013-8001") == "+8613800138001"
    assert [receiver(text) for text in ("", "+", "12 34", "tel:1", "１３８００")] == [""] * 5


@pytest.mark.parametrize(
    ("kind", "value", "zh", "en"),
    [
        (Kind.MONEY, -5, "-0.05元", "CNY -0.05"),
        (Kind.NUMBER, -1.50, "-1.5", "-1.5"),
        (Kind.DATE, "2026-11", "2026年11月", "Nov 2026"),
        (Kind.TIME, "09:05", "09:05", "09:05"),
        (Kind.DURATION, 3723, "1小时2分钟3秒", "1 h 2 min 3 s"),
        (Kind.DURATION, 0, "0秒", "0 s"),
        (Kind.TICKET, "AB-1", "AB-1", "AB-1"),
    ],
)
def test_values_as_they_are_written(kind, value, zh, en):
    assert (write(kind, value, "zh"), write(kind, value, "en")) == (zh, en)


@pytest.mark.parametrize(
    ("kind", "value"), [(Kind.TICKET, 1.5), (Kind.TICKET, True), (Kind.DATE, "x"), (Kind.MONEY, None)]
)
def test_values_of_another_kind_are_refused(kind, value):
    with pytest.raises(SpeechError):
        write(kind, value, "zh")


def test_a_value_that_cannot_be_written_takes_the_way_for_errors():
    assert sending(steps=STEPS.replace("2026-11-21T11:30:00+00:00", "soon")).step.ended.reason == "failed"
    assert sending(steps=STEPS.replace("phrase('wrong')", "phrase(n)")).step.ended.reason == "failed"


TEXT = "text: {zh: 好, en: Good}"
OUTCOMES = "outcomes: {no_number: bye, limited: bye}"


@pytest.mark.parametrize(
    ("keys", "code", "cure"),
    [
        (f"gateway: smms, {TEXT}, {OUTCOMES}", "unknown-gateway", "sms"),
        (f"gateway: sms, {OUTCOMES}", "missing-key", "text"),
        (f"gateway: sms, {TEXT}", "missing-key", "outcomes"),
        (f"gateway: sms, text: x, {OUTCOMES}", "bad-text", "zh"),
        (f"gateway: sms, text: {{zh: 好}}, {OUTCOMES}", "missing-language", "en"),
        (f"gateway: sms, text: {{zh: 好, en: Good, fr: Bon}}, {OUTCOMES}", "unknown-language", "en"),
        (f"gateway: sms, text: {{zh: '${{pin}}', en: x}}, {OUTCOMES}", "bad-expression", "secure"),
        (f"gateway: sms, text: {{zh: '${{n', en: x}}, {OUTCOMES}", "bad-hole", "close"),
        (f"gateway: sms, text: {{zh: '${{flag}}', en: x}}, {OUTCOMES}", "bad-hole", "how to write"),
        (f"gateway: sms, {TEXT}, outcomes: {{no_number: bye}}", "missing-way", "limited"),
        (f"gateway: sms, {TEXT}, outcomes: {{no_number: bye, limited: bye, sent: bye}}", "unknown-outcome", "limited"),
        (f"gateway: sms, to: nobody, {TEXT}, {OUTCOMES}", "bad-value", "digits"),
        (f"gateway: sms, to: '${{pin}}', {TEXT}, {OUTCOMES}", "bad-type", "text variable"),
        (f"gateway: sms, max_segments: 11, {TEXT}, {OUTCOMES}", "bad-value", "1 to 10"),
        (f"gateway: sms, text: {{zh: {'字' * 135}, en: x}}, {OUTCOMES}", "long-text", "max_segments: 3"),
        (
            f"gateway: sms, text: {{zh: '{'字' * 60}${{n}}', en: x}}, max_segments: 1, {OUTCOMES}",
            "long-text",
            "max_segments: 2",
        ),
    ],
)
def test_every_fault_is_found_with_its_cure(keys, code, cure):
    text = flow_text(f"a: {{type: sms, next: bye, on_error: bye, {keys}}}", variables=VARIABLES)
    found = findings(files(text), GATEWAYS)
    assert [finding.code for finding in found] == [code]
    assert cure in found[0].cure
