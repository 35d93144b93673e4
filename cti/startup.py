"""From settings to a server: opens what is needed and puts it together.

Bad input ends with status 2 and every finding at once; a store or database that is down does not hinder the start.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.config import CallbackRules, Policy
from acd.facts import Fact
from cti.app import Room, Server
from cti.backends.base import Backend
from cti.backends.opening import open_backends
from cti.board.figures import DayFigures
from cti.callbacks.book import CallbackBook
from cti.callbacks.desk import CallbackDesk
from cti.clock import Clock
from cti.config import read_policy
from cti.database.engine import Database
from cti.database.migrate import migrate
from cti.flow_versions import FlowVersions
from cti.inputs import Inputs, StartRefused, check_fit, checked_flows, configured_names, read_inputs
from cti.leading import find_target
from cti.metrics import Metrics, Readings
from cti.metrics.meters import MeteredBackend, MeteredStore
from cti.policy_in_force import PolicyInForce
from cti.records.agent_states import AgentStateWriter
from cti.records.calls import CallRecord, RecordWriter, one_call, unfinished_calls
from cti.records.contact_writer import ContactWriter
from cti.records.decisions import DecisionWriter
from cti.records.ledger import Ledger
from cti.records.queue_log_file import QueueLogFile
from cti.records.retention import Sweeper
from cti.settings import Settings, own_url
from cti.store.opening import open_store
from cti.tracing import CallSpans, TracingUnavailable, open_tracing
from cti.tracing.requests import TracedBackend
from ivr.flows import read_files
from ivr.flowset import FlowSet
from ivr.steps.callback import BACKEND as CALLBACK_BACKEND

MIGRATE_SECONDS = 20.0
CLOSE_SECONDS = 1.0
READ_SECONDS = 2.0


class BehindWriter(Protocol):
    """Writes behind the calls."""

    async def run(self) -> None:
        """Write until cancelled."""

    async def close(self, seconds: float, /) -> object:
        """Write what is left, for at most so long."""


@asynccontextmanager
async def opened(settings: Settings, *, take_over: bool) -> AsyncIterator[tuple[Server, Database, Metrics]]:
    """Open everything and give the server, not running yet. Raises StartRefused, BadDocument."""
    inputs = read_inputs(settings)
    for finding in inputs.warnings:
        structlog.get_logger("startup").warning("configuration", finding=str(finding))
    parts = _Parts(settings, inputs)
    await _migrated(settings)
    await parts.versions.archive()
    parts.server = Server(parts.room(take_over=take_over))
    writers = [asyncio.create_task(writer.run(), name=type(writer).__name__) for writer in parts.writers]
    try:
        yield parts.server, parts.database, parts.metrics
    finally:
        for task in writers:
            task.cancel()
        await parts.close()


class _Parts:
    """What lives as long as the process. Some parts need others that are made later: they ask for them here."""

    server: Server

    def __init__(self, settings: Settings, inputs: Inputs) -> None:
        self._settings = settings
        self._inputs = inputs
        self.clock = Clock(settings.time_zone)
        self.spans = _tracing(settings, self.clock)
        self.database = Database(settings.database_url)
        self.records = RecordWriter(self.database)
        self.decisions = DecisionWriter(self.database, self.clock)
        self.agent_states = AgentStateWriter(self.database, self.clock, kept_days=settings.agent_days_kept)
        self.metrics = self._metrics()
        self.store = MeteredStore(open_store(settings.store_url), self.metrics, self.clock)
        self.in_force = self._in_force()
        self.queue_log = self._queue_log()
        self.contacts = ContactWriter(
            self.database, self.clock, policy=lambda: self.in_force.policy, leads=lambda number: find_target(number, self.in_force.policy, inputs.dialing),
            on_written=self.queue_log.written if self.queue_log is not None else None,
        )
        self.ledger = Ledger(
            self.records, self.metrics, self.clock, lambda call: _finished(self.database, call), lambda: _unfinished(self.database), self.contacts, self.spans
        )
        self.versions = self._versions()
        self.desk = self._desk()
        self.backends = self._backends()
        self.writers = self._writers()

    def _writers(self) -> tuple[BehindWriter, ...]:
        """Who writes behind the calls; the queue log follows what was written of contact legs, so it comes last."""
        kept = {"records_kept_days": self._settings.records_kept_days, "effects_kept_days": self._settings.effects_kept_days}
        sweeper = Sweeper(self.database, self.clock, self._settings.spool_dir, **kept)
        return (sweeper, self.records, self.contacts, self.decisions, self.agent_states, *([self.queue_log] if self.queue_log is not None else []))

    def room(self, *, take_over: bool) -> Room:
        """All that the server is made from."""
        figures = DayFigures(self.clock, lambda: self.in_force.policy)
        return Room(
            self._settings, self.in_force, self.versions, self.clock, self.store, self.backends, self.ledger, self.metrics, self._inputs.dialing, self.desk,
            figures, take_over, self.decisions, self.agent_states, self.contacts, self.queue_log, self.spans,
        )

    async def close(self) -> None:
        """Write what is left, and close everything."""
        for writer in self.writers:
            await writer.close(CLOSE_SECONDS)
        for backend in self.backends.values():
            await backend.close()
        await self.store.close()
        await self.database.close()
        await self.spans.close(CLOSE_SECONDS)

    def _metrics(self) -> Metrics:
        readings = Readings(
            totals=lambda now: self.server.totals(now),  # noqa: PLW0108 - the server is made later
            now=self.clock.now, live_calls=lambda: len(self.server.live_calls()),
            records=lambda: (self.records.lost + self.contacts.lost, self.records.failures + self.contacts.failures),
        )
        inputs = self._inputs
        return Metrics(inputs.loaded.policy, configured_names(inputs.flows, inputs.backends, inputs.dialing, version("hotline-acd")), readings)

    def _in_force(self) -> PolicyInForce:
        settings, inputs = self._settings, self._inputs
        default_queue = settings.default_queue or next(iter(inputs.loaded.policy.queues))
        return PolicyInForce(
            inputs.loaded, read=lambda: read_policy(settings.config_dir), metrics=self.metrics,
            check=lambda changed: check_fit(changed, inputs.known, settings, default_queue=default_queue),
        )

    def _queue_log(self) -> QueueLogFile | None:
        if self._settings.queue_log_file is None:
            return None
        return QueueLogFile(
            self._settings.queue_log_file, self.clock, policy=lambda: self.in_force.policy,
            caller_of=lambda call: self.ledger.caller_of(call),  # noqa: PLW0108 - the ledger is made later
        )

    def _versions(self) -> FlowVersions:
        settings, inputs = self._settings, self._inputs
        return FlowVersions(
            inputs.flows, inputs.sources, read=lambda: read_files(settings.flows_dir), store=self.store, metrics=self.metrics,
            load=lambda texts: checked_flows(texts, self.in_force.policy, inputs.known(self.in_force.policy), settings),
        )

    def _desk(self) -> CallbackDesk:
        return CallbackDesk(
            CallbackBook(self.store), dialing=self._inputs.dialing, clock=self.clock, rules=lambda queue: _callback_rules(self.in_force.policy, queue),
            is_open=lambda plan: _is_open(self.versions.current, plan, self.clock), records=self.records, settled=self._settled,
        )

    def _settled(self, fact: Fact) -> None:
        """The end of a callback of which no router knew."""
        for sink in (self.metrics, self.contacts):
            sink.told(fact, self.clock.now())

    def _backends(self) -> Mapping[str, Backend]:
        found: dict[str, Backend] = dict(
            open_backends(
                self._inputs.backends, database=self.database, store=self.store, zone=ZoneInfo(self._settings.time_zone), own_url=own_url(self._settings)
            )
        )
        found[CALLBACK_BACKEND] = self.desk.promising
        return {name: TracedBackend(name, MeteredBackend(name, backend, self.metrics, self.clock), self.spans) for name, backend in found.items()}


def _tracing(settings: Settings, clock: Clock) -> CallSpans:
    """Where spans are made. Raises StartRefused."""
    try:
        return open_tracing(settings.tracing, clock, version("hotline-acd"))
    except TracingUnavailable as error:
        raise StartRefused(str(error)) from error


async def _migrated(settings: Settings) -> None:
    """Bring the tables up to date. A database that is down must not hinder calls; the backend's own errors lead on."""
    log = structlog.get_logger("startup")
    try:
        async with asyncio.timeout(MIGRATE_SECONDS):
            await migrate(settings.database_url)
    except Exception as error:
        log.exception("database_not_ready", reason=type(error).__name__)


def _callback_rules(policy: Policy, queue: str) -> CallbackRules | None:
    """How a queue calls back; None if it does not."""
    found = policy.queues.get(queue)
    return None if found is None else found.callback


def _is_open(flows: FlowSet, plan: str, clock: Clock) -> bool:
    """Whether customers may be called by a plan of hours.yaml; by one that is not there never."""
    found = flows.plans.get(plan)
    return found is not None and found.is_open(clock.civil())


async def _finished(database: Database, call: str) -> bool:
    """Whether a call's record has its end; False when the database cannot say."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            record = await one_call(database, call)
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return record is not None and record.finished


async def _unfinished(database: Database) -> list[CallRecord]:
    """The records without an end; none when the database cannot say."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await unfinished_calls(database)
    except (SQLAlchemyError, OSError, TimeoutError):
        return []
