"""What a call needs around it, small and watched: backends with scripted replies, a queue and records that only listen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from acd.config import Agent, Policy
from cti.ami.switch import Switch
from cti.calls.call import Call
from cti.calls.ports import CallServices, QueueRequest
from cti.calls.sessions import SessionKeeper
from cti.calls.start import Start
from cti.calls.state import ChannelPhase, ChannelState
from cti.config.dialing import load_dialing
from cti.database.engine import Database
from cti.dialing import Purpose, Rule
from cti.leading import Target, Transferred, agent_at
from cti.records.contact_writer import ContactWriter
from cti.store.opening import open_store
from ivr.events import DialOutcome
from ivr.flows import load_flows
from ivr.session import Interpreter
from tests.unit.cti.telephone import Telephone

CUSTOMER = {"account": "10000001", "name": "张伟", "tier": "diamond", "language": "zh", "star_level": 6}
REPLIES: dict[str, Any] = {
    "customer_by_number": {"found": True, "customer": CUSTOMER},
    "verify_pin": {"verified": True, "locked": False, "customer": CUSTOMER},
    "balance": {
        "balance_cents": 12345, "due_date": "2026-12-05", "last_payment": {"amount_cents": 8050, "date": "2026-10-28"},
        "last_bill": {"period": "2026-10", "energy_kwh": 215, "amount_cents": 12345, "due_date": "2026-12-05"},
    },
    "outage_at": {"known": False, "restore_at": None, "kind": None},
    "create_ticket": {"ticket": "2611210001", "deadline": "2026-11-22T09:00:00+08:00"},
    "remember_language": {}, "save_survey": {}, "save_voicemail": {"message": "1"},
}  # fmt: skip


class LoopClock:
    """A clock that goes with the loop (which may be a loop of virtual time)."""

    def __init__(self) -> None:
        self.wall_offset_ms = 1_700_000_000_000

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def wall_ms(self) -> int:
        return self.wall_offset_ms + int(self.now() * 1000)

    def civil(self) -> datetime:
        return datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Monday, when agents are on duty

    def to_monotonic(self, wall_ms: int) -> float:
        return self.now() - max(0, self.wall_ms() - wall_ms) / 1000

    def to_wall_ms(self, monotonic: float) -> int:
        return self.wall_ms() - int((self.now() - monotonic) * 1000)


class ScriptedBackend:
    """Answers from `replies`; a reply that is an exception is raised; `gate` may hold every answer."""

    def __init__(self) -> None:
        self.replies = dict(REPLIES)
        self.asked: list[tuple[str, dict[str, Any], str | None]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def call(self, operation: str, arguments: Mapping[str, Any], *, idempotency_key: str | None = None, timeout_seconds: float) -> dict[str, Any]:
        self.asked.append((operation, dict(arguments), idempotency_key))
        await self.gate.wait()
        reply = self.replies[operation]
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def operations(self) -> list[str]:
        return [operation for operation, _, _ in self.asked]


class QueueEar:
    """A router that only listens."""

    def __init__(self) -> None:
        self.joined: list[QueueRequest] = []
        self.told: list[tuple[str, ...]] = []

    def join(self, request: QueueRequest) -> None:
        self.joined.append(request)
        self.told.append(("join", request.call))

    def placed(self, call: str) -> None:
        self.told.append(("placed", call))

    def recognise(self, call: str, customer: Mapping[str, object]) -> None:
        self.told.append(("recognise", call, *customer))

    def ask_to_leave(self, call: str, reason: str) -> None:
        self.told.append(("leave", call, reason))

    def hung_up(self, call: str) -> None:
        self.told.append(("hung_up", call))

    def colleague_at(self, channel: str) -> Agent | None:
        return agent_at(channel, COLLEAGUES)

    def taken_over(self, talk: str, *, call: str, agent: str, queue: str, tier: str) -> None:
        self.told.append(("taken_over", talk, call, agent, queue, tier))

    def take_over_ended(self, talk: str) -> None:
        self.told.append(("take_over_ended", talk))


OFFICE = Rule("branch", ("6800X",), frozenset({Purpose.TRANSFER}), "PJSIP/{number}@outside", 30, 1800)
#: Where agents may lead callers.
LEADS = {
    "802": Target(queue="faults"), "68001": Target(rule=OFFICE, number="68001"),
    "1002": Target(rule=replace(OFFICE, name="0agents", device="PJSIP/agent02"), number="1002", agent="agent02"),
}  # fmt: skip
COLLEAGUES = Policy(agents={"agent02": Agent("agent02", extension="1002", device="PJSIP/agent02")})


def idle_contacts(clock: Any) -> ContactWriter:
    """A writer of contact legs that nobody runs."""
    return ContactWriter(Database("sqlite:////dev/null/nowhere.db"), clock, policy=lambda: Policy(queues={}), leads=LEADS.get)


class RecordEar:
    """A ledger that only listens."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.endings: list[tuple[str, str, int]] = []
        self.steps: list[str] = []
        self.replies: list[str] = []
        self.known: dict[str, Any] = {}
        self.led_on: list[tuple[str, str, bool]] = []
        self.outcomes: list[tuple[str, str, bool]] = []
        self.dialling_by: list[str] = []
        self.led_back_calls: list[str] = []
        self.unseen_talks: list[tuple[str, str, str]] = []
        self.dialled_outside: list[tuple[str, str, int]] = []

    def began(self, call: str, **_known: Any) -> None:
        self.begun.append(call)

    def stepped(self, call: str, trace: Any) -> None:
        self.steps.append(f"{trace.flow}/{trace.step}")

    def knows(self, call: str, values: Mapping[str, Any]) -> None:
        self.known |= values

    def replied(self, call: str, operation: str, arguments: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
        self.replies.append(operation)

    def dialling(self, call: str, *, rule: str) -> None:
        self.dialling_by.append(rule)

    def talked_unseen(self, call: str, *, offer: str, agent: str, tier: str) -> None:
        self.unseen_talks.append((offer, agent, tier))

    def led_back(self, call: str) -> None:
        self.led_back_calls.append(call)

    def dialled(self, call: str, *, rule: str, outcome: DialOutcome, talk_seconds: float) -> None:
        self.dialled_outside.append((rule, outcome.value, round(talk_seconds)))

    def led(self, call: str, *, agent: str, to: str, attended: bool) -> None:
        self.led_on.append((agent, to, attended))

    def transferred(self, queue: str, outcome: Transferred, *, attended: bool) -> None:
        self.outcomes.append((queue, outcome.value, attended))

    def ended(self, call: str, *, cause: str, hangup_cause: int) -> None:
        self.endings.append((call, cause, hangup_cause))


class OneVersion:
    """A FlowPort that knows one version."""

    def for_new_call(self, _call: str) -> Interpreter:
        return interpreter()

    async def of_version(self, _version: str) -> Interpreter:
        return interpreter()


@cache
def interpreter() -> Interpreter:
    return Interpreter(load_flows(Path(__file__).resolve().parents[3] / "flows"))


class Hotline:
    """One call with everything around it; `task` is its `run`."""

    def __init__(self, phone: Telephone | None = None) -> None:
        self.phone = phone or Telephone()
        self.backend = ScriptedBackend()
        self.store = open_store("memory:")
        self.sessions = SessionKeeper(self.store)
        self.queue = QueueEar()
        self.records = RecordEar()
        self.clock = LoopClock()
        self.services = CallServices(
            switch=Switch(self.phone), clock=self.clock, flows=OneVersion(), backends={"accounts": self.backend, "tickets": self.backend},
            sessions=self.sessions, queue=self.queue, records=self.records, duration=lambda prompts, _language: 2.0 * len(prompts),
            spool=Path("/spool/recordings"), holding_prompts=lambda _language, _keys, _tier: ("phrases/please-hold",), default_queue="general", away_seconds=lambda: 120.0,
            dialing=load_dialing(Path(__file__).resolve().parents[3] / "config"), leads=LEADS.get,
        )  # fmt: skip
        self.call: Call = None  # type: ignore[assignment]
        self.task: asyncio.Task[None] = None  # type: ignore[assignment]

    def start(self, start: Start | None = None) -> None:
        """Begin (or adopt) the call; a fresh one is in AsyncAGI."""
        fresh = Start("c1", self.phone.channel, "13800138001", "95598", ChannelState(ChannelPhase.NEW))
        self.call = Call(self.services, start or fresh)
        self.phone.call = self.call
        self.task = asyncio.create_task(self.call.run(), name="the call")
        if start is None:
            self.phone.starts()

    async def ended(self, within: float = 30.0) -> None:
        async with asyncio.timeout(within):
            await self.task

    @classmethod
    @contextlib.asynccontextmanager
    async def serving(cls, start: Start | None = None, phone: Telephone | None = None) -> AsyncIterator["Hotline"]:
        self = cls(phone)
        self.start(start)
        try:
            yield self
        finally:
            if not self.task.done():
                self.task.cancel()
                await asyncio.wait([self.task])
            await self.store.close()
