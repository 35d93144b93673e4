"""Agents: phones that are called, and behave as the test says. They listen like callers do, and have a voice each."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.rig import scenarios
from tests.rig.listener import Party, Rig, aim_media
from tests.rig.registration import register
from tests.rig.relay import Dialogue, SipMessage, SipRelay
from tests.rig.sipp import Sipp
from tests.rig.waiting import Changed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


@dataclass(frozen=True)
class Behaviour:
    """What a phone does when it is called; times in seconds after the INVITE, or after the step before.

    ring: send 180 at once. answer_after: pick up then (None: never). refuse: with this status instead (one of scenarios.REFUSALS). talk: hang up so
    long after the answer (None: wait for the other side).
    """

    ring: bool = True
    answer_after: float | None = None
    refuse: int = 0
    talk: float | None = None


ANSWERS = Behaviour(answer_after=0.05)
RINGS = Behaviour()
BUSY = Behaviour(ring=False, refuse=486)
DECLINES = Behaviour(refuse=603)
FORWARDS = Behaviour(refuse=302)
NOT_AVAILABLE = Behaviour(ring=False, refuse=480)
NOT_FOUND = Behaviour(ring=False, refuse=404)
DEAF = Behaviour(ring=False)  # never replies at all: to Asterisk a dead host
MANUAL = Behaviour(ring=False)  # the test itself calls `ring`, `answer`, `refuse`


class AgentCall(Party):
    """One call that reached an agent's phone."""

    agent: str

    @property
    def invite(self) -> SipMessage:
        """The INVITE as it came."""
        invite = self.dialogue.first("INVITE")
        assert invite is not None
        return invite

    @property
    def cancelled(self) -> bool:
        """True when Asterisk took the call back before the answer."""
        return self.dialogue.first("CANCEL") is not None

    def ring(self) -> None:
        """Send 180."""
        self._tell("XRING")

    def answer(self) -> None:
        """Send 200; from then on both sides hear each other. Nothing happens after a CANCEL."""
        if not self.dialogue.over and not self.cancelled:
            self._tell("XANSWER", f"X-Port: {self.media.port}\r\n")

    def refuse(self, status: int = 486) -> None:
        """Refuse it with this status (one of scenarios.REFUSALS)."""
        if not self.dialogue.over and not self.cancelled:
            self._tell(f"XREFUSE{status}")


@dataclass(frozen=True)
class AgentRecord:
    """One line of an agent's ledger; monotonic seconds, None for what did not happen."""

    agent: str
    call_id: str
    invited_at: float
    ringing_at: float | None
    answered_at: float | None
    ended_at: float | None
    final_status: int
    cancelled: bool


@dataclass
class Agent:
    """A phone. Change `behaviour` at any time: it holds for the next call."""

    name: str
    behaviour: Behaviour = RINGS
    calls: list[AgentCall] = field(default_factory=list)
    changed: Changed = field(default_factory=Changed)
    _taken: int = 0

    async def called(self, within: float = 10.0) -> AgentCall:
        """The next call that was not handed out yet."""
        await self.changed.until(
            lambda: len(self.calls) > self._taken,
            within,
            lambda: f"{self.name} was not called within {within:g} s",
        )
        self._taken += 1
        return self.calls[self._taken - 1]

    async def talking(self, within: float = 10.0) -> AgentCall:
        """As `called`, and wait until the call is answered."""
        call = await self.called(within)
        await call.answered(within)
        return call


