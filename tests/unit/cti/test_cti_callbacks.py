"""The desk for callbacks: promised once and only when kept, told to the router, settled from what Asterisk wrote down."""

import asyncio
from dataclasses import replace

import pytest
import pytest_asyncio

from acd.config import CallbackRules, Policy, Queue
from acd.events import CallbackHours, CallbackRequested
from acd.facts import (
    CallbackAttempted,
    CallbackEnded,
    CallbackEntered,
    CallbackOutcome,
    CallbackReached,
    TalkFinished,
)
from acd.states import CallState
from cti.ami.errors import ActionTimeout
from cti.backends.base import BackendInvalid
from cti.callbacks.attempts import Noted, read_noted, reason_of
from cti.callbacks.promise import Attempt, Promise, promise_of
from cti.callbacks.promising import Link
from cti.legs import Leg
from cti.store import open_store
from cti.store.base import StoreDown
from tests.unit.cti.callback_room import Records, callback_desk
from tests.unit.cti.hotline import LoopClock

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

RULES = CallbackRules(attempts=3, pause_seconds=60, expiry_seconds=600, max_waiting=2, plan="office")
POLICY = Policy({"billing": Queue("billing", callback=RULES), "faults": Queue("faults")})
ASKED = {"queue": "billing", "tier": "gold", "needs": {"lang_zh": 1}, "number": "+86 138-0013-8001", "language": "zh", "call": "c1"}


class Router:
    """Hears what the desk tells, and is at once done with it."""

    def __init__(self) -> None:
        self.told: list = []

    def tell(self, event) -> None:
        self.told.append(event)

    def pulse(self):
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


class Switch:
    """Asterisk's notes of attempts."""

    def __init__(self, **notes: str) -> None:
        self.notes = {name.replace("_", "/", 1): value for name, value in notes.items()}
        self.forgotten: list[str] = []
        self.silent = False

    async def database(self, family, timeout_seconds):
        if self.silent:
            raise ActionTimeout("no answer")
        return dict(self.notes)

    async def forget_callback(self, callback):
        self.forgotten.append(callback)


class Room:
    """A desk at its place; what it is told to is listed."""

    def __init__(self, store=None, *, is_open: bool = True, **notes: str) -> None:
        self.clock = LoopClock()
        self.store = store or open_store("memory:")
        self.records, self.router, self.switch = Records(), Router(), Switch(**notes)
        self.open, self.settled, self.states, self.entries = is_open, [], {}, {}
        self.desk = callback_desk(
            self.clock, POLICY, store=self.store, records=self.records, is_open=lambda _plan: self.open, settled=self.settled.append
        )

    async def attach(self, *alive: str) -> list:
        link = Link(self.router, self.switch, self.states.get, lambda call: self.entries.get(call, 0), lambda: alive)
        return await self.desk.attach(link, alive)

    async def request(self, key: str = "c1/main/a/1", **changes):
        return await self.desk.promising.call("request", ASKED | changes, idempotency_key=key, timeout_seconds=3)

    async def check(self, **changes):
        return await self.desk.promising.call("check", {"queue": "billing", "number": "13800138001"} | changes, timeout_seconds=3)

    def tell(self, fact) -> None:
        self.desk.told(fact, self.clock.now())


@pytest_asyncio.fixture
async def room():
    room = Room()
    await room.attach()
    return room


async def test_a_promise_is_in_the_store_before_it_is_told(room):
    reply = await room.request()
    kept = await room.store.items("callbacks")
    assert reply["outcome"] == "accepted"
    assert list(kept) == [reply["callback"]]
    (told,) = room.router.told
    assert isinstance(told, CallbackRequested)
    assert (told.call, told.number, told.queue, told.tier, told.instead_of) == (reply["callback"], "13800138001", "billing", "gold", "c1")
    assert told.expires_at == pytest.approx(room.clock.now() + 600)


async def test_the_same_key_is_the_same_promise(room):
    first, second = await room.request(), await room.request()
    assert first == second
    assert len(room.router.told) == 1


async def test_the_same_number_changes_its_promise_and_keeps_the_better_place(room):
    first = await room.request()
    room.states[first["callback"]] = CallState.WAITING
    room.entries["c2"], room.states["c2"] = 1000, CallState.AWAY
    second = await room.request("c2/main/a/1", call="c2", tier="basic")
    assert second == first
    (promise,) = room.desk.promises()
    assert (promise.tier, promise.entered_ms) == ("basic", 1000)


async def test_one_who_is_just_called_gets_a_new_promise(room):
    first = await room.request()
    room.states[first["callback"]] = CallState.TALKING
    second = await room.request("c2/main/a/1", call="c2")
    assert second["callback"] != first["callback"]


async def test_the_place_of_one_who_leaves_the_line_is_his(room):
    room.entries["c1"], room.states["c1"] = 5000, CallState.AWAY
    await room.request()
    assert room.desk.promises()[0].entered_ms == 5000
    assert room.router.told[0].fresh


