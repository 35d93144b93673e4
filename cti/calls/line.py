"""The caller's line while he is in AsyncAGI: one batch in flight, every wait with a deadline.

A CommandID is call.entry.n; answers to ids nobody waits for are ignored. After the channel was moved, commands queued
behind it run at its next entry, so each entry begins with a NOOP that is waited for.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from enum import Enum, IntEnum

from cti.ami.errors import ActionRefused, ActionTimeout
from cti.ami.messages import AgiExecuted
from cti.ami.switch import Switch, exec_command

ENTER_SECONDS = 5.0
SYNC_SECONDS = 3.0
PLAY_MARGIN_SECONDS = 5.0
#: Prompt names joined by & in one line; Asterisk takes 1,000 bytes.
PLAY_BYTES = 800
PROMPT_FOLDER = "hotline/"
GOODBYE = "bye-"


class Played(IntEnum):
    """How prompts ended; false if they could not be played."""

    FAILED = 0
    WHOLE = 1
    BY_KEY = 2  #: a digit stopped them


class Recorded(Enum):
    """How a recording ended."""

    FAILED = "nothing could be written"
    WHOLE = "a key or the time ended it"
    BY_SILENCE = "silence ended it"  #: Asterisk has cut off that silence but for its first second


#: k: what was said before a hang-up is kept; t: `*` is the finish key instead of `#`; y: any key is.
_RECORD_OPTIONS = {"#": "k", "*": "kt"}


class LineGone(Exception):
    """The channel is gone or does not do as told; the caller's task ends or starts its line afresh."""


def playback_argument(prompts: Sequence[str]) -> list[str]:
    """Prompt ids as Playback arguments, split so that each fits into one AMI line."""
    chunks: list[str] = []
    for prompt in prompts:
        name = PROMPT_FOLDER + prompt
        if chunks and len(chunks[-1]) + len(name) < PLAY_BYTES:
            chunks[-1] += "&" + name
        else:
            chunks.append(name)
    return chunks


class LineRefused(LineGone):
    """There is no such channel in AsyncAGI; trying again is of no use."""


