"""What backends answer in a walk: for each operation the first case whose `when` fits the arguments."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ivr.commands import CallBackend
from ivr.document import Finding, Node, Scalar, Table, plain
from ivr.events import FailReason
from ivr.reader import Reader
from ivr.scripts.script import Case
from ivr.secret import Secret

Answers = Callable[[CallBackend], Mapping[str, Any] | FailReason]


def read_replies(node: Node, findings: list[Finding]) -> dict[str, tuple[Case, ...]]:
    """Read a file of replies (`version: 1`, `operations:` with a list of cases each); faults become findings."""
    reader = Reader(node, findings, "the reply file")
    reader.integer("version", 1, 1, 1)
    operations = reader.child("operations", required=True)
    reader.finish()
    return read_cases(operations) if operations else {}


def read_cases(operations: Reader) -> dict[str, tuple[Case, ...]]:
    """Read a table of operations, each with a list of cases or a single one."""
    return {
        name.text: tuple(_case(item, operations.findings) for item in operations.items(name.text))
        for name, _ in operations.entries()
    }


def first_fitting(cases: Mapping[str, Sequence[Case]], call: CallBackend) -> Mapping[str, Any] | FailReason:
    """Return the reply of the first case that fits; a backend without one is unavailable."""
    given = {
        name: value.reveal() if isinstance(value, Secret) else str(value) for name, value in call.arguments.items()
    }
    for case in cases.get(call.operation, ()):
        if all(given.get(name) == value for name, value in case.when.items()):
            return case.reply
    return FailReason.UNAVAILABLE


def _case(node: Node, findings: list[Finding]) -> Case:
    reader = Reader(node, findings, "a case")
    when, reply = reader.node("when"), reader.node("reply")
    failure = reader.choice("fail", [reason.value for reason in FailReason], "")
    reader.finish()
    if not failure and not isinstance(reply, Table):
        reader.report(
            reader.place, "missing-key", "a case needs a reply: or a fail:", "add reply: {…} or fail: timeout"
        )
    fits = {name: _text(value) for name, value in when.entries.items()} if isinstance(when, Table) else {}
    if failure:
        return Case(fits, FailReason(failure))
    return Case(fits, plain(reply) if isinstance(reply, Table) else {})


def _text(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else ""
