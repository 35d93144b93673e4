"""The next minutes of the present line, played several times: who is served when, if the future is like the past.

A model of the line is handed in as plain values; each run draws residual and future handling times, patience and
later callers with a greater head start, and serves by the engine's own order: the highest score an agent is able to
serve. What is left out: preferences of agents among queues, offers that fail, and agents who come or go.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acd.chance import Chance

#: A run ends after so many events for each who waits, and a few; who was not served then has no forecast.
_EVENTS_A_WAITER, _MORE_EVENTS = 4, 100
_NEVER = float("inf")
Key = tuple[float, ...]


@dataclass(slots=True)
class Waiter:
    """One caller. `key` orders callers, the smallest first; `waited_seconds` decides which ring he has reached."""

    call: str
    key: Key
    waited_seconds: float
    serves_nobody: bool = False  #: asked for only: he takes no agent away


@dataclass(slots=True)
class Party:
    """Callers who need the same.

    `rings` are (after so many seconds, numbers of the agents able then), the first at 0. `talks` are sampled
    for those who are served, `wrapup_seconds` added. `later` says who may still come, and overtake: (callers a second, key time of
    one who came now).
    """

    queue: str
    rings: tuple[tuple[float, frozenset[int]], ...]
    talks: Sequence[float]
    wrapup_seconds: float
    impatience_per_second: float = 0.0
    waiting: list[Waiter] = field(default_factory=list)
    later: tuple[tuple[float, float], ...] = ()


@dataclass(slots=True)
class Busy:
    """An agent at work: `seconds` until he is free; None for one whose talk began `talked_seconds` ago with a caller of
    `party`'s queue and is followed by its wrap-up."""

    seconds: float | None
    talked_seconds: float = 0.0
    talks: Sequence[float] = ()
    wrapup_seconds: float = 0.0


def play(parties: Sequence[Party], agents: Sequence[Busy], runs: int, chance: Chance) -> dict[str, list[float]]:
    """Return the further wait in seconds of each waiter in each run; a run in which he was never served counts nothing."""
    waits: dict[str, list[float]] = {waiter.call: [] for party in parties for waiter in party.waiting}
    serves = _served_by(parties, len(agents))
    rests = [_Rest.of(agent) for agent in agents]
    for _ in range(runs):
        _Run(parties, rests, serves, chance, waits).play()
    return waits


def _served_by(parties: Sequence[Party], agents: int) -> list[list[int]]:
    """The parties whose callers each agent could ever serve."""
    serves: list[list[int]] = [[] for _ in range(agents)]
    for number, party in enumerate(parties):
        for agent in frozenset().union(*(able for _, able in party.rings)):
            serves[agent].append(number)
    return serves


class _Rest(NamedTuple):
    """What may be left of what an agent does: `seconds`; None for one who talks.

    Then one of the past talks that were `longer` than his so far (`talked_seconds`), else as if talks of `mean_seconds` had no memory.
    """

    seconds: float | None
    longer: Sequence[float] = ()
    talked_seconds: float = 0.0
    mean_seconds: float = 0.0
    wrapup_seconds: float = 0.0

    @classmethod
    def of(cls, agent: Busy) -> _Rest:
        """Look at an agent once, before all runs."""
        if agent.seconds is not None:
            return cls(agent.seconds)
        longer = [talk for talk in agent.talks if talk > agent.talked_seconds]
        mean_seconds = sum(agent.talks) / len(agent.talks)
        return cls(None, longer, agent.talked_seconds, mean_seconds, agent.wrapup_seconds)

    def draw(self, chance: Chance) -> float:
        """Seconds until he is free, this time."""
        if self.seconds is not None:
            return self.seconds
        longer = self.longer
        if longer:
            rest = longer[int(chance.uniform() * len(longer))] - self.talked_seconds
        else:
            rest = chance.exponential() * self.mean_seconds
        return rest + self.wrapup_seconds


class _What(IntEnum):
    FREE = 0  #: an agent becomes free
    LOOK = 1  #: an idle agent may be wanted now, because somebody reached his next ring
    CALLER = 2  #: somebody comes


