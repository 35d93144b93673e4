"""queues.yaml, tiers.yaml and agents.yaml: what is read from them, and each mistake with its place and cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from acd.config import Backoff, PauseReason, Queue, Ring, SkillNeed, Team, Tier
from cti.config import load_policy, missing_plans, read_policy
from ivr.document import BadDocument, Severity

REASONS = """\
pause_reasons:
  break: {zh: 小休, en: Break, limit_seconds: 900}
  training: {zh: 培训, en: Training, productive: true}
agents:
"""
TEAMS = """\
teams:
  day: {zh: 白班, en: Day, leader: anna}
agents:
"""
DEMO = Path(__file__).parents[3] / "config"

QUEUES = """\
version: 1
defaults: {max_wait_seconds: 300, strategy: most_skilled}
queues:
  billing:
    label: {zh: 电费, en: Billing}
    needs: {meter: 2}
    rings:
      - {after_seconds: 20, needs: {meter: 1}}
      - {after_seconds: 60}
    max_wait_seconds: 900
  faults:
    label: {zh: 故障, en: Faults}
dispatch:
  away_seconds: 60
  backoff: {busy_seconds: 7}
"""
TIERS = """\
version: 1
tiers:
  gold:
    label: {zh: 金, en: Gold}
    head_start_seconds: 120
"""
AGENTS = """\
version: 1
skills:
  meter: {zh: 电表, en: Meter}
  lang_zh: {zh: 普通话, en: Mandarin}
agents:
  anna:
    label: Anna
    extension: 1001
    skills: {meter: 2, lang_zh: 1}
    queues: [billing, faults]
  bo:
    label: Bo
    extension: "0102"
    device: PJSIP/phone7
    skills: {}
    queues: [faults]
    wrapup_seconds: 5
    max_misses: 0
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


def mistakes(folder):
    """Each finding as file:line:column code."""
    with pytest.raises(BadDocument) as bad:
        load_policy(folder)
    return [f"{Path(f.path).name}:{f.line}:{f.column} {f.code}" for f in bad.value.findings], bad.value.findings


def test_the_files_become_the_engines_policy(folder):
    policy = load_policy(folder)
    assert policy.queues["billing"] == Queue(
        "billing",
        label_zh="电费",
        label_en="Billing",
        needs=(SkillNeed("meter", 2),),
        rings=(Ring(20, (SkillNeed("meter", 1),)), Ring(60)),
        max_wait_seconds=900,
        strategy="most_skilled",
    )
    assert policy.queues["faults"].max_wait_seconds == 300
    assert policy.tiers == {"gold": Tier("gold", 120, "金", "Gold")}
    assert (policy.away_seconds, policy.backoff) == (60, Backoff(busy_seconds=7))
    anna, bo = policy.agents["anna"], policy.agents["bo"]
    assert (anna.extension, anna.device, anna.skills, anna.queues, anna.max_misses) == (
        "1001",
        "PJSIP/anna",
        {"meter": 2, "lang_zh": 1},
        ("billing", "faults"),
        3,
    )
    assert (bo.extension, bo.device, bo.wrapup_seconds, bo.max_misses) == ("0102", "PJSIP/phone7", 5, 0)


def test_targets_of_reports_and_alerts_are_a_queues_own_or_the_defaults(folder):
    change(folder, "queues", "strategy: most_skilled", "strategy: most_skilled, service_level_target: 0.8, short_abandon_seconds: 6")
    change(folder, "queues", "max_wait_seconds: 900", "service_level_target: 0.95\n    abandonment_target: 0.02")
    billing, faults = load_policy(folder).queues.values()
    assert (billing.service_level_target, billing.short_abandon_seconds, billing.abandonment_target) == (0.95, 6, 0.02)
    assert (faults.service_level_target, faults.short_abandon_seconds, faults.abandonment_target) == (0.8, 6, 0.05)


def test_agents_may_belong_to_teams(folder):
    change(folder, "agents", "agents:\n", TEAMS)
    change(folder, "agents", "label: Bo", "label: Bo\n    team: day")
    policy = load_policy(folder)
    assert policy.teams == {"day": Team("day", "白班", "Day", "anna")}
    assert [agent.team for agent in policy.agents.values()] == ["", "day"]


def test_a_team_of_nobody_is_a_warning(folder):
    change(folder, "agents", "agents:\n", TEAMS)
    assert [(str(finding.code), finding.severity) for finding in read_policy(folder).warnings] == [("team-nobody", Severity.WARNING)]


