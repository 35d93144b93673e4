"""A party that listens: signalling by SIPp, the sound heard, named and made by the test.

`Caller` calls; `tests.rig.agents` builds the called side on the same `Party`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

from tests.rig import scenarios
from tests.rig.ports import LOOPBACK
from tests.rig.prompts import Ear, Heard, PromptIndex
from tests.rig.relay import Address, Dialogue, SipMessage, SipRelay
from tests.rig.rtp import RtpEndpoint
from tests.rig.sipp import Sipp
from tests.rig.waiting import Changed, Deadline, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from cti.provision.programs import Tool


@dataclass
class Rig:
    """What every party needs: whom to call, with which SIPp, what may be heard, where to keep its files."""

    asterisk: Address
    sipp: Tool
    folder: Path
    prompts: PromptIndex = field(default_factory=PromptIndex)


class Party:
    """One end of one call, once its dialogue and its media exist."""

    relay: SipRelay

    def __init__(self, rig: Rig, who: str, media: RtpEndpoint, ear: Ear, sounds_changed: Changed) -> None:
        self.rig = rig
        self.who = who
        self.media = media
        self.ear = ear
        self._sounds_changed = sounds_changed
        self._dialogue: Dialogue | None = None
        self._consumed = 0

    @classmethod
    async def _open_media(cls, rig: Rig, who: str, *, voice: bool) -> tuple[RtpEndpoint, Ear, Changed]:
        changed = Changed()
        ear = Ear(rig.prompts, changed.fire)
        media = await RtpEndpoint.open(ear.listen, rig.prompts.add_voice(who) if voice else b"")
        return media, ear, changed

    @property
    def dialogue(self) -> Dialogue:
        """The SIP side's ledger of this call."""
        assert self._dialogue is not None, "not called yet"
        return self._dialogue

    @property
    def call_id(self) -> str:
        """The Call-ID header."""
        return self.dialogue.call_id

    @property
    def heard_so_far(self) -> list[Heard]:
        """Everything named so far: prompts, music, voices."""
        return self.ear.heard

    @property
    def prompts(self) -> list[tuple[str, str]]:
        """(language, id) of each prompt heard, in order; music and voices left out."""
        return [(h.name.language, h.name.id) for h in self.ear.heard if h.name.language]

    @property
    def heard_ids(self) -> list[str]:
        """The ids alone, music and voices included."""
        return [h.name.id for h in self.ear.heard]

    async def heard(self, wanted: str, within: float = 10.0, language: str | None = None) -> Heard:
        """Wait until a prompt whose id is (or, ending in `*`, begins like) `wanted` starts after those already waited for.

        A name is given once 60 ms of it fit. Raises Deadline with what was heard instead.
        """

        def probe() -> int:
            for place in range(self._consumed, len(self.ear.heard)):
                if any(
                    _matches(wanted, name.id) and language in (None, name.language)
                    for name in self.ear.heard[place].names
                ):
                    return place + 1
            return 0

        tail = f" in {language}" if language else ""
        place = await self._sounds_changed.until(
            probe,
            within,
            lambda: f"{self.who} did not hear {wanted}{tail} within {within:g} s; {self._story()}",
        )
        self._consumed = place
        return self.ear.heard[place - 1]

    async def heard_whole(self, wanted: str, within: float = 20.0, language: str | None = None) -> Heard:
        """As `heard`, and wait until it has ended."""
        heard = await self.heard(wanted, within, language)
        await self._sounds_changed.until(lambda: heard.ended, within, lambda: f"{wanted} did not end; {self._story()}")
        return heard

    async def hears_music(self, within: float = 30.0) -> Heard:
        """Wait until hold music is (or goes on being) heard now; before it a caller hears which keys lead out of the line."""
        return await self._hears_now("music/", within)

    async def hears_voice(self, who: str, within: float = 10.0) -> Heard:
        """Wait until the voice of this party is heard now: both are connected."""
        return await self._hears_now(f"voice/{who}", within)

    async def _hears_now(self, prefix: str, within: float) -> Heard:
        def probe() -> Heard | None:
            last = self.ear.heard[-1] if self.ear.heard else None
            fresh = last is not None and last.name.id.startswith(prefix) and time.monotonic() - last.last_at < 0.1
            return last if fresh else None

        try:
            return await eventually(probe, within, prefix, every=0.02)  # sound that goes on wakes nobody
        except Deadline:
            raise Deadline(f"{self.who} does not hear {prefix} within {within:g} s; {self._story()}") from None

    async def ear_quiet(self, seconds: float, within: float = 10.0) -> None:
        """Wait until no RTP has come for so long."""
        heard = self.media.heard
        await eventually(
            lambda: heard.last_at is not None and time.monotonic() - heard.last_at > seconds,
            within,
            f"{self.who} without RTP for {seconds:g} s",
        )

    def forget(self) -> None:
        """`heard` looks only at what begins from now on."""
        self._consumed = len(self.ear.heard)

    async def press(self, digits: str) -> None:
        """Press keys one after the other; returns when all are sent."""
        await self.media.press(digits)

    async def answered(self, within: float = 10.0) -> float:
        """Wait for the 200; returns its monotonic time."""
        await self.dialogue.changed.until(
            lambda: self.dialogue.answered_at,
            within,
            lambda: f"{self.who}: no answer within {within:g} s; {self._story()}",
        )
        assert self.dialogue.answered_at is not None
        return self.dialogue.answered_at

    async def ended(self, within: float = 10.0) -> str:
        """Wait for the end of the call; returns who ended it: "asterisk", "self", or "refused"."""
        await self.dialogue.changed.until(
            lambda: self.dialogue.over,
            within,
            lambda: f"{self.who}: the call goes on after {within:g} s; {self._story()}",
        )
        return self.ended_by

    @property
    def ended_by(self) -> str:
        """ "asterisk", "self" (BYE), "refused" (final status of 300 and above), or "" while it goes on."""
        bye = self.dialogue.bye
        if bye is not None:
            return "self" if bye.to_asterisk else "asterisk"
        return "refused" if self.dialogue.over else ""

    @property
    def alive(self) -> bool:
        """Answered and not over."""
        return self.dialogue.answered_at is not None and not self.dialogue.over

    async def hangup(self, within: float = 5.0) -> None:
        """Say BYE and wait for its 200 (nothing to do when it is over)."""
        if self.dialogue.over:
            return
        self._tell("XBYE")
        await self.dialogue.changed.until(
            lambda: self.dialogue.first("BYE", status=2) or self.dialogue.first("BYE", status=481),
            within, lambda: f"{self.who}: no answer to BYE within {within:g} s; {self._story()}",
        )  # fmt: skip

    async def refer(self, to: str, *, replaces: Party | None = None, within: float = 5.0) -> int:
        """Send Asterisk a REFER to this number, or to the other end of the call `replaces`; returns the status, as it is notified of."""
        before = len(self.dialogue.messages)
        target = f"sip:{to}@{LOOPBACK}:{self.rig.asterisk[1]}"
        if replaces is not None:
            target += f"?Replaces={_replaces(replaces.dialogue)}"
        self.relay.request(self.dialogue, "REFER", f"Refer-To: <{target}>\r\nReferred-By: <sip:{self.who}@{LOOPBACK}>\r\n")

        def final() -> int:
            news = [m for m in self.dialogue.messages[before:] if not m.to_asterisk]
            notified = [int(m.text.split("SIP/2.0 ")[-1][:3]) for m in news if m.method == "NOTIFY"]
            replies = [m.status for m in news if m.method == "REFER" and m.status >= 300]
            return next((status for status in replies + notified if status >= 200), 0)

        return await self.dialogue.changed.until(final, within, lambda: f"{self.who}: no answer to REFER; {self._story()}")

    def vanish(self) -> None:
        """From now on nothing is sent or answered any more, neither SIP nor RTP."""
        self.relay.deaf.add(self.call_id)
        self.media.mute()

    def longest_gap_seconds(self) -> float:
        """The longest time without RTP since the first packet (or since `measure_from_now`)."""
        return self.media.heard.gap_seconds(time.monotonic())

    def longest_silence_seconds(self) -> float:
        """The longest time without any sound since the first packet (or since `measure_from_now`)."""
        return self.media.heard.silence_seconds(time.monotonic())

    def measure_from_now(self) -> None:
        """Forget gaps and silences so far."""
        self.media.heard.restart(time.monotonic())

    def _tell(self, method: str, headers: str = "") -> None:
        self.relay.tell(self.dialogue, method, headers)

    def _story(self) -> str:
        heard = ", ".join(f"{h.name}{'' if h.whole else '…'}" for h in self.ear.heard) or "nothing"
        packets = self.media.heard.packets
        signalling = " ".join(
            f"{'>' if m.to_asterisk else '<'}{m.status or m.method}"
            for m in (self._dialogue.messages if self._dialogue else [])
        )
        return f"heard: {heard} ({packets} packets, {self.ear.unknown_bytes} bytes unknown); SIP: {signalling or 'nothing'}"


