"""One AMI connection, on a real socket: every fault that is known of panoramisk, and of links in general."""

import asyncio
import contextlib
import itertools
import logging

import pytest
import pytest_asyncio

from cti.ami.errors import ActionRefused, ActionTimeout, LinkDown, LoginRefused, UnsafeValue
from cti.ami.link import AmiLink
from tests.unit.cti.ami_server import BANNER, AmiServer, error, message, silence, success

pytestmark = pytest.mark.asyncio

INTERESTING = frozenset({"Hangup", "DTMFEnd"})


class Ear:
    """Keeps what a link tells."""

    def __init__(self) -> None:
        self.events: list[dict[str, str]] = []
        self.lost: list[str] = []
        self.changed = asyncio.Event()
        self.fail_on = ""

    def event(self, frame) -> None:
        self.events.append(frame.headers)
        self.changed.set()
        if frame.headers["Event"] == self.fail_on:
            raise ValueError("a handler's own fault")

    def down(self, reason: str) -> None:
        self.lost.append(reason)
        self.changed.set()

    async def until(self, probe) -> None:
        async with asyncio.timeout(5):
            while not probe():
                self.changed.clear()
                await self.changed.wait()


@pytest_asyncio.fixture
async def server():
    async with AmiServer.open() as server:
        yield server


@pytest.fixture
def ear():
    return Ear()


@contextlib.asynccontextmanager
async def connected(server, ear, most_read_bytes=0, **options):
    link = AmiLink(ear.event, ear.down, INTERESTING, most_read_bytes)
    try:
        await link.connect("127.0.0.1", server.port, "hotline", "secret", events="on", **options)
        yield link
    finally:
        link.close()
        await asyncio.sleep(0)


async def test_login_sends_account_and_mask_and_nothing_else(server, ear):
    async with connected(server, ear) as link:
        assert link.alive
        (login,) = server.received
        assert {name: login[name] for name in ("Action", "Username", "Secret", "Events")} == {
            "Action": "Login", "Username": "hotline", "Secret": "secret", "Events": "on",
        }
    assert not link.alive
    assert ear.lost == []


async def test_a_refused_login_is_said(server, ear):
    server.answers["Login"] = error
    with pytest.raises(LoginRefused, match=r"manager\.conf"):
        async with connected(server, ear):
            pass
    assert ear.lost == []


async def test_nobody_listens(server, ear):
    link = AmiLink(ear.event, ear.down, INTERESTING)
    with pytest.raises(LinkDown):
        await link.connect("127.0.0.1", 1, "a", "b", events="on")
    assert not link.alive


@pytest.mark.parametrize("fault", ["refusing", "mute"])
async def test_a_server_that_closes_at_once_or_never_says_anything(server, ear, fault):
    setattr(server, fault, True)
    with pytest.raises(LinkDown):
        async with connected(server, ear, timeout_seconds=0.2):
            pass
    assert ear.lost == []


async def test_cut_after_every_byte_of_greeting_login_and_answer(server, ear):
    """Whatever is cut where: either connect raises LinkDown, or the loss is told once and the pending action ends."""
    outcomes = set()
    for byte in range(1, 1000):
        ear.lost.clear()
        server.cut_after = byte
        try:
            async with connected(server, ear, timeout_seconds=3) as link:
                with contextlib.suppress(LinkDown):
                    await link.request("Ping", timeout_seconds=3)
                    outcomes.add("answered")
                if server.written < byte:
                    break
                await ear.until(lambda: ear.lost)
                assert len(ear.lost) == 1, f"cut after {byte}"
                assert not link.alive
                outcomes.add("lost later")
        except LinkDown:
            assert ear.lost == [], f"cut after {byte}"
            outcomes.add("no login")
    assert len(BANNER) + 100 < byte < 300
    assert outcomes == {"no login", "lost later", "answered"}


async def test_a_link_that_is_lost_right_behind_the_login_is_not_taken_for_alive(server, ear):
    """The loss may be seen before the one who waits for the login runs again."""
    link = AmiLink(ear.event, ear.down, INTERESTING)
    connecting = asyncio.create_task(link.connect("127.0.0.1", server.port, "a", "b", events="on"))
    server.answers["Login"] = silence
    login = await server.asked("Login")
    protocol = link._manager.protocol
    protocol.data_received(success(login))
    protocol.connection_lost(None)
    with pytest.raises(LinkDown):
        await connecting
    assert not link.alive
    link.close()


