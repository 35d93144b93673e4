"""What may be asked of an agent, as events for the engine, and when it is impossible.

The engine ignores what cannot be; a person or a program that asks is told, with the cure.
"""

from collections.abc import Callable
from dataclasses import dataclass

from acd.events import (
    AgentLoggedIn,
    AgentLoggedOut,
    AgentPaused,
    AgentReadied,
    AgentUnpaused,
    AgentWrapUpExtended,
    Event,
)
from acd.snapshot import AgentSnapshot
from acd.states import AgentState


@dataclass(frozen=True, slots=True)
class Wish:
    """`event` asks for it; `obstacle` says why it cannot be, None if it can; `done` whether it is so already."""

    event: Callable[[str], Event]
    obstacle: Callable[[AgentSnapshot], str | None]
    done: Callable[[AgentSnapshot], bool] = lambda _agent: False


def _is_leaving(agent: AgentSnapshot) -> bool:
    return agent.state is AgentState.LOGGED_OUT or agent.next_state is AgentState.LOGGED_OUT


def _is_pausing(agent: AgentSnapshot) -> bool:
    return agent.state is AgentState.PAUSED or agent.next_state is AgentState.PAUSED


def _to_pause(agent: AgentSnapshot) -> str | None:
    return f"{agent.name} is logged out, or will be after the talk: log in first" if _is_leaving(agent) else None


def _to_unpause(agent: AgentSnapshot) -> str | None:
    return None if _is_pausing(agent) else f"{agent.name} is not paused but {agent.state.value}"


def _to_ready(agent: AgentSnapshot) -> str | None:
    if agent.state in {AgentState.WRAP_UP, AgentState.READY} or _is_pausing(agent):
        return None
    if agent.state is AgentState.LOGGED_OUT:
        return f"{agent.name} is logged out: log in first"
    if agent.state is AgentState.BACKOFF:
        return f"{agent.name}'s phone failed ({agent.reason}): it is tried again by itself soon"
    return f"{agent.name} is {agent.state.value}: possible when that is over"


def _to_extend(agent: AgentSnapshot) -> str | None:
    return None if agent.state is AgentState.WRAP_UP else f"{agent.name} is not in wrap-up but {agent.state.value}"


def _possible(_agent: AgentSnapshot) -> None:
    return None


LOG_IN = Wish(AgentLoggedIn, _possible, lambda agent: not _is_leaving(agent))
LOG_OUT = Wish(AgentLoggedOut, _possible, _is_leaving)
UNPAUSE = Wish(AgentUnpaused, _to_unpause)
READY = Wish(AgentReadied, _to_ready, lambda agent: agent.state is AgentState.READY)


def pause(reason: str) -> Wish:
    """Return the wish for a pause with this reason; asked for again, it replaces the reason."""
    return Wish(lambda agent: AgentPaused(agent, reason), _to_pause)


def extend_wrapup(seconds: float) -> Wish:
    """Return the wish for so many seconds more of wrap-up; the policy limits them."""
    return Wish(lambda agent: AgentWrapUpExtended(agent, seconds), _to_extend)
