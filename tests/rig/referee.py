"""A second router, written from docs/acd.md: reads what the server wrote down, line by line, and says where it would have done otherwise.

It shares no code with the engine. Times in records are milliseconds, rounded: what differs by less than `CLOSE_SECONDS` is not told apart,
and nobody is accused by a ring that opened in that moment.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.rig.rules import Needs, Rules

CLOSE_SECONDS = 0.02
_NOT_THE_AGENTS_DOING = frozenset({"caller_gone", "refused", "stale_owner", "cancelled", "colleague"})
_RESERVED = frozenset({"offered", "connecting", "cancelling"})
_HELD_SECONDS = 30.0
Line = dict[str, Any]


@dataclass(frozen=True)
class Witness:
    """What a run left behind.

    Attributes:
        lines: the server's JSON log, in order.
        decisions: the decision records by offer.
        entered: when each call entered its line, Unix seconds.
        needs: what each call needs beside its line's needs.

    """

    lines: Sequence[Line]
    decisions: Mapping[str, Line]
    entered: Mapping[str, float]
    needs: Mapping[str, Needs]

    @classmethod
    def of(cls, lines: Sequence[Line], documents: Sequence[Line], needs_of: Callable[[str], Needs]) -> Witness:
        """Gather it; `needs_of` tells a call's own needs by the number that called."""
        entered = {line["call"]: at_of(line) - line["wait_seconds"] for line in lines if line["event"] == "queue_ended"}  # who was never offered
        entered |= {one["call"]: one["entered_ms"] / 1000 for one in documents}
        needs = {line["call"]: needs_of(line["caller"]) for line in lines if line["event"] == "call_began"}
        return cls(lines, {one["offer"]: one for one in documents}, entered, needs)


def at_of(line: Line) -> float:
    """When a line was logged, Unix seconds."""
    return datetime.fromisoformat(line["timestamp"]).timestamp()


@dataclass
class _Waiting:
    queue: str
    tier: str
    own: Needs
    entered: float
    score_at: float  # the score is now - score_at
    due: float = inf  # from then on he goes before all who have not waited so long
    refusals: int = 0
    held_until: float = 0.0
    rung: set[str] = field(default_factory=set)  # in the round that is under way
    to_ring: list[str] = field(default_factory=list)  # who comes next in it, as the record says

    def place(self, at: float) -> tuple[int, float]:
        """Where he stands: smaller goes first."""
        return (0, self.entered) if self.due <= at else (1, self.score_at)


@dataclass
class _Agent:
    state: str = "logged_out"
    idle_since: float = 0.0
    talks: int = 0
    last_offered: int = 0
    rests_until: float = 0.0  # his phone was told to stop ringing


