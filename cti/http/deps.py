"""What the HTTP side needs from the rest of the server, as plain callables, so that it can be run beside any engine."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from acd.config import Policy
from acd.events import Event
from acd.explain import Explanation
from acd.snapshot import Snapshot
from cti.board.document import AlertBoard, Links
from cti.board.figures import DayFigures
from cti.callbacks.promise import Promise
from cti.clock import Clock
from cti.flow_versions import FlowStatus
from cti.metrics.series import Form
from cti.policy_in_force import PolicyStatus
from cti.records.agent_states import Span
from cti.records.calls import CallRecord
from cti.records.decisions import DecisionRecord
from cti.report.desk import Wish
from cti.report.document import Document
from cti.users.access import Access
from ivr.flowset import FlowSet


class RecordsDown(Exception):
    """The records cannot be read now; the message says why."""


class FlowKeeper(Protocol):
    """The versions of the flows in use. `reload` and `rollback` raise FlowsRefused, and nothing has changed then."""

    @property
    def status(self) -> FlowStatus:
        """What serves whom."""

    async def reload(self, share: float = 1.0) -> FlowStatus:
        """Take the flows on disk, for a share of the new calls."""

    def rollback(self) -> FlowStatus:
        """Drop the candidate, or go back to the version before."""

    def flows_of(self, version: str) -> FlowSet | None:
        """Return a version in use; None for one that is known no more."""


class PolicyKeeper(Protocol):
    """The queues, tiers and agents in force. `reload` raises PolicyRefused, and nothing has changed then."""

    @property
    def status(self) -> PolicyStatus:
        """What is in force."""

    async def reload(self) -> PolicyStatus:
        """Take the configuration on disk."""


class RecordReader(Protocol):
    """Where finished (and begun) calls are read. Both methods raise RecordsDown, and end within a few seconds."""

    async def recent(self, limit: int, before_ms: int | None) -> Sequence[CallRecord]:
        """Return the latest records, newest first, of calls that began before `before_ms` (UTC), if given."""

    async def one(self, call: str) -> CallRecord | None:
        """Return one call's record."""


class DecisionReader(Protocol):
    """Where the decisions of the last day are read. Both methods raise RecordsDown, and end within a few seconds."""

    async def of(self, call: str) -> Sequence[DecisionRecord]:
        """Return a call's decisions, oldest first."""

    async def between(self, since_ms: int, until_ms: int) -> Sequence[DecisionRecord]:
        """Return all decisions of a span (UTC milliseconds), oldest first."""


class AgentStateReader(Protocol):
    """Where it is read what agents did. Raises RecordsDown, and ends within a few seconds."""

    async def between(self, since_ms: int, until_ms: int, agent: str | None) -> Sequence[Span]:
        """Return what agents (or one) did in a span (UTC milliseconds), by agent and time."""


class MetricsPage(Protocol):
    """What /metrics publishes."""

    async def page(self, form: Form = Form.TEXT) -> bytes:
        """The page in the form asked for."""


class ReportMaker(Protocol):
    """Where reports are made. Raises ReportsDown, and ends within two minutes."""

    async def report(self, wish: Wish) -> Document:
        """Return the report on a period."""


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call on the line. Texts are "" while not known; `tier` and `queue` are the last ones it had. `flow` and `step` say where in
    the flows it is, for `step_seconds`; "" while it waits, talks or is put through."""

    call: str
    caller: str = ""
    language: str = ""
    tier: str = ""
    queue: str = ""
    flow: str = ""
    step: str = ""
    step_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDeps:
    """Everything the API reads and does.

    Attributes:
        snapshot: the engine as it stands; None while there is none (not attached to Asterisk).
        tell: hands an event to the engine and returns when it was handled; False if there is no engine.
        live_calls: the calls on the line.
        explain: why a call waits or waited; None (or UnknownCall) if nothing is remembered, or there is no engine.
        records: the records of calls.
        decisions: why each offer of the last day went where it went.
        agent_states: what agents did on which day.
        callbacks: the open callbacks, by place in line.
        reports: the reports on days, weeks, months and quarters.
        flows: the versions of the flows in use.
        ready: whether calls are served, and each condition by name with its value.
        policy: the queues and agents in force.
        routing: the same with what was said of it, to be reloaded.
        metrics: what /metrics publishes.
        figures: today's figures of the lines.
        links: what the hotline leans on can be reached.
        alerts: those that are on, the graver first.
        clock: converts engine times to civil ones.
        token: what `Authorization: Bearer` must carry; at least 16 characters.
        access: who somebody is, by this token, the display's, or the cookie of a session.
        public_url: the address browsers use, if a proxy stands before the server; "" for the server's own.
        version: of this program.

    Raises:
        ValueError: the token is too short to protect anything.

    """

    snapshot: Callable[[], Snapshot | None]
    tell: Callable[[Event], Awaitable[bool]]
    live_calls: Callable[[], Sequence[LiveCall]]
    explain: Callable[[str], Explanation | None]
    records: RecordReader
    decisions: DecisionReader
    agent_states: AgentStateReader
    callbacks: Callable[[], Sequence[Promise]]
    reports: ReportMaker
    flows: FlowKeeper
    ready: Callable[[], tuple[bool, Mapping[str, object]]]
    policy: Callable[[], Policy]
    routing: PolicyKeeper
    metrics: MetricsPage
    figures: DayFigures
    links: Callable[[], Links]
    alerts: Callable[[], Sequence[AlertBoard]]
    clock: Clock
    token: str = field(repr=False)
    access: Access
    public_url: str = ""
    version: str

    def __post_init__(self) -> None:
        if len(self.token) < LEAST_TOKEN_LENGTH:
            raise ValueError(f"http.token has fewer than {LEAST_TOKEN_LENGTH} characters: set a longer random one")


LEAST_TOKEN_LENGTH = 16