@pytest.mark.parametrize(("state", "kept"), [(None, True), (CallState.ENDED, False)])
async def test_his_place_outlives_a_kill_but_not_his_time_in_the_menu(room, state, kept):
    room.entries["c1"], room.states["c1"] = 5000, state
    await room.request()
    assert (room.desk.promises()[0].entered_ms == 5000) is kept


async def test_what_cannot_be_promised_is_refused(room):
    assert await room.check() == {"outcome": "possible", "own_number": True}
    assert await room.check(number="anonymous") == {"outcome": "possible", "own_number": False}
    assert await room.check(queue="faults") == {"outcome": "unavailable"}
    assert await room.request(number="110") == {"outcome": "no_number"}
    assert await room.request(queue="faults") == {"outcome": "unavailable"}
    for number in ("13800000001", "13800000002"):
        assert (await room.request(number, number=number))["outcome"] == "accepted"
    assert await room.check() == {"outcome": "full"}
    assert await room.request() == {"outcome": "full"}
    assert (await room.check(number="13800000001"))["outcome"] == "possible"
    room.open = False
    assert await room.check() == {"outcome": "closed"}
    room.desk.detach()
    assert await room.check() == {"outcome": "unavailable"}
    with pytest.raises(BackendInvalid):
        await room.desk.promising.call("steal", {}, timeout_seconds=1)


class Broken:
    """A store that takes nothing."""

    def __getattr__(self, name):
        async def down(*_args, **_named):
            raise StoreDown("dead")

        return down


async def test_without_a_store_nothing_is_promised(room):
    room.desk._book._store = Broken()
    assert await room.check() == {"outcome": "unavailable"}
    assert await room.request() == {"outcome": "unavailable"}
    assert room.router.told == []


class Forgetful:
    """A store that writes, and then does not say so."""

    def __init__(self, store) -> None:
        self.store = store

    def __getattr__(self, name):
        async def write_and_die(*arguments, **named):
            await getattr(self.store, name)(*arguments, **named)
            raise StoreDown("no answer")

        return write_and_die if name == "put" else getattr(self.store, name)


async def test_what_was_refused_is_not_kept_behind_the_callers_back(room):
    room.desk._book._store = Forgetful(room.store)
    assert await room.request() == {"outcome": "unavailable"}
    assert len(await room.store.items("callbacks")) == 1
    await room.desk.round()
    assert await room.store.items("callbacks") == {}


async def test_a_router_that_is_busy_does_not_take_the_promise_back(room):
    room.router.pulse = asyncio.get_running_loop().create_future
    assert (await room.request())["outcome"] == "accepted"


async def made(room) -> str:
    reply = await room.request()
    room.tell(CallbackEntered(reply["callback"], "billing", "gold", "13800138001", resumed=False))
    return reply["callback"]


async def test_a_talk_gets_a_record_and_is_forgotten_everywhere(room):
    callback = await made(room)
    room.tell(CallbackAttempted(callback, "billing", "o1", "anna", 1, "busy", room.clock.now() + 60))
    room.tell(CallbackReached(callback, "billing", "gold", "bo", "o2", 12.0))
    room.tell(TalkFinished("o2", callback, "bo", "billing", "gold", 33.0))
    room.tell(CallbackEnded(callback, "billing", "gold", CallbackOutcome.CALLED_BACK, "talk_ended", 12.0, 2))
    await room.desk.round()
    record = room.records.of[callback]
    assert (record["outcome"], record["agent"], record["talk_ms"], record["wait_ms"]) == ("called_back", "bo", 33_000, 12_000)
    assert [step["result"] for step in record["trail"]] == ["busy"]
    assert await room.store.items("callbacks") == {}
    assert room.switch.forgotten == [callback]


async def test_asterisk_forgets_only_what_the_store_has_forgotten(room):
    callback = await made(room)
    store, room.desk._book._store = room.store, Broken()
    room.tell(CallbackEnded(callback, "billing", "gold", CallbackOutcome.EXPIRED, "max_wait", 12.0, 1))
    await room.desk.round()
    assert room.switch.forgotten == []
    room.desk._book._store = store
    await room.desk.round()
    assert room.switch.forgotten == [callback]


async def test_a_promise_the_router_does_not_know_is_told_again(room):
    callback = await made(room)
    await room.desk.round()
    assert len(room.router.told) == 1
    room.desk._known.clear()
    await room.desk.round()
    assert [event.call for event in room.router.told] == [callback, callback]


async def test_the_hours_are_told_when_they_change(room):
    await made(room)
    room.open = False
    await room.desk.round()
    room.open = True
    await room.desk.round()
    assert room.router.told[1:] == [CallbackHours("billing", allowed=False), CallbackHours("billing", allowed=True)]


def kept(room: Room, callback: str = "k1", **changes) -> Promise:
    now_ms = room.clock.wall_ms()
    plain = Promise(callback, "13800138001", "billing", "gold", (("lang_zh", 1),), "zh", now_ms - 9000, now_ms - 90_000, now_ms + 60_000)
    return replace(plain, **changes)


async def after_a_kill(*promises_of, alive: tuple[str, ...] = (), silent: bool = False, **notes: str) -> tuple[Room, list]:
    room = Room(**notes)
    room.switch.silent = silent
    for make in promises_of or (kept,):
        promise = make(room)
        await room.store.put("callbacks", promise.callback, promise.to_json())
    return room, await room.attach(*alive)