class Caller(Party):
    """A caller who listens. `async with Caller(...)` places the call and waits for the answer (unless `wait=False`)."""

    @classmethod
    @contextlib.asynccontextmanager
    async def call(
        cls, rig: Rig, to: str = "95598", from_number: str = "13800000001", *, voice: bool = False, wait: bool = True,
        username: str = "", password: str = "", within: float = 10.0,
    ) -> AsyncIterator[Self]:  # fmt: skip
        """One caller with a SIPp of his own; hung up at the end if he still is up."""
        async with cls.group(rig, [(from_number, to)], voice=voice, username=username, password=password) as callers:
            if wait:
                await callers[0].answered(within)
            yield callers[0]

    @classmethod
    @contextlib.asynccontextmanager
    async def group(
        cls, rig: Rig, calls: Sequence[tuple[str, str]], *, rate: float = 10.0, voice: bool = False, username: str = "", password: str = "",
    ) -> AsyncIterator[list[Self]]:  # fmt: skip
        """Callers (from number, number called) who call one after the other, `rate` a second, from one SIPp."""
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(asyncio.sleep, 0)  # a closed transport needs one more turn of the loop
            relay = await SipRelay.open(rig.asterisk)
            stack.callback(relay.close)
            callers = [cls(rig, number, *await cls._open_media(rig, number, voice=voice)) for number, _ in calls]
            for caller in callers:
                stack.callback(caller.media.close)
            lines = tuple(
                f"{to};{number};{caller.media.port}" for (number, to), caller in zip(calls, callers, strict=True)
            )
            scenario = scenarios.caller(rig.asterisk[1], username=username, password=password)
            sipp = await Sipp.start(
                rig.sipp,
                rig.folder,
                scenario,
                relay_port=relay.sipp_side_port,
                lines=lines,
                rate=rate,
            )
            stack.push_async_callback(sipp.stop)
            relay.attach(sipp.port)
            by_call_id: dict[str, Party] = {}
            relay.watch(lambda message, _: aim_media(by_call_id, message))
            for line, caller in enumerate(callers, 1):
                caller.relay, caller.sipp, caller._dialogue = relay, sipp, relay.dialogue(sipp.call_id(line))
                by_call_id[caller.call_id] = caller
            stack.push_async_callback(hang_up_all, callers)
            yield callers

    sipp: Sipp

    def give_up(self) -> None:
        """End it in whatever state it is, without waiting."""
        if self.dialogue.messages and not self.dialogue.over:
            self._tell("XBYE" if self.dialogue.answered_at else "XCANCEL")

    async def cancel(self, within: float = 5.0) -> None:
        """CANCEL before the answer; waits for the 487."""
        await self.dialogue.changed.until(
            lambda: any(not m.to_asterisk for m in self.dialogue.messages),
            within,
            lambda: f"no reply yet; {self._story()}",
        )
        self._tell("XCANCEL")
        await self.dialogue.changed.until(
            lambda: self.dialogue.final_status == 487,
            within,
            lambda: f"no 487; {self._story()}",
        )

    async def ringing(self, within: float = 5.0) -> None:
        """Wait for a 180 or 183."""
        await self.dialogue.changed.until(
            lambda: self.dialogue.first("INVITE", status=180) or self.dialogue.first("INVITE", status=183),
            within,
            lambda: f"not ringing; {self._story()}",
        )


