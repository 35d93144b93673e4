"""The one task that owns the routing engine: feeds it events in order, performs its commands, tells its facts.

Only this task touches the engine. Commands that need Asterisk run as tasks of their own, so a slow answer delays no
other caller; their outcome comes back as events.
"""

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from acd.commands import Announce, CancelOffer, Command, OfferCall, OfferCallback, ReleaseCall
from acd.config import Agent, SkillNeed
from acd.engine import Engine
from acd.events import (
    CallAbandoned,
    CallbackCancelled,
    CallLeaveRequested,
    CallQueued,
    CallTakenOver,
    CustomerKnown,
    Event,
    LeaveReason,
    OfferCause,
    OfferFailed,
    TalkEnded,
    TalkStarted,
    TimePassed,
)
from acd.facts import CallAnswered, Fact
from cti.ami.errors import ActionRefused, ActionTimeout, AmiError, LinkDown, UnsafeValue
from cti.ami.messages import ChannelEvent
from cti.ami.switch import Switch
from cti.callbacks.ringing import (
    CALLBACK_CONTEXT,
    NOWHERE_CONTEXT,
    Callbacks,
    Greeting,
    callback_leg,
    callback_variables,
)
from cti.calls.call import Call
from cti.calls.ports import QueueRequest
from cti.calls.state import ChannelPhase, ChannelState
from cti.clock import Clock
from cti.leading import agent_at
from cti.legs import Leg, Legs

CHANNEL_PREFIX = "acd-"


class FactSink(Protocol):
    """Who wants to know what the engine established: records, metrics, logs, the store of agents' states."""

    def told(self, fact: Fact, now: float) -> None:
        """Take one fact. Must not wait or fail."""


@dataclass(frozen=True, slots=True)
class Words:
    """The prompts the router needs: whispers for agents, announcements for callers. All return prompt ids."""

    whisper: Callable[[str, str, str, float], tuple[str, ...]]
    whisper_callback: Callable[[str, str, str, float], tuple[str, ...]]
    greeting: Greeting
    announce: Callable[[str, int, float | None, float | None], tuple[str, ...]]


@dataclass(slots=True)
class RouterState:
    """What the router shares with the rest of one attachment: the live calls by id, the legs, who the owner is."""

    owner: str
    calls: dict[str, Call] = field(default_factory=dict)
    legs: Legs = field(default_factory=Legs)


