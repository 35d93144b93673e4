"""One engine per test, checked against every invariant once more at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from acd_room import Room, agent, small_policy

if TYPE_CHECKING:
    from acd.config import Agent, Queue


@pytest.fixture
def make_room():
    """Make rooms; every invariant is checked once more when the test is over."""
    rooms: list[Room] = []

    def make(*queues: Queue, agents: tuple[Agent, ...] = (), **changes) -> Room:
        rooms.append(Room(small_policy(*queues, agents=agents, **changes)))
        return rooms[-1]

    yield make
    for room in rooms:
        room.engine.check_invariants()


@pytest.fixture
def room(make_room) -> Room:
    """One queue `general`, agents anna and bo (logged out, no wrap-up)."""
    return make_room(agents=(agent("anna"), agent("bo")))
