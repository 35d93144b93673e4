"""What each role may do: one table, by the names of the API's operations (docs/api.md shows it).

An operations manager may do everything, and so may whoever has the API's own token. Of the others each may do what is listed
here and nothing else: an operation that is not listed is the manager's alone.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from acd.config import Policy
from cti.users.roles import Role, Scope, Viewer

_AGENTS_OWN = (Scope.NONE, Scope.OWN, Scope.TEAM)

#: operation -> how far it reaches for a display, an agent, a team leader
RIGHTS: Mapping[str, tuple[Scope, Scope, Scope]] = {
    # who he is, and leaving
    "show_session": (Scope.OWN, Scope.OWN, Scope.OWN),
    "end_session": (Scope.OWN, Scope.OWN, Scope.OWN),
    # the board: figures of all lines; agents as far as it reaches
    "show_board": (Scope.ALL, Scope.TEAM, Scope.TEAM),
    "stream_board": (Scope.ALL, Scope.TEAM, Scope.TEAM),
    # lines: without callers for agents
    "list_queues": (Scope.NONE, Scope.ALL, Scope.ALL),
    "show_queue": (Scope.NONE, Scope.NONE, Scope.ALL),
    # agents, to see and to steer
    "list_agents": _AGENTS_OWN,
    "show_agent": _AGENTS_OWN,
    "login_agent": _AGENTS_OWN,
    "logout_agent": _AGENTS_OWN,
    "pause_agent": _AGENTS_OWN,
    "unpause_agent": _AGENTS_OWN,
    "ready_agent": _AGENTS_OWN,
    "extend_wrap_up": _AGENTS_OWN,
    "show_agent_day": _AGENTS_OWN,
    "list_agent_days": _AGENTS_OWN,
    # calls: his own, those of his team and in its lines
    "show_call": _AGENTS_OWN,
    "show_reasons": _AGENTS_OWN,
    # what is in force
    "show_flows": (Scope.NONE, Scope.NONE, Scope.ALL),
    "show_policy": (Scope.NONE, Scope.NONE, Scope.ALL),
}
_COLUMNS = (Role.DISPLAY, Role.AGENT, Role.TEAM_LEADER)


def scope_of(role: Role, operation: str) -> Scope:
    """Return how far an operation reaches for a role; NONE: he may not do it."""
    if role is Role.OPERATIONS_MANAGER:
        return Scope.ALL
    return RIGHTS.get(operation, (Scope.NONE,) * len(_COLUMNS))[_COLUMNS.index(role)]


def agents_in_reach(scope: Scope, viewer: Viewer, policy: Policy) -> Collection[str]:
    """Return the names of the agents that `scope` means for this viewer; an agent is always in reach of himself."""
    if scope is Scope.ALL:
        return policy.agents.keys()
    own = {viewer.name} & policy.agents.keys() if scope >= Scope.OWN else set()
    if scope is Scope.TEAM and viewer.team:
        own |= {agent.name for agent in policy.agents.values() if agent.team == viewer.team}
    return own


def queues_in_reach(scope: Scope, viewer: Viewer, policy: Policy) -> Collection[str]:
    """Return the queues that the agents in reach serve; all of them for ALL."""
    if scope is Scope.ALL:
        return policy.queues.keys()
    return {queue for name in agents_in_reach(scope, viewer, policy) for queue in policy.agents[name].queues}


@dataclass(frozen=True, slots=True)
class Reach:
    """Who asks for an operation, and how far it reaches for him."""

    viewer: Viewer
    scope: Scope

    def agents(self, policy: Policy) -> Collection[str]:
        """Return the agents in reach."""
        return agents_in_reach(self.scope, self.viewer, policy)

    def queues(self, policy: Policy) -> Collection[str]:
        """Return the queues in reach."""
        return queues_in_reach(self.scope, self.viewer, policy)