def test_the_demo_configuration_is_clean_and_complete():
    loaded = read_policy(DEMO)
    assert loaded.warnings == ()
    assert {name: tier.head_start_seconds for name, tier in loaded.policy.tiers.items()} == {
        "diamond": 300,
        "gold": 120,
        "silver": 45,
        "basic": 0,
    }
    assert list(loaded.policy.queues) == ["billing", "faults", "general"]
    agents = loaded.policy.agents
    assert [(a.name, a.extension, a.device) for a in agents.values()] == [
        (f"agent{n:02}", f"10{n:02}", f"PJSIP/agent{n:02}") for n in range(1, 11)
    ]
    for queue in loaded.policy.queues:
        for language in ("lang_zh", "lang_en"):
            assert any(queue in agent.queues and language in agent.skills for agent in agents.values())
    assert loaded.skills["lang_zh"].en == "Mandarin"


def test_the_reasons_to_pause(folder):
    assert load_policy(folder).may_pause("anything")
    change(folder, "agents", "agents:\n", REASONS)
    policy = load_policy(folder)
    assert policy.pause_reasons == {
        "break": PauseReason("break", "小休", "Break", 900),
        "training": PauseReason("training", "培训", "Training", 0, productive=True),
    }
    assert (policy.may_pause("break"), policy.may_pause("anything")) == (True, False)


def test_the_pause_by_phone_must_be_listed(folder):
    change(folder, "agents", "agents:\n", REASONS.replace("break:", "rest:"))
    places, (finding,) = mistakes(folder)
    assert places == ["agents.yaml:5:1 pause-by-phone"]
    assert "*46" in str(finding)
    assert "add break:" in str(finding)


@pytest.mark.parametrize(
    ("name", "old", "new", "found", "said"),
    [
        ("queues", "max_wait_seconds: 900", "max_wait_second: 900", "queues.yaml:10:5 unknown-key", 'mean "max_wait_seconds"'),
        ("queues", "max_wait_seconds: 900", "max_wait_seconds: -1", "queues.yaml:10:5 bad-value", "0 to 86400"),
        ("queues", "max_wait_seconds: 900", "max_wait_seconds: soon", "queues.yaml:10:5 bad-value", "longest wait, 0 for ever"),
        ("queues", "max_wait_seconds: 900", "strategy: most_skiled", "queues.yaml:10:5 unknown-strategy", 'mean "most_skilled"'),
        ("queues", "strategy: most_skilled", "strategy: luck", "queues.yaml:2:35 unknown-strategy", "longest_idle"),
        ("queues", "needs: {meter: 2}", "needs: {metre: 2}", "queues.yaml:6:13 unknown-skill", 'mean "meter"'),
        ("queues", "needs: {meter: 1}", "needs: {metre: 1}", "queues.yaml:8:37 unknown-skill", 'mean "meter"'),
        ("queues", "needs: {meter: 2}", "needs: {meter: 0}", "queues.yaml:6:13 bad-value", "levels from 1 to 100"),
        ("queues", "after_seconds: 60", "after_seconds: 20", "queues.yaml:9:10 ring-order", "growing after_seconds"),
        ("queues", "label: {zh: 电费, en: Billing}", "label: {zh: 电费}", "queues.yaml:5:5 missing-key", 'add "en:"'),
        ("queues", "  faults:\n", "  Faults!:\n", "queues.yaml:11:3 bad-name", "small letters"),
        ("queues", "max_wait_seconds: 900", "callback: {attempts: 0}", "queues.yaml:10:16 bad-value", "1 to 10"),
        ("queues", "max_wait_seconds: 900", "callback: {pauses: 3}", "queues.yaml:10:16 unknown-key", 'mean "pause_seconds"'),
        ("queues", "max_wait_seconds: 900", "service_level_target: 90", "queues.yaml:10:5 bad-value", "below 1"),
        ("queues", "max_wait_seconds: 900", "abandonment_target: 5%", "queues.yaml:10:5 bad-value", "abandoned at most"),
        ("queues", "max_wait_seconds: 900", "short_abandon_seconds: 61", "queues.yaml:10:5 bad-value", "0 to 60"),
        ("queues", "version: 1", "version: 2", "queues.yaml:1:1 bad-value", "right kind"),
        ("queues", "away_seconds: 60", "away_seconds: 60\n  away_seconds: 61", "queues.yaml:15:3 duplicate-key", "keep one"),
        ("queues", "{busy_seconds: 7}", "{busy_seconds: 1}", "queues.yaml:15:13 bad-value", "5 to 3600"),
        ("queues", "queues:\n", "queues: {}\nqueue:\n", "queues.yaml:3:1 bad-value", "at least one queue"),
        ("tiers", "head_start_seconds: 120", "headstart_seconds: 120", "tiers.yaml:5:5 unknown-key", "head_start_seconds"),
        ("tiers", "head_start_seconds: 120", "head_start_seconds: 120\n\tx: 1", "tiers.yaml:6:1 yaml-tab", "spaces"),
        ("agents", "skills: {meter: 2, lang_zh: 1}", "skills: {meter: 2, lang_hz: 1}", "agents.yaml:9:24 unknown-skill", 'mean "lang_zh"'),
        ("agents", "[billing, faults]", "[biling, faults]", "agents.yaml:10:14 unknown-queue", 'mean "billing"'),
        ("agents", "queues: [faults]", "queues: [faults, faults]", "agents.yaml:16:22 duplicate-queue", "keep one"),
        ("agents", 'extension: "0102"', 'extension: "1001"', "agents.yaml:13:5 duplicate-extension", "his own"),
        ("queues", "  billing:\n", "  billing:\n    extension: 1001\n", "queues.yaml:5:5 duplicate-extension", "its own"),
        ("agents", 'extension: "0102"', "extension: yes", "agents.yaml:13:5 bad-value", "2 to 8 digits"),
        ("agents", 'extension: "0102"', "extension: true", "agents.yaml:13:5 bad-value", "2 to 8 digits"),
        ("agents", "PJSIP/phone7", "PJSIP/anna", "agents.yaml:14:5 duplicate-device", "his own phone"),
        ("agents", "PJSIP/phone7", "Local/1@evil", "agents.yaml:14:5 bad-value", "endpoint's name"),
        ("agents", "agents:\n", REASONS.replace("900", "-1"), "agents.yaml:6:30 bad-value", "0 for no limit"),
        ("agents", "agents:\n", REASONS.replace("productive: true", "productive: much"), "agents.yaml:7:36 bad-value", "true when the agent works"),
        ("agents", "agents:\n", TEAMS.replace("leader: anna", "leader: ana"), "agents.yaml:6:26 unknown-leader", 'mean "anna"'),
        ("agents", "    max_misses: 0\n", "    max_misses: 0\n    team: night\n", "agents.yaml:19:5 unknown-team", "under teams:"),
        ("agents", "queues: [faults]", "queue: [faults]", "agents.yaml:16:5 unknown-key", 'mean "queues"'),
    ],
)  # fmt: skip
def test_each_mistake_has_its_place_and_cure(folder, name, old, new, found, said):
    change(folder, name, old, new)
    places, findings = mistakes(folder)
    assert found in places
    told = next(f for f, place in zip(findings, places, strict=True) if place == found)
    assert said in str(told)


