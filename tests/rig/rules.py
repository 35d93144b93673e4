"""What a configuration promises, read once more: from the YAML files and docs/acd.md alone, so that it can witness against the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

Needs = dict[str, int]


#: who has a seat for a tier takes its callers before any other, however long that one has waited
DEDICATED_SECONDS = 1e9


@dataclass(frozen=True)
class SeatRules:
    """Seats of a queue: agents with this skill serve callers of these tiers first, or (`only`) nobody else."""

    skill: str
    tiers: tuple[str, ...]
    only: bool


@dataclass(frozen=True)
class LineRules:
    """One queue. `rings`: (after seconds, needs), the queue's own needs first, from second 0. `guarantee_seconds` 0: none."""

    name: str
    rings: tuple[tuple[float, Needs], ...]
    bonus_seconds: float
    strategy: str
    seats: tuple[SeatRules, ...] = ()
    guarantee_seconds: float = 0.0
    ring_at_once: int = 1


@dataclass(frozen=True)
class Person:
    """One agent as configured; `order` is his place in the file, `bonuses` how many seconds more a queue's calls count for him."""

    name: str
    order: int
    queues: tuple[str, ...]
    skills: Needs
    bonuses: Mapping[str, float] = field(default_factory=dict)

    def lacks(self, queue: str, needs: Mapping[str, int]) -> str:
        """Why he cannot serve these needs of this queue, in the records' words; "" if he can."""
        if queue not in self.queues:
            return "not_in_queue"
        for skill, level in sorted(needs.items()):
            if skill not in self.skills:
                return "skill_missing"
            if self.skills[skill] < level:
                return "skill_too_low"
        return ""

    def kept_from(self, line: LineRules, tier: str) -> bool:
        """Whether his seat is for other tiers only; of several such seats one that is for this tier is enough."""
        kept = [seat for seat in line.seats if seat.only and seat.skill in self.skills]
        return bool(kept) and not any(tier in seat.tiers for seat in kept)

    def prefers(self, line: LineRules, tier: str) -> float:
        """How many seconds more a call of this line and tier counts in his eyes."""
        has_seat = any(seat.skill in self.skills and tier in seat.tiers for seat in line.seats)
        return self.bonuses.get(line.name, 0.0) + (DEDICATED_SECONDS if has_seat else 0.0)


@dataclass(frozen=True)
class Rules:
    """Lines, head starts in seconds by tier, people, and how long a phone rests that was told to stop ringing."""

    lines: Mapping[str, LineRules]
    head_starts: Mapping[str, float]
    people: Mapping[str, Person]
    cancelled_rest_seconds: float = 0.5

    @classmethod
    def read(cls, folder: Path) -> Rules:
        """Read queues.yaml, tiers.yaml and agents.yaml; settings that are not understood here are refused."""
        queues, tiers, agents = (yaml.safe_load((folder / f"{name}.yaml").read_text(encoding="utf-8")) for name in ("queues", "tiers", "agents"))
        defaults = queues.get("defaults", {})
        lines = {name: _line(name, {**defaults, **queue}) for name, queue in queues["queues"].items()}
        people = {
            name: Person(name, order, tuple(agent["queues"]), dict(agent.get("skills", {})), dict(agent.get("queue_bonus_seconds", {})))
            for order, (name, agent) in enumerate(agents["agents"].items())
        }
        rest = float(queues.get("dispatch", {}).get("cancelled_rest_seconds", 0.5))
        return cls(lines, {name: float(tier["head_start_seconds"]) for name, tier in tiers["tiers"].items()}, people, rest)

    def lacks(self, name: str, line: LineRules, needs: Needs, tier: str) -> str:
        """Why this agent cannot serve such a call, in the records' words; "" if he can."""
        person = self.people[name]
        return person.lacks(line.name, needs) or ("dedicated" if person.kept_from(line, tier) else "")

    def ring(self, line: LineRules, age_seconds: float, own: Needs, tier: str, at_work: Collection[str]) -> tuple[int, Needs]:
        """The ring in force for a call of this age and its needs: rings that nobody logged in could match are skipped."""
        begun = max(0, sum(after <= age_seconds for after, _ in line.rings) - 1)
        merged = [(ring, _joined(needs, own)) for ring, (_, needs) in enumerate(line.rings)]
        for ring, needs in merged[begun:]:
            if any(not self.lacks(name, line, needs, tier) for name in at_work):
                return ring, needs
        return merged[begun]


def _line(name: str, queue: dict[str, Any]) -> LineRules:
    foreign = queue.keys() & {"last_agent_wait_seconds", "empty"}
    assert not foreign, f"{name}: {foreign} is not recomputed here"
    rings = [(0.0, dict(queue.get("needs", {})))]
    rings += [(float(ring["after_seconds"]), dict(ring["needs"])) for ring in queue.get("rings", [])]
    seats = tuple(SeatRules(seat["skill"], tuple(seat["tiers"]), bool(seat.get("only", False))) for seat in queue.get("seats", []))
    bonus, strategy = float(queue.get("bonus_seconds", 0)), str(queue.get("strategy", "longest_idle"))
    return LineRules(name, tuple(rings), bonus, strategy, seats, float(queue.get("guarantee_seconds", 0)), int(queue.get("ring_at_once", 1)))


def _joined(*groups: Needs) -> Needs:
    joined: Needs = {}
    for group in groups:
        joined.update({skill: max(level, joined.get(skill, 0)) for skill, level in group.items()})
    return joined