async def test_answers_find_their_action_in_any_order(server, ear):
    async with connected(server, ear) as link:
        server.answers["Getvar"] = silence
        waiting = [asyncio.create_task(link.request("Getvar", [("Variable", str(n))])) for n in range(20)]
        await server.asked("Getvar", times=20)
        for action in reversed(server.actions("Getvar")):
            server.say(message(Response="Success", ActionID=action["ActionID"], Value=action["Variable"]))
        answers = await asyncio.gather(*waiting)
        assert [frames[0].headers["Value"] for frames in answers] == [str(n) for n in range(20)]


async def test_an_event_may_come_before_the_response(server, ear):
    async with connected(server, ear) as link:
        server.answers["Originate"] = lambda action: (
            message(Event="Hangup", ActionID=action["ActionID"], Channel="a") + success(action)
        )
        (frame,) = await link.request("Originate")
        assert frame.headers["Response"] == "Success"
        await ear.until(lambda: ear.events)
        assert ear.events[0]["Channel"] == "a"


async def test_a_refused_action(server, ear):
    async with connected(server, ear) as link:
        server.answers["Hangup"] = error
        with pytest.raises(ActionRefused, match="No such channel"):
            await link.request("Hangup")


async def test_an_action_without_answer_times_out_and_its_late_answer_harms_nobody(server, ear):
    async with connected(server, ear) as link:
        server.answers["Getvar"] = silence
        with pytest.raises(ActionTimeout):
            await link.request("Getvar", timeout_seconds=0.05)
        assert link._pending == {}
        server.say(success(server.actions("Getvar")[0]))
        assert (await link.request("Ping"))[0].headers["Response"] == "Success"


async def test_an_unsafe_value_is_refused_before_anything_is_sent(server, ear):
    async with connected(server, ear) as link:
        with pytest.raises(UnsafeValue):
            await link.request("Setvar", [("Value", "a\r\nAction: Originate")])
        await link.request("Ping")
        assert [action["Action"] for action in server.received] == ["Login", "Ping"]


async def test_unanswered_actions_end_with_the_link(server, ear):
    async with connected(server, ear) as link:
        server.answers |= {"Getvar": silence, "CoreShowChannels": silence}
        waiting = [asyncio.create_task(link.request("Getvar")) for _ in range(5)]
        listing = asyncio.create_task(link.request("CoreShowChannels", is_list=True))
        await server.asked("Getvar", times=5)
        server.cut()
        results = await asyncio.gather(*waiting, listing, return_exceptions=True)
        assert {type(result) for result in results} == {LinkDown}
        assert len(ear.lost) == 1
        with pytest.raises(LinkDown):
            await link.request("Ping")


async def test_a_handlers_exception_does_not_end_the_link_nor_lose_events(server, ear, caplog):
    ear.fail_on = "Hangup"
    with caplog.at_level(logging.ERROR, logger="hotline.ami"):
        async with connected(server, ear) as link:
            server.say(message(Event="DTMFEnd", Digit="1") + message(Event="Hangup") + message(Event="DTMFEnd", Digit="2"))
            await ear.until(lambda: len(ear.events) == 3)
            assert [event["Event"] for event in ear.events] == ["DTMFEnd", "Hangup", "DTMFEnd"]
            await link.request("Ping")
    assert "handler failed" in caplog.text


async def test_uninteresting_events_are_counted_and_dropped(server, ear):
    async with connected(server, ear) as link:
        before = link.events_seen
        server.say(message(Event="RTCPSent", A="b") + message(Event="HangupRequest", A="b") + message(Event="Hangup"))
        await ear.until(lambda: ear.events)
        assert [event["Event"] for event in ear.events] == ["Hangup"]
        assert link.events_seen - before == 3


def listed(action) -> bytes:
    rows = b"".join(message(Event="CoreShowChannel", ActionID=action["ActionID"], Channel=f"PJSIP/{n}") for n in range(3))
    return (
        message(Response="Success", ActionID=action["ActionID"], EventList="start")
        + rows.replace(b"\r\n\r\nEvent: CoreShowChannel", b"\r\n\r\nEvent: DTMFEnd\r\nDigit: 7\r\n\r\nEvent: CoreShowChannel", 1)
        + message(Event="CoreShowChannelsComplete", ActionID=action["ActionID"], EventList="Complete", ListItems="3")
    )


