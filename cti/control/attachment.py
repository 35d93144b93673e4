"""One life of the link: from becoming the owner to the loss of the link.

Order at the start, as the design demands: own, read the channels, adopt, apply what was heard meanwhile, dispatch. A lost
link ends the attachment; the next one starts from the channels again, exactly as after a kill.
"""

import asyncio
from collections.abc import Callable, Sequence

import structlog

from acd.config import SkillNeed
from acd.events import AgentLegCut, CallQueued, DispatchPaused, DispatchResumed, Event, OfferAdopted, TalkAdopted
from acd.states import OfferPhase
from cti.ami.errors import ActionRefused, ActionTimeout, LinkDown, OwnershipLost
from cti.ami.messages import AgiStarted, ChannelRow
from cti.ami.switch import Switch
from cti.calls.call import Call
from cti.calls.ports import CallServices
from cti.calls.start import Start
from cti.calls.state import ChannelPhase, ChannelState
from cti.clock import Clock
from cti.control.adoption import Findings, FoundCaller, agent_of, read_channels
from cti.control.dispatcher import Dispatcher
from cti.control.phones import PhoneWatch
from cti.legs import Leg, LegPhase
from cti.router import Router, RouterState

#: What is left at most to a customer who was being dialled when the former server went.
CUSTOMER_SECONDS = 120.0


