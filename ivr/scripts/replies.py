"""What backends answer in a walk: for each operation the first case whose `when` fits the arguments."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ivr.commands import CallBackend
from ivr.document import Finding, Node, Scalar, Table, plain
from ivr.events import FailReason
from ivr.reader import Reader
from ivr.scripts.script import Case
from ivr.secret import Secret
from ivr.steps.sms import SEND_SMS, SmsOutcome

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
    """Return the reply of the first case that fits; a backend without one is unavailable.

    Cases are looked for by operation, then by backend. The request of an `http` step is called `flow/step`; its reply is the body
    of an answer with a status.
    """
    given = dict(_flat("", call.arguments))
    for case in (*cases.get(call.operation, ()), *cases.get(call.backend, ())):
        if all(given.get(name) == value for name, value in case.when.items()):
            return {"status": case.status, "body": case.reply} if _is_request(call, case) else case.reply
    return FailReason.UNAVAILABLE


def is_done(call: CallBackend, reply: Mapping[str, Any] | FailReason) -> bool:
    """Return whether an effect has happened: neither a failure, a status beyond 299, nor a text message that was not sent."""
    if isinstance(reply, FailReason):
        return False
    if call.operation == SEND_SMS:
        return reply.get("outcome") == SmsOutcome.SENT
    return "/" not in call.operation or reply.get("status", 0) < 300


def _is_request(call: CallBackend, case: Case) -> bool:
    return "/" in call.operation and not isinstance(case.reply, FailReason)


def _flat(prefix: str, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the arguments as texts, those inside tables by dotted name."""
    for name, value in arguments.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{name}.", value)
        else:
            yield prefix + name, value.reveal() if isinstance(value, Secret) else str(value)


def _case(node: Node, findings: list[Finding]) -> Case:
    reader = Reader(node, findings, "a case")
    when, reply = reader.node("when"), reader.node("reply")
    failure = reader.choice("fail", [reason.value for reason in FailReason], "")
    status = reader.integer("status", 200, 100, 599)
    reader.finish()
    if not failure and not isinstance(reply, Table) and not reader.has("status"):
        reader.report(
            reader.place, "missing-key", "a case needs a reply: or a fail:", "add reply: {…}, status: 404 for an http step, or fail: timeout"
        )
    fits = {name: _text(value) for name, value in when.entries.items()} if isinstance(when, Table) else {}
    if failure:
        return Case(fits, FailReason(failure))
    return Case(fits, plain(reply) if isinstance(reply, Table) else {}, status)


def _text(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else ""
