"""Replies of services and gateways in scripts, and what flows count on in operations.yaml."""

import pytest

from ivr.commands import CallBackend
from ivr.document import parse
from ivr.events import FailReason
from ivr.flows import load_flows
from ivr.scripts import first_fitting, read_replies
from ivr.scripts.replies import is_done
from ivr.secret import Secret
from tests.unit.ivr.ivr_room import files, findings, flow_text

REPLIES = """
version: 1
operations:
  main/ask:
    - {when: {method: POST, body.who.pin: "1234"}, status: 201, reply: {id: 7}}
    - {when: {query.q: x}, fail: timeout}
    - {when: {path: /gone}, status: 410}
  shop: {reply: {from: service}}
  send_sms: {reply: {outcome: sent}}
"""


def answer(operation: str = "main/ask", backend: str = "shop", **arguments):
    found = []
    cases = read_replies(parse(REPLIES, "replies.yaml"), found)
    assert found == []
    return first_fitting(cases, CallBackend("t1", backend, operation, arguments, 5.0, "k"))


def test_requests_are_found_by_what_is_sent_then_by_the_service():
    assert answer(method="POST", body={"who": {"pin": Secret("1234")}}) == {"status": 201, "body": {"id": 7}}
    assert answer(query={"q": "x"}) is FailReason.TIMEOUT
    assert answer(path="/gone") == {"status": 410, "body": {}}
    assert answer(path="/other") == {"status": 200, "body": {"from": "service"}}
    assert answer("other/step", path="/other") == {"status": 200, "body": {"from": "service"}}
    assert answer("other/step", "nobody") is FailReason.UNAVAILABLE
    assert answer("send_sms", "sms") == {"outcome": "sent"}


@pytest.mark.parametrize(
    ("operation", "reply", "done"),
    [
        ("main/ask", {"status": 204}, True),
        ("main/ask", {"status": 409}, False),
        ("main/ask", FailReason.TIMEOUT, False),
        ("send_sms", {"outcome": "sent"}, True),
        ("send_sms", {"outcome": "limited"}, False),
        ("create_ticket", {"ticket": "1"}, True),
    ],
)
def test_an_effect_counts_when_it_was_done(operation, reply, done):
    assert is_done(CallBackend("t1", "b", operation, {}, 5.0, "k"), reply) is done


@pytest.mark.parametrize("case", ["{status: 99, reply: {a: 1}}", "{status: ok}", "{when: {a: 1}}"])
def test_a_case_that_cannot_be_is_found(case):
    found = []
    read_replies(parse(f"version: 1\noperations: {{a: [{case}]}}", "replies.yaml"), found)
    assert found


STEPS = """
a: {type: http, service: shop, path: /x, next: b, on_error: bye}
b: {type: sms, gateway: sms, text: {zh: 好, en: Good}, outcomes: {no_number: bye, limited: bye}, next: c, on_error: bye}
c: {type: lookup, backend: crm, operation: who, into: d, next: e, on_error: bye}
e: {type: branch, cases: [{when: "WHEN", next: bye}], otherwise: bye}
"""
OPERATIONS = "version: 1\nservices: [shop]\ngateways: [sms]\nbackends: {crm: {who: {reply: {n: number, at.day: optional date}}}}\n"


def codes(when: str = "d.n > 1", operations: str = OPERATIONS) -> list[str]:
    text = flow_text(STEPS.replace("WHEN", when), variables="d: data")
    return [finding.code for finding in findings(files(text, operations=operations), None)]


def test_what_operations_declare_is_known_with_its_types():
    assert codes() == []
    assert codes("d.at.day == null") == []
    assert codes("d.n == 'x'") == ["bad-expression"]
    assert codes("d.m > 1") == ["unknown-field"]
    assert codes(operations=OPERATIONS.replace("[shop]", "[other]")) == ["unknown-service"]
    assert codes(operations=OPERATIONS.replace("[sms]", "[other]")) == ["unknown-gateway"]
    assert codes(operations=OPERATIONS.replace("number", "integer")) == ["unknown-type"]


def test_names_without_types_do_as_before():
    names = OPERATIONS.replace("{n: number, at.day: optional date}", "[n]")
    assert codes("d.n == 'x'", names) == []
    assert load_flows(files(flow_text(STEPS.replace("WHEN", "d.n > 1"), variables="d: data"), operations=names)).flows