class Attachment:
    """Adopts callers and legs found on channels, and starts a task for each call.

    `calls_group` is the TaskGroup of this attachment; a call's task never fails it.
    """

    def __init__(
        self, *, services: CallServices, state: RouterState, router: Router, dispatcher: Dispatcher, switch: Switch, clock: Clock,
        tasks: asyncio.TaskGroup, phones: PhoneWatch, on_drift: Callable[[str], None],
    ) -> None:
        self._services = services
        self._state = state
        self._router = router
        self._dispatcher = dispatcher
        self._switch = switch
        self._clock = clock
        self._tasks = tasks
        self._phones = phones
        self._on_drift = on_drift
        self.log = structlog.get_logger("adoption")

    # ---- new calls

    def new_call(self, event: AgiStarted) -> None:
        """A caller came in: start his task."""
        state = ChannelState(ChannelPhase.NEW, sequence=0)
        call = self._launch(Start(event.nonce, event.channel, event.caller_number, event.called_number, state))
        call.agi_started()

    def _launch(self, start: Start) -> Call:
        call = Call(self._services, start)
        self._state.calls[start.call] = call
        self._dispatcher.note_channel(start.channel, start.call)
        self._tasks.create_task(self._serve(call), name=f"call {start.call}")
        return call

    async def _serve(self, call: Call) -> None:
        try:
            await call.run()
        finally:
            if self._state.calls.get(call.call) is call:
                del self._state.calls[call.call]
            self._dispatcher.forget_channel(call.channel)

    # ---- adoption

    async def adopt_all(self, rows: list[ChannelRow], waiting: Sequence[Event] = ()) -> None:
        """At the start of an attachment: everything of ours on these channels, with dispatch paused until it is done.

        `waiting`: who waits without a channel.
        """
        findings = read_channels(rows)
        self._router.tell(DispatchPaused())
        self._phones.look(rows, settled_seconds=0)
        for event in waiting:
            self._router.tell(event)
        await self._hang_up_orphans(findings)
        for leg in findings.legs:
            await self._adopt_leg(leg)
        for found in findings.callers:
            await self.adopt_caller(found)
        self._router.tell(DispatchResumed())
        self.log.info(
            "adopted", callers=len(findings.callers), waiting=sum(found.in_hold for found in findings.callers),
            talking=sum(found.talking is not None for found in findings.callers), legs=len(findings.legs), orphans=len(findings.orphans),
        )

    async def _hang_up_orphans(self, findings: Findings) -> None:
        for row in findings.orphans:
            self.log.info("orphan_leg", channel=row.channel)
            await self._switch.hang_up(row.channel)
            self._router.tell(AgentLegCut(agent_of(row)))  # his phone is left alone while it answers that

    async def _adopt_leg(self, leg: Leg) -> None:
        """A leg that still rings or whispers is stamped with the new owner; the gate refuses it until then."""
        self._state.legs.add(leg)
        self._dispatcher.note_channel(leg.channel, leg.nonce)
        if leg.phase is LegPhase.TALKING:
            if leg.callback:
                leg.dialled = True
                self._router.tell(self._router.callbacks.talk_found(leg))
            return
        try:
            await self._switch.set_variable(leg.channel, "ACD_LEG_OWNER", self._state.owner)
        except (ActionRefused, ActionTimeout):
            self.log.info("leg_gone", offer=leg.offer)
        phase = OfferPhase.CONNECTING if leg.phase is LegPhase.ANSWERED else OfferPhase.RINGING
        deadline = None
        if leg.callback and self._router.callbacks.dialled(leg.offer):
            leg.dialled, deadline = True, self._clock.now() + CUSTOMER_SECONDS
        self._router.tell(OfferAdopted(leg.offer, leg.call, leg.agent, phase, deadline, leg.dialled, leg.round))

    async def adopt_caller(self, found: FoundCaller) -> None:
        """Go on with one caller where his channel says he is. What is wrong with one must not keep the others out."""
        try:
            await self._adopt(found)
        except (LinkDown, ActionTimeout, OwnershipLost):
            raise
        except Exception:
            self.log.exception("adoption_failed", call=found.call)

    async def _adopt(self, found: FoundCaller) -> None:
        state = found.state
        if found.in_hold and state.queue == "":
            state = ChannelState(ChannelPhase.HOLD, self._services.default_queue, state.tier, state.entry_ms, language=state.language)
        if found.strayed and not await self._back_to_hold(found, state):
            return
        saved = await self._services.sessions.load(found.call)
        session = saved[1] if saved is not None and saved[0] >= state.generation else None
        entered_at = self._clock.to_monotonic(state.entry_ms) if state.entry_ms and state.queue else None
        leg = found.talking
        caller = self._router.callbacks.identity(found.row.caller_number)
        for event in _engine_events(found, state, entered_at, self._clock.now() - found.row.duration_seconds, caller):
            self._router.tell(event)
        self._launch(
            Start(
                found.call, found.row.channel, found.row.caller_number, "", state, adopted=True, session=session,
                generation=saved[0] if saved is not None else 0, entered_at=entered_at,
                talking=(leg.offer, leg.agent) if leg else None, in_hold=found.in_hold, served=found.served, served_by=found.served_by, outside=found.outside,
                up_seconds=found.row.duration_seconds,
            )
        )

    async def _back_to_hold(self, found: FoundCaller, state: ChannelState) -> bool:
        """False if he is gone."""
        self._on_drift("taken_back" if found.fallback else "strayed")
        held = ChannelState(ChannelPhase.HOLD, state.queue, state.tier, state.entry_ms, state.sequence, state.language, state.generation, state.extra)
        try:
            await self._switch.set_variable(found.row.channel, "ACD_STATE", held.encode())
            await self._switch.redirect(found.row.channel, "hotline-hold")
        except ActionRefused:
            return False
        return True


def _engine_events(found: FoundCaller, state: ChannelState, entered_at: float | None, came_at: float, caller: str) -> list[Event]:
    """What the engine is told of a caller who waits or talks."""
    leg = found.talking
    if leg is not None:
        return [TalkAdopted(leg.offer, found.call, leg.agent, leg.queue, state.tier, came_at if entered_at is None else entered_at, entered_at)]
    if not found.in_hold:
        return []
    needs = tuple(SkillNeed(skill, level) for skill, level in state.needs)
    return [CallQueued(found.call, state.queue, state.tier, needs, entered_at, state.sequence, caller=caller)]
