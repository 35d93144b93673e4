"""What one viewer sees of the board: call ids and agents as far as his role reaches."""

from collections.abc import Collection

from acd.config import Policy
from cti.board.document import Board, IvrBoard
from cti.users.rights import agents_in_reach, queues_in_reach, scope_of
from cti.users.roles import Scope, Viewer


def seen_by(board: Board, viewer: Viewer, policy: Policy) -> Board:
    """Return the board as `viewer` may see it.

    Figures of lines are everybody's. Agents: a wall display and an operations manager see all, a team leader and an agent
    their team. A call's id, by which it is looked up, is only shown to those who may look it up.
    """
    shown = agents_in_reach(scope_of(viewer.role, "show_board"), viewer, policy)
    steered = agents_in_reach(scope_of(viewer.role, "pause_agent"), viewer, policy)
    calls = _calls_in_reach(board, viewer, policy)
    return board.model_copy(
        update={
            "role": viewer.role, "name": viewer.name, "language": viewer.language,
            "agents": [
                agent.model_copy(update={"call": _known(agent.call, calls), "may_steer": agent.name in steered})
                for agent in board.agents
                if agent.name in shown
            ],
            "line": [place.model_copy(update={"call": _known(place.call, calls)}) for place in board.line],
            "ivr": _ivr(board.ivr, calls),
        }
    )  # fmt: skip


def _ivr(ivr: IvrBoard, calls: Collection[str]) -> IvrBoard:
    return ivr.model_copy(update={"calls": [call.model_copy(update={"call": _known(call.call, calls)}) for call in ivr.calls]})


def _known(call: str | None, calls: Collection[str]) -> str | None:
    return call if call in calls else None


def _calls_in_reach(board: Board, viewer: Viewer, policy: Policy) -> Collection[str]:
    """Whose ids he may see."""
    scope = scope_of(viewer.role, "show_call")
    agents = agents_in_reach(scope, viewer, policy)
    found = {agent.call for agent in board.agents if agent.call and agent.name in agents}
    if scope >= Scope.TEAM:
        queues = queues_in_reach(scope, viewer, policy)
        found |= {place.call for place in board.line if place.call and place.queue in queues}
    if scope is Scope.ALL:
        found |= {call.call for call in board.ivr.calls if call.call}
    return found