class _Run:
    def __init__(
        self,
        parties: Sequence[Party],
        rests: Sequence[_Rest],
        serves: Sequence[Sequence[int]],
        chance: Chance,
        waits: dict[str, list[float]],
    ) -> None:
        self._parties = parties
        self._serves = serves
        self._chance = chance
        self._waits = waits
        self._left = sum(len(party.waiting) for party in parties)
        #: by party: (key, number, waiter, seconds from now at which he gives up)
        self._lines: list[list[tuple[Key, int, Waiter, float]]] = [
            [(waiter.key, number, waiter, self._patience(party)) for number, waiter in enumerate(party.waiting)]
            for party in parties
        ]
        self._count = self._left + len(rests)
        self._idle: set[int] = set()
        self._last_key = max((waiter.key[1] for party in parties for waiter in party.waiting), default=0.0)
        #: (time, order, what, agent or party, which of its later callers)
        self._due: list[tuple[float, int, _What, int, int]] = [
            (rest.draw(chance), self._left + number, _What.FREE, number, 0) for number, rest in enumerate(rests)
        ]
        heapq.heapify(self._due)
        for number, party in enumerate(parties):
            for each in range(len(party.later)):
                self._next_caller(0.0, number, each)

    def play(self) -> None:
        """Go on until everybody was served, nobody can be, or it takes too long."""
        events, most = 0, _EVENTS_A_WAITER * self._left + _MORE_EVENTS
        while self._left and self._due and events < most:
            time, _, what, number, each = heapq.heappop(self._due)
            events += 1
            if what is _What.CALLER:
                self._caller(time, number, each)
            elif what is _What.FREE or number in self._idle:
                self._free(number, time)

    def _later(self, time: float, what: _What, number: int, each: int = 0) -> None:
        self._count += 1
        heapq.heappush(self._due, (time, self._count, what, number, each))

    def _free(self, agent: int, now: float) -> None:
        while True:
            number = self._best(agent, now)
            if number is None:
                self._idle.add(agent)
                self._wait_for_ring(agent, now)
                return
            _, _, waiter, gives_up = heapq.heappop(self._lines[number])
            if waiter.call:
                self._left -= 1
                self._waits[waiter.call].append(now)
            if gives_up > now and not waiter.serves_nobody:
                self._idle.discard(agent)
                self._later(now + self._handling(self._parties[number]), _What.FREE, agent)
                return

    def _best(self, agent: int, now: float) -> int | None:
        best: tuple[Key, int] | None = None
        for number in self._serves[agent]:
            line = self._lines[number]
            if line and (best is None or line[0][0] < best[0]) and agent in self._able(number, line[0][2], now):
                best = line[0][0], number
        return None if best is None else best[1]

    def _able(self, number: int, waiter: Waiter, now: float) -> frozenset[int]:
        waited = waiter.waited_seconds + now
        able = self._parties[number].rings[0][1]
        for after, agents in self._parties[number].rings[1:]:
            if waited < after:
                break
            able = agents
        return able

    def _wait_for_ring(self, agent: int, now: float) -> None:
        """Look again when the first of some line has waited long enough for this agent."""
        times = [
            after - line[0][2].waited_seconds
            for number in self._serves[agent] if (line := self._lines[number])
            for after, agents in self._parties[number].rings[1:] if agent in agents
        ]  # fmt: skip
        soonest = min((time for time in times if time > now), default=_NEVER)
        if soonest < _NEVER:
            self._later(soonest, _What.LOOK, agent)

    def _caller(self, now: float, number: int, each: int) -> None:
        party = self._parties[number]
        self._next_caller(now, number, each)
        waiter = Waiter("", (2.0, party.later[each][1] + now), -now)
        self._count += 1
        heapq.heappush(self._lines[number], (waiter.key, self._count, waiter, now + self._patience(party)))
        able = self._able(number, waiter, now)
        for agent in self._idle:
            if agent in able:
                self._free(agent, now)
                return

    def _next_caller(self, now: float, number: int, each: int) -> None:
        rate, key_now = self._parties[number].later[each]
        at = now + self._chance.exponential() / rate
        if key_now + at < self._last_key:  # else he passes nobody any more
            self._later(at, _What.CALLER, number, each)

    def _patience(self, party: Party) -> float:
        rate = party.impatience_per_second
        return self._chance.exponential() / rate if rate > 0 else _NEVER

    def _handling(self, party: Party) -> float:
        return party.talks[int(self._chance.uniform() * len(party.talks))] + party.wrapup_seconds
