"""A PIN and a card number, typed in real calls, are searched for in everything that is written or can be asked; a control is found there."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from cti.asterisk.runtime import templates_folder
from tests.rig.canary import files_below, traces
from tests.rig.demo import gathered, record_of
from tests.rig.fault_proxy import Direction, FaultProxy
from tests.rig.gallery import CARD, PIN, ROOMS, Gallery, Programs, enter, in_both, open_gallery, visitor
from tests.rig.ports import free_port
from tests.rig.server import PROJECT
from tests.rig.waiting import eventually
from tests.support.redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from tests.rig.listener import Caller
    from tests.rig.server import HotlineServer

pytestmark = [pytest.mark.acceptance]

NUMBERS = ("1363000010", "1363000020")  # and the place of the language
ACCOUNT, WRONG_PIN = "10203040", "8351620947"
SECRETS = (PIN, WRONG_PIN, CARD)
KEY_EVENT = re.compile(rb"Event: DTMFEnd\r\n.*?\r\n\r\n", re.DOTALL)
EVERYTHING = "full.log => notice,warning,error,verbose,debug,security"
LONG = 90.0  # a kill and a start, and everything that is looked at, on a busy machine
LOUDER = ("core set verbose 5", "core set debug 5", "agi set debug on", "manager set debug on", "pjsip set logger on")


def nothing_of_it(places: Mapping[str, bytes]) -> None:
    """No secret stands in any of these places."""
    found = {(place, secret): dresses for place, data in places.items() for secret in SECRETS if (dresses := traces(secret, data))}
    assert found == {}


@pytest.mark.parametrize("secret", [PIN, CARD])
def test_the_search_finds_a_secret_in_every_dress(secret: str) -> None:
    """The control of the search itself."""
    plain = secret.encode()
    for data in (
        b"pin=" + plain + b";", secret.encode("utf-16-le"), plain.hex().encode(), hashlib.sha256(plain).hexdigest().encode(),
        *(base64.b64encode(b"x" * before + plain + b"tail") for before in range(3)),
    ):  # fmt: skip
        assert traces(secret, data) != [], data
    assert traces(CARD, " ".join(CARD).encode()) == ["spread over a line", "digit by digit"]
    assert traces(CARD, "\n".join(f"Digit: {digit}" for digit in CARD).encode()) == ["digit by digit"]
    assert traces(secret, b"7, 40, 916 and 4929158306274157") == []


def test_the_shipped_log_of_asterisk_holds_no_digits() -> None:
    """Only the levels `dtmf`, `verbose` and `debug` of Asterisk's log tell which key was pressed."""
    text = (templates_folder() / "logger.conf").read_text(encoding="utf-8")
    levels = {level.strip() for levels in re.findall(r"=>(.*)", text) for level in levels.split(",")}
    assert levels == {"notice", "warning", "error"}


def test_no_call_is_recorded_but_by_the_step_record() -> None:
    """So what a caller types, in tones too, is in a file only if he types while he is asked to speak."""
    assert [file.name for file in templates_folder().iterdir() if re.search("mixmonitor|monitor", file.read_text(encoding="utf-8"), re.IGNORECASE)] == []


@pytest_asyncio.fixture(loop_scope="session", params=["sqlite", pytest.param("redis", marks=pytest.mark.long)])
async def loud(request: pytest.FixtureRequest, programs: Programs, tmp_path: Path) -> AsyncIterator[Observed]:
    """A gallery whose Asterisk logs everything it can, behind a relay that keeps both AMI sessions; with one of the two stores."""
    redis = RedisServer(tmp_path, free_port(), "--rdbcompression", "no") if request.param == "redis" else None
    async with (
        open_gallery(programs, tmp_path / "site", logger=EVERYTHING) as gallery,
        FaultProxy(gallery.site.asterisk.ports.ami) as proxy,
        contextlib.AsyncExitStack() as stack,
    ):
        proxy.record()
        for command in LOUDER:
            await gallery.site.asterisk.cli(command)
        if redis is not None:
            redis.start()
            stack.callback(redis.kill)
        changes = {"store_url": f"redis://127.0.0.1:{redis.port}/0"} if redis else {}
        server = gallery.site.server("server", ami_port=proxy.port, log_level="debug", **changes)
        stack.push_async_callback(server.stop)
        await server.start()
        yield Observed(gallery, proxy, server, redis, tmp_path)
    assert server.tracebacks() == []


