"""What the engine looks like from outside, as plain values: for metrics, status pages and tests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acd.callbacks import held_back
from acd.eligibility import merge_needs
from acd.estimate import newcomer_wait
from acd.states import AgentState, CallState
from acd.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acd.forecast import Accuracy
    from acd.records import AgentRecord, Call
    from acd.world import World


@dataclass(frozen=True, slots=True)
class CallSnapshot:
    """One call in a line. `position` is 1-based by score among all who hold a place. Of several agents who are rung for it
    `agent` is the one nearest to talking.

    A callback has `callback` set, was dialled `attempts` times, and is not called while `held_back` says why.
    """

    call: str
    tier: str
    state: CallState
    position: int
    entered_at: float
    waited_seconds: float
    offer: str
    agent: str
    callback: bool = False
    attempts: int = 0
    held_back: str = ""


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """One line. `waiting` counts all callers who hold a place (also those being offered), and so do the waits;
    `talking` and `away` are extra. `expected_wait_seconds` is what a newcomer would likely wait, one in ten longer than
    `longest_expected_seconds`; `forecast` is how true such forecasts were, None before there were any. `callbacks` counts those who wait to be called back or are being called; `calls` holds both, in order.
    """

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
    longest_expected_seconds: float | None = None
    forecast: Accuracy | None = None
    callbacks: int = 0


@dataclass(frozen=True, slots=True)
class AgentSnapshot:
    """One agent. `until` is the engine time at which the state ends by itself, None if it does not.

    `next_state` is what he asked to be after his present offer or talk (a pause, a log-out), None if nothing.
    `over_limit`: his pause lasts longer than its reason allows.
    """

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
    next_state: AgentState | None = None
    over_limit: bool = False


@dataclass(frozen=True, slots=True)
class EntrySnapshot:
    """One entry of a line: its `position` (0: it holds no place), when it came to this line (engine seconds), the skills with
    levels that are asked for, and what a newcomer could expect to wait, None without data."""

    position: int
    joined_at: float
    skills_asked: Mapping[str, int]
    expected_wait_seconds: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole engine. `version` grows with every handled event that changed something."""

    version: int
    dispatching: bool
    queues: Mapping[str, QueueSnapshot]
    agents: Mapping[str, AgentSnapshot]


def take(world: World) -> Snapshot:
    """Copy the engine's state into plain values."""
    by_queue: dict[str, list[Call]] = {name: [] for name in world.policy.queues}
    for call in world.calls.values():
        by_queue.setdefault(call.queue.name, []).append(call)
    return Snapshot(
        version=world.version,
        dispatching=world.dispatching,
        queues={name: _queue(world, name, calls) for name, calls in by_queue.items()},
        agents={name: agent_of(world, agent) for name, agent in world.agents.items()},
    )


def entry_of(world: World, call: Call) -> EntrySnapshot:
    """Copy what belongs into the record of an entry."""
    asked = {need.skill: need.level for need in merge_needs(call.queue.needs, call.needs)}
    expected = newcomer_wait(world, call.queue.name) if call.queue.name in world.policy.queues else None
    likely_seconds = None if expected is None else expected.likely_seconds
    return EntrySnapshot(world.lines.position(call), call.joined_at, asked, likely_seconds)


def _queue(world: World, name: str, calls: list[Call]) -> QueueSnapshot:
    in_line = [world.calls[call_id] for call_id in world.lines.places(name)]
    callers = [call for call in in_line if call.callback is None]
    longest: dict[str, float] = {}
    for call in callers:
        longest[call.tier] = max(longest.get(call.tier, 0.0), call.waited_seconds(world.now))
    expected = newcomer_wait(world, name) if name in world.policy.queues else None
    return QueueSnapshot(
        name=name,
        waiting=len(callers),
        longest_wait_seconds=max(longest.values(), default=0.0),
        waiting_by_tier=Counter(call.tier for call in callers),
        longest_wait_by_tier_seconds=longest,
        talking=sum(1 for call in calls if call.state is CallState.TALKING and call.callback is None),
        away=sum(1 for call in calls if call.state is CallState.AWAY),
        agents_by_state=Counter(agent.state for agent in world.agents.values() if name in agent.config.queues),
        calls=tuple(_call(world, call, position) for position, call in enumerate(in_line, start=1)),
        expected_wait_seconds=None if expected is None else expected.likely_seconds,
        longest_expected_seconds=None if expected is None else expected.longest_seconds,
        forecast=world.forecast.accuracy(name),
        callbacks=sum(1 for call in calls if call.callback is not None),
    )


def _call(world: World, call: Call, position: int) -> CallSnapshot:
    offer = world.offer_of(call)
    return CallSnapshot(
        call=call.id,
        tier=call.tier,
        state=call.state,
        position=position,
        entered_at=call.entered_at,
        waited_seconds=call.waited_seconds(world.now),
        offer=offer.id if offer is not None else "",
        agent=offer.agent if offer is not None else "",
        callback=call.callback is not None,
        attempts=call.callback.attempts if call.callback is not None else 0,
        held_back=held_back(call),
    )


def agent_of(world: World, agent: AgentRecord) -> AgentSnapshot:
    """Copy one agent's state."""
    offer = world.offers.get(agent.offer or "")
    until = world.timers.at(Timer.OFFER, agent.offer) if agent.offer else world.timers.at(Timer.AGENT, agent.name)
    return AgentSnapshot(
        name=agent.name,
        state=agent.state,
        reason=agent.reason,
        since=agent.since,
        seconds_in_state=max(0.0, world.now - agent.since),
        call=(offer.led_call or offer.call) if offer is not None else "",
        offer=agent.offer or "",
        misses=agent.misses,
        until=until,
        busy_elsewhere=agent.busy_elsewhere,
        next_state=agent.after.state if agent.after is not None else None,
        over_limit=pause_over_limit(world, agent),
    )


def pause_over_limit(world: World, agent: AgentRecord) -> bool:
    """Whether the agent's pause lasts longer than its reason allows."""
    reason = world.policy.pause_reasons.get(agent.reason) if agent.state is AgentState.PAUSED else None
    return reason is not None and 0 < reason.limit_seconds < world.now - agent.since
