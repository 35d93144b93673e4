"""The server: wires the rooms together, keeps one attachment to Asterisk alive, and leaves without losing anybody.

One process, one loop. Everything that must run for ever is a task of one TaskGroup; if one of these fails the process
ends and its supervisor starts it again, which is safe because Asterisk keeps the callers.
"""

import asyncio
import contextlib
import signal
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Coroutine, Mapping
from dataclasses import dataclass, field

import structlog

from acd.config import Policy
from acd.engine import Engine
from acd.errors import UnknownCall
from acd.events import AgentAdopted, Event, PolicyReplaced
from acd.explain import Explanation
from acd.snapshot import Snapshot
from acd.states import AgentState
from acd.totals import Totals
from cti.agents import AgentKeeper
from cti.ami.errors import ActionRefused, ActionTimeout, LinkDown, OwnershipLost
from cti.ami.frames import Frame
from cti.ami.messages import EVENT_NAMES, AmiEvent, ChannelRow, parse_event
from cti.ami.session import AmiAccount, AmiSession
from cti.ami.switch import Requester, Switch
from cti.backends.base import Backend
from cti.board.figures import DayFigures
from cti.callbacks.desk import CallbackDesk, Link
from cti.calls.call import Call
from cti.calls.ports import CallServices
from cti.calls.sessions import SessionKeeper
from cti.clock import Clock
from cti.control.attachment import Attachment
from cti.control.auditor import Auditor
from cti.control.dispatcher import Dispatcher
from cti.control.endings import EndingsReader
from cti.control.features import FeatureDesk
from cti.control.ownership import Fence, FencedToo, Heartbeat, acquire, epoch_of, watch_for_pauses
from cti.control.phones import PhoneWatch
from cti.dialing import Dialing
from cti.flow_versions import FlowsRefused, FlowVersions
from cti.leading import find_target
from cti.metrics import Metrics
from cti.metrics.loop_lag import watch_loop
from cti.metrics.meters import MeteredRequester
from cti.monitoring import Alert, AlertWatch
from cti.pauses import PauseWatch
from cti.policy_in_force import PolicyInForce, PolicyRefused
from cti.records.agent_states import AgentStateWriter
from cti.records.contact_writer import ContactWriter
from cti.records.decisions import DecisionWriter
from cti.records.ledger import Ledger
from cti.records.queue_log_file import QueueLogFile
from cti.router import Router, RouterState, Words
from cti.settings import Settings
from cti.store.base import Store
from cti.tracing import CallSpans, NoSpans
from cti.words import Durations, Phrasebook

#: Events heard before the channels are read are kept up to this many: the newest, for what is older the channels tell.
BUFFER_LIMIT = 50_000
TELL_SECONDS = 2.0
#: How much of a list of channels is taken in at once: about a dozen, in a millisecond.
LOOK_BYTES = 12_288


@dataclass(slots=True)
class Room:
    """What lives as long as the process: configuration, stores, backends, ledger, metrics."""

    settings: Settings
    policy: PolicyInForce
    flows: FlowVersions
    clock: Clock
    store: Store
    backends: Mapping[str, Backend]
    ledger: Ledger
    metrics: Metrics
    dialing: Dialing
    callbacks: CallbackDesk
    figures: DayFigures
    take_over: bool = False
    decisions: DecisionWriter | None = None
    agent_states: AgentStateWriter | None = None
    contacts: ContactWriter | None = None
    queue_log: QueueLogFile | None = None
    spans: CallSpans = field(default_factory=NoSpans)


@dataclass(slots=True)
class _Live:
    """One attachment's parts, for the API and the event intake."""

    state: RouterState
    router: Router
    engine: Engine
    dispatcher: Dispatcher
    adopted: bool = False
    buffered: list[Frame] = field(default_factory=list)