class Observed:
    """Everything that can be looked at, and what was seen so far."""

    def __init__(self, gallery: Gallery, proxy: FaultProxy, server: HotlineServer, redis: RedisServer | None, folder: Path) -> None:
        self.gallery = gallery
        self.proxy = proxy
        self.server = server
        self.seen: dict[str, bytes] = {}
        self._redis = redis
        self._folder = folder
        self._looks = 0

    async def look(self) -> None:
        """Take down what can be asked now: channels, store, metrics, API, process; calls are up."""
        self._looks += 1
        asterisk, server = self.gallery.site.asterisk, self.server
        channels = [await asterisk.cli(f"core show channel {name}") for name in await asterisk.channels()]
        paths = ("/metrics", "/api/calls", "/api/status")
        answers = [str((await server.api("GET", path)).body) for path in paths]
        process = Path(f"/proc/{server.pid}")
        self._note("channels", "\n".join(channels).encode())
        self._note("http", "\n".join(answers).encode())
        self._note("process", (process / "environ").read_bytes() + (process / "cmdline").read_bytes())
        self._note("store", self._store())
        (core,) = re.findall(r"Max core file size +(\S+) +(\S+)", (process / "limits").read_text(encoding="utf-8"))
        assert core == ("0", "0"), "a core file of the server would hold what callers type"

    def _store(self) -> bytes:
        if self._redis is None:
            files = Path(str(self.server.settings["store_url"]).partition("///")[2])
            return b"".join(file.read_bytes() for file in files.parent.glob(files.name + "*"))
        assert self._redis.say("SAVE") == b"+OK\r\n"
        return (self._folder / "dump.rdb").read_bytes()

    def _note(self, what: str, data: bytes) -> None:
        self.seen[f"{what}, look {self._looks}"] = data

    async def command(self, *arguments: str) -> bytes:
        """What a command of ours prints."""
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cti.cli.main", *arguments, cwd=PROJECT, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await asyncio.wait_for(child.communicate(), 60)
        return output

    async def replayed(self, number: str) -> None:
        """Take down what `hotline replay` tells of the call from this number."""
        call = (await record_of(self.server, number, 20))["call"]
        database = str(self.server.settings["database_url"])
        self.seen[f"replay of {number}"] = await self.command("replay", call, "--database", database, "--flows", str(self.gallery.flows))


    @property
    def settings_file(self) -> str:
        """The server's settings, for our commands."""
        return str(self._folder / "site" / "server.yaml")

    def written(self) -> dict[str, bytes]:
        """Every file of Asterisk, server and Redis, by its name."""
        mine = ("sipp", "config", "flows")  # the callers' own, and what was there before
        files = {file.relative_to(self._folder).as_posix(): data for file, data in files_below(self._folder)}
        return {name: data for name, data in files.items() if name.split("/")[1:2] not in [[folder] for folder in mine]}

    def ami(self) -> dict[str, bytes]:
        """Both AMI sessions, but for the one kind of event that tells of each key: there the search must succeed."""
        assert self.proxy.recording is not None
        events, actions = bytes(self.proxy.recording[Direction.TO_CLIENT]), bytes(self.proxy.recording[Direction.TO_SERVER])
        return {"ami events": KEY_EVENT.sub(b"", events), "ami actions": actions}

    def keys_by_channel(self) -> dict[bytes, bytes]:
        """What those events tell together: Asterisk sends each key to whoever may read its events."""
        assert self.proxy.recording is not None
        keys: dict[bytes, bytes] = {}
        for event in KEY_EVENT.findall(bytes(self.proxy.recording[Direction.TO_CLIENT])):
            channel, key = re.search(rb"\r\nChannel: (.*?)\r\n", event), re.search(rb"\r\nDigit: (.)", event)
            assert channel
            assert key
            keys[channel[1]] = keys.get(channel[1], b"") + key[1]
        return keys

    def holds_the_controls(self, written: Mapping[str, bytes]) -> None:
        """What is no secret is found wherever a secret could be: the search looked at the right things."""
        number, database = f"{NUMBERS[0]}0", "".join(name for name in written if name.endswith("server.db"))
        controls = {
            **{f"channels, look {look}": number for look in (1, 2)}, **{f"http, look {look}": number for look in (1, 2)},
            **{f"store, look {look}": ACCOUNT for look in (1, 2)}, "process, look 1": "serve", "status": "general",
            f"replay of {number}": number, "site/server-1.log": number, "site/server-3.log": number, database: ACCOUNT,
            "site/run/asterisk/log/full.log": number, "site/run/asterisk/log/cel-custom/Master.csv": number, "ami events": number, "ami actions": "secret/done-1",
        }  # fmt: skip
        everything = self.seen | written | self.ami()
        missing = [place for place, control in controls.items() if control.encode() not in everything[place]]
        assert missing == []


