"""operations.yaml: flows checked against what their folder declares."""

import pytest

from ivr.document import BadDocument
from ivr.flows import Known, load_flows
from tests.unit.ivr.ivr_room import ROOT, files, flow_text
from tests.unit.ivr.test_ivr_commands_line import run

LOOKUP = "a: {type: lookup, backend: shop, operation: price, with: {item: x}, into: got, next: b, on_error: bye}\nb: {type: branch, cases: [{when: got.cents > 1, next: bye}], otherwise: bye}"
DECLARED = "version: 1\nqueues: [sales]\nbackends: {shop: {price: {arguments: [item], reply: [cents]}, buy: {arguments: [item], secret: [pin], effect: true}}}\n"


def found(steps: str, declared: str, variables: str = "got: data", known: Known | None = None) -> list[str]:
    texts = {**files(flow_text(steps, variables=variables)), "operations.yaml": declared}
    try:
        load_flows(texts, known)
    except BadDocument as bad:
        return [finding.code for finding in bad.findings]
    return []


def test_declared_operations_and_queues_are_known():
    assert found(LOOKUP, DECLARED) == []
    assert found(LOOKUP, DECLARED, known=Known(backends={}, queues=frozenset())) == []
    queue = "a: {type: queue, queue: sales, tier: x, outcomes: {served: bye}, on_error: bye}"
    assert found(queue, DECLARED, known=Known(queues=frozenset())) == []
    assert found(queue.replace("sales", "sails"), DECLARED) == ["unknown-queue"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("operation: price", "operation: prize", "unknown-operation"),
        ("backend: shop", "backend: shoop", "unknown-backend"),
        ("item: x", "itm: x", "missing-argument"),
        ("got.cents", "got.cent", "unknown-field"),
        ("operation: price", "operation: buy", "bad-operation"),
    ],
)
def test_what_is_not_declared_is_found(old, new, code):
    assert code in found(LOOKUP.replace(old, new), DECLARED)


def test_a_declared_secret_is_required_and_must_be_secure():
    buy = 'a: {type: report, backend: shop, operation: buy, with: {item: x, pin: "1"}, next: bye, on_error: bye}'
    assert found(buy, DECLARED) == ["unprotected-secret"]
    assert found(buy.replace(', pin: "1"', ""), DECLARED) == ["missing-argument"]


def test_faults_in_the_file_itself_are_found():
    assert found(LOOKUP, DECLARED.replace("effect: true", "effekt: true")) == ["unknown-key"]
    assert found(LOOKUP, DECLARED.replace("queues: [sales]", "queues: [[x]]")) == ["bad-value"]


@pytest.mark.parametrize("folder", sorted((ROOT / "flows/examples").iterdir()), ids=lambda folder: folder.name)
def test_every_example_is_sound(folder):
    result = run("check", folder)
    assert result.exit_code == 0, result.output
