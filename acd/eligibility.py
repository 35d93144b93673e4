"""Who may be offered a call, and why everybody else may not.

`why_not` is the one rule. It has two halves: what an agent is able to do (changes with the policy only, so the
engine caches it per search, see `Reach`) and what he is doing (changes with every event).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from acd.config import SkillNeed
from acd.states import AgentState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acd.config import Agent, Needs, Queue
    from acd.records import AgentRecord


class Reason(Enum):
    """Why an agent is not eligible."""

    NOT_IN_QUEUE = "not_in_queue"
    SKILL_MISSING = "skill_missing"
    SKILL_TOO_LOW = "skill_too_low"
    LOGGED_OUT = "logged_out"
    PAUSED = "paused"
    WRAP_UP = "wrap_up"
    BACKOFF = "backoff"
    RESERVED = "reserved"  #: rung, being connected, or his cancelled leg is not yet gone
    TALKING = "talking"
    BUSY_ELSEWHERE = "busy_elsewhere"


@dataclass(frozen=True, slots=True)
class Ineligibility:
    """A reason with the detail a person needs to understand it."""

    reason: Reason
    detail: str = ""


_BY_STATE: Mapping[AgentState, Ineligibility] = {
    AgentState.LOGGED_OUT: Ineligibility(Reason.LOGGED_OUT),
    AgentState.PAUSED: Ineligibility(Reason.PAUSED),
    AgentState.WRAP_UP: Ineligibility(Reason.WRAP_UP),
    AgentState.BACKOFF: Ineligibility(Reason.BACKOFF),
    AgentState.OFFERED: Ineligibility(Reason.RESERVED, "being rung"),
    AgentState.CONNECTING: Ineligibility(Reason.RESERVED, "being connected"),
    AgentState.CANCELLING: Ineligibility(Reason.RESERVED, "cancelled leg not yet gone"),
    AgentState.TALKING: Ineligibility(Reason.TALKING),
}
_BUSY_ELSEWHERE = Ineligibility(Reason.BUSY_ELSEWHERE)


def why_not(agent: AgentRecord, queue: str, needs: Needs) -> Ineligibility | None:
    """Say why this agent may not be offered a call of this queue with these needs now; None if he may."""
    return cannot(agent.config, queue, needs) or is_not_free(agent)


def cannot(agent: Agent, queue: str, needs: Needs) -> Ineligibility | None:
    """Say what the agent lacks for this queue and these needs; None if nothing."""
    if queue not in agent.queues:
        return Ineligibility(Reason.NOT_IN_QUEUE, queue)
    for need in needs:
        level = agent.skills.get(need.skill)
        if level is None:
            return Ineligibility(Reason.SKILL_MISSING, need.skill)
        if level < need.level:
            return Ineligibility(Reason.SKILL_TOO_LOW, f"{need.skill} {level} < {need.level}")
    return None


def is_not_free(agent: AgentRecord) -> Ineligibility | None:
    """Say what keeps the agent from any call now; None if he is free."""
    if agent.busy_elsewhere and agent.state is AgentState.READY:
        return _BUSY_ELSEWHERE
    if agent.state is AgentState.PAUSED:
        return Ineligibility(Reason.PAUSED, agent.reason)
    return _BY_STATE.get(agent.state)


@dataclass(frozen=True, slots=True)
class Reach:
    """The search one kind of call makes: the ring in force, its needs, who could serve it, what others lack."""

    queue: str
    ring: int
    needs: Needs
    able: frozenset[str]
    unable: Mapping[str, Ineligibility]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everybody, judged for one call: who is eligible, and the reason for each who is not."""

    eligible: tuple[AgentRecord, ...]
    not_free: Mapping[str, Ineligibility]
    unable: Mapping[str, Ineligibility]

    @property
    def ineligible(self) -> dict[str, Ineligibility]:
        """Every agent who is not eligible, with the reason."""
        return {**self.unable, **self.not_free}


def judge(reach: Reach, agents: Mapping[str, AgentRecord]) -> Judgement:
    """Judge all agents for one search; equals `why_not` asked of each."""
    eligible = []
    not_free = {}
    for name in reach.able:
        agent = agents[name]
        hindrance = is_not_free(agent)
        if hindrance is None:
            eligible.append(agent)
        else:
            not_free[name] = hindrance
    return Judgement(tuple(eligible), not_free, reach.unable)


def merge_needs(*groups: Needs) -> Needs:
    """Join needs: each skill once, at its highest level, in a fixed order."""
    levels: dict[str, int] = {}
    for need in (need for group in groups for need in group):
        levels[need.skill] = max(need.level, levels.get(need.skill, 0))
    return tuple(SkillNeed(skill, level) for skill, level in sorted(levels.items()))


def stages(queue: Queue) -> tuple[tuple[float, Needs], ...]:
    """All rings of a queue in order of time: stage 0 is the queue's own needs, from second 0."""
    later = sorted(((ring.after_seconds, ring.needs) for ring in queue.rings), key=lambda stage: stage[0])
    return ((0.0, queue.needs), *later)


def stage_at(queue: Queue, entered_at: float, now: float) -> int:
    """Return the index of the last stage whose time has come for a call that entered at `entered_at`.

    The time is compared as `entered_at + after_seconds <= now`, exactly as the deadline for it is armed.
    """
    return max(0, sum(1 for after, _ in stages(queue) if entered_at + after <= now) - 1)


def reach(queue: Queue, extra: Needs, stage: int, agents: Iterable[AgentRecord]) -> Reach:
    """Find the ring to search in: the first from `stage` on that some logged-in agent could ever match.

    If there is none, the ring of the time itself stays in force and the caller waits.
    """
    everybody = list(agents)
    timely = None
    rings = list(enumerate(stages(queue)))
    for ring, (_, needs) in rings[min(stage, len(rings) - 1) :]:
        found = _reach_of(queue, ring, merge_needs(needs, extra), everybody)
        if any(agent.name in found.able and agent.state is not AgentState.LOGGED_OUT for agent in everybody):
            return found
        timely = timely or found
    assert timely is not None
    return timely


def _reach_of(queue: Queue, ring: int, needs: Needs, agents: list[AgentRecord]) -> Reach:
    gaps = {agent.name: cannot(agent.config, queue.name, needs) for agent in agents}
    able = frozenset(name for name, gap in gaps.items() if gap is None)
    return Reach(queue.name, ring, needs, able, {name: gap for name, gap in gaps.items() if gap is not None})
