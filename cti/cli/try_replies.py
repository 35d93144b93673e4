"""Who answers backend calls in `hotline try`: a file of replies, or the hotline's own database."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cti.backends.base import Backend, BackendError
from cti.backends.rules import ServiceRules
from cti.backends.text_messages import SEND_SMS, SmsRules
from ivr.commands import CallBackend
from ivr.document import BadDocument, Finding, parse
from ivr.events import FailReason
from ivr.scripts import Answers, first_fitting, read_replies
from ivr.walker import Reply


def replies_from_file(path: Path) -> Answers:
    """Return what the file says: for each operation the first case whose `when` fits the arguments.

    Raises:
        BadDocument: the file cannot be used.
        OSError: it cannot be read.

    """
    findings: list[Finding] = []
    cases = read_replies(parse(path.read_text(encoding="utf-8"), str(path)), findings)
    if findings:
        raise BadDocument(findings)
    return lambda call: first_fitting(cases, call)


def with_failures(answers: Answers, failures: Mapping[str, FailReason]) -> Answers:
    """Return the same answers, but these operations fail for these reasons."""
    return lambda call: failures[call.operation] if call.operation in failures else answers(call)


def nobody(_call: CallBackend) -> Reply:
    """Answer like a service that is down."""
    return FailReason.UNAVAILABLE


@contextmanager
def replies_from_database(url: str, others: Answers) -> Iterator[Answers]:
    """Give the answers of the hotline's own database, brought to the current tables first; text messages go into its outbox.

    Args:
        url: of the database.
        others: answers for services, which no database has.

    """
    from cti.backends.gateway import SmsGateway  # noqa: PLC0415
    from cti.backends.lockout import LockoutBackend  # noqa: PLC0415 - the database takes a second to import
    from cti.backends.sql import SqlBackend  # noqa: PLC0415
    from cti.database import Database, migrate  # noqa: PLC0415
    from cti.store import open_store  # noqa: PLC0415

    with asyncio.Runner() as runner:
        runner.run(migrate(url))
        database = Database(url)
        store = open_store("memory:")
        backend = LockoutBackend(SqlBackend(database), store, max_tries=3, lock_seconds=900)

        outbox = SmsGateway("try", database, SmsRules(), ServiceRules())

        def answer(call: CallBackend) -> Reply:
            if "/" in call.operation:
                return others(call)
            asked: Backend = outbox if call.operation == SEND_SMS else backend
            asking = asked.call(
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
            runner.run(outbox.close())
            runner.run(database.close())
            runner.run(store.close())