class AgentFarm:
    """All agents of a test behind one SIPp; each has a port of his own, where Asterisk calls him."""

    def __init__(self, rig: Rig, relay: SipRelay, names: Mapping[str, int]) -> None:
        self.agents = {name: Agent(name) for name in names}
        self.relay = relay
        self._rig = rig
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, rig: Rig, ports: Mapping[str, int], behaviour: Behaviour = RINGS) -> AsyncIterator[AgentFarm]:
        """Phones at these loopback ports (0: any; then `register`). An agent's error fails the test at the end."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(asyncio.sleep, 0)
            relay = await SipRelay.open(rig.asterisk, ports)
            stack.callback(relay.close)
            farm = cls(rig, relay, ports)
            for agent in farm.agents.values():
                agent.behaviour = behaviour
            sipp = await Sipp.start(rig.sipp, rig.folder, scenarios.called())
            stack.push_async_callback(sipp.stop)
            await sipp.listening()
            relay.attach(sipp.port)
            relay.watch(farm._seen)
            stack.push_async_callback(farm._close)
            yield farm
        if farm._failures:
            raise ExceptionGroup("agents failed", [e for e in farm._failures if isinstance(e, Exception)])

    def __getitem__(self, name: str) -> Agent:
        return self.agents[name]

    async def register(self, passwords: Mapping[str, str], *, expires_seconds: int = 3600) -> None:
        """Register these agents; 0 seconds takes them off."""
        for name, password in passwords.items():
            await register(self.relay, self._rig.asterisk, name, password, expires_seconds=expires_seconds)

    def ledger(self) -> list[AgentRecord]:
        """Every call to every agent, in order of the INVITEs."""
        calls = [call for agent in self.agents.values() for call in agent.calls]
        return sorted((_record(call) for call in calls), key=lambda record: record.invited_at)

    def double_offers(self) -> list[tuple[AgentRecord, AgentRecord]]:
        """Pairs of calls that were at the same agent's phone at the same time: there must be none."""
        pairs = itertools.pairwise(sorted(self.ledger(), key=lambda record: (record.agent, record.invited_at)))
        return [(a, b) for a, b in pairs if a.agent == b.agent and (a.ended_at is None or b.invited_at < a.ended_at)]

    def _seen(self, message: SipMessage, dialogue: Dialogue) -> None:
        if message.method == "INVITE" and not message.status and not message.to_asterisk and not dialogue.messages[:-1]:
            task = asyncio.ensure_future(self._serve(message, dialogue))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failures.append(task.exception())  # type: ignore[arg-type]

    async def _serve(self, message: SipMessage, dialogue: Dialogue) -> None:
        agent = self.agents[dialogue.front]
        behaviour = agent.behaviour
        media, ear, changed = await AgentCall._open_media(self._rig, agent.name, voice=True)
        call = AgentCall(self._rig, agent.name, media, ear, changed)
        call.relay, call._dialogue, call.agent = self.relay, dialogue, agent.name
        offered = re.search(r"^a=rtpmap:(\d+) telephone-event/8000", message.text, re.MULTILINE)
        if offered:
            media.event_payload = int(offered[1])
        aim_media({dialogue.call_id: call}, message)
        agent.calls.append(call)
        agent.changed.fire()
        if behaviour.ring:
            call.ring()
            if behaviour.refuse or behaviour.answer_after is not None:  # SIPp takes no order before it has sent its 180
                await dialogue.changed.until(lambda: dialogue.first("INVITE", status=180), 5.0, lambda: f"{agent.name}: no 180")
        if behaviour.refuse:
            call.refuse(behaviour.refuse)
        if behaviour.answer_after is not None:
            await asyncio.sleep(behaviour.answer_after)
            call.answer()
            if behaviour.talk is not None:
                await self._talk(call, behaviour.talk)

    async def _talk(self, call: AgentCall, seconds: float) -> None:
        await call.dialogue.changed.until(
            lambda: call.dialogue.over or call.dialogue.answered_at or call.cancelled,
            5.0,
            lambda: f"{call.who}: SIPp did not answer",
        )
        await asyncio.sleep(seconds)
        if call.alive:
            await call.hangup()

    async def _close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in (call for agent in self.agents.values() for call in agent.calls):
            if call.alive and self.relay.deaf.isdisjoint((call.agent, call.call_id)):
                await call.hangup()
            elif not call.dialogue.over:
                call.refuse(480)
            call.media.close()


def _record(call: AgentCall) -> AgentRecord:
    dialogue = call.dialogue
    ringing = dialogue.first("INVITE", status=180)
    refused = next((m for m in dialogue.messages if m.method == "INVITE" and m.status >= 300), None)
    taken_back = None if dialogue.answered_at else dialogue.first("CANCEL")
    end = dialogue.bye or taken_back or refused  # from the CANCEL on the phone is free; its 487 may come late
    return AgentRecord(
        call.agent, call.call_id, call.invite.at, ringing.at if ringing else None, dialogue.answered_at,
        end.at if end else None, dialogue.final_status, call.cancelled,
    )  # fmt: skip
