"""Flows swapped under live calls."""

import asyncio

import pytest

from cti.flow_versions import FlowsRefused, FlowVersions
from cti.store.base import Namespace
from cti.store.opening import open_store
from ivr.document import BadDocument
from ivr.flows import load_flows

pytestmark = pytest.mark.asyncio

FLOW = """
version: 1
flow: main
start: hello
safe_exit: bye
steps:
  hello:
    type: say
    say: {{zh: 您好{n}, en: Hello {n}}}
    next: bye
  bye: {{type: hangup}}
"""


PHRASES = """
version: 1
phrases:
  one-moment: {zh: 请稍候, en: One moment}
  system-error: {zh: 系统故障, en: A fault}
"""


class Counted:
    def __init__(self):
        self.loaded, self.refused = [], 0

    def flows_loaded(self, version, *in_use):
        self.loaded.append(version)

    def flows_refused(self):
        self.refused += 1


class Disk:
    def __init__(self):
        self.write(FLOW.format(n=1))

    def write(self, text):
        self.texts = {"flows/main.yaml": text, "flows/phrases.yaml": PHRASES}


@pytest.fixture
def disk():
    return Disk()


def versions_on(disk, store, metrics=None):
    first = load_flows(disk.texts)
    return FlowVersions(first, disk.texts, read=lambda: dict(disk.texts), load=load_flows, store=store, metrics=metrics or Counted())


async def test_a_new_set_serves_new_calls_and_the_old_one_those_under_way(disk):
    versions, before = versions_on(disk, open_store("memory:")), load_flows(disk.texts).version
    under_way = versions.for_new_call("c0")
    disk.write(FLOW.format(n=2))
    status = await versions.reload()
    assert (status.current, status.previous) == (versions.current.version, before)
    assert versions.for_new_call("c0").version == status.current != before
    assert under_way.version == before
    assert (await versions.of_version(before)).version == before


async def test_a_broken_set_changes_nothing_says_where_and_raises_the_alarm_until_a_good_one_comes(disk):
    metrics = Counted()
    versions = versions_on(disk, open_store("memory:"), metrics)
    before = versions.current.version
    disk.write(FLOW.format(n=2).replace("next: bye", "next: nowhere"))
    with pytest.raises(FlowsRefused, match=r"flows/main\.yaml:\d+:\d+"):
        await versions.reload()
    assert versions.current.version == before
    assert "nowhere" in versions.status.refused
    assert (metrics.refused, metrics.loaded) == (1, [])
    disk.write(FLOW.format(n=3))
    await versions.reload()
    assert versions.status.refused == ""
    assert metrics.loaded == [versions.current.version]


async def test_a_candidate_gets_its_share_and_the_same_call_always_the_same_version(disk):
    versions = versions_on(disk, open_store("memory:"))
    disk.write(FLOW.format(n=2))
    status = await versions.reload(share=0.25)
    calls = [f"c{number * 6553:06x}" for number in range(2560)]
    new = [call for call in calls if versions.for_new_call(call).version == status.candidate]
    assert 600 < len(new) < 680
    assert all(versions.for_new_call(call).version == status.candidate for call in new)


async def test_rollback_drops_the_candidate_then_goes_back_one_version_then_says_there_is_none(disk):
    versions = versions_on(disk, open_store("memory:"))
    first = versions.current.version
    with pytest.raises(FlowsRefused, match="no earlier version"):
        versions.rollback()
    disk.write(FLOW.format(n=2))
    second = (await versions.reload()).current
    disk.write(FLOW.format(n=3))
    await versions.reload(share=0.5)
    assert versions.rollback().candidate == ""
    assert versions.current.version == second
    assert versions.rollback().current == first


async def test_after_a_kill_a_call_goes_on_with_the_sources_kept_in_the_store(disk):
    store = open_store("memory:")
    before = versions_on(disk, store)
    await before.archive()
    old = before.current.version
    disk.write(FLOW.format(n=2))
    after = versions_on(disk, store)
    assert (await after.of_version(old)).version == old
    assert (await after.of_version("never seen")).version == after.current.version


async def test_sources_that_no_longer_load_give_the_present_version(disk):
    store = open_store("memory:")
    versions = versions_on(disk, store)
    await store.put(Namespace.FLOWS, "broken", {"flows/main.yaml": "steps: ["})
    assert (await versions.of_version("broken")).version == versions.current.version


async def test_a_changed_file_is_taken_without_being_asked_and_a_broken_one_tried_once(disk):
    class Heard(Counted):
        def __init__(self):
            super().__init__()
            self.happened = asyncio.Queue()

        def flows_loaded(self, version, *in_use):
            self.happened.put_nowait("loaded")

        def flows_refused(self):
            self.happened.put_nowait("refused")

    metrics = Heard()
    versions = versions_on(disk, open_store("memory:"), metrics)
    watch = asyncio.create_task(versions.watch(0.01))
    async with asyncio.timeout(5):
        disk.write("steps: [")
        assert await metrics.happened.get() == "refused"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await metrics.happened.get()
        disk.write(FLOW.format(n=9))
        assert await metrics.happened.get() == "loaded"
    watch.cancel()
    await asyncio.wait([watch])


async def test_an_unreadable_folder_is_refused_not_raised(disk):
    def unreadable():
        raise BadDocument([])

    versions = versions_on(disk, open_store("memory:"))
    versions._read = unreadable
    with pytest.raises(FlowsRefused):
        await versions.reload()


async def test_many_versions_leave_only_the_newest_at_hand(disk):
    versions = versions_on(disk, open_store("memory:"))
    for number in range(40):
        disk.write(FLOW.format(n=number))
        await versions.reload()
    assert len(versions._known) <= 19
