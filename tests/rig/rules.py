"""What a configuration promises, read once more: from the YAML files and docs/acd.md alone, so that it can witness against the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

Needs = dict[str, int]


@dataclass(frozen=True)
class LineRules:
    """One queue. `rings`: (after seconds, needs), the queue's own needs first, from second 0."""

    name: str
    rings: tuple[tuple[float, Needs], ...]
    bonus_seconds: float
    strategy: str


@dataclass(frozen=True)
class Person:
    """One agent as configured; `order` is his place in the file."""

    name: str
    order: int
    queues: tuple[str, ...]
    skills: Needs

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
            name: Person(name, order, tuple(agent["queues"]), dict(agent.get("skills", {})))
            for order, (name, agent) in enumerate(agents["agents"].items())
        }
        rest = float(queues.get("dispatch", {}).get("cancelled_rest_seconds", 0.5))
        return cls(lines, {name: float(tier["head_start_seconds"]) for name, tier in tiers["tiers"].items()}, people, rest)

    def ring(self, line: LineRules, age_seconds: float, own: Needs, at_work: Collection[str]) -> tuple[int, Needs]:
        """The ring in force for a call of this age and its needs: rings that nobody logged in could match are skipped."""
        begun = max(0, sum(after <= age_seconds for after, _ in line.rings) - 1)
        merged = [(ring, _joined(needs, own)) for ring, (_, needs) in enumerate(line.rings)]
        for ring, needs in merged[begun:]:
            if any(not self.people[name].lacks(line.name, needs) for name in at_work):
                return ring, needs
        return merged[begun]


def _line(name: str, queue: dict[str, Any]) -> LineRules:
    foreign = queue.keys() & {"seats", "guarantee_seconds", "last_agent_wait_seconds", "empty"}
    assert not foreign, f"{name}: {foreign} is not recomputed here"
    assert queue.get("ring_at_once", 1) == 1, f"{name}: rounds of several offers are not recomputed here"
    rings = [(0.0, dict(queue.get("needs", {})))]
    rings += [(float(ring["after_seconds"]), dict(ring["needs"])) for ring in queue.get("rings", [])]
    return LineRules(name, tuple(rings), float(queue.get("bonus_seconds", 0)), str(queue.get("strategy", "longest_idle")))


def _joined(*groups: Needs) -> Needs:
    joined: Needs = {}
    for group in groups:
        joined.update({skill: max(level, joined.get(skill, 0)) for skill, level in group.items()})
    return joined
