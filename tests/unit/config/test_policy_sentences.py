"""A policy said in sentences."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from acd.config import Agent, HeadStartRule, Policy, Queue, Ring, Seats, SkillNeed, Tier
from acd.sentences import sentences
from acd.states import AgentState
from cti.cli.main import build_app

CONFIG = str(Path(__file__).parents[3] / "config")
POLICY = Policy(
    {
        "billing": Queue(
            "billing",
            needs=(SkillNeed("billing", 2), SkillNeed("patience", 1)),
            rings=(Ring(20, (SkillNeed("billing", 1),)), Ring(90)),
            bonus_seconds=60,
            seats=(Seats("desk", ("diamond", "gold"), only=True), Seats("vip", ("gold",))),
            guarantee_seconds=500,
            last_agent_wait_seconds=15,
            max_length=20,
            overflow="general",
            empty_when=frozenset({AgentState.PAUSED, AgentState.LOGGED_OUT}),
            ring_at_once=3,
        ),
        "general": Queue("general", max_wait_seconds=0),
    },
    {"basic": Tier("basic"), "gold": Tier("gold", 120), "diamond": Tier("diamond", 300)},
    {"bo": Agent("bo", queues=("billing",), queue_bonus_seconds={"billing": 30})},
    grades={"5A": "diamond"},
    head_starts=(
        HeadStartRule("key_person", 40, equals=True),
        HeadStartRule("credit", 10, at_least=700),
        HeadStartRule("tag", 5),
    ),
)


def test_every_rule_is_said_in_english():
    assert sentences(POLICY, "en") == [
        "The caller with the highest score goes first: seconds waited + head start.",
        "Tier diamond: 300 s head start.",
        "Tier gold: 120 s head start.",
        "Tier basic: 0 s head start.",
        "A diamond caller passes a gold caller only if he came less than 180 s later.",
        "A gold caller passes a basic caller only if he came less than 120 s later.",
        "Grade 5A counts as diamond.",
        "key_person = true: 40 s more.",
        "credit of 700 or more: 10 s more.",
        "tag known: 5 s more.",
        "Who hung up and rings again within 60 s stands where he stood.",
        "Queue billing:",
        "  All its callers have 60 s more.",
        "  First its agents with billing at level 2 or more and patience at level 1 or more are asked.",
        "  After 20 s its agents with billing at level 1 or more.",
        "  After 90 s all agents of the queue.",
        "  Of several who are free: longest_idle.",
        "  For one caller up to 3 phones ring at once; the first to answer gets him.",
        "  Agents with desk serve only diamond, gold.",
        "  Agents with vip serve gold before anybody else.",
        "  Who asks for an agent he knows waits 15 s for him, if he is at work; then for anybody.",
        "  Who has waited 500 s goes before all who have waited less, the oldest first.",
        "  After 900 s in this queue: queue general, with the same age.",
        "  With 20 callers in line newcomers go on: queue general, with the same age.",
        "  With all agents logged_out, paused for 30 s callers go on: queue general, with the same age.",
        "Queue general:",
        "  First all agents of the queue are asked.",
        "  Of several who are free: longest_idle.",
        "  Nobody is let out because of his wait.",
        "For agent bo a call of billing counts 30 s more.",
    ]


def test_chinese_says_as_much_as_english():
    english, chinese = sentences(POLICY, "en"), sentences(POLICY, "zh")
    assert len(chinese) == len(english)
    assert "钻石" not in chinese[1]  # names are those of the files
    assert chinese[4] == "diamond 客户只有在比 gold 客户晚到不足 180 秒时才会排到他前面。"
    assert chinese[13] == "  首先找billing 不低于 2 级且patience 不低于 1 级的坐席。"


@pytest.mark.parametrize(("lang", "said"), [("en", "After 90 s all agents of the queue."), ("zh", "90 秒后找本队列任意坐席。")])
def test_the_command_tells_the_demos_rules(lang, said):
    result = CliRunner().invoke(build_app(), ["policy", "rules", "--config", CONFIG, "--lang", lang])
    assert result.exit_code == 0
    assert said in result.output


def test_the_command_refuses_what_cannot_hold(tmp_path):
    for name in ("queues", "tiers", "agents"):
        text = (Path(CONFIG) / f"{name}.yaml").read_text(encoding="utf-8")
        (tmp_path / f"{name}.yaml").write_text(text.replace("max_wait_seconds: 600 ", "guarantee_seconds: 60 "), encoding="utf-8")
    result = CliRunner().invoke(build_app(), ["policy", "rules", "--config", str(tmp_path)])
    assert result.exit_code == 2
    assert "queues.yaml" in result.stderr
    assert "guarantee-impossible" in result.stderr
