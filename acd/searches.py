"""Searches: one kind of need, the agents who are able to meet it, and those of them who are free, best first.

All calls that need the same share one search. What an agent is able to do changes with the policy only, so a search
is made once, when the first call needs it, and from then on only counts who is at work and who is free.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from acd.eligibility import Ineligibility, Reason, cannot, preference
from acd.records import Presence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from acd.chance import Chance
    from acd.config import Needs, Queue
    from acd.heads import Line
    from acd.lines import Lines
    from acd.records import AgentRecord
    from acd.strategies import Rank, Strategy

#: rank, order in the configuration, the stamp that says whether this entry is still true, the agent
_Free = tuple["Rank", int, int, "AgentRecord"]
#: an agent, and the stamp he had when he became free
Since = tuple["AgentRecord", int]
_SLACK = 64
_NOT_WANTED = Ineligibility(Reason.NOT_WANTED)


class Search:
    """Who could serve one kind of call.

    Args:
        queue: whose calls they are.
        needs: skills and levels.
        tier: the customer's tier, where the queue has dedicated seats; empty elsewhere.
        wanted: the only agent asked, empty for all.
        strategy: how free agents are ranked.
        everybody: all agents there are, kept up to date by its owner.
        agents: those of them who may be able.

    """

    __slots__ = (
        "_everybody",
        "able",
        "at_work",
        "lines",
        "needs",
        "pools",
        "present",
        "queue",
        "strategy",
        "tier",
        "wanted",
        "watchers",
    )

    def __init__(
        self,
        queue: Queue,
        needs: Needs,
        tier: str,
        wanted: str,
        strategy: Strategy,
        everybody: Mapping[str, AgentRecord],
        agents: Iterable[AgentRecord],
    ) -> None:
        self._everybody = everybody
        self.queue, self.needs, self.tier, self.wanted, self.strategy = queue, needs, tier, wanted, strategy
        self.able: dict[str, AgentRecord] = {}
        self.pools: list[Pool] = []
        self.present = 0
        self.at_work: dict[tuple[str, ...], int] = {}
        self.lines: dict[Line, None] = {}  #: lines with callers for which this search is in force
        self.watchers: list[Line] = []  #: lines that may come to use it
        for agent in agents:
            self.add(agent)

    @property
    def open(self) -> bool:
        """Whether anybody logged in could ever serve it; an agent who is wanted must be at work."""
        return bool(self.at_work) if self.wanted else self.present > 0

    def add(self, agent: AgentRecord) -> None:
        """Take in an agent, if he is able (and nobody else is wanted)."""
        if self.wanted not in {"", agent.name} or cannot(agent.config, self.queue, self.needs, self.tier) is not None:
            return
        self.able[agent.name] = agent
        pool = self._pool(preference(agent.config, self.queue, self.tier))
        agent.pools.append(pool)
        if agent.presence is not Presence.AWAY:
            self.count(agent, Presence.AWAY, agent.presence)
        if agent.stamp:
            pool.note((agent, agent.stamp))

    def drop(self, agent: AgentRecord) -> None:
        """Forget an agent who is able, logged out and free for nothing."""
        del self.able[agent.name]

    def count(self, agent: AgentRecord, old: Presence, new: Presence) -> None:
        """Count an able agent who comes, goes, or takes a pause."""
        self.present += (new is not Presence.AWAY) - (old is not Presence.AWAY)
        change = (new is Presence.AT_WORK) - (old is Presence.AT_WORK)
        if change:
            queues = agent.config.queues
            self.at_work[queues] = self.at_work.get(queues, 0) + change
            if not self.at_work[queues]:
                del self.at_work[queues]

    def servers(self, lines: Lines) -> float:
        """How many agents work for it; one who serves several queues with callers counts in part."""
        return sum(
            count / max(1, sum(1 for queue in queues if lines.length(queue))) for queues, count in self.at_work.items()
        )

    def unable(self) -> dict[str, Ineligibility]:
        """Everybody who is not able, with what he lacks."""
        others = {name: agent for name, agent in self._everybody.items() if name not in self.able}
        gaps = {name: cannot(agent.config, self.queue, self.needs, self.tier) for name, agent in others.items()}
        if self.wanted:
            return {name: gap or _NOT_WANTED for name, gap in gaps.items()}
        return {name: gap for name, gap in gaps.items() if gap is not None}

    def _pool(self, bonus: float) -> Pool:
        for pool in self.pools:
            if pool.bonus == bonus:
                return pool
        pool = Pool(self, bonus)
        self.pools.append(pool)
        self.pools.sort(key=lambda pool: -pool.bonus)
        return pool


class Pool:
    """The free agents of a search for whom its queue weighs the same, best first.

    A heap whose entries go stale when their agent is taken (his stamp changes) and are dropped when they surface, or
    when most are stale. The rank of a free agent does not change; strategies for which it does are asked each time.
    Who has become free is only noted, for he is able for many kinds of call, and ranked once somebody needs the pool.
    """

    __slots__ = ("_heap", "_most", "_noted", "bonus", "search")

    def __init__(self, search: Search, bonus: float) -> None:
        self.search, self.bonus = search, bonus
        self._heap: list[_Free] = []
        self._noted: list[Since] = []
        self._most = _SLACK

    def note(self, since: Since) -> None:
        """Take in an agent who has become free."""
        noted = self._noted
        noted.append(since)
        if len(noted) > self._most:
            self._rank_noted()

    @property
    def has_free(self) -> bool:
        """Whether any agent in it is free."""
        if self._noted:
            self._rank_noted()
        heap = self._heap
        while heap:
            _, _, stamp, agent = heap[0]
            if agent.stamp == stamp:
                return True
            heapq.heappop(heap)
        return False

    def ranked(self, now: float, chance: Chance, most: int) -> list[tuple[Rank, AgentRecord]]:
        """The best free agents, best first, at most so many, each with what ranked him."""
        self._rank_noted()
        strategy, needs = self.search.strategy, self.search.needs
        if strategy.constant:
            return [(rank, agent) for rank, _, _, agent in self._smallest(most)]
        free = [agent for _, _, stamp, agent in sorted(self._heap, key=_order) if agent.stamp == stamp]
        ranks = [(strategy.rank(agent, needs, now), agent.order, agent) for agent in free]
        if strategy.drawn:
            ranks = [((chance.exponential() / max(weight, 1e-9),), order, agent) for (weight,), order, agent in ranks]
        return [(rank, agent) for rank, _, agent in heapq.nsmallest(most, ranks)]

    def _smallest(self, most: int) -> list[_Free]:
        """Look at the top of the heap only: an entry's children are never smaller than itself."""
        heap = self._heap
        found: list[_Free] = []
        edge = [(heap[0], 0)] if heap else []
        while edge and len(found) < most:
            entry, at = heapq.heappop(edge)
            if entry[3].stamp == entry[2]:
                found.append(entry)
            for child in (2 * at + 1, 2 * at + 2):
                if child < len(heap):
                    heapq.heappush(edge, (heap[child], child))
        return found

    def _rank_noted(self) -> None:
        strategy, needs, heap = self.search.strategy, self.search.needs, self._heap
        for agent, stamp in self._noted:
            if agent.stamp == stamp:
                rank = strategy.rank(agent, needs, 0.0) if strategy.constant else ()
                heapq.heappush(heap, (rank, agent.order, stamp, agent))
        self._noted.clear()
        if len(heap) > self._most:
            self._compact()

    def _compact(self) -> None:
        self._heap = [entry for entry in self._heap if entry[3].stamp == entry[2]]
        heapq.heapify(self._heap)
        self._most = 2 * len(self._heap) + _SLACK


def _order(entry: _Free) -> int:
    return entry[1]