def aim_media(parties: Mapping[str, Party], message: SipMessage) -> None:
    """Send a party's sound to where Asterisk's SDP says."""
    if message.media_port and not message.to_asterisk and message.call_id in parties:
        parties[message.call_id].media.aim(LOOPBACK, message.media_port)


async def hang_up_all(callers: Sequence[Caller], within: float = 3.0) -> None:
    """End all calls that still are up, and wait for it a little: the tests' tidying up."""
    for caller in callers:
        caller.give_up()
    end = time.monotonic() + within
    for caller in callers:
        with contextlib.suppress(Deadline):
            if caller.dialogue.messages and caller.dialogue.call_id not in caller.relay.deaf:
                await caller.dialogue.changed.until(
                    lambda c=caller: c.dialogue.closed,
                    max(0.0, end - time.monotonic()),
                    str,
                )


def _replaces(dialogue: Dialogue) -> str:
    """The Replaces of a call that the party made: our tag, and Asterisk's, escaped for a URI."""
    answer = dialogue.first("INVITE", status=2)
    assert answer is not None, "the call that is to be replaced is not answered"
    theirs, ours = (answer.header(name).partition(";tag=")[2] for name in ("To", "From"))
    return quote(f"{dialogue.call_id};to-tag={theirs};from-tag={ours}", safe="")


def _matches(wanted: str, name: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted
