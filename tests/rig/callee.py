"""Whoever the hotline dials: the far end of its way out. Answers, is busy, does not answer or refuses, as the test says."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from tests.rig.agents import RINGS, AgentFarm, Behaviour

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.agents import AgentCall
    from tests.rig.listener import Rig

#: Also the name of its voice: a caller who is put through `hears_voice(OUTSIDE)`.
OUTSIDE = "outside"


class Callee:
    """The far end. Change `behaviour` at any time: it holds for the next call."""

    def __init__(self, farm: AgentFarm) -> None:
        self.farm = farm
        self._agent = farm[OUTSIDE]

    @property
    def behaviour(self) -> Behaviour:
        """What it does when it is called."""
        return self._agent.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._agent.behaviour = behaviour

    @property
    def calls(self) -> list[AgentCall]:
        """Every call that reached it."""
        return self._agent.calls

    @property
    def numbers(self) -> list[str]:
        """The numbers it was called with, in order."""
        return [number_called(call) for call in self.calls]

    async def called(self, within: float = 10.0) -> AgentCall:
        """The next call that was not handed out yet."""
        return await self._agent.called(within)

    async def talking(self, within: float = 10.0) -> AgentCall:
        """As `called`, and wait until it is answered."""
        return await self._agent.talking(within)


def number_called(call: AgentCall) -> str:
    """The number in the INVITE's Request-URI."""
    found = re.match(r"INVITE sips?:([^@]*)@", call.invite.text)
    assert found, call.invite.text
    return found[1]


def number_shown(call: AgentCall) -> str:
    """The number that the call shows as the caller's."""
    found = re.search(r"<sips?:([^@>]*)@", call.invite.header("From"))
    assert found, call.invite.header("From")
    return found[1]


@contextlib.asynccontextmanager
async def open_callee(rig: Rig, port: int, behaviour: Behaviour = RINGS) -> AsyncIterator[Callee]:
    """Listen at this loopback port. An error of it fails the test at the end."""
    async with AgentFarm.open(rig, {OUTSIDE: port}, behaviour) as farm:
        yield Callee(farm)