def test_all_mistakes_of_all_files_are_told_at_once(folder):
    change(folder, "queues", "needs: {meter: 2}", "needs: {metre: 2}")
    change(folder, "queues", "most_skilled", "fairest")
    change(folder, "tiers", "120", "many")
    change(folder, "agents", "[billing, faults]", "[bills, faults]")
    assert mistakes(folder)[0] == [
        "agents.yaml:10:14 unknown-queue",
        "queues.yaml:2:35 unknown-strategy",
        "queues.yaml:4:3 queue-nobody",
        "tiers.yaml:5:5 bad-value",
    ]


def test_missing_and_unreadable_files_are_findings(folder):
    (folder / "tiers.yaml").unlink()
    (folder / "agents.yaml").write_bytes(b"\xff\xfe\x00")
    places, findings = mistakes(folder)
    assert places == ["agents.yaml:1:1 unreadable", "tiers.yaml:1:1 unreadable"]
    assert "No such file" in str(findings[1])


def test_what_is_odd_but_usable_is_a_warning(folder):
    change(folder, "queues", "needs: {meter: 2}", "needs: {lang_zh: 2}")
    change(folder, "queues", "needs: {meter: 1}", "needs: {lang_zh: 1}")
    change(folder, "agents", "queues: [faults]", "queues: []")
    change(folder, "agents", "[billing, faults]", "[billing]")
    loaded = read_policy(folder)
    assert [(f.line, f.column, f.code, f.severity) for f in loaded.warnings] == [
        (6, 13, "skill-nobody", Severity.WARNING),
        (11, 3, "queue-nobody", Severity.WARNING),
    ]
    assert loaded.policy.queues["billing"].needs == (SkillNeed("lang_zh", 2),)


def test_a_plan_for_callbacks_must_be_in_the_hours(folder):
    change(folder, "queues", "max_wait_seconds: 900", "callback: {plan: offise, attempts: 2}")
    loaded = read_policy(folder)
    assert [queue.callback.attempts for queue in loaded.policy.queues.values() if queue.callback] == [2]
    (finding,) = missing_plans(loaded.plans, ["office"])
    assert (finding.line, finding.column, finding.code) == (10, 16, "unknown-plan")
    assert "office" in finding.cure
    assert list(missing_plans(loaded.plans, ["offise"])) == []
