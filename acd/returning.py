"""Who comes again: callers who hung up a moment ago with the places they would get back, and whom each spoke to last."""

from __future__ import annotations

from collections import OrderedDict

_MOST_CALLERS = 100_000


class Returning:
    """Places of callers who abandoned, by caller and queue; forgotten after a while."""

    def __init__(self) -> None:
        self._places: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def abandoned(self, caller: str, queue: str, stood_at: float, now: float, keep_seconds: float) -> None:
        """Remember where a caller stood: his key's time, credits included."""
        while self._places and next(iter(self._places.values()))[1] + keep_seconds <= now:
            self._places.popitem(last=False)
        if caller and keep_seconds > 0:
            self._places[caller, queue] = stood_at, now
            self._places.move_to_end((caller, queue))

    def take(self, caller: str, queue: str, now: float, keep_seconds: float) -> float | None:
        """Return (once) where the caller stood, if he is back in time."""
        place = self._places.pop((caller, queue), None)
        return place[0] if place is not None and now < place[1] + keep_seconds else None

    def __len__(self) -> int:
        return len(self._places)


class LastAgents:
    """The agent each caller spoke to last; the longest unheard are forgotten first."""

    def __init__(self) -> None:
        self._agents: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def talked(self, caller: str, agent: str, now: float) -> None:
        """Remember whom a caller talks to."""
        if caller:
            self._agents[caller] = agent, now
            self._agents.move_to_end(caller)
            if len(self._agents) > _MOST_CALLERS:
                self._agents.popitem(last=False)

    def of(self, caller: str, now: float, keep_seconds: float) -> str:
        """Return whom he spoke to within that time; empty if nobody, or the caller is unknown."""
        agent, at = self._agents.get(caller, ("", 0.0))
        return agent if agent and now < at + keep_seconds else ""