async def test_a_list_among_events_keeps_both(server, ear):
    async with connected(server, ear) as link:
        server.answers["CoreShowChannels"] = listed
        first, second = await asyncio.gather(*(link.request("CoreShowChannels", is_list=True) for _ in range(2)))
        for rows in (first, second):
            assert [row.headers["Channel"] for row in rows if "Channel" in row.headers] == ["PJSIP/0", "PJSIP/1", "PJSIP/2"]
        assert [event["Digit"] for event in ear.events] == ["7", "7"]
        assert link._open_lists == 0


async def test_a_long_list_lets_others_between(server, ear):
    """Of a thousand channels only so many bytes are taken in before whoever else is ready has his turn."""
    rows = b"".join(message(Event="CoreShowChannel", Channel=f"PJSIP/{number:04}", Padding="x" * 80) for number in range(1000))
    row_bytes = len(rows) // 1000
    server.answers["CoreShowChannels"] = lambda action: (
        message(Response="Success", ActionID=action["ActionID"], EventList="start")
        + rows.replace(b"Padding", b"ActionID: " + action["ActionID"].encode() + b"\r\nPadding")
        + message(Event="CoreShowChannelsComplete", ActionID=action["ActionID"], EventList="Complete")
    )
    async with connected(server, ear, most_read_bytes=8192) as link:
        listing = asyncio.create_task(link.request("CoreShowChannels", is_list=True))
        seen = [0]
        while not listing.done():
            seen += [len(waiting.rows) for waiting in link._pending.values()]
            await asyncio.sleep(0)
        assert len(listing.result()) == 1000
        assert max(after - before for before, after in itertools.pairwise(seen)) <= 8192 // row_bytes + 1


async def test_an_empty_list_and_a_refused_list(server, ear):
    async with connected(server, ear) as link:
        server.answers["CoreShowChannels"] = lambda action: (
            message(Response="Success", ActionID=action["ActionID"], EventList="start")
            + message(Event="CoreShowChannelsComplete", ActionID=action["ActionID"], EventList="Complete")
        )
        assert await link.request("CoreShowChannels", is_list=True) == []
        server.answers["DBGetTree"] = error
        with pytest.raises(ActionRefused):
            await link.request("DBGetTree", is_list=True)
        await asyncio.sleep(0)
        assert link._open_lists == 0


async def test_a_list_that_breaks_off_times_out(server, ear):
    async with connected(server, ear) as link:
        server.answers["CoreShowChannels"] = lambda action: message(Response="Success", ActionID=action["ActionID"], EventList="start")
        with pytest.raises(ActionTimeout):
            await link.request("CoreShowChannels", is_list=True, timeout_seconds=0.05)
        await asyncio.sleep(0)
        assert link._open_lists == 0


async def test_characters_split_over_reads_arrive_whole(server, ear):
    async with connected(server, ear):
        data = message(Event="Hangup", Text="您的余额是一百二十三元")
        for at in range(len(data)):
            server.say(data[at : at + 1])
            await asyncio.sleep(0)
        await ear.until(lambda: ear.events)
        assert ear.events[0]["Text"] == "您的余额是一百二十三元"


async def test_the_secret_is_not_logged(server, ear, caplog):
    with caplog.at_level(logging.DEBUG):
        async with connected(server, ear) as link:
            await link.request("Ping")
    assert "secret" not in caplog.text


async def test_a_forged_response_cannot_guess_which_action_is_open(server, ear):
    """A caller can write whole messages into the events, responses too."""
    async with connected(server, ear) as link:
        server.answers["Ping"] = silence
        ping = asyncio.create_task(link.request("Ping"))
        real = await server.asked("Ping")
        server.say(b"".join(message(Response="Error", ActionID=f"h{n}", Message="forged") for n in range(200)))
        server.say(success(real))
        assert (await ping)[0].headers["Message"] == "done"
        assert len(real["ActionID"]) > 12


async def test_close_twice_and_close_before_connect(server, ear):
    link = AmiLink(ear.event, ear.down, INTERESTING)
    link.close()
    with pytest.raises(LinkDown):
        await link.request("Ping")
    async with connected(server, ear) as other:
        other.close()
        other.close()
    assert ear.lost == []
