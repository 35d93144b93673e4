"""Who answers backend calls in `hotline try`: a file of replies, or the hotline's own database."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cti.backends.base import BackendError, reveal
from ivr.commands import CallBackend
from ivr.document import BadDocument, Finding, Node, Scalar, Table, parse, plain
from ivr.events import FailReason
from ivr.reader import Reader
from ivr.secret import Secret
from ivr.walker import Reply

Answers = Callable[[CallBackend], Reply]


def replies_from_file(path: Path) -> Answers:
    """Return what the file says: for each operation the first case whose `when` fits the arguments.

    Raises:
        BadDocument: the file cannot be used.
        OSError: it cannot be read.

    """
    findings: list[Finding] = []
    cases = _read(parse(path.read_text(encoding="utf-8"), str(path)), findings)
    if findings:
        raise BadDocument(findings)
    return lambda call: _first_fitting(cases.get(call.operation, ()), call)


_Case = tuple[Mapping[str, Any], Reply]


def _read(node: Node, findings: list[Finding]) -> dict[str, tuple[_Case, ...]]:
    reader = Reader(node, findings, "the reply file")
    reader.integer("version", 1, 1, 1)
    operations = reader.child("operations", required=True)
    reader.finish()
    if operations is None:
        return {}
    return {
        name.text: tuple(_case(item, findings) for item in operations.items(name.text))
        for name, _ in operations.entries()
    }


def _case(node: Node, findings: list[Finding]) -> _Case:
    reader = Reader(node, findings, "a case")
    when, reply = reader.node("when"), reader.node("reply")
    failure = reader.choice("fail", [reason.value for reason in FailReason], "")
    reader.finish()
    if not failure and not isinstance(reply, Table):
        reader.report(
            reader.place, "missing-key", "a case needs a reply: or a fail:", "add reply: {…} or fail: timeout"
        )
    fits = {name: _text(value) for name, value in when.entries.items()} if isinstance(when, Table) else {}
    answer: Reply = FailReason(failure) if failure else plain(reply) if isinstance(reply, Table) else {}
    return fits, answer


def _text(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else ""


def _first_fitting(cases: tuple[_Case, ...], call: CallBackend) -> Reply:
    given = {name: reveal(value) if isinstance(value, Secret) else str(value) for name, value in call.arguments.items()}
    for when, reply in cases:
        if all(given.get(name) == value for name, value in when.items()):
            return reply
    return FailReason.UNAVAILABLE


@contextmanager
def replies_from_database(url: str) -> Iterator[Answers]:
    """Give the answers of the hotline's own database; it is brought to the current tables first."""
    from cti.backends.lockout import LockoutBackend  # noqa: PLC0415 - the database takes a second to import
    from cti.backends.sql import SqlBackend  # noqa: PLC0415
    from cti.database import Database, migrate  # noqa: PLC0415
    from cti.store import open_store  # noqa: PLC0415

    with asyncio.Runner() as runner:
        runner.run(migrate(url))
        database = Database(url)
        store = open_store("memory:")
        backend = LockoutBackend(SqlBackend(database), store, max_tries=3, lock_seconds=900)

        def answer(call: CallBackend) -> Reply:
            asking = backend.call(
                call.operation,
                call.arguments,
                idempotency_key=call.idempotency_key,
                timeout_seconds=call.timeout_seconds,
            )
            try:
                return runner.run(asking)
            except BackendError as error:
                return FailReason(error.reason.value)

        try:
            yield answer
        finally:
            runner.run(database.close())
            runner.run(store.close())
