"""What the engine looks like from outside, as plain values: for metrics, status pages and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from acd.states import AgentState, CallState


@dataclass(frozen=True, slots=True)
class CallSnapshot:
    """One call in a line. `position` is 1-based by score among all who hold a place."""

    call: str
    tier: str
    state: CallState
    position: int
    entered_at: float
    waited_seconds: float
    offer: str
    agent: str


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """One line. `waiting` counts all who hold a place (also those being offered); `talking` and `away` are extra."""

    name: str
    waiting: int
    longest_wait_seconds: float
    waiting_by_tier: Mapping[str, int]
    longest_wait_by_tier_seconds: Mapping[str, float]
    talking: int
    away: int
    agents_by_state: Mapping[AgentState, int]
    calls: tuple[CallSnapshot, ...]
    expected_wait_seconds: float | None


@dataclass(frozen=True, slots=True)
class AgentSnapshot:
    """One agent. `until` is the engine time at which the state ends by itself, None if it does not."""

    name: str
    state: AgentState
    reason: str
    since: float
    seconds_in_state: float
    call: str
    offer: str
    misses: int
    until: float | None
    busy_elsewhere: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole engine. `version` grows with every handled event that changed something."""

    version: int
    dispatching: bool
    queues: Mapping[str, QueueSnapshot]
    agents: Mapping[str, AgentSnapshot]
