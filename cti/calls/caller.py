"""The caller's end of a call, as all parts of its task share it: his channel, what it says, and what he does next."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import structlog

from cti.ami.errors import ActionRefused, AmiError
from cti.calls.line import Line
from cti.calls.ports import CallServices
from cti.calls.start import Start
from cti.calls.state import ChannelPhase
from ivr.commands import Play
from ivr.events import Event

LEASE_SECONDS = 15
RENEW_SECONDS = 5.0
#: Asterisk tells of a hang-up this much later, at most, than of the command that it broke off.
HANGUP_SECONDS = 0.5


class Place(Enum):
    """Where the caller is, as his task knows it."""

    LINE = "line"  #: in AsyncAGI, ours
    HOLD = "hold"  #: in the dialplan's hold loop
    TALK = "talk"
    OUTSIDE = "outside"  #: the dialplan calls somebody for him, or he talks there; also where his agent has led him


@dataclass(frozen=True, slots=True)
class Cut:
    """A key stopped this prompt in Asterisk; whether it counts, the flow knows."""

    play: Play


@dataclass(frozen=True, slots=True)
class Released:
    """The router lets him out of the line without an agent."""

    reason: str


@dataclass(frozen=True, slots=True)
class TalkOver:
    """The talk with an agent is over and he is still there; `leg` is the agent's channel."""

    offer: str
    agent: str
    wait_seconds: float
    lost: bool
    leg: str = ""


@dataclass(frozen=True, slots=True)
class BackFromOutside:
    """The channel is in AsyncAGI again; `surely` when nothing but the dialplan's word is missing."""

    surely: bool = False


Signal = Released | TalkOver | BackFromOutside
#: Whatever the task may hear of.
News = Event | Signal | Cut


class Caller:
    """One caller on his channel. `state` is what the channel says, or will say in a moment; `inbox` what his task is to hear of.

    `children` is the TaskGroup of the call's task, set while it runs.
    """

    def __init__(self, services: CallServices, start: Start, place: Place) -> None:
        self.services = services
        self.call = start.call
        self.channel = start.channel
        self.line = Line(services.switch, start.call, start.channel, services.duration)
        self.state = start.state
        self.generation = start.first_generation
        self.place = place
        self.inbox: asyncio.Queue[News] = asyncio.Queue()
        self.children: asyncio.TaskGroup | None = None
        self._renew_at = 0.0
        self.log = structlog.get_logger("call").bind(call=start.call)

    @property
    def gone(self) -> bool:
        """True once he has hung up."""
        return self.line.gone

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
        """Do something beside the call's own task; it ends with it."""
        assert self.children is not None
        return self.children.create_task(work, name=f"{name} {self.call}")

    def elsewhere(self, context: str) -> bool:
        """Whether a channel in this context of the dialplan is not where this task believes the caller."""
        if self.place is Place.HOLD:
            return context == "hotline-in"
        if self.place is Place.OUTSIDE:
            return context in ("hotline-in", "hotline-hold", "hotline-default")
        return self.place is Place.LINE and context in ("hotline-hold", "hotline-default")

    async def enter_phase(self, phase: ChannelPhase, place: Place) -> None:
        """He is in another phase of his call from now on. Raises AmiError."""
        self.state, self.place = replace(self.state, phase=phase), place
        await self.write_state()

    async def write_state(self) -> None:
        """Let the channel say what `state` says. Raises AmiError."""
        self.state = replace(self.state, generation=self.generation)
        await self.services.switch.set_variable(self.channel, "ACD_STATE", self.state.encode())

    async def set_language(self, language: str) -> None:
        """Speak this language from now on. Raises AmiError."""
        self.services.records.knows(self.call, {"language": language})
        if language == self.state.language:
            return  # the channel has it already
        self.state = replace(self.state, language=language)
        await self.services.switch.set_variable(self.channel, "CHANNEL(language)", language)
        await self.write_state()

    async def take_back(self) -> None:
        """The dialplan has him where this task does not expect him: to hold again (with no ticket, whatever he had), or to his flow.

        Raises AmiError.
        """
        switch, held = self.services.switch, self.place is Place.HOLD
        if self.place is Place.OUTSIDE:
            self.inbox.put_nowait(BackFromOutside(surely=True))
            return
        try:
            if held:
                await switch.set_variable(self.channel, "ACD_OFFER", "")
            await self.write_state()
            await switch.redirect(self.channel, "hotline-hold" if held else "hotline-in", "s" if held else "again")
        except ActionRefused:
            self.log.info("take_back_refused")

    # ---- his lease

    def due(self, deadline: float | None) -> float | None:
        """When his task has something to do at the latest: at the flow's deadline, or for his lease."""
        if self.place is not Place.LINE or self.gone:
            return deadline
        return self._renew_at if deadline is None else min(deadline, self._renew_at)

    async def renew(self) -> None:
        """Let the dialplan leave him to us for another while. Raises LinkDown, ActionTimeout."""
        self._renew_at = self.services.clock.now() + RENEW_SECONDS
        if self.place is Place.LINE and not self.gone:
            try:
                await self.services.switch.renew_lease(self.channel, LEASE_SECONDS)
            except ActionRefused:
                self.log.info("lease_refused")

    # ---- when nothing else helps

    async def rescue(self) -> bool:
        """Into the default queue, by way of the dialplan, which says who he is; the auditor takes him from there.

        False if he has hung up.
        """
        try:
            await self.services.switch.redirect(self.channel, "hotline-default")
        except AmiError as error:
            if await self.line.gone_within(HANGUP_SECONDS):  # the refusal came before the news of the hang-up
                return False
            self.log.warning("rescue_failed", reason=str(error))
        return True