class Line:
    """Commands to one channel in AsyncAGI.

    Args:
        call: call id, also the prefix of the command ids.
        channel: full channel name.
        duration: seconds that prompts of a language take to play; bounds the wait for their end.

    """

    def __init__(self, switch: Switch, call: str, channel: str, duration: Callable[[Sequence[str], str], float]) -> None:
        self._switch = switch
        self._call = call
        self.channel = channel
        self._duration = duration
        self._entry = 0
        self._number = 0
        self._waiting: dict[str, asyncio.Future[AgiExecuted]] = {}
        self._inside = asyncio.Event()
        self._outside = asyncio.Event()
        self._hung_up = asyncio.Event()

    @property
    def gone(self) -> bool:
        """True once the caller has hung up."""
        return self._hung_up.is_set()

    # ---- fed by the dispatcher

    def agi_started(self) -> None:
        """The channel entered AsyncAGI; commands of an earlier entry will not answer any more."""
        self._entry += 1
        self._drop_waiting()
        self._outside.clear()
        self._inside.set()

    def agi_executed(self, event: AgiExecuted) -> None:
        """A command is done."""
        waiting = self._waiting.pop(event.command_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(event)

    def agi_ended(self) -> None:
        """The channel left AsyncAGI."""
        self._inside.clear()
        self._outside.set()
        self._drop_waiting()

    def hung_up(self) -> None:
        """The channel is gone."""
        self._hung_up.set()
        self._drop_waiting()
        self._inside.set()
        self._outside.set()

    def _drop_waiting(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(LineGone("the channel left AsyncAGI"))
        self._waiting.clear()

    # ---- used by the call's task

    async def enter(self) -> None:
        """Wait until the channel takes commands. Raises LineGone.

        An entry that is over already, because its event came late or the channel was just moved, is waited out.
        """
        try:
            async with asyncio.timeout(ENTER_SECONDS):
                while not await self._takes_commands():
                    self._check()
        except TimeoutError as error:
            raise LineGone(f"no AsyncAGI within {ENTER_SECONDS:g} s") from error

    async def _takes_commands(self) -> bool:
        await self._inside.wait()
        self._check()
        try:
            await self.command("NOOP", SYNC_SECONDS)
        except LineRefused:
            raise
        except LineGone:
            return False
        return True

    async def fetch(self) -> None:
        """Bring the channel back to its AGI line from wherever it is, and wait until it takes commands. Raises LineGone."""
        self._inside.clear()
        try:
            await self._switch.redirect(self.channel, "hotline-in", "again")
        except ActionRefused as error:
            raise LineGone(str(error)) from error
        await self.enter()

    async def await_return(self, seconds: float) -> None:
        """After a talk the dialplan brings the caller back by itself; if it does not within `seconds`, fetch him."""
        try:
            async with asyncio.timeout(seconds):
                await self._inside.wait()
            self._check()
            await self.command("NOOP", SYNC_SECONDS)
        except (TimeoutError, LineGone):
            self._check()
            await self.fetch()

    async def gone_within(self, seconds: float) -> bool:
        """Whether he hangs up within so many seconds: a command that failed may have been the first sign of it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hung_up.wait()
        return self.gone

    def _check(self) -> None:
        if self.gone:
            raise LineGone("the caller hung up")

    async def command(self, command: str, timeout_seconds: float) -> AgiExecuted:
        """Run one AGI command and wait for its end. Raises LineGone."""
        self._check()
        self._number += 1
        command_id = f"{self._call}.{self._entry}.{self._number}"
        future: asyncio.Future[AgiExecuted] = asyncio.get_running_loop().create_future()
        self._waiting[command_id] = future
        try:
            await self._switch.agi(self.channel, command, command_id)
            async with asyncio.timeout(timeout_seconds):
                return await future
        except ActionRefused as error:
            raise LineRefused(f"AGI command refused: {error}") from error
        except (TimeoutError, ActionTimeout) as error:
            raise LineGone(f"AGI command failed: {error}") from error
        finally:
            self._waiting.pop(command_id, None)
            if future.done() and not future.cancelled():
                future.exception()  # the channel may have left while the action itself was refused: nobody waits for that any more

    async def play(self, prompts: Sequence[str], language: str, *, barge_in: bool) -> Played:
        """Play prompts to their end, or until a digit stops them. Raises LineGone.

        With `barge_in` Asterisk itself stops at a digit, within one frame; `stop` ends what a digit could not.
        """
        seconds = self._duration(prompts, language) + PLAY_MARGIN_SECONDS
        for chunk in playback_argument(prompts):
            command = exec_command("Background", chunk, "", language) if barge_in else exec_command("Playback", chunk)
            done = await self.command(command, seconds)
            if done.result != 0:
                return Played.BY_KEY if done.result > 0 else Played.FAILED
        return Played.WHOLE

    async def record(self, path: str, silence_seconds: float, max_seconds: float, finish_keys: str) -> Recorded:
        """Record to `path` until a finish key, silence or the time ends it. Raises LineGone.

        Asterisk knows `#` and `*` as single finish keys; of several, or for a digit, any key ends it.
        """
        options = _RECORD_OPTIONS.get(finish_keys, "ky")
        command = exec_command("Record", path, f"{silence_seconds:g}", f"{max_seconds:g}", options)
        if (await self.command(command, max_seconds + PLAY_MARGIN_SECONDS)).result < 0:
            return Recorded.FAILED
        status = await self.command("GET VARIABLE RECORD_STATUS", SYNC_SECONDS)  # a file that cannot be written is no failure of the command
        return {"ERROR": Recorded.FAILED, "SILENCE": Recorded.BY_SILENCE}.get(status.data, Recorded.WHOLE)

    async def leave(self, to: str) -> None:
        """Leave AsyncAGI: the dialplan goes on to `to` ("hold", or GOODBYE and an outcome). Raises LineGone."""
        self._check()
        self._outside.clear()
        try:
            await self._switch.set_variable(self.channel, "ACD_NEXT", to)
            await self._switch.agi(self.channel, "ASYNCAGI BREAK", f"{self._call}.{self._entry}.break")
            async with asyncio.timeout(SYNC_SECONDS):
                await self._outside.wait()
        except (TimeoutError, ActionRefused) as error:
            raise LineGone(f"the channel did not leave AsyncAGI: {error}") from error
        self._check()

    async def end(self, outcome: str = "completed") -> None:
        """Hang up, politely by the dialplan, else at once. Raises LinkDown: then he may be on the line still.

        The dialplan keeps `outcome` with its own record of the end.
        """
        try:
            await self.leave(GOODBYE + outcome)
        except (LineGone, ActionTimeout):
            if not self.gone:
                await self._switch.hang_up(self.channel)
