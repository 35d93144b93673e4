"""Hang-up records that Asterisk keeps (its own database), read at start and each minute.

A call that ended while the server was away leaves time, cause, ticket and state behind; from these its record is closed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from cti.ami.errors import ActionRefused, ActionTimeout
from cti.ami.switch import Switch
from cti.calls.line import GOODBYE
from cti.calls.state import ChannelState, decode_state
from cti.clock import Clock

FAMILY = "hotline-ended"
EVERY_SECONDS = 60.0
#: Each minute to be forgotten costs a local channel; after a long absence they go in several rounds.
FORGOTTEN_AT_ONCE = 60


@dataclass(frozen=True, slots=True)
class Ending:
    """How Asterisk saw a call end: `started_at_ms`, `ended_at_ms` UTC, Q.850 `cause`, the last `ticket` (ACD_OFFER) and `state`.

    `outcome`: how the flow ended, if the server itself had said goodbye; else "abandoned".
    """

    call: str
    started_at_ms: int
    ended_at_ms: int
    caller: str
    cause: int
    outcome: str
    ticket: str
    state: ChannelState


def parse_ending(call: str, value: str) -> Ending | None:
    """The record as the dialplan's hangup handler wrote it, None if it is damaged."""
    fields = value.split("!", 6)
    if len(fields) != 7 or not fields[0].isdecimal():
        return None
    ended, cause, started, caller, said, ticket, state = fields
    started_s = int(started) if started.isdecimal() else int(ended)
    outcome = said.removeprefix(GOODBYE) if said.startswith(GOODBYE) else "abandoned"
    return Ending(call, started_s * 1000, int(ended) * 1000, caller, int(cause) if cause.isdecimal() else 0, outcome, ticket, decode_state(state))


class EndingsReader:
    """Hands every ending to `on_ending` (which must not mind to see one twice) and has past minutes deleted.

    `written` tells whether everything told so far is safe in the database; until then Asterisk's own records stay.
    """

    def __init__(self, switch: Switch, clock: Clock, on_ending: Callable[[Ending], Awaitable[None]], written: Callable[[], Awaitable[bool]]) -> None:
        self._switch = switch
        self._clock = clock
        self._on_ending = on_ending
        self._written = written
        self.log = structlog.get_logger("endings")

    async def run(self) -> None:
        """Read each minute until cancelled."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.try_read()

    async def try_read(self) -> bool:
        """Read once; false if Asterisk would not tell, which is no reason to let the living wait."""
        try:
            await self.read()
        except (ActionRefused, ActionTimeout) as error:
            self.log.warning("endings_unread", reason=str(error))
            return False
        return True

    async def read(self) -> None:
        """Read once."""
        minutes: set[int] = set()
        for key, value in (await self._switch.database(FAMILY)).items():
            minute, _, call = key.partition("/")
            ending = parse_ending(call, value)
            if ending is not None:
                await self._on_ending(ending)
            if minute.isdecimal():
                minutes.add(int(minute))
        if not minutes or not await self._written():
            return
        this_minute = self._clock.wall_ms() // 60_000
        for past in sorted(minutes)[:FORGOTTEN_AT_ONCE]:
            if past < this_minute - 1:
                await self._switch.forget_endings(past)
