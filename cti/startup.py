"""From settings to a server: reads and checks everything, opens what is needed, and says what is wrong before any call.

Bad input ends with status 2 and every finding at once; a store or database that is down does not hinder the start.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import SQLAlchemyError

from acd.config import CallbackRules, Policy
from acd.facts import Fact
from cti.app import Room, Server
from cti.backends.catalogue import OPERATIONS, known_operations
from cti.backends.config import BackendsConfig, read_backends_config
from cti.backends.opening import open_backends
from cti.backends.text_messages import SEND_SMS
from cti.board.figures import DayFigures
from cti.callbacks.book import CallbackBook
from cti.callbacks.desk import CallbackDesk
from cti.clock import Clock
from cti.config import missing_plans, read_policy
from cti.config.dialing import load_dialing
from cti.database.engine import Database
from cti.database.migrate import migrate
from cti.dialing import Dialing
from cti.flow_versions import FlowsRefused, FlowVersions, Sources
from cti.leading import find_target
from cti.metrics import Configured, Metrics, Readings
from cti.metrics.axes import HTTP_REQUEST
from cti.metrics.meters import MeteredBackend, MeteredStore
from cti.metrics.step_results import all_results, marks
from cti.policy_in_force import PolicyInForce, PolicyRefused
from cti.prompts.files import missing
from cti.records.agent_states import AgentStateWriter
from cti.records.calls import CallRecord, RecordWriter, one_call, unfinished_calls
from cti.records.contact_writer import ContactWriter
from cti.records.decisions import DecisionWriter
from cti.records.ledger import Ledger
from cti.records.queue_log_file import QueueLogFile
from cti.records.retention import Sweeper
from cti.router import FactSink
from cti.settings import Settings
from cti.store.opening import open_store
from cti.tracing import CallSpans, TracingUnavailable, open_tracing
from cti.tracing.requests import TracedBackend
from ivr.document import BadDocument
from ivr.flows import load_flows, read_files
from ivr.flowset import FlowSet
from ivr.known import Known
from ivr.speech import catalogue
from ivr.steps.callback import BACKEND as CALLBACK_BACKEND
from ivr.steps.callback import CHECK, REQUEST

MIGRATE_SECONDS = 20.0
CLOSE_SECONDS = 1.0
READ_SECONDS = 2.0
SHOWN = 20


class BehindWriter(Protocol):
    """Writes behind the calls."""

    async def run(self) -> None:
        """Write until cancelled."""

    async def close(self, seconds: float, /) -> object:
        """Write what is left, for at most so long."""


class StartRefused(Exception):
    """The input cannot be used; the message lists every finding with its cure. Exit status 2."""


def read_backends(settings: Settings) -> BackendsConfig:
    """config/backends.yaml. Raises StartRefused."""
    path = settings.config_dir / "backends.yaml"
    try:
        return read_backends_config(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise StartRefused(f"{path}: {error.strerror}. Restore the file, or name another folder in config_dir.") from error


def own_url(settings: Settings) -> str:
    """The address of the server's own HTTP side, as it reaches itself."""
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(settings.http.host, settings.http.host)  # noqa: S104 - every address, this one too
    return f"http://{host}:{settings.http.port}"


def known_names(policy: Policy, backends: BackendsConfig, dialing: Dialing) -> Known:
    """What flows may refer to."""
    operations = known_operations()
    skills = {skill for agent in policy.agents.values() for skill in agent.skills}
    return Known(
        queues=frozenset(policy.queues), skills=frozenset(skills), tiers=frozenset((*policy.tiers, *policy.grades)),
        backends=dict.fromkeys(backends.backends, operations), services=frozenset(backends.services), gateways=frozenset(backends.gateways),
        may_dial=lambda number: dialing.allows(number) is not None,
        callbacks=frozenset(name for name, queue in policy.queues.items() if queue.callback is not None),
    )


