"""One owner at a time: who becomes it, who must stop, and what a pause does."""

import asyncio
import contextlib

import pytest
import pytest_asyncio

from cti.ami.errors import ActionTimeout, OwnershipLost
from cti.ami.switch import Switch
from cti.control.ownership import FENCE_SECONDS, Fence, FencedToo, Heartbeat, OwnerAlive, acquire, epoch_of
from cti.store.base import Namespace
from cti.store.opening import open_store
from tests.unit.cti.requester import Globals

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]


class HandClock:
    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> float:
        return self.at


@pytest_asyncio.fixture
async def store():
    store = open_store("memory:")
    yield store
    await store.close()


async def become(asterisk, store, *, own=None, take_over=False):
    return await acquire(Switch(asterisk), store, own=own, take_over=take_over)


@pytest.mark.parametrize(("text", "epoch"), [("", 0), ("000007:ab", 7), ("x:1", 0), ("²:a", 0), (":", 0), ("12", 12)])
async def test_the_epoch_of_an_owner(text, epoch):
    assert epoch_of(text) == epoch


async def test_the_first_owner(store):
    asterisk = Globals()
    owner = await become(asterisk, store)
    assert epoch_of(owner) == 1
    assert asterisk.values["ACD_OWNER"] == owner
    assert await store.get(Namespace.OWNER, "epoch") == 1


@pytest.mark.parametrize(("seen", "stored", "expected"), [("000004:ab", None, 5), ("000004:ab", 9, 10), ("", 3, 4), ("garbage", 3, 4), ("000002:ab", "x", 3)])
async def test_epochs_only_grow(store, seen, stored, expected):
    if stored is not None:
        await store.put(Namespace.OWNER, "epoch", stored)
    assert epoch_of(await become(Globals(owner=seen, hb="5"), store)) == expected


async def test_two_servers_of_one_epoch_still_differ(store):
    owners = {await become(Globals(), open_store("memory:")) for _ in range(20)}
    assert len(owners) == 20


async def test_a_living_owner_is_left_alone_unless_told_otherwise(store):
    asterisk = Globals(owner="000004:ab", hb="5")

    def beats(name):
        if name == "ACD_HB":
            asterisk.values["ACD_HB"] += "1"

    asterisk.before_read = beats
    with pytest.raises(OwnerAlive, match="--take-over"):
        await become(asterisk, store)
    assert asterisk.values["ACD_OWNER"] == "000004:ab"
    assert epoch_of(await become(asterisk, store, take_over=True)) == 5


async def test_after_a_lost_link_the_own_ownership_goes_on(store):
    asterisk = Globals(owner="000004:ab")
    assert await become(asterisk, store, own="000004:ab") == "000004:ab"
    wiped = Globals()
    assert await become(wiped, store, own="000004:ab") == "000004:ab"
    assert wiped.values["ACD_OWNER"] == "000004:ab"


async def test_who_was_replaced_while_the_link_was_down_stops(store):
    asterisk = Globals(owner="000005:cd")
    with pytest.raises(OwnershipLost):
        await become(asterisk, store, own="000004:ab")
    assert asterisk.values["ACD_OWNER"] == "000005:cd"


async def test_a_dead_store_hinders_nobody():
    store = open_store("memory:")
    await store.close()
    assert epoch_of(await become(Globals(owner="000004:ab", hb="1"), store)) == 5


async def test_the_fence_lets_through_while_confirmed_and_nothing_after_a_pause():
    clock, asterisk = HandClock(), Globals()
    fence = Fence(asterisk, clock)
    clock.at += FENCE_SECONDS - 0.1
    await fence.request("Ping")
    fence.confirm()
    clock.at += FENCE_SECONDS - 0.1
    await fence.request("Ping")
    clock.at += 1
    with pytest.raises(OwnershipLost):
        await fence.request("Originate")
    assert [action for action, _ in asterisk.sent] == ["Ping", "Ping"]


async def test_a_session_beside_it_is_silent_as_well_after_a_pause():
    clock, looks = HandClock(), Globals()
    fence = Fence(Globals(), clock)
    beside = FencedToo(fence, looks)
    await beside.request("CoreShowChannels", is_list=True)
    clock.at += FENCE_SECONDS + 1
    with pytest.raises(OwnershipLost):
        await beside.request("CoreShowChannels", is_list=True)
    assert fence.tripped.is_set()
    assert len(looks.sent) == 1


async def test_a_fence_that_tripped_stays_so():
    clock = HandClock()
    fence = Fence(Globals(), clock)
    clock.at += 60
    with pytest.raises(OwnershipLost):
        await fence.request("Ping")
    fence.confirm()
    with pytest.raises(OwnershipLost):
        await fence.request("Ping")
    assert fence.tripped.is_set()


@contextlib.asynccontextmanager
async def beating(asterisk, pulse):
    clock = HandClock()
    fence = Fence(asterisk, clock)
    task = asyncio.create_task(Heartbeat(Switch(asterisk), fence, "000004:ab", pulse).run())
    try:
        yield task, fence
    finally:
        task.cancel()
        await asyncio.wait([task])


def through():
    future = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


async def test_the_heartbeat_moves_while_the_router_does(store):
    asterisk = Globals(owner="000004:ab")
    async with beating(asterisk, through):
        await asyncio.sleep(0.1)
        first = asterisk.values["ACD_HB"]
        await asyncio.sleep(1)
        assert int(asterisk.values["ACD_HB"]) > int(first) >= 4_000_000


async def test_a_router_that_hangs_lets_it_stand_still(store):
    asterisk = Globals(owner="000004:ab")
    async with beating(asterisk, asyncio.get_running_loop().create_future) as (task, _):
        await asyncio.sleep(5)
        assert "ACD_HB" not in asterisk.values
        assert not task.done()


async def test_another_owner_ends_it_at_the_next_beat(store):
    asterisk = Globals(owner="000004:ab")
    async with beating(asterisk, through) as (task, _):
        await asyncio.sleep(0.1)
        beats = asterisk.values["ACD_HB"]
        asterisk.values["ACD_OWNER"] = "000005:cd"
        await asyncio.wait([task], timeout=2)
        assert isinstance(task.exception(), OwnershipLost)
        assert asterisk.values["ACD_HB"] == beats


async def test_asterisk_that_does_not_answer_ends_the_attachment_before_the_fence_trips(store):
    asterisk = Globals(owner="000004:ab")
    asterisk.answers["Getvar"] = [ActionTimeout("silent")]
    async with beating(asterisk, through) as (task, fence):
        await asyncio.wait([task], timeout=FENCE_SECONDS)
        assert isinstance(task.exception(), ActionTimeout)
        assert not fence.tripped.is_set()
