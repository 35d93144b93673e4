"""The lasting AMI session: it comes back, it watches, and it never repeats what was sent on a lost link."""

import asyncio
import contextlib

import pytest
import pytest_asyncio

from cti.ami import session as session_module
from cti.ami.errors import LinkDown
from cti.ami.session import AmiAccount, AmiSession
from tests.rig.waiting import eventually
from tests.unit.cti.ami_server import AmiServer, error, message, silence, success

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def server():
    async with AmiServer.open() as server:
        yield server


class Watch:
    """What a session told."""

    def __init__(self) -> None:
        self.ups = 0
        self.downs: list[str] = []
        self.frames: list = []
        self.changed = asyncio.Condition()

    async def up(self) -> None:
        self.ups += 1
        async with self.changed:
            self.changed.notify_all()

    async def until_up(self, times: int, within: float = 10.0) -> None:
        async with asyncio.timeout(within), self.changed:
            await self.changed.wait_for(lambda: self.ups >= times)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The same session with short times."""
    monkeypatch.setattr(session_module, "PING_SECONDS", 0.05)
    monkeypatch.setattr(session_module, "PING_ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(session_module, "BACKOFF_FIRST_SECONDS", 0.01)
    monkeypatch.setattr(session_module, "BACKOFF_MOST_SECONDS", 0.04)


@contextlib.asynccontextmanager
async def running(server, watch):
    account = AmiAccount("127.0.0.1", server.port, "hotline", "top-secret", "on")
    session = AmiSession(account, frozenset({"Hangup"}), watch.frames.append, watch.up, watch.downs.append)
    task = asyncio.create_task(session.run())
    try:
        yield session
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)


async def test_up_and_events_and_down(server):
    watch = Watch()
    async with running(server, watch) as session:
        await watch.until_up(1)
        assert session.up
        assert session.reconnects == 0
        server.say(message(Event="Hangup", Cause="16"))
        await session.request("Ping")
        assert [frame.headers["Cause"] for frame in watch.frames] == ["16"]
    assert not session.up
    assert watch.downs == []


async def test_before_the_first_login_and_after_the_end_nothing_is_parked(server):
    session = AmiSession(AmiAccount("127.0.0.1", 1, "a", "b", "on"), frozenset(), lambda _frame: None, Watch().up, lambda _reason: None)
    with pytest.raises(LinkDown):
        await session.request("Originate")


async def test_it_comes_back_after_a_cut_and_sends_nothing_again(server):
    watch = Watch()
    async with running(server, watch) as session:
        await watch.until_up(1)
        server.answers["Originate"] = silence
        pending = asyncio.create_task(session.request("Originate", [("Channel", "PJSIP/a")]))
        await server.asked("Originate")
        server.cut()
        with pytest.raises(LinkDown):
            await pending
        await watch.until_up(2)
        await session.request("Ping")
        assert session.reconnects == 1
        assert len(watch.downs) == 1
        assert len(server.actions("Originate")) == 1


async def test_while_the_link_is_down_an_action_fails_and_is_not_sent_later(server):
    watch = Watch()
    async with running(server, watch) as session:
        await watch.until_up(1)
        server.refusing = True
        server.cut()
        await eventually(lambda: not session.up, 5, "the link down", every=0.002)
        with pytest.raises(LinkDown):
            await session.request("Originate")
        server.refusing = False
        await watch.until_up(2)
        await session.request("Ping")
        assert server.actions("Originate") == []


async def test_a_half_open_link_is_noticed_by_its_unanswered_ping(server):
    watch = Watch()
    async with running(server, watch):
        await watch.until_up(1)
        server.answers["Ping"] = silence
        await server.asked("Ping")
        server.answers["Ping"] = success
        await watch.until_up(2)
        assert len(watch.downs) == 1
        assert "ping" in watch.downs[0]


async def test_answered_pings_keep_the_link(server):
    watch = Watch()
    async with running(server, watch):
        await server.asked("Ping", times=4)
        assert watch.downs == []
        assert server.links == 1


async def test_a_refused_login_is_tried_again_until_the_account_is_mended(server):
    watch = Watch()
    server.answers["Login"] = error
    async with running(server, watch):
        await server.asked("Login", times=3)
        assert watch.ups == 0
        server.answers["Login"] = success
        await watch.until_up(1)


async def test_a_link_cut_at_each_reconnection_comes_back_in_the_end(server):
    watch = Watch()
    async with running(server, watch) as session:
        await watch.until_up(1)
        for byte in (1, 20, 31, 40, 70):
            server.cut_after = byte
            links = server.links
            server.cut()
            await eventually(lambda links=links: server.links >= links + 2, 5, "two more tries", every=0.005)
        server.cut_after = None
        ups = watch.ups
        server.cut()
        await watch.until_up(ups + 1)
        await session.request("Ping")
        assert session.up


async def test_the_account_does_not_show_its_secret():
    assert "top-secret" not in repr(AmiAccount("127.0.0.1", 5038, "hotline", "top-secret", "on"))
