"""Every panel, choice and rule of the shipped dashboards and rules, asked of a real Prometheus that scrapes a working hotline with callers on it."""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import yaml

from tests.rig.agents import Behaviour
from tests.rig.demo import HOTLINE, customers, demo_hotline
from tests.rig.lines import ask, log_in
from tests.rig.listener import Caller
from tests.rig.load import Plan, run_load
from tests.rig.prometheus import Prometheus
from tests.rig.server import PROJECT
from tests.rig.stages import fresh_numbers
from tests.rig.waiting import Deadline, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.rig.load import Script
    from tests.rig.prometheus import Answer
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(400)]

DASHBOARDS = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted((PROJECT / "deploy/grafana/provisioning/dashboards").glob("*.json"))}
RULES = PROJECT / "deploy/prometheus/hotline.rules.yml"
TALKS = Behaviour(answer_after=0.2, talk=9.0)  # the whisper included
WITHIN_SECONDS = 120.0
SLOW = 60.0


# ---- callers: one of each kind, and so many for two agents that one waits until a forecast is made for him


def looks_up() -> Script:
    async def script(caller: Caller) -> None:
        await caller.heard("main/menu-1", SLOW)
        await caller.press("1")
        await caller.heard("balance/owing_until-1", SLOW)
        await caller.press("#")

    return script


def talks() -> Script:
    async def script(caller: Caller) -> None:
        await caller.heard("main/ask_language-1", SLOW)
        await caller.press("103")
        await caller.heard("survey/ask-1", WITHIN_SECONDS)
        await caller.press("4")

    return script


def loses_patience() -> Script:
    async def script(caller: Caller) -> None:
        await caller.heard("main/ask_language-1", SLOW)
        await caller.press("102")  # faults: nobody is there
        await caller.heard("phrases/please-hold", SLOW)
        await caller.hangup()

    return script


def hangs_up_in_the_menu() -> Script:
    async def script(caller: Caller) -> None:
        await caller.heard("main/ask_language-1", SLOW)
        await caller.hangup()

    return script


def plans() -> list[Plan]:
    kinds = [talks, talks, talks, looks_up, loses_patience, hangs_up_in_the_menu]
    owing = next(number for number, customer in customers().items() if customer.balance_cents > 0)
    numbers = [owing if kind is looks_up else number for kind, number in zip(kinds, fresh_numbers(len(kinds)), strict=True)]
    return [Plan(number, HOTLINE, kind(), kind.__name__) for kind, number in zip(kinds, numbers, strict=True)]


# ---- what is asked


