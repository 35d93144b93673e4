"""Which queues have nobody: counted agent by agent, for queues that say what counts as nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acd.config import Queue
    from acd.records import AgentRecord
    from acd.states import AgentState


class Staffing:
    """How many agents count in each queue that has `empty_when`."""

    def __init__(self) -> None:
        self._queues: Mapping[str, Queue] = {}
        self._counts: dict[str, int] = {}

    @property
    def watched(self) -> bool:
        """Whether any queue says what counts as nobody."""
        return bool(self._queues)

    def recount(self, queues: Mapping[str, Queue], agents: Iterable[AgentRecord]) -> None:
        """Begin anew, after agents or queues have changed."""
        self._queues = {name: queue for name, queue in queues.items() if queue.empty_when}
        self._counts = dict.fromkeys(self._queues, 0)
        for agent in agents if self._queues else ():
            self.count(agent, 1)

    def count(self, agent: AgentRecord, change: int) -> None:
        """Count one more (1) or one less (-1) agent in the state he is in."""
        for name in agent.config.queues if self._queues else ():
            if name in self._queues and agent.state not in self._queues[name].empty_when:
                self._counts[name] += change

    def moved(self, agent: AgentRecord, old: AgentState, new: AgentState) -> list[str]:
        """Count a move; return the queues that have begun or ceased to be empty."""
        turned: list[str] = []
        for name in agent.config.queues if self._queues else ():
            queue = self._queues.get(name)
            if queue is None:
                continue
            before = self._counts[name]
            self._counts[name] += (new not in queue.empty_when) - (old not in queue.empty_when)
            if (before == 0) is not (self._counts[name] == 0):
                turned.append(name)
        return turned

    def is_empty(self, queue: str) -> bool:
        """Whether nobody counts; never, where nothing is said about it."""
        return self._counts.get(queue) == 0

    def empty(self) -> list[str]:
        """All queues that are empty."""
        return [name for name, count in self._counts.items() if count == 0]