class Server:
    """Runs until stopped. `live` is None while there is no attachment."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._owner: str | None = None
        self._live: _Live | None = None
        self._heard: deque[Frame] = deque(maxlen=BUFFER_LIMIT)
        self._up = asyncio.Condition()
        self._last_agents: list[AgentAdopted] = []
        self._stopping = asyncio.Event()
        self._reload = asyncio.Event()
        self.sessions = SessionKeeper(room.store)
        self.keeper = AgentKeeper(room.store, room.clock, lambda: None if self._live is None else self._live.engine)
        self.pauses = PauseWatch(room.clock, lambda: None if self._live is None else self._live.engine)
        self.watch = AlertWatch(room.clock, lambda: self.policy, self.totals, room.metrics.health)
        ami = room.settings.ami
        events = AmiAccount(ami.host, ami.port, ami.events_username, ami.events_secret.get_secret_value(), "on")
        actions = AmiAccount(ami.host, ami.port, ami.actions_username, ami.actions_secret.get_secret_value(), "off")
        self.events_link = AmiSession(events, EVENT_NAMES, self._frame, self._link_up, self._events_down)
        self.actions_link = AmiSession(actions, frozenset(), lambda _frame: None, self._link_up, self._link_down)
        # beside the other two, which carry on without it: while Asterisk lists hundreds of channels, a session does nothing else
        self.looks_link = AmiSession(actions, frozenset(), lambda _frame: None, _nothing, lambda _reason: None, LOOK_BYTES)
        self._lost = asyncio.Event()
        self._attached = 0
        room.policy.when_taken(self._policy_taken)
        self.log = structlog.get_logger("server")

    # ---- for the API and the metrics

    def snapshot(self) -> Snapshot | None:
        """The engine as it stands, None while there is no attachment."""
        return None if self._live is None else self._live.engine.snapshot(self._room.clock.now())

    def totals(self, now: float) -> Totals | None:
        """Counts of the engine as it stands, None while there is no attachment."""
        return None if self._live is None else self._live.engine.totals(now)

    def alerts(self) -> list[Alert]:
        """What alarms now, the graver first."""
        return self.watch.alerts()

    @property
    def flows(self) -> FlowVersions:
        """The versions of the flows in use."""
        return self._room.flows

    @property
    def callbacks(self) -> CallbackDesk:
        """The promises to call back."""
        return self._room.callbacks

    @property
    def figures(self) -> DayFigures:
        """Today's figures of the lines."""
        return self._room.figures

    @property
    def store(self) -> Store:
        """Where live state is kept."""
        return self._room.store

    def ask_to_reload(self) -> None:
        """Reload configuration and flows soon (SIGHUP); the outcome is in the log and the metrics."""
        self._reload.set()

    async def _reloads(self) -> None:
        while True:
            await self._reload.wait()
            self._reload.clear()
            with contextlib.suppress(PolicyRefused):  # logged and alarmed where it was refused
                await self._room.policy.reload()
            with contextlib.suppress(FlowsRefused):
                await self._room.flows.reload()

    def _policy_taken(self, policy: Policy) -> None:
        """Route by another policy from now on; an engine that starts later begins with it."""
        if self._live is not None:
            self._live.router.tell(PolicyReplaced(policy))

    @property
    def policy(self) -> Policy:
        """The queues, tiers and agents in force."""
        return self._room.policy.policy

    @property
    def routing(self) -> PolicyInForce:
        """The policy with what was said of it."""
        return self._room.policy

    def live_calls(self) -> list[Call]:
        """The calls on the line."""
        return [] if self._live is None else list(self._live.state.calls.values())

    async def tell(self, event: Event) -> bool:
        """Give the router an event from outside (API); returns when it was handled. False if it could not be."""
        if self._live is None:
            return False
        self._live.router.tell(event)
        done, _ = await asyncio.wait([self._live.router.pulse()], timeout=TELL_SECONDS)
        return bool(done)

    def explain(self, call: str) -> Explanation | None:
        """Why a call waits or waited; None when nothing is remembered."""
        if self._live is None:
            return None
        try:
            return self._live.engine.explain(call, self._room.clock.now())
        except UnknownCall:
            return None

    def ready(self) -> tuple[bool, dict[str, object]]:
        """Whether calls are served, and why not."""
        adopted = self._live is not None and self._live.adopted
        reasons: dict[str, object] = {"ami_events": self.events_link.up, "ami_actions": self.actions_link.up, "adopted": adopted}
        return all(bool(value) for value in reasons.values()), reasons

    # ---- links

    def _frame(self, frame: Frame) -> None:
        live = self._live
        if live is None or not live.adopted:
            self._heard.append(frame)
            return
        self._dispatch(live, frame)

    @staticmethod
    def _dispatch(live: _Live, frame: Frame) -> None:
        if frame.forged:
            live.dispatcher.forged_frame(frame.headers.get("Event", ""))
            return
        event: AmiEvent | None = parse_event(frame)
        if event is not None:
            live.dispatcher.event(event)

    async def _link_up(self) -> None:
        self._room.metrics.ami_link(events=self.events_link.up, actions=self.actions_link.up)
        async with self._up:
            self._up.notify_all()

    def _link_down(self, reason: str) -> None:
        del reason
        self._room.metrics.ami_link(events=self.events_link.up, actions=self.actions_link.up)
        self._lost.set()

    def _events_down(self, reason: str) -> None:
        self._heard.clear()
        self._link_down(reason)

    # ---- running

    async def run(self) -> None:
        """Serve until `stop`. Raises OwnershipLost (exit status 3)."""
        lost: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                background = [tasks.create_task(work, name=name) for name, work in self._lasting_work()]
                await self._stopping.wait()
                for task in reversed(background):
                    task.cancel()
        except* OwnershipLost as group:
            lost = _first(group)  # raised below: Python 3.11.2 wraps again what is raised in here
        finally:
            self.events_link.close()
            self.actions_link.close()
            self.looks_link.close()
        if lost is not None:
            raise lost
        await self.sessions.flush()
        await self.keeper.flush()
        await self._room.callbacks.flush()

    def _lasting_work(self) -> list[tuple[str, Coroutine[None, None, None]]]:
        work: list[tuple[str, Coroutine[None, None, None]]] = [
            ("ami events", self.events_link.run()), ("ami actions", self.actions_link.run()), ("ami looks", self.looks_link.run()), ("sessions", self.sessions.run()),
            ("agents", self.keeper.run()), ("callbacks", self._room.callbacks.run()), ("reloads", self._reloads()), ("attachments", self._attachments()),
            ("pauses", watch_for_pauses(self._room.clock)), ("agents' pauses", self.pauses.run()), ("alerts", self.watch.run()),
            ("event loop", watch_loop(self._room.metrics)),
        ]
        if self._room.settings.watch_flows_seconds:
            work.append(("flow files", self.flows.watch(self._room.settings.watch_flows_seconds)))
        if self._room.settings.watch_config_seconds:
            work.append(("config files", self.routing.watch(self._room.settings.watch_config_seconds)))
        return work

    def stop(self) -> None:
        """Leave: Asterisk keeps the callers, the next server adopts them."""
        self._stopping.set()

    async def _attachments(self) -> None:
        # a TaskGroup that meets a child's error and our cancellation at once may keep the latter to itself
        while not self._stopping.is_set():
            async with self._up:
                await self._up.wait_for(lambda: self.events_link.up and self.actions_link.up)
            self._lost.clear()
            try:
                await self._attach()
            except* (LinkDown, ActionTimeout, ActionRefused) as group:
                self.log.warning("attachment_ended", reason=str(_first(group)))
            finally:
                self._detach()
            await asyncio.sleep(0.1)

    def _detach(self) -> None:
        live, self._live = self._live, None
        self._room.callbacks.detach()
        if live is not None:
            self._last_agents = _agents_as_adopted(live.engine.snapshot(self._room.clock.now()))
        self._heard.clear() if not self.events_link.up else None

    async def _attach(self) -> None:
        room = self._room
        fence = Fence(self.actions_link, room.clock)
        switch = Switch(MeteredRequester(fence, room.metrics, room.clock))
        self._owner = await acquire(switch, room.store, own=self._owner, take_over=room.take_over)
        fence.confirm()
        for sink in (room.agent_states, room.queue_log):
            if sink is not None:
                sink.unsettle()
        async with asyncio.TaskGroup() as tasks:
            live, attachment, auditor = self._build(switch, FencedToo(fence, self.looks_link), tasks)
            self._live = live
            for adopted in self._last_agents or await self.keeper.load():
                live.router.tell(adopted)
            tasks.create_task(self._watch_links(), name="links")
            tasks.create_task(live.router.run(), name="router")
            # before the adoption: taking back hundreds of callers outlasts what the fence lets pass without a confirmation
            tasks.create_task(Heartbeat(switch, fence, self._owner, live.router.pulse).run(), name="heartbeat")
            await room.ledger.recall()
            rows = await switch.channels()
            alive = {row.variables.get("ACD_OFFER", "") for row in rows}
            await attachment.adopt_all(rows, await room.callbacks.attach(self._callback_link(live, switch), alive))
            await self._settle(live)
            self._apply_heard(live)
            self.log.info("attached", owner=epoch_of(self._owner))
            tasks.create_task(auditor.run(), name="auditor")
            tasks.create_task(self._endings(switch, live, {row.nonce for row in rows}), name="endings")

    @staticmethod
    def _callback_link(live: _Live, switch: Switch) -> Link:
        def entry_ms(call: str) -> int:
            found = live.state.calls.get(call)
            return found.state.entry_ms if found is not None else 0

        return Link(live.router, switch, live.engine.state_of, entry_ms, lambda: {leg.offer for leg in live.state.legs.all()})

    async def _endings(self, switch: Switch, live: _Live, present: set[str]) -> None:
        """Read what Asterisk wrote down of calls that ended unseen; of the rest nobody will ever hear again."""
        ledger = self._room.ledger
        endings = EndingsReader(
            switch, self._room.clock, lambda ending: ledger.ending_found(ending, served=ending.call in live.state.calls), ledger.written
        )
        if await endings.try_read():  # else what Asterisk knows of their ends would be taken for nothing
            alive = present | live.state.calls.keys()
            ledger.close_lost(alive)
            self.sessions.keep_only(alive)
        await endings.run()

    async def _settle(self, live: _Live) -> None:
        """What the adoption told is handled once the router comes to this mark: from now on what changes are changes."""
        await live.router.pulse()
        agents = live.engine.snapshot(self._room.clock.now()).agents.values()
        if self._room.agent_states is not None:
            self._room.agent_states.settle(agents)
        if self._room.contacts is not None:
            wrapping = [agent.name for agent in agents if agent.state is AgentState.WRAP_UP]
            self._room.contacts.settle(live.engine.entries(), wrapping)
        if self._room.queue_log is not None:
            self._room.queue_log.settle()

    def _apply_heard(self, live: _Live) -> None:
        live.adopted = True
        while self._heard:
            self._dispatch(live, self._heard.popleft())

    async def _watch_links(self) -> None:
        await self._lost.wait()
        raise LinkDown("a link to Asterisk was lost")

    def _language(self, state: RouterState, call: str) -> str:
        """That of a caller, or of a customer who is to be called back."""
        found = state.calls.get(call)
        return found.language if found is not None else self._room.callbacks.language_of(call)

    def _devices(self) -> dict[str, str]:
        """Agents by device."""
        return {agent.device: agent.name for agent in self.policy.agents.values()}

    def _build(self, switch: Switch, looking: Requester, tasks: asyncio.TaskGroup) -> tuple[_Live, Attachment, Auditor]:
        room = self._room
        assert self._owner is not None
        durations = Durations(room.settings.sounds_dir)
        book = Phrasebook(room.flows.current.phrases)
        state = RouterState(self._owner)
        self._attached += 1  # legs of this owner's earlier attachments may live on: no offer id comes twice
        engine = Engine(self.policy, offer_prefix=f"e{epoch_of(self._owner):06d}-{self._attached:04d}-")
        router = Router(
            engine, state, switch, room.clock, Words(book.whisper, book.whisper_callback, book.greeting(), book.announce), room.callbacks,
            (
                room.ledger, room.metrics, self.keeper, self.pauses, room.callbacks, room.figures, self.watch,
                *([room.decisions.listening(engine)] if room.decisions is not None else []),
                *([room.agent_states] if room.agent_states is not None else []),
                *([room.contacts.listening(engine, lambda call: self._language(state, call))] if room.contacts is not None else []),
                *([room.queue_log] if room.queue_log is not None else []),
                room.spans,
            ),
        )
        services = CallServices(
            switch=switch, clock=room.clock, flows=room.flows, backends=room.backends, sessions=self.sessions, queue=router,
            records=room.ledger, duration=durations, spool=room.settings.spool_dir / "recordings", holding_prompts=book.holding,
            default_queue=room.settings.default_queue or next(iter(self.policy.queues)), away_seconds=lambda: self.policy.away_seconds, dialing=room.dialing,
            leads=lambda number: find_target(number, self.policy, room.dialing),
        )
        phones = PhoneWatch(self._devices, router.tell)
        desk = FeatureDesk(
            switch, tasks, self._devices, router.tell,
            lambda: engine.snapshot(room.clock.now()), book.phrase, durations,
        )
        attachment: Attachment | None = None
        dispatcher = Dispatcher(state, router, desk, lambda event: attachment.new_call(event) if attachment else None, room.metrics.forged)
        attachment = Attachment(
            services=services, state=state, router=router, dispatcher=dispatcher, switch=switch, clock=room.clock, tasks=tasks, phones=phones,
            on_drift=room.metrics.drift,
        )
        looks = Switch(MeteredRequester(looking, room.metrics, room.clock))

        def look() -> Awaitable[list[ChannelRow]]:
            return (looks if self.looks_link.up else switch).channels()

        auditor = Auditor(
            switch, state, router, attachment, phones, room.metrics.drift, room.metrics.channels_seen,
            look=look,
        )
        return _Live(state, router, engine, dispatcher), attachment, auditor


async def _nothing() -> None:
    """Who only looks has nothing to begin."""


def _agents_as_adopted(snapshot: Snapshot) -> list[AgentAdopted]:
    """The agents as an attachment left them, for the next one."""
    return [AgentAdopted(agent.name, agent.state, agent.reason, agent.since, agent.until, agent.misses) for agent in snapshot.agents.values()]


@contextlib.asynccontextmanager
async def reloaded_by_signal(server: Server) -> AsyncIterator[None]:
    """SIGHUP reloads configuration and flows while this context is open."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, server.ask_to_reload)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


@contextlib.asynccontextmanager
async def stopped_by_signals(server: Server) -> AsyncIterator[None]:
    """SIGTERM and SIGINT stop the server while this context is open."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first plain exception of nested groups."""
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