def quick_rules(folder: Path) -> Path:
    """The shipped rules, judged each second instead of each minute, and the alert about the server's end raised at once."""
    document = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    for group in document["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            if rule.get("alert") == "HotlineServerGone":
                rule["for"] = "1s"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quick.rules.yml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return folder / "quick.rules.yml"


def asked(expression: str) -> str:
    """As Grafana asks with everything chosen."""
    return re.sub(r"\$(queue|tier|flow|backend)", ".*", expression.replace("$__rate_interval", "30s").replace("$__range", "10m"))


def panels() -> Iterator[tuple[str, str]]:
    """(where, expression) of every question."""
    for name, board in DASHBOARDS.items():
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                yield f"{name}: {panel['title']} {target['refId']}", asked(target["expr"])


def figures() -> Iterator[tuple[str, str]]:
    """Every recording rule."""
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            if "record" in rule:
                yield rule["record"], rule["record"]


def any_finite(answer: Answer) -> bool:
    return any(math.isfinite(value) for value in answer.values())


async def silent(prometheus: Prometheus, questions: list[tuple[str, str]]) -> list[str]:
    """Which of these have no finite figure, each given time until its next evaluation."""

    async def answers() -> list[str]:
        found = [(where, await prometheus.ask(expression)) for where, expression in questions]
        return [f"{where} gave {answer}" for where, answer in found if not any_finite(answer)]

    last: list[str] = []

    async def none_silent() -> bool:
        last[:] = await answers()
        return not last

    with contextlib.suppress(Deadline):  # the caller tells which
        await eventually(none_silent, 30, "every question has a finite answer", every=0.5)
    return last


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(site: Site) -> AsyncIterator[HotlineServer]:
    await site.clear()
    async with demo_hotline(site) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def prometheus(site: Site, hotline: HotlineServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Prometheus]:
    """A Prometheus that has watched six callers."""
    folder = tmp_path_factory.mktemp("prometheus")
    async with Prometheus(folder, int(hotline.settings["http"]["port"]), rules=[quick_rules(folder / "rules")]) as prometheus:
        await prometheus.eventually("hotline_build_info", bool)
        async with site.agents("agent01", "agent02", behaviour=TALKS):
            await log_in(hotline, "agent01", "agent02")
            outcomes = await run_load(site.rig, plans(), rate=2, within=WITHIN_SECONDS)
            assert [(outcome.plan.name, outcome.error, outcome.heard) for outcome in outcomes if outcome.error] == []
            await site.asterisk.no_channels(30)
            for agent in ("agent01", "agent02"):
                await ask(hotline, agent, "ready")
            ended = "sum(hotline_calls_by_outcome_total) == 6 and sum(hotline_wrapup_seconds_count) == 3"
            await prometheus.eventually(ended, bool)
            yield prometheus


async def test_every_panel_has_figures(prometheus: Prometheus) -> None:
    questions = list(panels())
    assert len(questions) > 120
    assert await silent(prometheus, questions) == []


async def test_every_choice_offers_what_is_configured(prometheus: Prometheus) -> None:
    offered: dict[str, set[str]] = {}
    for board in DASHBOARDS.values():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"]).groups()  # type: ignore[union-attr]
                offered[variable["name"]] = set(await prometheus.api(f"label/{label}/values", **{"match[]": metric}))
    assert offered["queue"] == {"billing", "faults", "general"}
    assert offered["tier"] == {"basic", "silver", "gold", "diamond"}
    assert {"main", "balance", "agent", "survey"} <= offered["flow"]
    assert {"accounts", "tickets"} <= offered["backend"]


async def test_every_recorded_figure_is_there_and_every_rule_is_well(prometheus: Prometheus) -> None:
    questions = list(figures())
    assert len(questions) > 250
    assert await silent(prometheus, questions) == []
    groups: list[dict[str, Any]] = (await prometheus.api("rules"))["groups"]
    assert [f"{rule['name']}: {rule['lastError']}" for group in groups for rule in group["rules"] if rule["health"] != "ok"] == []
    kinds = [rule["type"] for group in groups for rule in group["rules"]]
    assert kinds.count("alerting") == 21


async def test_the_figures_are_those_of_the_callers(prometheus: Prometheus) -> None:
    """Three of general talked and gave marks of four, one of faults hung up; one of the six was served by the menu, one left it."""
    counted = {
        "round(hotline_queue:answered:increase1h)": {"billing": 0.0, "faults": 0.0, "general": 3.0},
        "round(hotline_queue:abandoned:increase1h)": {"billing": 0.0, "faults": 1.0, "general": 0.0},
        "hotline_queue:satisfaction_average:mark1h": {"general": 4.0},
        "hotline_queue:answered_rate:ratio1h": {"faults": 0.0, "general": 1.0},
    }
    for expression, wanted in counted.items():  # recorded a moment after the counters are there
        await prometheus.eventually(expression, lambda answer, wanted=wanted: {dict(labels)["queue"]: value for labels, value in answer.items()} == pytest.approx(wanted, abs=1e-6))
    for name in ("containment", "loss_rate_connected"):
        await prometheus.eventually(f"hotline:{name}:ratio1h", lambda answer: list(answer.values()) == pytest.approx([1 / 6]))


async def test_the_server_and_prometheus_raise_the_same_alert(site: Site, prometheus: Prometheus, hotline: HotlineServer) -> None:
    """A caller hides lines of an AMI event in his number; he is ignored, and told of on the board, in the log and by Prometheus."""
    hidden = "1" + "".join(f"%{ord(char):02x}" for char in "\r\nUniqueid: 1.1\r\nChannel: PJSIP/trunk-00000001")
    async with Caller.call(site.rig, HOTLINE, hidden) as caller:
        await caller.heard("main/ask_language-*", SLOW)
        await caller.hangup()

    async def on_board() -> list[dict[str, Any]]:
        alerts = (await hotline.api("GET", "/api/board")).body["alerts"]
        return [alert for alert in alerts if alert["name"] == "HotlineForgedEvents"]

    (told,) = await eventually(on_board, 20, "the server's own alert")
    standing = await prometheus.eventually('ALERTS{alertname="HotlineForgedEvents",alertstate="firing"}', bool)
    assert {dict(labels)["severity"] for labels in standing} == {told["severity"]} == {"warning"}
    assert "伪造" in told["summary"]["zh"]
    assert [line["alert"] for line in hotline.logs("alert_raised")].count("HotlineForgedEvents") == 1
    listed = await prometheus.ask(asked(next(target for where, target in panels() if "Which" in where)))
    assert "HotlineForgedEvents" in {dict(labels).get("alertname") for labels in listed}


async def test_a_server_that_is_gone_is_alarmed(prometheus: Prometheus, hotline: HotlineServer) -> None:
    await hotline.stop()
    standing = await prometheus.eventually('ALERTS{alertname="HotlineServerGone",alertstate="firing"}', bool)
    assert {dict(labels)["severity"] for labels in standing} == {"critical"}
