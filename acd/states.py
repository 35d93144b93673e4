"""Every state of an agent, a call and an offer, and every legal move. Nothing moves except by these tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.kinds import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping


class AgentState(Kind):
    """What an agent is doing."""

    LOGGED_OUT = "logged_out"
    READY = "ready"
    OFFERED = "offered"  #: his phone is being rung
    CONNECTING = "connecting"  #: he answered and hears the whisper
    CANCELLING = "cancelling"  #: the offer was withdrawn; its leg is not yet known to be gone
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    BACKOFF = "backoff"  #: left alone for a while after a failed offer


class CallState(Kind):
    """Where a caller stands."""

    WAITING = "waiting"
    OFFERED = "offered"
    CONNECTING = "connecting"
    TALKING = "talking"
    LEAVING = "leaving"  #: wants (or has) to leave the line; a live offer is withdrawn first
    AWAY = "away"  #: in the menu, keeps his age for a while, is not offered
    ENDED = "ended"


class OfferPhase(Kind):
    """How far one attempt to ring one agent has come."""

    DIALLING = "dialling"
    RINGING = "ringing"
    CONNECTING = "connecting"
    TALKING = "talking"
    CANCELLING = "cancelling"


_A = AgentState
_C = CallState
_RESTING = frozenset({_A.LOGGED_OUT, _A.READY, _A.PAUSED, _A.BACKOFF, _A.WRAP_UP})
_SERVING = frozenset({_A.OFFERED, _A.CONNECTING, _A.TALKING})

#: from a resting state to a serving one only READY -> OFFERED is the engine's own wish; the other moves are
#: adoption: Asterisk already has the leg or the talk, whatever the store said about the agent.
AGENT_MOVES: Mapping[AgentState, frozenset[AgentState]] = {
    _A.LOGGED_OUT: (_RESTING | _SERVING) - {_A.LOGGED_OUT},
    _A.READY: (_RESTING | _SERVING) - {_A.READY},
    _A.PAUSED: (_RESTING | _SERVING) - {_A.WRAP_UP, _A.PAUSED},
    _A.BACKOFF: (_RESTING | _SERVING) - {_A.WRAP_UP, _A.BACKOFF},
    _A.WRAP_UP: (_RESTING | _SERVING) - {_A.WRAP_UP},
    _A.OFFERED: (_RESTING - {_A.WRAP_UP}) | {_A.CONNECTING, _A.TALKING, _A.CANCELLING},
    _A.CONNECTING: (_RESTING - {_A.WRAP_UP}) | {_A.TALKING, _A.CANCELLING},
    _A.CANCELLING: (_RESTING - {_A.WRAP_UP}) | {_A.TALKING},
    _A.TALKING: _RESTING,
}

CALL_MOVES: Mapping[CallState, frozenset[CallState]] = {
    _C.WAITING: frozenset({_C.OFFERED, _C.CONNECTING, _C.TALKING, _C.LEAVING, _C.ENDED}),
    _C.OFFERED: frozenset({_C.WAITING, _C.CONNECTING, _C.TALKING, _C.LEAVING, _C.ENDED}),
    _C.CONNECTING: frozenset({_C.WAITING, _C.OFFERED, _C.TALKING, _C.LEAVING, _C.ENDED}),
    _C.LEAVING: frozenset({_C.TALKING, _C.AWAY, _C.ENDED}),
    _C.AWAY: frozenset({_C.WAITING, _C.TALKING, _C.ENDED}),
    _C.TALKING: frozenset({_C.WAITING, _C.ENDED}),
    _C.ENDED: frozenset(),
}
