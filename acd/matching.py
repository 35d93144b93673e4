"""Bringing calls and agents together at a cost that hardly grows with how many wait or are free.

Calls that need the same stand in one *line*, a heap. Agents who are free lie in the *pools* of the searches they are
able for (searches.py). After each event only what it changed is looked at: calls that came into a line, agents who
became free. For all others it still holds that no free agent is eligible for any waiting call.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

from acd.eligibility import merge_needs
from acd.heads import NOBODY, Line, LineName, sight
from acd.searches import Search
from acd.strategies import find

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from acd.chance import Chance
    from acd.config import Needs, Queue
    from acd.records import AgentRecord, Call, Presence, SortKey
    from acd.searches import Pool
    from acd.strategies import Rank

_RANKED = 10
_MOST_LINES = 4096
#: what is compared when an agent's own preferences count: a key with his bonus taken off, without the id
_Bid = tuple[int, float, int, int]


class Match(NamedTuple):
    """The next call to offer (by its key), to whom, by which search and ring, and the best free agents with what ranked them."""

    key: SortKey
    agent: AgentRecord
    search: Search
    ring: int
    ranked: tuple[tuple[str, Rank], ...]


class Matching:
    """Lines, searches, and what changed since everybody was matched."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._agents: dict[str, AgentRecord] = {}
        self._by_queue: dict[str, list[AgentRecord]] = {}
        self._by_skill: dict[str, list[AgentRecord]] = {}
        self._searches: dict[tuple[str, Needs, str, str], Search] = {}
        self._lines: dict[LineName, Line] = {}
        self._heads: list[SortKey] = [NOBODY]
        self._layout = 0  #: changes whenever agents must look around anew
        self._stamps = 0
        self._free = 0
        self._fresh: dict[str, AgentRecord] = {}  #: free, and not yet in any pool
        self._dirty: dict[Line, None] = {}

    # Calls

    def join(self, call: Call, key: SortKey, queue: Queue, name: LineName) -> None:
        """Let the call be found in this line, and in no other."""
        line = self._lines.get(name) or self._new_line(queue, name)
        if call.line is not None:
            if call.line is line and line.members[call.id] == key:
                return
            self.leave(call)
        if not line.members:
            self._activate(line)
        line.add(key)
        call.line = line
        if self._free:
            self._dirty[line] = None

    def leave(self, call: Call) -> None:
        """Let the call no longer be found."""
        line = call.line
        if line is not None:
            call.line = None
            line.remove(call.id)
            if not line.members:
                self._deactivate(line)

    def offerable(self) -> Iterator[str]:
        """Yield the ids of all who can be found."""
        return (call for line in self._lines.values() for call in line.members)

    def line(self, queue: Queue, name: LineName) -> Line:
        """Return the line of this name, with the search in force for it now."""
        line = self._lines.get(name) or self._new_line(queue, name)
        self._search_for(line)
        return line

    # Agents

    def learn(self, agent: AgentRecord) -> None:
        """Begin to know an agent."""
        self._agents[agent.name] = agent
        self._layout += 1
        self._by_queue, self._by_skill = {}, {}
        for search in self._searches.values():
            search.add(agent)

    def forget(self, agent: AgentRecord) -> None:
        """Forget an agent who is logged out."""
        del self._agents[agent.name]
        self._by_queue, self._by_skill = {}, {}
        for pool in agent.pools:
            pool.search.drop(agent)
        agent.pools = []

    def freed(self, agent: AgentRecord) -> None:
        """The agent is free; said of one who is free already: what ranks him has changed."""
        self._free += not agent.stamp
        self._stamps += 1
        agent.stamp = self._stamps
        self._fresh[agent.name] = agent

    def taken(self, agent: AgentRecord) -> None:
        """The agent is free no more."""
        if agent.stamp:
            self._free -= 1
            agent.stamp = 0
            self._fresh.pop(agent.name, None)

    def presence(self, agent: AgentRecord, new: Presence) -> None:
        """The agent comes, goes or takes a pause: rings may open or close."""
        old, agent.presence = agent.presence, new
        for search in [pool.search for pool in agent.pools]:
            before = search.open
            search.count(agent, old, new)
            if search.open is not before:
                for line in search.watchers:
                    if line.members:
                        self._deactivate(line)
                        self._activate(line)
                        self._dirty[line] = None

    # Matching

    def start_anew(self) -> None:
        """Forget lines and searches, because the policy changes; the caller lets every call join again."""
        self._lines.clear()
        self._searches.clear()
        self._heads = [NOBODY]
        self._layout += 1
        self._dirty.clear()
        self._by_queue, self._by_skill = {}, {}
        for agent in self._agents.values():
            agent.pools = []
            if agent.stamp:
                self._fresh[agent.name] = agent

    @property
    def changed(self) -> bool:
        """Whether anything has changed since everybody was matched."""
        return bool(self._fresh or self._dirty)

    def matches(self, now: float) -> Iterator[Match]:
        """Yield who gets which call, best score first, until nobody free could serve anybody who waits.

        Before the next one is asked for the offer must be made: the call left, the agent taken.
        """
        while self._fresh or self._dirty:
            if not self._free:
                self._dirty.clear()
            elif len(self._fresh) == 1 and (not self._dirty or self._free == 1):
                self._dirty.clear()  # nobody is free but him, and he is shown all lines
                name, agent = next(iter(self._fresh.items()))
                match = self._best_for(agent, now)
                if match is not None:
                    yield match
                else:
                    del self._fresh[name]
                    self._settle(agent)
            else:
                yield from self._match_all(now)

    def _best_for(self, agent: AgentRecord, now: float) -> Match | None:
        """Nobody else is eligible for any call: look only at what this agent could do."""
        found = self._best_call(agent)
        if found is None:
            return None
        line, key = found
        search = line.search
        rank = search.strategy.rank(agent, search.needs, now)
        return Match(key, agent, search, line.ring, ((agent.name, rank),))

    def _best_call(self, agent: AgentRecord) -> tuple[Line, SortKey] | None:
        """The call of the best score, in this agent's eyes, of all he is able for."""
        seen = agent.sight
        if seen is None or seen.layout != self._layout:
            if any(pool.bonus for pool in agent.pools):
                return _best_weighed(agent)
            seen = agent.sight = sight(self._layout, agent.pools)
        return seen.best(self._heads)

    def next_best(self, match: Match, most: int, now: float) -> list[AgentRecord]:
        """Return who is to be rung together with a match's agent: the next best, at most so many.

        Nobody for whom another call goes first. Ask before the offer is made.
        """
        found: dict[str, AgentRecord] = {}  # a new search may have taken an agent in twice
        for pool in match.search.pools:
            for _, agent in pool.ranked(now, self._chance, most + _RANKED):
                best = self._best_call(agent)
                if agent is not match.agent and best is not None and best[1] == match.key:
                    found[agent.name] = agent
        return list(found.values())[:most]

    def _match_all(self, now: float) -> Iterator[Match]:
        lines = self._dirty
        self._dirty = {}
        for agent in self._fresh.values():
            self._settle(agent)
            for pool in agent.pools:
                lines.update(pool.search.lines)
        self._fresh.clear()
        bids = [(offered[0], line) for line in lines if (offered := self._bid(line)) is not None]
        heapq.heapify(bids)
        while bids and self._free:
            bid, line = heapq.heappop(bids)
            offered = self._bid(line)
            if offered is not None and offered[0] == bid:
                yield self._match(line, offered[1], now)
                offered = self._bid(line)
            if offered is not None:  # of the free agents the line has lost some since, of its calls the first
                heapq.heappush(bids, (offered[0], line))

    def _bid(self, line: Line) -> tuple[_Bid, Pool] | None:
        """What the line offers now: its first call's key, seen by the free agents who prefer its queue most."""
        if line.members:
            for pool in line.search.pools:
                if pool.has_free:
                    key = line.head
                    return (key[0], key[1] - pool.bonus, key[2], key[3]), pool
        return None

    def _match(self, line: Line, pool: Pool, now: float) -> Match:
        ranked = pool.ranked(now, self._chance, _RANKED)
        names = tuple((agent.name, rank) for rank, agent in ranked)
        return Match(line.head, ranked[0][1], line.search, line.ring, names)

    @staticmethod
    def _settle(agent: AgentRecord) -> None:
        since = agent, agent.stamp
        for pool in agent.pools:
            pool.note(since)

    # Lines and searches

    def _activate(self, line: Line) -> None:
        self._search_for(line)
        line.search.lines[line] = None

    def _search_for(self, line: Line) -> None:
        """Bring in force the search of the first ring that anybody could serve."""
        line.ring, search = line.in_force()
        if search is not line.search:
            line.search = search
            self._layout += 1

    def _deactivate(self, line: Line) -> None:
        line.search.lines.pop(line, None)

    def _new_line(self, queue: Queue, name: LineName) -> Line:
        if len(self._lines) >= _MOST_LINES:
            self._drop_unused()
        rings = list(enumerate(queue.stages))
        plan = [
            (ring, self._search(queue, merge_needs(needs, name.needs), name.tier, ""))
            for ring, (_, needs) in rings[min(name.stage, len(rings) - 1) :]
        ]
        if name.wanted:
            plan.insert(0, (-1, self._search(queue, name.needs, name.tier, name.wanted)))
        line = self._lines[name] = Line(name, tuple(plan), self._heads)
        self._layout += 1
        for _, search in plan:
            search.watchers.append(line)
        return line

    def _search(self, queue: Queue, needs: Needs, tier: str, wanted: str) -> Search:
        key = (queue.name, needs, tier, wanted)
        found = self._searches.get(key)
        if found is None:
            asked = self._candidates(queue, needs, wanted)
            found = Search(queue, needs, tier, wanted, find(queue.strategy), self._agents, asked)
            self._searches[key] = found
        return found

    def _candidates(self, queue: Queue, needs: Needs, wanted: str) -> Iterable[AgentRecord]:
        if wanted:
            return [self._agents[wanted]] if wanted in self._agents else []
        if not self._by_queue:
            self._index()
        groups = [self._by_queue.get(queue.name, []), *(self._by_skill.get(need.skill, []) for need in needs)]
        return min(groups, key=len)

    def _index(self) -> None:
        for agent in self._agents.values():
            for queue in agent.config.queues:
                self._by_queue.setdefault(queue, []).append(agent)
            for skill in agent.config.skills:
                self._by_skill.setdefault(skill, []).append(agent)

    def _drop_unused(self) -> None:
        """Callers' needs come from flows: forget those that nobody waits with."""
        self._lines = {name: line for name, line in self._lines.items() if line.members}
        self._heads = [NOBODY]
        self._layout += 1
        for line in self._lines.values():
            line.enrol(self._heads)
        used = {id(search) for line in self._lines.values() for _, search in line.plan}
        self._searches = {key: search for key, search in self._searches.items() if id(search) in used}
        for search in self._searches.values():
            search.watchers = [line for line in search.watchers if line.members]
        for agent in self._agents.values():
            agent.pools = [pool for pool in agent.pools if id(pool.search) in used]


def _best_weighed(agent: AgentRecord) -> tuple[Line, SortKey] | None:
    """The call of the best score in the eyes of an agent for whom some queues weigh more."""
    best: _Bid | None = None
    for pool in agent.pools:
        for line in pool.search.lines:
            key = line.head
            bid = (key[0], key[1] - pool.bonus, key[2], key[3])
            if best is None or bid < best:
                best, chosen = bid, (line, key)
    return None if best is None else chosen
