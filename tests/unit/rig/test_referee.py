"""The second router beside the first: it agrees with the engine on every rule it knows, and accuses it where one of them is changed."""

from __future__ import annotations

import dataclasses
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from acd.facts import AgentChanged, CallEnded, CallEntered, OfferEnded, OfferMade
from acd.simulation.callers import Caller
from acd.simulation.draws import Draws
from acd.simulation.runner import Simulation
from acd.simulation.staff import Manner
from acd.simulation.times import Exponential
from cti.config import read_policy
from cti.records.decisions import record_of
from tests.rig.referee import Referee, Witness
from tests.rig.rules import Rules

if TYPE_CHECKING:
    from pathlib import Path

START = 1_700_000_000.0
FILES = {
    "queues": """
version: 1
defaults: {announce_first_seconds: 0, announce_frequency_seconds: 0, max_wait_seconds: 0, wrapup_seconds: 5}
dispatch: {cancelled_rest_seconds: 9, backoff: {no_answer_seconds: 0}}
queues:
  desk:
    label: {zh: 柜台, en: Desk}
    seats: [{skill: vip_desk, tiers: [diamond, gold], only: true}, {skill: gold_desk, tiers: [gold]}]
    guarantee_seconds: 400
  counter:
    label: {zh: 前台, en: Counter}
    needs: {desk: 2}
    rings: [{after_seconds: 40, needs: {desk: 1}}]
    guarantee_seconds: 320
    strategy: most_skilled
  hall:
    label: {zh: 大厅, en: Hall}
    ring_at_once: 3
""",
    "tiers": """
version: 1
tiers:
  diamond: {label: {zh: 钻石, en: Diamond}, head_start_seconds: 300}
  gold: {label: {zh: 金卡, en: Gold}, head_start_seconds: 60}
  basic: {label: {zh: 普通, en: Basic}, head_start_seconds: 0}
""",
    "agents": """
version: 1
skills:
  vip_desk: {zh: 专席, en: VIP desk}
  gold_desk: {zh: 金卡席, en: Gold desk}
  desk: {zh: 业务, en: Desk}
agents:
  anna: {label: Anna, extension: 1001, queues: [desk], skills: {vip_desk: 1}}
  bo: {label: Bo, extension: 1002, queues: [desk, counter, hall], skills: {gold_desk: 1, desk: 2}}
  chen: {label: Chen, extension: 1003, queues: [desk, counter, hall], skills: {desk: 3}, queue_bonus_seconds: {counter: 45}}
  ding: {label: Ding, extension: 1004, queues: [counter, desk, hall], skills: {desk: 1}}
  er: {label: Er, extension: 1005, queues: [hall], skills: {desk: 1}}
  fang: {label: Fang, extension: 1006, queues: [hall], skills: {desk: 2}}
""",
}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("config")
    for name, text in FILES.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def rules(config: Path) -> Rules:
    return Rules.read(config)


class _Clock:
    def to_wall_ms(self, monotonic: float) -> int:
        return int((START + monotonic) * 1000)


class _Log:
    """What the server would have written: lines and decision records."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.documents: list[dict[str, Any]] = []
        self.simulation: Simulation | None = None

    def told(self, facts: Any, now: float) -> None:
        for fact in facts:
            self._line(fact, datetime.fromtimestamp(START + now, UTC).isoformat())

    def _line(self, fact: Any, timestamp: str) -> None:
        names = {field.name for field in dataclasses.fields(fact)}
        values = {name: getattr(fact, name) for name in names}
        plain = {name: getattr(value, "value", value) for name, value in values.items()}
        events = {CallEntered: "queue_entered", OfferMade: "offer_made", OfferEnded: "offer_ended", CallEnded: "queue_ended", AgentChanged: "agent"}
        if type(fact) in events:
            self.lines.append({"event": events[type(fact)], "timestamp": timestamp, **plain})
        if isinstance(fact, OfferMade):
            assert self.simulation is not None
            decision = self.simulation.engine.decision(fact.call)
            assert decision is not None
            self.documents.append(dataclasses.asdict(record_of(decision, _Clock())))  # type: ignore[arg-type]


def callers(seed: int) -> list[Caller]:
    """Few at first, then more than the agents can serve, so that guarantees fall due; some give up, also while a phone rings for them."""
    draws, at, found = Draws(seed, "callers"), 0.0, []
    for number in range(300):
        at += draws.exponential(40.0 if number < 100 else 12.0)
        tier, queue = draws.weighted(("diamond", "gold", "basic"), (1, 2, 5)), draws.one_of(("desk", "counter", "hall"))
        patience = draws.exponential(700.0) if number % 3 else math.inf
        found.append(Caller(f"c{number}", at, queue, tier, draws.exponential(70.0), patience))
    return found


def witness(config: Path, seed: int) -> Witness:
    log = _Log()
    manners = {name: Manner(Exponential(4.0), misses=0.15) for name in ("anna", "bo", "chen", "ding", "er", "fang")}
    log.simulation = Simulation(read_policy(config).policy, callers(seed), watch=log.told, manners=manners, seed=seed)
    log.simulation.run(12000.0)
    documents = {document["offer"]: document for document in log.documents}
    entered = {line["call"]: START + caller.at for line in log.lines if line["event"] == "queue_entered" for caller in callers(seed) if caller.call == line["call"]}
    return Witness(log.lines, documents, entered, {call: {} for call in entered})


@pytest.fixture(scope="module")
def seen(config: Path) -> Witness:
    return witness(config, 1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_two_routers_agree(config: Path, rules: Rules, seed: int) -> None:
    run = witness(config, seed)
    referee = Referee(rules, run)
    assert referee.judge() == []
    assert referee.told_apart["offers"] > 150
    assert referee.told_apart["rung together"] > 10
    assert any(document["past_guarantee"] for document in run.decisions.values())
    assert any("dedicated: diamond, gold" in document["ineligible"].values() for document in run.decisions.values())
    assert any("resting" in document["ineligible"].values() for document in run.decisions.values())


def changed(rules: Rules, queue: str, **changes: Any) -> Rules:
    return dataclasses.replace(rules, lines={**rules.lines, queue: dataclasses.replace(rules.lines[queue], **changes)})


def test_each_rule_counts(rules: Rules, seen: Witness) -> None:
    """Were it another, the engine would have routed otherwise: so this one is kept by the engine and seen by the witness."""
    vip, gold = rules.lines["desk"].seats
    chen = dataclasses.replace(rules.people["chen"], bonuses={})
    others = {
        "longer than is guaranteed": [changed(rules, "desk", guarantee_seconds=200.0), changed(rules, "counter", guarantee_seconds=150.0)],
        "the record says score": [changed(rules, "counter", guarantee_seconds=0.0)],
        "the record's reasons": [changed(rules, "desk", seats=(dataclasses.replace(vip, only=False), gold))],
        "not eligible: dedicated": [changed(rules, "desk", seats=(dataclasses.replace(vip, tiers=("basic",)), gold))],
        "s more and was for": [changed(rules, "desk", seats=(vip, dataclasses.replace(gold, tiers=("basic",)))), dataclasses.replace(rules, people={**rules.people, "chen": chen})],
        "with him are rung": [changed(rules, "hall", ring_at_once=2), changed(rules, "counter", ring_at_once=2)],
        "rests for": [dataclasses.replace(rules, cancelled_rest_seconds=30.0)],
    }
    for expected, policies in others.items():
        for other in policies:
            told = Referee(other, seen).judge()
            assert any(expected in one for one in told), (expected, told[:3])