async def types(caller: Caller, language: str, *answers: tuple[str, str]) -> None:
    for question, keys in answers:
        await caller.heard(f"secret/{question}-1", 30, language)
        await caller.press(keys)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.timeout(300)
async def test_no_secret_digit_is_written_anywhere(loud: Observed) -> None:
    """Typed wrong and right, ahead and when asked, over two kills of the server: with the PIN on its way, and with the card."""
    company, server = loud.gallery.company, loud.server
    company.answers["bank"].clear()
    company.answers["shop"].clear()
    typed: list[str] = []
    restarted = [asyncio.Event(), asyncio.Event()]

    async def when_asked(number: str, language: str) -> None:
        async with visitor(loud.gallery, number, language) as caller:
            await enter(caller, "secret")
            await types(caller, language, ("account", ACCOUNT), ("pin", WRONG_PIN))
            typed.append(number)
            await asyncio.wait_for(restarted[0].wait(), LONG)
            await types(caller, language, ("pin", WRONG_PIN), ("pin", PIN), ("card", CARD))
            await comes_to_his_receipt(caller, language)

    async def ahead(number: str, language: str) -> None:
        async with visitor(loud.gallery, number, language) as caller:
            await caller.press(f"{ROOMS['secret']}{ACCOUNT}{PIN}{CARD}")
            typed.append(number)
            await asyncio.wait_for(restarted[0].wait(), LONG)
            await types(caller, language, ("pin", PIN), ("card", CARD))
            await comes_to_his_receipt(caller, language)

    async def comes_to_his_receipt(caller: Caller, language: str) -> None:
        await asyncio.wait_for(restarted[1].wait(), LONG)
        await types(caller, language, ("card", CARD))
        await caller.heard("secret/done-1", 30, language)
        await caller.hangup()

    def all_at(service: str) -> bool:
        return len(typed) == 4 and len(company.requests(service)) >= 4

    async def kills() -> None:
        for kill, service in enumerate(company.answers):
            await eventually(partial(all_at, service), 60, f"all four secrets are at the {service}")
            await loud.look()
            await server.kill9()
            company.answers[service].set()
            await server.start()
            restarted[kill].set()

    await gathered(in_both(when_asked, NUMBERS[0]), in_both(ahead, NUMBERS[1]), kills())
    for number in NUMBERS:
        await loud.replayed(f"{number}0")
    loud.seen["status"] = await loud.command("status", "--settings", loud.settings_file)
    await server.stop()
    written = loud.written()
    nothing_of_it(loud.seen | written | loud.ami())
    loud.holds_the_controls(written)
    # why docs/design.md calls a capture of the AMI events as secret as the PIN: there it is, key by key, and nowhere else
    assert all(CARD.encode() in keys for keys in loud.keys_by_channel().values())
