"""One call: the task that performs what the interpreter wants on the caller's channel.

The task owns its channel from AGI entry to hang-up. It catches its own failures at its top frame: a sentence, then the
default queue. While the caller waits or talks it only listens; Asterisk holds him, and the dialplan brings him back.
"""

import asyncio
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import structlog

from cti.ami.errors import ActionRefused, AmiError, LinkDown, OwnershipLost
from cti.ami.messages import AgiExecuted
from cti.backends.base import BackendError, FailureReason
from cti.calls.line import Line, LineGone, Played
from cti.calls.ports import CallServices, QueueRequest
from cti.calls.state import ChannelPhase, ChannelState
from ivr.commands import CallBackend, Command, Hangup, JoinQueue, Play, Record, SetLanguage, StopPlaying
from ivr.events import (
    BackendFailed,
    BackendReplied,
    CallerHungUp,
    DeadlinePassed,
    DigitPressed,
    Event,
    FailReason,
    PlayEnded,
    QueueLeft,
    QueueOutcome,
    RecordEnded,
)
from ivr.state import Awaiting, CallInfo, Ended, Step

LEASE_SECONDS = 15
RENEW_SECONDS = 5.0
RETURN_SECONDS = 2.0
#: Asterisk stops a prompt at the digit by itself; only a digit that came in a gap between commands needs a move.
STOP_SECONDS = 0.15
INBOX_LIMIT = 256
#: Asterisk tells of a hang-up this much later, at most, than of the command that it broke off.
HANGUP_SECONDS = 0.5
#: More saves than a session which the store did not show can be ahead of what its channel says.
UNSEEN_SAVES = 1000
#: The wait of a caller whose session is lost; no interpreter knows it.
ADOPTED = "adopted"
_OUTCOMES = frozenset(outcome.value for outcome in QueueOutcome)


class _Place(Enum):
    """Where the caller is, as this task knows it."""

    LINE = "line"  #: in AsyncAGI, ours
    HOLD = "hold"  #: in the dialplan's hold loop
    TALK = "talk"


@dataclass(frozen=True, slots=True)
class _Cut:
    """A key stopped this prompt in Asterisk; whether it counts, the flow knows."""

    play: Play


@dataclass(frozen=True, slots=True)
class _Released:
    reason: str


@dataclass(frozen=True, slots=True)
class _TalkOver:
    offer: str
    agent: str
    wait_seconds: float
    lost: bool


_Signal = _Released | _TalkOver


@dataclass(frozen=True, slots=True)
class Start:
    """How a call begins: a fresh one, or one found on its channel with what was known of it.

    `state` is what the channel says; `session` the stored one with its `generation`, None if there is none.
    `entered_at` monotonic, for a caller who waits or waited; `talking` = (offer, agent) for one in a talk; `in_hold` for one
    whom the dialplan holds and whom the router has been told of; `served` = the offer of a talk that ended meanwhile, with the agent `served_by`; `up_seconds` = the age of the channel.
    """

    call: str
    channel: str
    caller: str
    called: str
    state: ChannelState
    adopted: bool = False
    session: dict[str, Any] | None = None
    generation: int = 0
    entered_at: float | None = None
    talking: tuple[str, str] | None = None
    in_hold: bool = False
    served: str = ""
    served_by: str = ""
    up_seconds: float = 0.0