def configured_names(flows: FlowSet, backends: BackendsConfig, dialing: Dialing, program: str) -> Configured:
    """What the labels of metrics may say beside the names of the policy."""
    operations = [(name, operation) for name in backends.backends for operation in OPERATIONS]
    operations += [(name, HTTP_REQUEST) for name in backends.services] + [(name, SEND_SMS) for name in backends.gateways]
    operations += [(CALLBACK_BACKEND, operation) for operation in (CHECK, REQUEST)]
    return Configured(
        flows=all_results(flows), marks=marks(flows), operations=operations, rules=[rule.name for rule in dialing.rules],
        version=program, flow_version=flows.version,
    )  # fmt: skip


def check_prompts(flows: FlowSet, settings: Settings) -> None:
    """Raises StartRefused when a prompt has no audio: found at load, not by a caller."""
    absent = missing([*flows.prompts(), *catalogue()], settings.sounds_dir)
    if absent:
        names = "\n".join(f"  {prompt.language}/{prompt.id}: {prompt.text}" for prompt in absent[:SHOWN])
        raise StartRefused(
            f"{len(absent)} prompts have no audio below {settings.sounds_dir}:\n{names}\n"
            "Render them with `hotline prompts build`, or record them."
        )


@asynccontextmanager
async def opened(settings: Settings, *, take_over: bool) -> AsyncIterator[tuple[Server, Database, Metrics]]:
    """Open everything and give the server, not running yet. Raises StartRefused, BadDocument."""
    loaded = read_policy(settings.config_dir)
    policy = loaded.policy
    backends_config = read_backends(settings)
    dialing = load_dialing(settings.config_dir)
    known = known_names(policy, backends_config, dialing)
    sources = read_files(settings.flows_dir)
    flows = load_flows(sources, known)
    absent = tuple(missing_plans(loaded.plans, flows.plans))
    if absent:
        raise BadDocument(absent)
    check_prompts(flows, settings)
    clock = Clock(settings.time_zone)
    spans = _tracing(settings, clock)
    log = structlog.get_logger("startup")
    for finding in (*loaded.warnings, *flows.warnings):
        log.warning("configuration", finding=str(finding))
    database = Database(settings.database_url)
    records = RecordWriter(database)
    decisions = DecisionWriter(database, clock)
    agent_states = AgentStateWriter(database, clock, kept_days=settings.agent_days_kept)
    metrics = Metrics(
        policy, configured_names(flows, backends_config, dialing, version("hotline-acd")),
        Readings(
            totals=lambda now: server.totals(now), now=clock.now, live_calls=lambda: len(server.live_calls()),  # noqa: PLW0108 - the server is made below
            records=lambda: (records.lost + contacts.lost, records.failures + contacts.failures),
        ),
    )  # fmt: skip
    store = MeteredStore(open_store(settings.store_url), metrics, clock)
    await _migrated(settings)
    queue_log = None
    if settings.queue_log_file is not None:
        queue_log = QueueLogFile(settings.queue_log_file, clock, policy=lambda: in_force.policy, caller_of=lambda call: ledger.caller_of(call))  # noqa: PLW0108 - the ledger is made below
    contacts = ContactWriter(
        database, clock, policy=lambda: in_force.policy, leads=lambda number: find_target(number, in_force.policy, dialing),
        on_written=queue_log.written if queue_log is not None else None,
    )
    ledger = Ledger(records, metrics, clock, lambda call: _finished(database, call), lambda: _unfinished(database), contacts, spans)
    backends = {
        name: TracedBackend(name, MeteredBackend(name, backend, metrics, clock), spans)
        for name, backend in open_backends(
            backends_config, database=database, store=store, zone=ZoneInfo(settings.time_zone), own_url=own_url(settings)
        ).items()
    }
    in_force = PolicyInForce(
        loaded, read=lambda: read_policy(settings.config_dir), metrics=metrics,
        check=lambda changed: _check_fit(
            changed, lambda policy: known_names(policy, backends_config, dialing), settings, default_queue=settings.default_queue or next(iter(policy.queues))
        ),
    )
    versions = FlowVersions(
        flows, sources, read=lambda: read_files(settings.flows_dir), store=store, metrics=metrics,
        load=lambda texts: _checked(texts, in_force.policy, known_names(in_force.policy, backends_config, dialing), settings),
    )
    await versions.archive()
    desk = CallbackDesk(
        CallbackBook(store), dialing=dialing, clock=clock, rules=lambda queue: _callback_rules(in_force.policy, queue),
        is_open=lambda plan: _is_open(versions.current, plan, clock), records=records, settled=lambda fact: _tell((metrics, contacts), fact, clock),
    )
    backends[CALLBACK_BACKEND] = TracedBackend(CALLBACK_BACKEND, MeteredBackend(CALLBACK_BACKEND, desk.promising, metrics, clock), spans)
    figures = DayFigures(clock, lambda: in_force.policy)
    server = Server(Room(settings, in_force, versions, clock, store, backends, ledger, metrics, dialing, desk, figures, take_over, decisions, agent_states, contacts, queue_log, spans))
    written: tuple[BehindWriter, ...] = (_sweeper(settings, database, clock), records, contacts, decisions, agent_states, *([queue_log] if queue_log is not None else []))
    writers = [asyncio.create_task(writer.run(), name=type(writer).__name__) for writer in written]
    try:
        yield server, database, metrics
    finally:
        for task in writers:
            task.cancel()
        for writer in written:  # one by one: the queue log follows what was written of contact legs
            await writer.close(CLOSE_SECONDS)
        for backend in backends.values():
            await backend.close()
        await store.close()
        await database.close()
        await spans.close(CLOSE_SECONDS)


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


