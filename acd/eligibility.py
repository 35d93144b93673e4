"""Who may be offered a call, and why everybody else may not.

`why_not` is the one rule. It has two halves: what an agent is able to do (changes with the policy only, so the
engine keeps it per search, see searches.py) and what he is doing (changes with every event).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from acd.config import SkillNeed
from acd.kinds import Kind
from acd.states import AgentState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acd.config import Agent, Needs, Queue
    from acd.records import AgentRecord


class Reason(Kind):
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
    RESTING = "resting"  #: a call to his phone was taken back a moment ago
    DEDICATED = "dedicated"  #: his seat is kept for other tiers
    NOT_WANTED = "not_wanted"  #: the caller waits for another agent, the one he spoke to last


@dataclass(frozen=True, slots=True)
class Ineligibility:
    """A reason with the detail a person needs to understand it."""

    reason: Reason
    detail: str = ""


_BY_STATE: Mapping[AgentState, Ineligibility] = {
    AgentState.LOGGED_OUT: Ineligibility(Reason.LOGGED_OUT),
    AgentState.WRAP_UP: Ineligibility(Reason.WRAP_UP),
    AgentState.BACKOFF: Ineligibility(Reason.BACKOFF),
    AgentState.OFFERED: Ineligibility(Reason.RESERVED, "being rung"),
    AgentState.CONNECTING: Ineligibility(Reason.RESERVED, "being connected"),
    AgentState.CANCELLING: Ineligibility(Reason.RESERVED, "cancelled leg not yet gone"),
    AgentState.TALKING: Ineligibility(Reason.TALKING),
}
_READY, _PAUSED = AgentState.READY, AgentState.PAUSED
_BUSY_ELSEWHERE = Ineligibility(Reason.BUSY_ELSEWHERE)
_RESTING = Ineligibility(Reason.RESTING)

#: a dedicated seat takes a caller of its tiers before any other, however long that one has waited
DEDICATED_BONUS_SECONDS = 1e9


def why_not(agent: AgentRecord, queue: Queue, needs: Needs, tier: str = "") -> Ineligibility | None:
    """Say why this agent may not be offered a call of this queue, tier and these needs now; None if he may."""
    return cannot(agent.config, queue, needs, tier) or is_not_free(agent)


def cannot(agent: Agent, queue: Queue, needs: Needs, tier: str = "") -> Ineligibility | None:
    """Say what the agent lacks for this queue, these needs and this tier; None if nothing."""
    if queue.name not in agent.queues:
        return Ineligibility(Reason.NOT_IN_QUEUE, queue.name)
    for need in needs:
        level = agent.skills.get(need.skill)
        if level is None:
            return Ineligibility(Reason.SKILL_MISSING, need.skill)
        if level < need.level:
            return Ineligibility(Reason.SKILL_TOO_LOW, f"{need.skill} {level} < {need.level}")
    return _dedicated(agent, queue, tier) if queue.seats else None


def preference(agent: Agent, queue: Queue, tier: str = "") -> float:
    """How many seconds a call of this queue and tier counts more in this agent's eyes."""
    own = agent.queue_bonus_seconds.get(queue.name, 0.0)
    first = any(seats.skill in agent.skills and tier in seats.tiers for seats in queue.seats)
    return own + (DEDICATED_BONUS_SECONDS if first else 0.0)


def _dedicated(agent: Agent, queue: Queue, tier: str) -> Ineligibility | None:
    """Seats kept for some tiers serve nobody else; an agent of several such seats serves the tiers of all."""
    kept = [seats for seats in queue.seats if seats.only and seats.skill in agent.skills]
    if not kept or any(tier in seats.tiers for seats in kept):
        return None
    return Ineligibility(Reason.DEDICATED, ", ".join(name for seats in kept for name in seats.tiers))


def is_not_free(agent: AgentRecord) -> Ineligibility | None:
    """Say what keeps the agent from any call now; None if he is free."""
    state = agent.state
    if state is _READY:
        return _BUSY_ELSEWHERE if agent.busy_elsewhere else _RESTING if agent.resting else None
    if state is _PAUSED:
        return Ineligibility(Reason.PAUSED, agent.reason)
    return _BY_STATE[state]


def merge_needs(*groups: Needs) -> Needs:
    """Join needs: each skill once, at its highest level, in a fixed order."""
    if len(groups) == 1 and len(groups[0]) < 2:
        return groups[0]
    levels: dict[str, int] = {}
    for need in (need for group in groups for need in group):
        levels[need.skill] = max(need.level, levels.get(need.skill, 0))
    return tuple(SkillNeed(skill, level) for skill, level in sorted(levels.items()))


def stage_at(queue: Queue, entered_at: float, now: float) -> int:
    """Return the index of the last stage whose time has come for a call that entered at `entered_at`.

    The time is compared as `entered_at + after_seconds <= now`, exactly as the deadline for it is armed.
    """
    stage = 0
    if queue.rings:
        for after, _ in queue.stages[1:]:
            if entered_at + after > now:
                break
            stage += 1
    return stage