@dataclass
class Referee:
    """Follows one log. `deviations`: a sentence each. `told_apart`: what was compared and how often the difference was too small to tell."""

    rules: Rules
    witness: Witness
    deviations: list[str] = field(default_factory=list)
    told_apart: Counter[str] = field(default_factory=Counter)
    _waiting: dict[str, _Waiting] = field(default_factory=dict)
    _offered: dict[str, _Waiting] = field(default_factory=dict)
    _agents: dict[str, _Agent] = field(default_factory=dict)
    _results: dict[str, str] = field(default_factory=dict)
    _offers: int = 0
    _last: float = 0.0

    def judge(self) -> list[str]:
        """Read the whole log; returns the deviations."""
        self._agents = {name: _Agent() for name in self.rules.people}
        steps: dict[str, Callable[[Line, float], None]] = {
            "queue_entered": self._entered, "offer_made": self._offer, "offer_ended": self._offer_ended, "queue_ended": self._left, "agent": self._agent,
        }  # fmt: skip
        for line in self.witness.lines:
            step = steps.get(line["event"])
            if step is not None:
                now = at_of(line)
                step(line, now)
                self._last = now
        self._nobody_idles("the end")
        return self.deviations

    # What the lines say

    def _entered(self, line: Line, now: float) -> None:
        self._nobody_idles(line["call"])  # the first word on a new event: what came before is settled
        call, queue, tier = line["call"], line["queue"], line["tier"]
        entered = self.witness.entered.get(call, now)
        score_at = entered - self.rules.head_starts[tier] - self.rules.lines[queue].bonus_seconds
        guarantee = self.rules.lines[queue].guarantee_seconds
        due = entered + guarantee if guarantee > 0 else inf
        self._waiting[call] = _Waiting(queue, tier, self.witness.needs[call], entered, score_at, due)

    def _offer_ended(self, line: Line, now: float) -> None:
        self._results[line["agent"]] = line["result"]
        agent = self._agents[line["agent"]]
        if line["result"] == "no_answer" or (agent.state == "cancelling" and line["result"] != "talked"):
            agent.rests_until = now + self.rules.cancelled_rest_seconds
        call = self._offered.get(line["call"])
        if call is None:
            return
        call.rung.discard(line["agent"])
        if line["result"] != "talked" and call.rung:  # others still ring for him
            return
        del self._offered[line["call"]]
        if line["result"] == "talked":
            return
        if line["result"] in _NOT_THE_AGENTS_DOING:
            call.refusals += 1
            call.held_until = now + min(2.0 ** (call.refusals - 2), _HELD_SECONDS) if call.refusals > 1 else 0.0
        self._waiting[line["call"]] = call

    def _left(self, line: Line, now: float) -> None:
        del now
        self._waiting.pop(line["call"], None)
        self._offered.pop(line["call"], None)

    def _agent(self, line: Line, now: float) -> None:
        agent = self._agents[line["agent"]]
        if agent.state != line["old"]:
            self.deviations.append(f"{line['agent']} leaves {line['old']}, but was {agent.state}")
        agent.state = line["new"]
        if line["new"] == "ready" and not (line["old"] in _RESERVED and self._results.get(line["agent"]) in _NOT_THE_AGENTS_DOING):
            agent.idle_since = now
        agent.talks += line["new"] == "talking"

    def _offer(self, line: Line, now: float) -> None:
        self._offers += 1
        record = self.witness.decisions.get(line["offer"])
        at = record["at_ms"] / 1000 if record is not None else now
        if line["call"] in self._offered:
            self._rung_too(self._offered[line["call"]], line)
            return
        call = self._waiting.pop(line["call"], None)
        if call is None:
            self.deviations.append(f"{line['offer']}: {line['call']} was offered, but did not wait")
            return
        self.told_apart["offers"] += 1
        agent = line["agent"]
        call.rung, call.to_ring = {agent}, list(record["also_rung"]) if record is not None else []
        faults = (*self._wrong_call(call, agent, at), *self._wrong_agent(call, agent, at), *self._false_record(call, agent, record, at), *self._wrong_round(call, agent, at))
        for fault in faults:
            self.deviations.append(f"{line['offer']} of {line['call']} ({call.tier}, {call.queue}) to {agent}: {fault}")
        self._offered[line["call"]] = call
        self._agents[agent].last_offered = self._offers

    def _rung_too(self, call: _Waiting, line: Line) -> None:
        """One more phone rings for a caller who is offered already: the next of the round that the record tells."""
        agent = line["agent"]
        if call.to_ring[:1] != [agent]:
            self.deviations.append(f"{line['offer']} of {line['call']} to {agent}: the record's round goes on with {call.to_ring[:1]}")
        if self._agents[agent].state != "ready":
            self.deviations.append(f"{line['offer']} of {line['call']} to {agent}: he was {self._agents[agent].state}")
        call.rung.add(agent)
        del call.to_ring[:1]
        self._agents[agent].last_offered = self._offers
        self.told_apart["rung together"] += 1

    # The rules

    def _free(self, at: float) -> list[str]:
        """Who surely is free."""
        return [name for name, agent in self._agents.items() if agent.state == "ready" and agent.rests_until <= at - CLOSE_SECONDS]

    def _rings(self, call: _Waiting, at: float) -> list[tuple[int, Needs]]:
        """The rings that may be in force: two, when one opens about this moment."""
        at_work = [name for name, agent in self._agents.items() if agent.state != "logged_out"]
        line = self.rules.lines[call.queue]
        found = [self.rules.ring(line, at + moment - call.entered, call.own, call.tier, at_work) for moment in (-CLOSE_SECONDS, CLOSE_SECONDS)]
        return found[:1] if found[0] == found[1] else found

    def _eligible(self, call: _Waiting, agents: Sequence[str], at: float) -> list[str]:
        """Who of them surely is eligible."""
        rings = self._rings(call, at)
        return [name for name in agents if not any(self._lacks(name, call, needs) for _, needs in rings)]

    def _lacks(self, name: str, call: _Waiting, needs: Needs) -> str:
        return self.rules.lacks(name, self.rules.lines[call.queue], needs, call.tier)

    def _bid(self, call: _Waiting, agent: str, at: float) -> tuple[int, float]:
        """Where a call stands in an agent's eyes: smaller goes first."""
        group, place = call.place(at)
        return group, place - self.rules.people[agent].prefers(self.rules.lines[call.queue], call.tier)

    def _wrong_call(self, call: _Waiting, agent: str, at: float) -> Iterator[str]:
        free = self._free(at)
        if self._agents[agent].state != "ready":
            yield f"he was {self._agents[agent].state}"
        if self._agents[agent].rests_until > at + CLOSE_SECONDS:
            yield f"his phone was told to stop ringing, and rests for {self._agents[agent].rests_until - at:.3f} s more"
        if all(self._lacks(agent, call, needs) for _, needs in self._rings(call, at)):
            yield f"he is not eligible: {self._lacks(agent, call, self._rings(call, at)[0][1])}"
        own = self._bid(call, agent, at)
        for other, waits in self._waiting.items():
            self.told_apart["pairs of calls"] += 1
            if min(abs(one.due - at) for one in (call, waits)) <= CLOSE_SECONDS:
                self.told_apart["guarantees due about then"] += 1
            elif waits.held_until <= at - CLOSE_SECONDS and (not call.place(at) < waits.place(at) or self._weighed(call, waits)):
                yield from self._passed(other, waits, agent, own, free, at)

    def _weighed(self, *calls: _Waiting) -> bool:
        """Whether agents look at these calls with different eyes."""
        lines = [self.rules.lines[call.queue] for call in calls]
        return any(line.seats for line in lines) or any(person.bonuses for person in self.rules.people.values())

    def _passed(self, other: str, waits: _Waiting, agent: str, own: tuple[int, float], free: Sequence[str], at: float) -> Iterator[str]:
        """A call that should have gone first, and to whom."""
        for name in self._eligible(waits, free, at):
            theirs = self._bid(waits, name, at)
            ahead = own[1] - theirs[1]
            if theirs[0] == own[0] and abs(ahead) <= CLOSE_SECONDS:
                self.told_apart["pairs of calls too close"] += 1
            elif theirs < own:
                whom = "him" if name == agent else f"{name}, who was free"
                why = f"has {ahead:.3f} s more" if theirs[0] == own[0] else "has waited longer than is guaranteed"
                yield f"{other} ({waits.tier}, {waits.queue}) {why} and was for {whom}"

    def _wrong_agent(self, call: _Waiting, agent: str, at: float) -> Iterator[str]:
        rings = self._rings(call, at)
        if len(rings) > 1:
            return
        own = self._rank(call, agent, rings[0][1])
        others = [name for name in self._eligible(call, self._free(at), at) if name != agent]
        self.told_apart["choices among several agents"] += bool(others)
        for name in others:
            rival = self._rank(call, name, rings[0][1])
            differing = next((pair for pair in zip(rival, own, strict=True) if abs(pair[0] - pair[1]) > CLOSE_SECONDS), None)
            if differing is not None and differing[0] < differing[1]:
                yield f"{name} ranks before him: {rival} before {own}"

    def _rank(self, call: _Waiting, name: str, needs: Needs) -> tuple[float, ...]:
        """Smaller is asked first."""
        line = self.rules.lines[call.queue]
        return (-self.rules.people[name].prefers(line, call.tier), *_STRATEGIES[line.strategy](self, name, needs))

    def _wrong_round(self, call: _Waiting, agent: str, at: float) -> Iterator[str]:
        """With the first ring the next best, as many as the line says; nobody for whom another caller goes first."""
        more, rings = self.rules.lines[call.queue].ring_at_once - 1, self._rings(call, at)
        others = [name for name in self._eligible(call, self._free(at), at) if name != agent]
        moments = [moment for one in (call, *self._waiting.values()) for moment in (one.due, one.held_until)]
        moments += [one.rests_until for one in self._agents.values()]
        if len(rings) > 1 or any(abs(moment - at) <= CLOSE_SECONDS for moment in moments):
            return
        theirs = {name: self._best_elsewhere(name, at) for name in others}
        if any(self._close(theirs[name], self._bid(call, name, at)) for name in others):
            self.told_apart["rounds too close"] += 1
            return
        ranked = sorted((self._rank(call, name, rings[0][1]), name) for name in others if self._bid(call, name, at) < theirs[name])
        if any(self._close(before[0], after[0]) for before, after in pairwise(ranked)):
            self.told_apart["rounds too close"] += 1
        elif [name for _, name in ranked[:more]] != call.to_ring:
            yield f"with him are rung {call.to_ring}, not {[name for _, name in ranked[:more]]}"

    def _best_elsewhere(self, name: str, at: float) -> tuple[float, ...]:
        """The best that another caller is to this agent; infinity without one."""
        bids = [self._bid(waits, name, at) for waits in self._waiting.values() if waits.held_until <= at and self._eligible(waits, [name], at)]
        return min(bids, default=(inf, inf))

    @staticmethod
    def _close(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
        """Whether the first thing that tells them apart differs by next to nothing."""
        differing = next((abs(a - b) for a, b in zip(one, other, strict=True) if a != b), 0.0)
        return differing <= CLOSE_SECONDS

    def _false_record(self, call: _Waiting, agent: str, record: Line | None, at: float) -> Iterator[str]:
        if record is None:
            yield "there is no record of the decision"
            return
        rings = self._rings(call, at)
        scores = [at - call.place(moment)[1] for moment in (at - CLOSE_SECONDS, at + CLOSE_SECONDS)]
        if all(abs(record["score"] - score) > CLOSE_SECONDS for score in scores):
            yield f"the record says score {record['score']}, not {scores[0]:.3f}"
        if (record["ring"], record["needs"]) not in rings:
            yield f"the record says ring {record['ring']} with {record['needs']}, not {rings}"
        if record["agent"] != agent or record["ranked"][0] != agent:
            yield f"the record says {record['agent']}, first of {record['ranked']}"
        told = {name: why.partition(":")[0] for name, why in record["ineligible"].items()}
        moments = (at - CLOSE_SECONDS, at + CLOSE_SECONDS)
        own = [{name: why for name in self.rules.people if (why := self._why_not(name, call, needs, moment))} for _, needs in rings for moment in moments]
        if told not in own:
            yield f"the record's reasons {told} are not {own[0]}"

    def _why_not(self, name: str, call: _Waiting, needs: Needs, at: float) -> str:
        state = self._agents[name].state
        rests = "resting" if self._agents[name].rests_until > at else ""
        return self._lacks(name, call, needs) or (rests if state == "ready" else "reserved" if state in _RESERVED else state)

    def _nobody_idles(self, when: str) -> None:
        """At rest no free agent is eligible for anybody who waits."""
        free = self._free(self._last)
        for other, waits in self._waiting.items() if free else ():
            for name in self._eligible(waits, free, self._last):
                if waits.held_until <= self._last - CLOSE_SECONDS:
                    self.deviations.append(f"before {when}: {other} ({waits.queue}) waits while {name} is free for him")
        self.told_apart["moments at rest"] += 1


_STRATEGIES: dict[str, Callable[[Referee, str, Needs], tuple[float, ...]]] = {
    "longest_idle": lambda own, name, _needs: (own._agents[name].idle_since,),
    "most_skilled": lambda own, name, needs: (-sum(own.rules.people[name].skills[skill] for skill in needs), own._agents[name].idle_since),
    "least_skilled": lambda own, name, _needs: (sum(own.rules.people[name].skills.values()), own._agents[name].idle_since),
    "fewest_talks": lambda own, name, _needs: (own._agents[name].talks, own._agents[name].idle_since),
    "round_robin": lambda own, name, _needs: (own._agents[name].last_offered,),
}
