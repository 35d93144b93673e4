"""The configuration swapped under live calls: whole, or not at all."""

import asyncio
from dataclasses import replace

import pytest

from acd.config import Agent, Policy, Queue, Tier
from cti.config import Loaded
from cti.policy_in_force import PolicyInForce, PolicyRefused
from ivr.document import BadDocument, Finding

pytestmark = pytest.mark.asyncio

FIRST = Policy({"general": Queue("general")}, {"basic": Tier("basic")}, {"anna": Agent("anna", queues=("general",))})
WIDER = replace(FIRST, queues={"general": Queue("general"), "billing": Queue("billing")})


class Counted:
    def __init__(self):
        self.loaded, self.refused = [], 0

    def policy_loaded(self, policy):
        self.loaded.append(policy)

    def policy_refused(self):
        self.refused += 1


class Disk:
    """The files: a policy, or what is wrong with them; `misfit` is what the rest of the server has against it."""

    def __init__(self):
        self.policy, self.fault, self.misfit = FIRST, "", ""

    def read(self):
        if self.fault:
            raise BadDocument([Finding("config/queues.yaml", 3, 5, "yaml", self.fault, "mend it")])
        return Loaded(self.policy, {}, ())

    def check(self, policy):
        assert policy == self.policy
        if self.misfit:
            raise PolicyRefused(self.misfit)


@pytest.fixture
def disk():
    return Disk()


@pytest.fixture
def metrics():
    return Counted()


@pytest.fixture
def taken():
    return []


@pytest.fixture
def in_force(disk, metrics, taken):
    holder = PolicyInForce(disk.read(), read=disk.read, check=disk.check, metrics=metrics)
    holder.when_taken(taken.append)
    return holder


async def test_a_good_configuration_is_taken_and_told(disk, in_force, metrics, taken):
    disk.policy = WIDER
    before = in_force.status.version
    status = await in_force.reload()
    assert (in_force.policy, taken, metrics.loaded) == (WIDER, [WIDER], [WIDER])
    assert status.queues == ("general", "billing")
    assert status.version != before


async def test_the_same_again_tells_nobody(disk, in_force, metrics, taken):
    status = await in_force.reload()
    assert (taken, metrics.loaded, status.version) == ([], [FIRST], in_force.status.version)


@pytest.mark.parametrize("kind", ["fault", "misfit"])
async def test_a_broken_one_changes_nothing_and_says_why(kind, disk, in_force, metrics, taken):
    disk.policy = WIDER
    setattr(disk, kind, "the ring is square")
    with pytest.raises(PolicyRefused, match="the ring is square"):
        await in_force.reload()
    assert (in_force.policy, taken, metrics.loaded, metrics.refused) == (FIRST, [], [], 1)
    assert "the ring is square" in in_force.status.refused
    setattr(disk, kind, "")
    assert (await in_force.reload()).refused == ""


async def watched(in_force, until):
    task = asyncio.create_task(in_force.watch(0.01))
    async with asyncio.timeout(5.0):
        while not until():  # noqa: ASYNC110 - what is waited for is no event
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])


async def test_changed_files_are_taken(disk, in_force, taken):
    disk.policy = WIDER
    await watched(in_force, lambda: taken == [WIDER])


async def test_broken_files_are_told_once_and_taken_when_they_are_mended(disk, in_force, metrics, taken):
    disk.policy, disk.fault = WIDER, "a tab"
    looks = []
    plain = disk.read
    in_force._read = lambda: (looks.append(1), plain())[1]
    await watched(in_force, lambda: len(looks) > 4)
    assert (metrics.refused, taken) == (1, [])
    disk.fault = ""
    await watched(in_force, lambda: taken == [WIDER])


async def test_what_did_not_fit_is_taken_once_the_flows_were_mended(disk, in_force, metrics, taken):
    disk.policy, disk.misfit = WIDER, "main.yaml names the queue faults"
    await watched(in_force, lambda: metrics.refused == 1)
    disk.misfit = ""
    await watched(in_force, lambda: taken == [WIDER])
    assert in_force.status.refused == ""
