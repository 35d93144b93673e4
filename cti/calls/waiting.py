"""The caller in line and in a talk with an agent: how he gets there, and how he comes back to his flow."""

from dataclasses import replace

from cti.calls.caller import Caller, Place, Released, TalkOver
from cti.calls.ports import QueueRequest
from cti.calls.start import Start
from cti.calls.state import ChannelPhase
from ivr.commands import JoinQueue
from ivr.events import QueueLeft, QueueOutcome

RETURN_SECONDS = 2.0
#: The wait of a caller whose session is lost; no interpreter knows it.
ADOPTED = "adopted"
_OUTCOMES = frozenset(outcome.value for outcome in QueueOutcome)


class Waiting:
    """See the module. A caller who leaves the line for the menu keeps his age for a while."""

    def __init__(self, caller: Caller, start: Start) -> None:
        self._caller = caller
        self._services = caller.services
        self._queue: JoinQueue | None = None
        self._entered_at = start.entered_at
        self._away_since: float | None = self._services.clock.now() if start.entered_at is not None else None
        self._lost_agent = False
        self._known_to_router = start.in_hold

    @property
    def without_session(self) -> bool:
        """Whether he waits though his session is lost."""
        return self._queue is not None and self._queue.token == ADOPTED

    def wait_on(self, start: Start) -> JoinQueue:
        """His session is lost: what to perform, so that he waits on."""
        self._queue = JoinQueue(ADOPTED, start.state.queue, start.state.tier, start.state.needs, start.state.language, {})
        return self._queue

    def digit(self, digit: str) -> None:
        """He pressed a key while he waits: the queue step's keys ask to leave."""
        reason = self._queue.keys.get(digit) if self._queue is not None else None
        if reason is not None:
            self._services.queue.ask_to_leave(self._caller.call, reason)

    # ---- into the line

    async def join(self, command: JoinQueue) -> None:
        """Put the caller into hold and tell the router; a caller found in hold or in a talk is there already.

        Raises LineGone, AmiError.
        """
        self._queue = command
        entered_at, fresh = self._enter(self._services.clock.now())
        if self._caller.place is Place.LINE:
            await self._go_to_hold(command, entered_at)
        if self._caller.place is not Place.HOLD or self._known_to_router:
            if self._known_to_router and command.customer:
                self._services.queue.recognise(self._caller.call, command.customer)
            self._known_to_router = False
            return
        first, self._lost_agent = self._lost_agent, False
        self._services.queue.join(
            QueueRequest(
                self._caller.call, command.queue, command.tier, command.needs, entered_at, self._caller.state.sequence, first, fresh,
                command.customer,
            )
        )

    def _enter(self, now: float) -> tuple[float, bool]:
        """The time of his entry, and whether it is a new one."""
        if self._away_since is not None and now - self._away_since > self._services.away_seconds():
            self._entered_at = None
        self._away_since = None
        fresh = self._entered_at is None
        self._entered_at = now if self._entered_at is None else self._entered_at
        return self._entered_at, fresh

    async def _go_to_hold(self, command: JoinQueue, entered_at: float) -> None:
        caller, switch = self._caller, self._services.switch
        caller.state = replace(
            caller.state, phase=ChannelPhase.HOLD, queue=command.queue, tier=command.tier, language=command.language,
            entry_ms=self._services.clock.to_wall_ms(entered_at),
        ).with_needs(command.needs)
        await switch.set_variable(caller.channel, "ACD_OFFER", "")
        await caller.write_state()
        say = self._services.holding_prompts(command.language, command.keys, command.tier)
        await switch.set_variable(caller.channel, "ACD_SAY", "&".join("hotline/" + prompt for prompt in say))
        caller.place = Place.HOLD
        await caller.line.leave("hold")

    async def lead_to(self, queue: str) -> None:
        """His agent leads him to this line ("" for the one he came from): he has waited once, and goes before all who wait there.

        Raises LineGone, AmiError.
        """
        assert self._queue is not None
        self._forget_entry()
        self._lost_agent = True
        await self.join(replace(self._queue, queue=queue or self._queue.queue))

    # ---- back to the flow

    async def come_back(self, signal: Released | TalkOver) -> QueueLeft:
        """The caller leaves the line: bring him back to the flow. Raises LineGone, AmiError."""
        assert self._queue is not None
        caller, token = self._caller, self._queue.token
        caller.state, caller.place = replace(caller.state, phase=ChannelPhase.IVR), Place.LINE
        match signal:
            case Released():
                return await self._released(signal, token)
            case TalkOver():
                return await self._talk_over(signal, token)

    async def _released(self, signal: Released, token: str) -> QueueLeft:
        now = self._services.clock.now()
        wait_seconds = now - (self._entered_at or now)
        outcome = QueueOutcome(signal.reason) if signal.reason in _OUTCOMES else QueueOutcome.ERROR
        if outcome in (QueueOutcome.MENU, QueueOutcome.CALLBACK):
            self._away_since = now
        else:
            self._forget_entry()
        await self._caller.write_state()
        await self._caller.line.fetch()
        return QueueLeft(token, outcome, wait_seconds)

    async def _talk_over(self, signal: TalkOver, token: str) -> QueueLeft:
        await self._caller.line.await_return(RETURN_SECONDS)
        self._lost_agent = signal.lost
        if not signal.lost:
            self._forget_entry()
        await self._caller.write_state()
        outcome = QueueOutcome.AGENT_LOST if signal.lost else QueueOutcome.SERVED
        return QueueLeft(token, outcome, signal.wait_seconds, signal.agent, signal.offer)

    def _forget_entry(self) -> None:
        """The next time he waits is a new entry."""
        self._entered_at = None
        self._caller.state = replace(self._caller.state, entry_ms=0)