async def test_after_a_kill_promises_are_told_with_their_age():
    room, (told,) = await after_a_kill()
    assert (told.call, told.attempts, told.not_before) == ("k1", 0, None)
    assert told.entered_at == pytest.approx(room.clock.now() - 90, abs=0.1)
    assert told.expires_at == pytest.approx(room.clock.now() + 60, abs=0.1)


async def test_an_attempt_that_failed_unseen_counts_and_is_followed_by_a_pause():
    seconds = LoopClock().wall_ms() // 1000
    room, (told,) = await after_a_kill(k1_o1=f"failed!{seconds}!anna!BUSY:17:0:")
    assert told.attempts == 1
    assert told.not_before is not None
    assert told.not_before > room.clock.now() + 30
    assert room.desk.promises()[0].attempts[0].result == "busy"


async def test_an_attempt_nobody_saw_the_end_of_counts():
    _, (told,) = await after_a_kill(k1_o1="dialled!1!anna!")
    assert told.attempts == 1


async def test_an_attempt_under_way_is_known():
    room, (told,) = await after_a_kill(k1_o1="dialled!1!anna!", alive=("o1",))
    assert (told.attempts, told.not_before) == (1, None)
    assert room.desk.dialled("o1")
    assert not room.desk.dialled("o2")


async def test_a_talk_that_ended_unseen_settles_the_promise():
    room, told = await after_a_kill(k1_o1="talked!1780000000!anna!")
    assert told == []
    assert [fact.outcome for fact in room.settled] == [CallbackOutcome.CALLED_BACK]
    assert (room.records.of["k1"]["agent"], room.records.of["k1"]["outcome"]) == ("anna", "called_back")


async def test_a_talk_that_goes_on_is_adopted_with_its_age():
    room, (told,) = await after_a_kill(k1_o1="talked!1!anna!", alive=("o1",))
    found = room.desk.talk_found(Leg("o1", "k1", "anna", "billing", "n", "u", "", callback=True))
    assert (found.call, found.agent, found.tier) == (told.call, "anna", "gold")
    stranger = room.desk.talk_found(Leg("o9", "k9", "anna", "billing", "n", "u", "", callback=True))
    assert stranger.tier == ""


async def test_what_asterisk_does_not_say_is_waited_for():
    """Nothing is told before the attempts are known: better late than twice."""
    room, told = await after_a_kill(silent=True, k1_o1="talked!1780000000!anna!")
    assert told == []
    assert await room.check() == {"outcome": "unavailable"}
    await room.desk.round()
    room.switch.silent = False
    await room.desk.round()
    assert [fact.outcome for fact in room.settled] == [CallbackOutcome.CALLED_BACK]
    assert (await room.check())["outcome"] == "possible"


async def test_notes_of_what_nobody_promised_are_deleted():
    room, _ = await after_a_kill(k7_o1="failed!1!anna!BUSY:17:0:")
    await room.desk.round()
    assert room.switch.forgotten == ["k7"]


async def test_a_damaged_promise_keeps_nobody_else_out():
    room = Room()
    await room.store.put("callbacks", "k2", {"number": "1"})
    await room.store.put("callbacks", "k1", kept(room).to_json())
    assert [event.call for event in await room.attach()] == ["k1"]


async def test_a_number_that_may_not_be_dialled_any_more_has_no_way(room):
    callback = await made(room)
    way = room.desk.way_to(callback, 20)
    assert way is not None
    assert (way.order.split("!")[:3], way.language) == (["customers", "13800138001", "20"], "zh")
    assert room.desk.way_to("k9", 20) is None
    room.desk._dialing = replace(room.desk._dialing, never=("138XXXXXXXX",))
    assert room.desk.way_to(callback, 20) is None


async def test_a_promise_survives_the_store():
    promise = kept(Room(), attempts=(Attempt("o1", 5, "anna", "busy"),), not_before_ms=77)
    assert promise_of("k1", promise.to_json()) == promise
    assert promise_of("k1", "nonsense") is None


@pytest.mark.parametrize(
    ("value", "noted", "result"),
    [
        ("dialled!7!anna!", Noted.DIALLED, ""),
        ("talked!7!anna!", Noted.TALKED, "talked"),
        ("failed!7!anna!NOANSWER:0:0:", Noted.FAILED, "no_answer"),
        ("rubbish", Noted.DIALLED, ""),
    ],
)
async def test_notes_are_read_whatever_they_say(value, noted, result):
    (found,) = read_noted({"k1/o1": value, "rubbish": "failed!1!anna!"})
    assert (found.callback, found.noted, found.attempt.offer, found.attempt.result) == ("k1", noted, "o1", result)


async def test_why_somebody_was_not_reached():
    words = {"BUSY:17:0:": "busy", "ANSWER:16:3:": "not_taken", "UNTAKEN": "not_taken", "FULL:0:0:": "lines_full", "": "agent_hung_up", "odd": "error"}
    assert {said: reason_of(said) for said in words} == words