def _sweeper(settings: Settings, database: Database, clock: Clock) -> Sweeper:
    kept = {"records_kept_days": settings.records_kept_days, "effects_kept_days": settings.effects_kept_days}
    return Sweeper(database, clock, settings.spool_dir, **kept)


def _tell(sinks: tuple[FactSink, ...], fact: Fact, clock: Clock) -> None:
    for sink in sinks:
        sink.told(fact, clock.now())


def _callback_rules(policy: Policy, queue: str) -> CallbackRules | None:
    """How a queue calls back; None if it does not."""
    found = policy.queues.get(queue)
    return None if found is None else found.callback


def _is_open(flows: FlowSet, plan: str, clock: Clock) -> bool:
    """Whether customers may be called by a plan of hours.yaml; by one that is not there never."""
    found = flows.plans.get(plan)
    return found is not None and found.is_open(clock.civil())


def _absent_plans(policy: Policy, flows: FlowSet) -> str:
    """What is wrong with the hours in which customers are called back; "" if nothing is: by a plan that is gone nobody ever would be."""
    named = {name: queue.callback.plan for name, queue in policy.queues.items() if queue.callback is not None and queue.callback.plan}
    absent = [f"{name} names {plan!r}" for name, plan in named.items() if plan not in flows.plans]
    return f"plans of callback: in queues.yaml that hours.yaml does not have: {', '.join(absent)}. Add or name them." if absent else ""


def _checked(texts: Sources, policy: Policy, known: Known, settings: Settings) -> FlowSet:
    """A set of flows that callers may meet. Raises BadDocument, FlowsRefused."""
    flows = load_flows(texts, known)
    absent = _absent_plans(policy, flows)
    if absent:
        raise FlowsRefused(absent)
    try:
        check_prompts(flows, settings)
    except StartRefused as error:
        raise FlowsRefused(str(error)) from error
    return flows


def _check_fit(policy: Policy, known: Callable[[Policy], Known], settings: Settings, *, default_queue: str) -> None:
    """Raises PolicyRefused when callers could be led to a queue that this policy does not have."""
    if default_queue not in policy.queues:
        raise PolicyRefused(
            f"{settings.config_dir / 'queues.yaml'}: the queue {default_queue!r} is gone, but callers are led there when all else fails. "
            "Keep it, or name another one (default_queue in the server's settings) and start the server again."
        )
    try:
        flows = load_flows(read_files(settings.flows_dir), known(policy))
    except BadDocument as error:
        raise PolicyRefused(f"the flows in {settings.flows_dir} do not fit this configuration:\n{error}") from error
    absent = _absent_plans(policy, flows)
    if absent:
        raise PolicyRefused(absent)


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
