"""One call: the task that performs what the interpreter wants on the caller's channel.

The task owns its channel from AGI entry to hang-up. It catches its own failures at its top frame: a sentence, then the
default queue. While the caller waits or talks it only listens; Asterisk holds him, and the dialplan brings him back.
"""

import asyncio

import structlog

from cti.ami.errors import ActionRefused, AmiError, LinkDown, OwnershipLost
from cti.ami.messages import AgiExecuted
from cti.calls.caller import BackFromOutside, Caller, Cut, News, Place, Released, Signal, TalkOver
from cti.calls.leading import Leading
from cti.calls.line import LineGone
from cti.calls.outside import Outside
from cti.calls.performing import Performer
from cti.calls.ports import CallServices
from cti.calls.start import Start
from cti.calls.state import ChannelState
from cti.calls.stepping import Stepper
from cti.calls.waiting import Waiting
from ivr.commands import CallBackend, Command, Dial, Hangup, JoinQueue, Play, Record, SetLanguage, StopPlaying
from ivr.events import CallerHungUp, DeadlinePassed, DigitPressed, Event, PlayEnded
from ivr.state import Ended, Step

INBOX_LIMIT = 256


class Call:
    """See the module. `run` is the task; the dispatcher and the router feed the other public methods, none of which waits."""

    def __init__(self, services: CallServices, start: Start) -> None:
        self._services = services
        self._start = start
        self.call = start.call
        self.channel = start.channel
        self._caller = Caller(services, start, _place(start))
        self._performer = Performer(self._caller)
        self._waiting = Waiting(self._caller, start)
        self._outside = Outside(self._caller, start)
        self._leading = Leading(self._caller, start, self._waiting, self._outside)
        self._stepper = Stepper(self._caller, start, self._waiting, self._outside, self._leading)
        self._begun = False
        self._step = ("", "", 0.0)
        self.hangup_cause: int | None = None
        self.log = self._caller.log

    @property
    def language(self) -> str:
        """The caller's language, "" before he has one."""
        return self._caller.state.language

    @property
    def caller(self) -> str:
        """The caller's number as the dialplan filtered it."""
        return self._start.caller

    @property
    def gone(self) -> bool:
        """True once the caller has hung up."""
        return self._caller.gone

    @property
    def state(self) -> ChannelState:
        """What the channel says (or will say in a moment)."""
        return self._caller.state

    @property
    def standing(self) -> tuple[str, str, float]:
        """Flow, step, and for how many seconds he is in it; texts are "" while he waits, talks or is put through."""
        flow, step, since = self._step
        return (flow, step, self._services.clock.now() - since) if flow and self._caller.place is Place.LINE else ("", "", 0.0)

    def elsewhere(self, context: str) -> bool:
        """Whether a channel in this context of the dialplan is not where this task believes the caller."""
        return self._caller.elsewhere(context)

    async def take_back(self) -> None:
        """The dialplan has him where this task does not expect him: move him to where he belongs. Raises AmiError."""
        await self._caller.take_back()

    # ---- fed by the dispatcher

    def agi_started(self) -> None:
        """The channel waits for AGI commands."""
        self._caller.line.agi_started()
        if self._caller.place is Place.OUTSIDE:
            self._caller.inbox.put_nowait(BackFromOutside())

    def agi_executed(self, event: AgiExecuted) -> None:
        """A command is done."""
        self._caller.line.agi_executed(event)

    def agi_ended(self) -> None:
        """The channel left AsyncAGI."""
        self._caller.line.agi_ended()

    def state_set(self, value: str) -> None:
        """The channel's ACD_STATE was written, by us or by the dialplan."""
        if self._caller.place is Place.OUTSIDE:
            self._outside.state_set(value)
            self._leading.state_set(value)

    def digit(self, digit: str) -> None:
        """The caller pressed a key. While he waits, the queue step's keys ask to leave; keys beyond the bound are dropped."""
        caller = self._caller
        if caller.place is Place.HOLD:
            self._waiting.digit(digit)
        elif caller.place is Place.LINE and caller.inbox.qsize() < INBOX_LIMIT:
            caller.inbox.put_nowait(DigitPressed(digit))

    def hung_up(self, cause: int) -> None:
        """The caller is gone."""
        if self.gone:
            return
        self.hangup_cause = cause
        self._caller.line.hung_up()
        self._services.queue.hung_up(self.call)
        self._performer.hung_up()
        self._outside.hung_up()
        self._leading.hung_up()
        self._caller.inbox.put_nowait(CallerHungUp())

    # ---- fed by the router

    def released(self, reason: str) -> None:
        """The router lets him out of the line without an agent."""
        self._caller.inbox.put_nowait(Released(reason))

    def talk_started(self) -> None:
        """He is connected to an agent."""
        self._caller.place = Place.TALK

    def talk_over(self, offer: str, agent: str, wait_seconds: float, *, lost: bool, leg: str = "") -> None:
        """The talk is over and he is still there; `lost` when the agent's leg (this channel) died without goodbye."""
        self._caller.inbox.put_nowait(TalkOver(offer, agent, wait_seconds, lost, leg))

    # ---- the task

    async def run(self) -> None:
        """Serve the call to its end. When the link to Asterisk is lost, or this call's own code fails, the task returns
        without closing the record: the caller is then found again on his channel."""
        structlog.contextvars.bind_contextvars(call=self.call)
        cause: str | None = None
        try:
            async with asyncio.TaskGroup() as children:
                self._caller.children = children
                cause = await self._serve()
                self._performer.stop_waiting()
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
                    return await self._finish(step.ended)
                event = await self._next_event(step)
                step = self._stepper.next(step, event)
        except (LinkDown, OwnershipLost):
            raise
        except (LineGone, AmiError) as error:  # the channel does not do as told, though nobody hung up that we know of
            self.log.warning("line_lost", reason=str(error))
            return await self._rescue()
        except Exception:  # the top frame of one call: its fault must not become another caller's
            self.log.exception("call_failed")
            return await self._rescue()

    async def _finish(self, ended: Ended) -> str:
        if not self.gone:
            await self._caller.line.end(ended.outcome)
        return ended.outcome

    async def _rescue(self) -> str | None:
        """The cause of the end if the caller is gone; else he goes to the default queue, without this task."""
        if self.gone:
            return "abandoned"
        if not (self._begun or self._start.adopted):  # an event said that he is there, nothing else; the auditor sees the channels
            return None
        return None if await self._caller.rescue() else "abandoned"

    # ---- stepping

    async def _first_step(self) -> Step:
        if self._caller.place is Place.LINE:
            await (self._caller.line.fetch() if self._start.adopted else self._caller.line.enter())
        await self._stepper.choose_version()
        # only now: an event that told of a call which does not exist leaves no record
        self._begin_record()
        return await self._stepper.first()

    def _begin_record(self) -> None:
        start = self._start
        self._begun = True
        self._services.records.began(
            self.call, caller=start.caller, called=start.called, channel=start.channel, adopted=start.adopted, up_seconds=start.up_seconds,
            flow_version=self._stepper.version, agent=start.talking[1] if start.talking else start.served_by, queue=start.state.queue,
        )

    def _checkpoint(self, step: Step) -> None:
        for trace in step.trace:
            self._services.records.stepped(self.call, trace)
        frames = step.session.frames
        if frames and (frames[-1].flow, frames[-1].step) != self._step[:2]:
            self._step = (frames[-1].flow, frames[-1].step, self._services.clock.now())
        if step.ended is None:
            self._caller.generation += 1
            self._services.sessions.save(self.call, self._caller.generation, step.session.to_json())

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
                self._performer.play(command)
            case StopPlaying():
                await self._performer.stop(command.token)
            case Record():
                self._performer.record(command)
            case SetLanguage():
                await self._caller.set_language(command.language)
            case CallBackend():
                self._performer.call_backend(command)
            case JoinQueue():
                await self._waiting.join(command)
            case Dial():
                await self._outside.dial(command)
            case Hangup():
                await self._caller.line.end()

    # ---- waiting for events

    async def _next_event(self, step: Step) -> Event:
        caller, clock = self._caller, self._services.clock
        while True:
            due = caller.due(step.deadline)
            try:
                async with asyncio.timeout(None if due is None else max(0.0, due - clock.now())):
                    event = await caller.inbox.get()
            except TimeoutError:
                if step.deadline is not None and clock.now() >= step.deadline:
                    return DeadlinePassed()
                await caller.renew()
                continue
            heard = await self._heard(step, event)
            if heard is not None:
                return heard

    async def _heard(self, step: Step, event: News) -> Event | None:
        """What the interpreter is to know of it, or None if nothing."""
        if isinstance(event, Cut):
            if event.play.token != step.session.token:
                return PlayEnded(event.play.token)
            self._performer.play(event.play)  # the key came before and did not count: a needless # after a number
            return None
        if isinstance(event, Signal):
            return None if self.gone else await self._back_or_gone(event)
        return event

    async def _back_or_gone(self, signal: Signal) -> Event | None:
        try:
            if isinstance(signal, TalkOver):
                return await self._leading.after_talk(signal)
            if isinstance(signal, BackFromOutside):
                if self._leading.away:
                    return await self._leading.come_back(signal)
                return await self._outside.come_back(signal)
            return await self._waiting.come_back(signal)
        except (LineGone, ActionRefused):
            if not self.gone:
                raise
            return None


def _place(start: Start) -> Place:
    if start.outside:
        return Place.OUTSIDE
    return Place.TALK if start.talking else Place.HOLD if start.in_hold else Place.LINE