class Call:
    """See the module. `run` is the task; the dispatcher and the router feed the other public methods, none of which waits."""

    def __init__(self, services: CallServices, start: Start) -> None:
        self._services = services
        self._start = start
        self._interpreter = services.flows.for_new_call(start.call)
        self.call = start.call
        self.channel = start.channel
        self.line = Line(services.switch, start.call, start.channel, services.duration)
        self._state = start.state
        self._generation = _generation(start)
        self._inbox: asyncio.Queue[Event | _Signal | _Cut] = asyncio.Queue()
        self._children: asyncio.TaskGroup | None = None
        self._playing: tuple[str, asyncio.Task[None]] | None = None
        self._recording: tuple[Record, float] | None = None
        self._queue: JoinQueue | None = None
        self._entered_at = start.entered_at
        self._away_since: float | None = services.clock.now() if start.entered_at is not None else None
        self._place = _Place.TALK if start.talking else _Place.HOLD if start.in_hold else _Place.LINE
        self._renew_at = 0.0
        self._lost_agent = False
        self._begun = False
        self._known_to_router = start.in_hold
        self.hangup_cause: int | None = None
        self.log = structlog.get_logger("call").bind(call=start.call)

    @property
    def language(self) -> str:
        """The caller's language, "" before he has one."""
        return self._state.language

    @property
    def caller(self) -> str:
        """The caller's number as the dialplan filtered it."""
        return self._start.caller

    @property
    def gone(self) -> bool:
        """True once the caller has hung up."""
        return self.line.gone

    @property
    def state(self) -> ChannelState:
        """What the channel says (or will say in a moment)."""
        return self._state

    def elsewhere(self, context: str) -> bool:
        """Whether a channel in this context of the dialplan is not where this task believes the caller."""
        if self._place is _Place.HOLD:
            return context == "hotline-in"
        return self._place is _Place.LINE and context in ("hotline-hold", "hotline-default")

    # ---- fed by the dispatcher

    def agi_started(self) -> None:
        """The channel waits for AGI commands."""
        self.line.agi_started()

    def agi_executed(self, event: AgiExecuted) -> None:
        """A command is done."""
        self.line.agi_executed(event)

    def agi_ended(self) -> None:
        """The channel left AsyncAGI."""
        self.line.agi_ended()

    def digit(self, digit: str) -> None:
        """The caller pressed a key. While he waits, the queue step's keys ask to leave; keys beyond the bound are dropped."""
        if self._place is _Place.HOLD and self._queue is not None:
            reason = self._queue.keys.get(digit)
            if reason is not None:
                self._services.queue.ask_to_leave(self.call, reason)
        elif self._place is _Place.LINE and self._inbox.qsize() < INBOX_LIMIT:
            self._inbox.put_nowait(DigitPressed(digit))

    def hung_up(self, cause: int) -> None:
        """The caller is gone."""
        if self.line.gone:
            return
        self.hangup_cause = cause
        self.line.hung_up()
        self._services.queue.hung_up(self.call)
        if self._recording is not None:
            command, began = self._recording
            self._recording = None
            seconds = self._services.clock.now() - began
            self._inbox.put_nowait(RecordEnded(command.token, command.name, seconds, ok=True, hung_up=True))
        self._inbox.put_nowait(CallerHungUp())

    # ---- fed by the router

    def released(self, reason: str) -> None:
        """The router lets him out of the line without an agent."""
        self._inbox.put_nowait(_Released(reason))

    def talk_started(self) -> None:
        """He is connected to an agent."""
        self._place = _Place.TALK

    def talk_over(self, offer: str, agent: str, wait_seconds: float, *, lost: bool) -> None:
        """The talk is over and he is still there; `lost` when the agent's leg died without goodbye."""
        self._inbox.put_nowait(_TalkOver(offer, agent, wait_seconds, lost))

    async def take_back(self) -> None:
        """The dialplan has him where this task does not expect him: to hold again (with no ticket, whatever he had), or to his flow.

        Raises AmiError.
        """
        held = self._place is _Place.HOLD
        try:
            if held:
                await self._services.switch.set_variable(self.channel, "ACD_OFFER", "")
            await self._write_state()
            await self._services.switch.redirect(self.channel, "hotline-hold" if held else "hotline-in", "s" if held else "again")
        except ActionRefused:
            self.log.info("take_back_refused")

    # ---- the task

    async def run(self) -> None:
        """Serve the call to its end. When the link to Asterisk is lost, or this call's own code fails, the task returns
        without closing the record: the caller is then found again on his channel."""
        structlog.contextvars.bind_contextvars(call=self.call)
        cause: str | None = None
        try:
            async with asyncio.TaskGroup() as children:
                self._children = children
                cause = await self._serve()
                if self._playing is not None:
                    self._playing[1].cancel()
        except* LinkDown:
            self.log.info("call_link_lost")
        except* OwnershipLost:
            raise
        except* Exception as group:  # a child's fault is this call's, not another caller's
            self.log.exception("call_failed", error=repr(group.exceptions[0]))
            cause = await self._rescue()
        if cause is not None:
            self._services.sessions.forget(self.call)
            self._services.records.ended(self.call, cause=cause, hangup_cause=self.hangup_cause or 0)

    async def _serve(self) -> str | None:
        """The cause of the end, or None if the call goes on without this task."""
        try:
            step = await self._first_step()
            while True:
                self._checkpoint(step)
                await self._perform_all(step)
                if step.ended is not None:
                    return await self._finish(step)
                event = await self._next_event(step)
                step = self._interpreter_step(step, event)
        except (LinkDown, OwnershipLost):
            raise
        except LineGone as error:
            return await self._line_lost(str(error))
        except AmiError as error:
            return await self._line_lost(str(error))
        except Exception:  # the top frame of one call: its fault must not become another caller's
            self.log.exception("call_failed")
            return await self._rescue()

    async def _first_step(self) -> Step:
        services, start = self._services, self._start
        if self._place is _Place.LINE:
            await (self.line.fetch() if start.adopted else self.line.enter())
        if start.session is not None:
            self._interpreter = await services.flows.of_version(str(start.session.get("version", "")))
        # only now: an event that told of a call which does not exist leaves no record
        self._begun = True
        services.records.began(
            self.call, caller=start.caller, called=start.called, channel=start.channel, adopted=start.adopted, up_seconds=start.up_seconds,
            flow_version=self._interpreter.version, agent=start.talking[1] if start.talking else start.served_by, queue=start.state.queue,
        )
        now, civil = services.clock.now(), services.clock.civil()
        info = CallInfo(start.call, start.caller, start.called, start.state.language or None)
        if start.session is not None:
            step = self._interpreter.restore(start.session, now, civil)
            if start.served and step.awaiting is Awaiting.QUEUE and step.session.token is not None:
                back = QueueLeft(step.session.token, QueueOutcome.SERVED, agent=start.served_by, offer=start.served)
                step = self._interpreter.resume(step.session, back, now, civil)
            if self._place is _Place.LINE or step.awaiting is Awaiting.QUEUE:
                return step
        step = self._interpreter.start(info, now, civil)
        if self._place is not _Place.LINE:  # a waiting caller whose session is lost: he waits on, and starts over when he is back
            self._queue = JoinQueue(ADOPTED, start.state.queue, start.state.tier, start.state.needs, start.state.language, {})
            return replace(step, commands=(self._queue,), awaiting=Awaiting.QUEUE, deadline=None)
        return step

    def _interpreter_step(self, step: Step, event: Event) -> Step:
        services = self._services
        now, civil = services.clock.now(), services.clock.civil()
        if step.awaiting is Awaiting.QUEUE and self._queue is not None and self._queue.token == ADOPTED:
            if isinstance(event, QueueLeft) and event.outcome is QueueOutcome.SERVED:
                return replace(step, commands=(Hangup(),), awaiting=Awaiting.NONE, deadline=None, trace=(), ended=Ended("completed", "served"))
            return self._interpreter.start(step.session.call, now, civil)
        return self._interpreter.resume(step.session, event, now, civil)

    def _checkpoint(self, step: Step) -> None:
        for trace in step.trace:
            self._services.records.stepped(self.call, trace)
        if step.ended is None:
            self._generation += 1
            self._services.sessions.save(self.call, self._generation, step.session.to_json())

    # ---- performing

    async def _perform_all(self, step: Step) -> None:
        for command in step.commands:
            if self.gone and not isinstance(command, CallBackend):
                continue
            try:
                await self._perform(command)
            except (LineGone, ActionRefused):
                if not self.gone:
                    raise

    async def _perform(self, command: Command) -> None:
        match command:
            case Play():
                self._playing = (command.token, self._spawn(self._play(command), "play"))
            case StopPlaying():
                await self._stop(command.token)
            case Record():
                self._recording = (command, self._services.clock.now())
                self._spawn(self._record(command), "record")
            case SetLanguage():
                await self._set_language(command.language)
            case CallBackend():
                self._spawn(self._call_backend(command), "backend")
            case JoinQueue():
                await self._join(command)
            case Hangup():
                await self.line.end()

    def _spawn(self, work: Any, name: str) -> "asyncio.Task[None]":
        assert self._children is not None
        return self._children.create_task(work, name=f"{name} {self.call}")

    async def _play(self, command: Play) -> None:
        try:
            played = await self.line.play(command.prompts, command.language, barge_in=command.barge_in)
        except LineGone:
            played = Played.FAILED
        self._inbox.put_nowait(_Cut(command) if played is Played.BY_KEY else PlayEnded(command.token, bool(played)))

    async def _stop(self, token: str) -> None:
        if self._playing is None or self._playing[0] != token:
            return
        done, _ = await asyncio.wait([self._playing[1]], timeout=STOP_SECONDS)
        self._playing = None
        if not done:
            await self.line.fetch()

    async def _record(self, command: Record) -> None:
        path = str(self._services.spool / f"{command.name}.wav")
        try:
            ok = await self.line.record(path, command.silence_seconds, command.max_seconds)
        except LineGone:
            ok = False
        if not ok:  # the end of a recording by hang-up is told before the hang-up itself, which then reports it
            await self.line.gone_within(HANGUP_SECONDS)
        if self._recording is None:
            return
        began = self._recording[1]
        self._recording = None
        self._inbox.put_nowait(RecordEnded(command.token, command.name, self._services.clock.now() - began, ok=ok))

    async def _set_language(self, language: str) -> None:
        self._services.records.knows(self.call, {"language": language})
        if language == self._state.language:
            return  # the channel has it already
        self._state = replace(self._state, language=language)
        await self._services.switch.set_variable(self.channel, "CHANNEL(language)", language)
        await self._write_state()

    async def _call_backend(self, command: CallBackend) -> None:
        if command.idempotency_key is not None:
            await self._services.sessions.flush()  # the key is on record before the effect can happen
        try:
            backend = self._services.backends[command.backend]
            value = await backend.call(
                command.operation, command.arguments, idempotency_key=command.idempotency_key, timeout_seconds=command.timeout_seconds
            )
        except KeyError:
            self._inbox.put_nowait(BackendFailed(command.token, FailReason.INVALID))
        except BackendError as error:
            self.log.warning("backend_failed", backend=command.backend, operation=command.operation, reason=error.reason.value)
            self._inbox.put_nowait(BackendFailed(command.token, _fail_reason(error.reason)))
        else:
            self._services.records.replied(self.call, command.operation, command.arguments, value)
            self._inbox.put_nowait(BackendReplied(command.token, value))

    async def _write_state(self) -> None:
        self._state = replace(self._state, generation=self._generation)
        await self._services.switch.set_variable(self.channel, "ACD_STATE", self._state.encode())

    # ---- waiting in line

    async def _join(self, command: JoinQueue) -> None:
        """Put the caller into hold and tell the router; a caller found in hold or in a talk is there already."""
        self._queue = command
        now = self._services.clock.now()
        if self._away_since is not None and now - self._away_since > self._services.away_seconds:
            self._entered_at = None
        self._away_since = None
        fresh = self._entered_at is None
        self._entered_at = now if self._entered_at is None else self._entered_at
        if self._place is _Place.LINE:
            await self._go_to_hold(command, say=self._services.holding_prompts(command.language, command.keys))
        if self._place is not _Place.HOLD or self._known_to_router:
            self._known_to_router = False
            return
        first, self._lost_agent = self._lost_agent, False
        self._services.queue.join(
            QueueRequest(self.call, command.queue, command.tier, command.needs, self._entered_at, self._state.sequence, first, fresh)
        )

    async def _go_to_hold(self, command: JoinQueue, say: Any) -> None:
        switch, clock = self._services.switch, self._services.clock
        assert self._entered_at is not None
        self._state = replace(
            self._state, phase=ChannelPhase.HOLD, queue=command.queue, tier=command.tier, language=command.language,
            entry_ms=clock.to_wall_ms(self._entered_at),
        ).with_needs(command.needs)
        await switch.set_variable(self.channel, "ACD_OFFER", "")
        await self._write_state()
        await switch.set_variable(self.channel, "ACD_SAY", "&".join("hotline/" + prompt for prompt in say))
        self._place = _Place.HOLD
        await self.line.leave("hold")

    async def _come_back(self, signal: _Signal) -> Event:
        """The caller leaves the line: bring him back to the flow."""
        assert self._queue is not None
        self._state = replace(self._state, phase=ChannelPhase.IVR)
        self._place = _Place.LINE
        token = self._queue.token
        wait_seconds = self._services.clock.now() - (self._entered_at or self._services.clock.now())
        if isinstance(signal, _Released):
            outcome = QueueOutcome(signal.reason) if signal.reason in _OUTCOMES else QueueOutcome.ERROR
            if outcome is QueueOutcome.MENU:
                self._away_since = self._services.clock.now()
            else:
                self._forget_entry()
            await self._write_state()
            await self.line.fetch()
            return QueueLeft(token, outcome, wait_seconds)
        await self.line.await_return(RETURN_SECONDS)
        self._lost_agent = signal.lost
        if not signal.lost:
            self._forget_entry()
        await self._write_state()
        outcome = QueueOutcome.AGENT_LOST if signal.lost else QueueOutcome.SERVED
        return QueueLeft(token, outcome, signal.wait_seconds, signal.agent, signal.offer)

    def _forget_entry(self) -> None:
        """The next time he waits is a new entry."""
        self._entered_at = None
        self._state = replace(self._state, entry_ms=0)

    # ---- waiting for events

    async def _next_event(self, step: Step) -> Event:
        clock = self._services.clock
        while True:
            due = self._due(step.deadline)
            try:
                async with asyncio.timeout(None if due is None else max(0.0, due - clock.now())):
                    event = await self._inbox.get()
            except TimeoutError:
                if step.deadline is not None and clock.now() >= step.deadline:
                    return DeadlinePassed()
                await self._renew()
                continue
            if isinstance(event, _Cut):
                if event.play.token == step.session.token:  # the key came before and did not count: a needless # after a number
                    self._playing = (event.play.token, self._spawn(self._play(event.play), "play"))
                    continue
                return PlayEnded(event.play.token)
            if isinstance(event, _Signal):
                if self.gone:
                    continue
                back = await self._back_or_gone(event)
                if back is None:
                    continue
                event = back
            return event

    async def _back_or_gone(self, signal: _Signal) -> Event | None:
        try:
            return await self._come_back(signal)
        except (LineGone, ActionRefused):
            if not self.gone:
                raise
            return None

    def _due(self, deadline: float | None) -> float | None:
        if self._place is not _Place.LINE or self.gone:
            return deadline
        return self._renew_at if deadline is None else min(deadline, self._renew_at)

    async def _renew(self) -> None:
        self._renew_at = self._services.clock.now() + RENEW_SECONDS
        if self._place is _Place.LINE and not self.gone:
            try:
                await self._services.switch.renew_lease(self.channel, LEASE_SECONDS)
            except ActionRefused:
                self.log.info("lease_refused")

    # ---- endings

    async def _finish(self, step: Step) -> str:
        assert step.ended is not None
        if not self.gone:
            await self.line.end(step.ended.outcome)
        return step.ended.outcome

    async def _line_lost(self, reason: str) -> str | None:
        """The channel does not do as told, though nobody hung up that we know of."""
        self.log.warning("line_lost", reason=reason)
        return await self._rescue()

    async def _rescue(self) -> str | None:
        """The default queue, by way of the dialplan, which says who the caller is; the auditor takes him from there."""
        if self.gone:
            return "abandoned"
        if not (self._begun or self._start.adopted):  # an event said that he is there, nothing else; the auditor sees the channels
            return None
        try:
            await self._services.switch.redirect(self.channel, "hotline-default")
        except AmiError as error:
            if await self.line.gone_within(HANGUP_SECONDS):  # the refusal came before the news of the hang-up
                return "abandoned"
            self.log.warning("rescue_failed", reason=str(error))
        return None


def _generation(start: Start) -> int:
    """Where to count on from, so that the store takes the next save: the channel knows the generation of its phase only."""
    if start.adopted and start.session is None:
        return start.state.generation + UNSEEN_SAVES
    return max(start.state.generation, start.generation)


def _fail_reason(reason: FailureReason) -> FailReason:
    return FailReason(reason.value)
