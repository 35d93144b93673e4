"""The rules of routing in the three files: what becomes of them, and each that cannot hold with its place and cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.config import HeadStartRule, Seats
from acd.states import AgentState
from cti.config import load_policy, read_policy
from ivr.document import BadDocument, Severity

QUEUES = """\
version: 1
defaults: {guarantee_seconds: 500, ring_at_once: 4}
dispatch: {return_seconds: 45, last_agent_seconds: 3600, wrapup_limit_seconds: 90, seed: 7}
queues:
  billing:
    label: {zh: 电费, en: Billing}
    needs: {meter: 2}
    rings: [{after_seconds: 20, needs: {meter: 1}}]
    guarantee_seconds: 800
    last_agent_wait_seconds: 20
    overflow: faults
    empty: {when: [logged_out, paused], grace_seconds: 15}
    seats:
      - {skill: desk, tiers: [gold], only: true}
  faults:
    label: {zh: 故障, en: Faults}
"""
TIERS = """\
version: 1
tiers:
  gold: {label: {zh: 金, en: Gold}, head_start_seconds: 120}
  basic: {label: {zh: 普通, en: Basic}, head_start_seconds: 0}
grades: {five_star: gold, 5A: gold}
head_starts:
  - {attribute: key_person, equals: true, seconds: 60}
  - {attribute: credit, at_least: 700, seconds: 30}
"""
AGENTS = """\
version: 1
skills: {meter: {zh: 电表, en: Meter}, desk: {zh: 专席, en: Desk}}
agents:
  anna: {label: Anna, extension: 1001, skills: {meter: 2, desk: 1}, queues: [billing, faults]}
  bo: {label: Bo, extension: 1002, skills: {meter: 1}, queues: [billing, faults], queue_bonus_seconds: {faults: 60}, weight: 2}
"""


@pytest.fixture
def folder(tmp_path):
    for name, text in (("queues", QUEUES), ("tiers", TIERS), ("agents", AGENTS)):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def change(folder, name, old, new):
    path = folder / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_rules_become_the_engines_policy(folder):
    policy = load_policy(folder)
    billing, faults = policy.queues["billing"], policy.queues["faults"]
    assert (billing.guarantee_seconds, faults.guarantee_seconds) == (800, 500)
    assert (billing.ring_at_once, faults.ring_at_once) == (4, 4)
    assert (billing.last_agent_wait_seconds, billing.overflow) == (20, "faults")
    assert billing.empty_when == {AgentState.LOGGED_OUT, AgentState.PAUSED}
    assert (billing.empty_grace_seconds, faults.empty_when) == (15, frozenset())
    assert billing.seats == (Seats("desk", ("gold",), only=True),)
    assert policy.grades == {"five_star": "gold", "5A": "gold"}
    assert policy.head_starts == (
        HeadStartRule("key_person", 60, equals=True),
        HeadStartRule("credit", 30, at_least=700),
    )
    assert (policy.return_seconds, policy.last_agent_seconds) == (45, 3600)
    assert (policy.wrapup_limit_seconds, policy.seed) == (90, 7)
    assert (policy.agents["bo"].queue_bonus_seconds, policy.agents["bo"].weight) == ({"faults": 60}, 2)


@pytest.mark.parametrize(
    ("name", "old", "new", "found", "said"),
    [
        ("queues", "guarantee_seconds: 500", "guarantee_seconds: 210", "queues.yaml:2:12 guarantee-impossible", "more than 210"),
        ("queues", "guarantee_seconds: 800", "guarantee_seconds: 900", "queues.yaml:9:5 guarantee-never", "less than 900"),
        ("queues", "needs: {meter: 1}", "needs: {meter: 3}", "queues.yaml:8:41 ring-narrows", "at level 2 before"),
        ("queues", "needs: {meter: 1}", "needs: {desk: 1}", "queues.yaml:8:41 ring-narrows", "not at all before"),
        ("queues", "skill: desk", "skill: dessk", "queues.yaml:14:10 unknown-skill", 'mean "desk"'),
        ("queues", "tiers: [gold]", "tiers: [golden]", "queues.yaml:14:31 unknown-tier", 'mean "gold"'),
        ("queues", "skill: desk", "skill: meter", "queues.yaml:13:5 tier-nobody", "nobody serves basic"),
        ("queues", "en: Faults}", "en: Faults}\n    overflow: billing", "queues.yaml:11:5 overflow-loop", "billing -> faults -> billing"),
        ("queues", "en: Faults}", "en: Faults}\n    overflow: faults", "queues.yaml:17:5 overflow-loop", "faults -> faults"),
        ("queues", "ring_at_once: 4", "ring_at_once: 0", "queues.yaml:2:36 bad-value", "1 to 10"),
        ("queues", "ring_at_once: 4", "ring_at_once: 11", "queues.yaml:2:36 bad-value", "1 to 10"),
        ("queues", "[logged_out, paused]", "[paused]", "queues.yaml:12:13 empty-never", "add logged_out"),
        ("queues", "[logged_out, paused]", "[asleep]", "queues.yaml:12:20 bad-value", "logged_out, paused"),
        ("tiers", "5A: gold", "5A: goldd", "tiers.yaml:5:27 unknown-tier", 'mean "gold"'),
        ("tiers", "5A: gold", "basic: gold", "tiers.yaml:5:27 grade-is-tier", "another name"),
        ("tiers", "at_least: 700", "at_least: 700, equals: 1", "tiers.yaml:8:25 head-start-twice", "two rules"),
        ("tiers", "at_least: 700", "at_least: much", "tiers.yaml:8:25 bad-value", "least number"),
        ("agents", "{faults: 60}", "{fault: 60}", "agents.yaml:5:105 unknown-queue", 'mean "faults"'),
        ("agents", "weight: 2", "weight: 0", "agents.yaml:5:118 bad-value", "above 0"),
    ],
)  # fmt: skip
def test_each_rule_that_cannot_hold_has_its_place_and_cure(folder, name, old, new, found, said):
    change(folder, name, old, new)
    with pytest.raises(BadDocument) as bad:
        load_policy(folder)
    told = {f"{Path(f.path).name}:{f.line}:{f.column} {f.code}": str(f) for f in bad.value.findings}
    assert found in told
    assert said in told[found]


def test_a_seat_nobody_has_is_a_warning(folder):
    change(folder, "agents", ", desk: 1", "")
    assert [(f.code, f.severity) for f in read_policy(folder).warnings] == [("seats-nobody", Severity.WARNING)]


@pytest.mark.parametrize(
    ("more", "code", "at"),
    [
        ("service_level_seconds: 60\n    max_wait_seconds: 45", "service-level-never", 17),
        ("max_wait_seconds: 15", "service-level-never", 2),
        ("short_abandon_seconds: 20", "short-abandon-long", 17),
        ("service_level_seconds: 4", "short-abandon-long", 2),
    ],
)
def test_targets_that_say_nothing_are_a_warning(folder, more, code, at):
    change(folder, "queues", "guarantee_seconds: 500, ", "")
    change(folder, "queues", "en: Faults}", f"en: Faults}}\n    {more}")
    assert [(f.code, f.severity, f.line) for f in read_policy(folder).warnings] == [(code, Severity.WARNING, at)]