class Router:
    """Owns `engine`. `run` is the task; everything else only puts events into its queue.

    Raises LinkDown out of `run` when the link to Asterisk goes: the attachment ends then, and the next one reads the
    channels.
    """

    def __init__(
        self, engine: Engine, state: RouterState, switch: Switch, clock: Clock, words: Words, callbacks: Callbacks, sinks: tuple[FactSink, ...]
    ) -> None:
        self._engine = engine
        self._state = state
        self._switch = switch
        self._clock = clock
        self._words = words
        self.callbacks = callbacks
        self._sinks = sinks
        self._events: asyncio.Queue[Event | asyncio.Future[None]] = asyncio.Queue()
        self._tasks: asyncio.TaskGroup | None = None
        self._ended: dict[str, Leg] = {}
        self._answered: dict[str, tuple[float, float]] = {}
        self.log = structlog.get_logger("router")

    # ---- QueuePort, for calls

    def join(self, request: QueueRequest) -> None:
        """A caller waits now."""
        needs = tuple(SkillNeed(skill, level) for skill, level in request.needs)
        call = self._state.calls.get(request.call)
        caller = self.callbacks.identity(call.caller) if call is not None else ""
        self.tell(
            CallQueued(
                request.call, request.queue, request.tier, needs, request.entered_at, request.sequence, request.first, fresh=request.fresh,
                caller=caller, attributes=request.customer,
            )
        )

    def recognise(self, call: str, customer: Mapping[str, object]) -> None:
        """What is known of a caller who was found in hold."""
        self.tell(CustomerKnown(call, customer))

    def ask_to_leave(self, call: str, reason: str) -> None:
        """A caller wants to leave the line by key."""
        self.tell(CallLeaveRequested(call, LeaveReason(reason)))

    def hung_up(self, call: str) -> None:
        """A caller is gone."""
        self.tell(CallAbandoned(call))

    def colleague_at(self, channel: str) -> Agent | None:
        """Whose phone this channel is; None if it is no agent's."""
        return agent_at(channel, self._engine.policy)

    def taken_over(self, talk: str, *, call: str, agent: str, queue: str, tier: str) -> None:
        """A colleague talks with a caller who was led to him."""
        self.tell(CallTakenOver(talk, call, agent, queue, tier))

    def take_over_ended(self, talk: str) -> None:
        """That talk is over."""
        self.tell(TalkEnded(talk, caller_remains=True))

    # ---- events

    def tell(self, event: Event) -> None:
        """Put an event into the engine's queue; it is handled in order."""
        self._events.put_nowait(event)

    def pulse(self) -> "asyncio.Future[None]":
        """A marker in the queue; the future ends when the router has come to it."""
        marker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._events.put_nowait(marker)
        return marker

    def leg_event(self, event: ChannelEvent) -> None:
        """An event of an agent's leg."""
        leg = self._state.legs.of_nonce(event.nonce)
        if leg is None:
            return
        if leg.cancelled and not leg.seen:  # it came to be after we asked to hang it up
            self._spawn(self._hang_up_leg(leg), f"cancel {leg.offer}")
        call = self._state.calls.get(leg.call)
        for told in self._state.legs.handle(event, caller_remains=call is not None and not call.gone):
            if isinstance(told, TalkStarted) and call is not None:
                call.talk_started()
            if isinstance(told, TalkEnded):
                self._ended[leg.offer] = leg
            self.tell(told)

    def talk_vanished(self, leg: Leg, *, caller_remains: bool) -> None:
        """The agent's side of a talk is gone and nobody told us."""
        leg.lost = caller_remains
        self._ended[leg.offer] = leg
        self.tell(TalkEnded(leg.offer, caller_remains=caller_remains))

    def originate_failed(self, action_id: str) -> None:
        """Asterisk could not ring the agent at all. The action's id is the leg's nonce, which no forger can guess."""
        leg = self._state.legs.of_nonce(action_id)
        for told in [] if leg is None else self._state.legs.originate_failed(leg.offer):
            self.tell(told)

    # ---- the task

    async def run(self) -> None:
        """Handle events and deadlines until cancelled or the link is lost."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            while True:
                event = await self._next()
                if isinstance(event, asyncio.Future):
                    event.set_result(None)
                else:
                    await self._handle(event)

    async def _next(self) -> "Event | asyncio.Future[None]":
        if not self._events.empty():
            return self._events.get_nowait()
        deadline = self._engine.next_deadline()
        try:
            async with asyncio.timeout(None if deadline is None else max(0.0, deadline - self._clock.now())):
                return await self._events.get()
        except TimeoutError:
            return TimePassed()

    async def _handle(self, event: Event) -> None:
        """Feed the engine one event; its commands run as tasks of their own.

        An agent is rung before anybody is told of anything: who keeps records and figures takes milliseconds when many wait.
        """
        now = self._clock.now()
        handled = self._engine.handle(event, now)
        offers = [command for command in handled.commands if isinstance(command, OfferCall)]
        for offer in offers:
            self._perform(offer)
        if offers:
            await asyncio.sleep(0)  # the tasks begin
            await asyncio.sleep(0)  # and send
        for fact in handled.facts:
            if isinstance(fact, CallAnswered):
                self._answered[fact.offer] = (now, fact.wait_seconds)
            for sink in self._sinks:
                sink.told(fact, now)
        if isinstance(event, TalkEnded):
            self._after_talk(event, now)
        for command in handled.commands:
            if not isinstance(command, OfferCall):
                self._perform(command)

    def _after_talk(self, event: TalkEnded, now: float) -> None:
        """Tell the caller's task. A talk that ended as it began was none: he goes first again, as if the agent were lost."""
        leg = self._ended.pop(event.offer, None)
        began_at, wait_seconds = self._answered.pop(event.offer, (0.0, 0.0))
        call = self._state.calls.get(leg.call) if leg is not None else None
        if leg is not None and call is not None and not call.gone:
            at_once = now - began_at < self._engine.policy.instant_hangup_seconds
            call.talk_over(leg.offer, leg.agent, wait_seconds, lost=leg.lost or at_once, leg=leg.channel)

    def _perform(self, command: Command) -> None:
        match command:
            case OfferCall():
                self._spawn(self._offer(command), f"offer {command.offer}")
            case OfferCallback():
                self._spawn(self._offer_callback(command), f"offer {command.offer}")
            case CancelOffer():
                self._spawn(self._cancel(command), f"cancel {command.offer}")
            case ReleaseCall():
                self._release(command)
            case Announce():
                self._spawn(self._announce(command), f"announce {command.call}")

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        assert self._tasks is not None
        self._tasks.create_task(work, name=name)

    # ---- commands

    async def _offer(self, command: OfferCall) -> None:
        """Ring the agent. Both actions go out at once and in order: the ticket first, then the leg that needs it.

        The first leg of a round brings the ticket for all: brought again, it could overwrite that of a talk just begun.
        """
        call = self._state.calls.get(command.call)
        if call is None or call.gone:
            self.tell(OfferFailed(command.offer, OfferCause.CALLER_GONE))
            return
        leg = self._new_leg(command, call)
        self._state.legs.add(leg)
        actions = [self._ring(command, leg, call)]
        if command.offer == command.round:
            actions.insert(0, self._switch.set_variable(call.channel, "ACD_OFFER", command.round))
        *ticket, ring = await asyncio.gather(*actions, return_exceptions=True)
        for failed in (ring, *ticket):
            if isinstance(failed, BaseException):
                await self._offer_failed(leg, failed, never_rang=isinstance(ring, ActionRefused | UnsafeValue))
                return

    async def _offer_callback(self, command: OfferCallback) -> None:
        """Ring the agent; the dialplan dials the customer once he has answered."""
        way = self.callbacks.way_to(command.call, command.customer_ring_seconds)
        if way is None:
            self.log.warning("callback_not_allowed", call=command.call, offer=command.offer)
            self.tell(CallbackCancelled(command.call))  # first: else it would be offered again
            self.tell(OfferFailed(command.offer, OfferCause.CANCELLED))
            return
        leg = callback_leg(command, "o" + secrets.token_hex(11), CHANNEL_PREFIX + command.offer)
        self._state.legs.add(leg)
        self.log.info("callback_offer", call=command.call, offer=command.offer, agent=command.agent, queue=command.queue, attempt=command.attempt)
        whisper = self._words.whisper_callback(command.tier, command.queue, way.language, command.waited_seconds)
        try:
            await self._switch.originate(
                self._engine.policy.agents[command.agent].device, leg.channel_id, CALLBACK_CONTEXT, command.ring_timeout_seconds,
                f'"callback {command.tier} {command.queue}" <{command.number}>',
                callback_variables(command, leg, way, self._state.owner, whisper, self._words.greeting), action_id=leg.nonce,
            )  # fmt: skip
        except (ActionRefused, UnsafeValue) as error:
            await self._offer_failed(leg, error, never_rang=True)
        except AmiError as error:
            await self._offer_failed(leg, error, never_rang=False)

    async def _offer_failed(self, leg: Leg, error: BaseException, *, never_rang: bool) -> None:
        """Take the offer back. A leg that Asterisk may be making is waited for: only its end frees the agent."""
        if isinstance(error, LinkDown) or not isinstance(error, AmiError):
            raise error
        self.log.warning("offer_error", offer=leg.offer, reason=str(error))
        if never_rang:  # a cause with a back-off: what Asterisk refuses now it refuses at once again
            self._state.legs.drop(leg)
            self.tell(OfferFailed(leg.offer, OfferCause.CANCELLED if leg.cancelled else OfferCause.ERROR))
            return
        leg.cancelled = True
        await self._hang_up_leg(leg)

    async def _hang_up_leg(self, leg: Leg) -> None:
        try:
            await self._switch.hang_up(leg.channel_id)
        except ActionTimeout as error:
            self.log.warning("cancel_unanswered", offer=leg.offer, reason=str(error))

    def _new_leg(self, command: OfferCall, call: Call) -> Leg:
        return Leg(
            offer=command.offer, call=command.call, agent=command.agent, queue=command.queue, nonce="o" + secrets.token_hex(11),
            channel_id=CHANNEL_PREFIX + command.offer, caller_channel=call.channel, round=command.round,
        )

    async def _ring(self, command: OfferCall, leg: Leg, call: Call) -> None:
        agent = self._engine.policy.agents[command.agent]
        language = call.language
        state = ChannelState(
            ChannelPhase.LEG, command.queue, command.tier, call.state.entry_ms, call.state.sequence, language, 0, _whose(command)
        )
        whisper = self._words.whisper(command.tier, command.queue, language, command.waited_seconds)
        variables = {
            "ACD_CALL": leg.nonce, "ACD_OFFER": command.offer, "ACD_STATE": state.encode(), "ACD_LEG_OWNER": self._state.owner,
            "ACD_LEG_OFFER": command.round, "ACD_LEG_TALK": f"talk-{command.offer}:{command.agent}", "ACD_LEG_CALL": command.call, "ACD_LEG_CALLER": call.channel,
            "ACD_WHISPER": "&".join("hotline/" + prompt for prompt in whisper), "FORWARD_CONTEXT": NOWHERE_CONTEXT,
        }
        caller_id = f'"{command.tier} {command.queue} {language}" <{call.caller or "anonymous"}>'
        await self._switch.originate(
            agent.device, leg.channel_id, "hotline-connect", command.ring_timeout_seconds, caller_id, variables, action_id=leg.nonce
        )

    async def _cancel(self, command: CancelOffer) -> None:
        leg = self._state.legs.of_offer(command.offer)
        if leg is None:
            self.tell(OfferFailed(command.offer, OfferCause.CANCELLED))
            return
        leg.cancelled = True
        self.log.info("offer_cancelled", call=command.call, offer=command.offer, agent=command.agent, reason=command.reason.value)
        await self._hang_up_leg(leg)

    def _release(self, command: ReleaseCall) -> None:
        call = self._state.calls.get(command.call)
        if call is not None:
            call.released(command.reason.value)

    async def _announce(self, command: Announce) -> None:
        """Write what is to be said; the dialplan says it between laps."""
        call = self._state.calls.get(command.call)
        if call is None or call.gone:
            return
        prompts = self._words.announce(call.language, command.position, command.expected_wait_seconds, command.longest_wait_seconds)
        try:
            await self._switch.set_variable(call.channel, "ACD_SAY", "&".join("hotline/" + prompt for prompt in prompts))
        except LinkDown:
            raise
        except AmiError as error:
            self.log.info("announce_failed", call=command.call, reason=str(error))


def _whose(command: OfferCall) -> str:
    """Whom a leg's channel is for, and its round, if that is not its own offer: for the server that may find it."""
    own = f"{command.agent}:{command.call}"
    return own if command.round == command.offer else f"{own}:{command.round}"
