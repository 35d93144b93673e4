"""The generated dashboards: what is shipped is what the demo's configuration gives, and every question in them is one."""

import json
import re
from pathlib import Path

import promql_parser
import pytest
from typer.testing import CliRunner

from acd.config import Policy, Queue, Tier
from cti.cli.main import build_app
from cti.config import load_policy
from cti.monitoring.grafana import Language, dashboards
from cti.monitoring.rules import groups
from tests.support.promql import selected

PROJECT = Path(__file__).parents[3]
SHIPPED = PROJECT / "deploy" / "grafana" / "provisioning" / "dashboards"
DEMO = load_policy(PROJECT / "config")
BOARDS = {name: json.loads(text) for name, text in dashboards(DEMO).items()}
NAMES = ("hotline-floor.json", "hotline-queues.json", "hotline-ivr.json", "hotline-health.json")


def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def asked(expression):
    """As Grafana would ask it."""
    return re.sub(r"\$(queue|tier|flow|backend)", ".*", expression.replace("$__rate_interval", "1m").replace("$__range", "1h"))


def questions(board):
    return [asked(target["expr"]) for panel in panels(board) for target in panel["targets"]]


def test_there_are_four_and_they_are_the_shipped_ones():
    assert tuple(BOARDS) == NAMES
    assert {path.name: path.read_text(encoding="utf-8") for path in SHIPPED.glob("*.json")} == dashboards(DEMO), (
        "the files in deploy/ are old: hotline dashboards export -o deploy/grafana/provisioning/dashboards"
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_question_is_promql(name):
    assert len(questions(BOARDS[name])) > 15
    for expression in questions(BOARDS[name]):
        assert "$" not in expression
        promql_parser.parse(expression)


@pytest.mark.parametrize("name", NAMES)
def test_ids_and_places_are_whole(name):
    board = BOARDS[name]
    assert board["uid"] == name.removesuffix(".json")
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in board["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)  # nothing lies upon another
    assert max(x for x, _ in cells) < 24
    for panel in panels(board):
        refs = [target["refId"] for target in panel["targets"]]
        assert refs == [chr(ord("A") + number) for number in range(len(refs))], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None


@pytest.mark.parametrize("name", NAMES)
def test_what_a_question_chooses_by_can_be_chosen(name):
    board = BOARDS[name]
    known = {variable["name"] for variable in board["templating"]["list"]}
    used = set(re.findall(r"\$(\w+)", " ".join(target["expr"] for panel in panels(board) for target in panel["targets"])))
    assert {word for word in used if not word.startswith("__")} <= known
    for variable in board["templating"]["list"]:
        assert variable["type"] == "datasource" or re.fullmatch(r"label_values\((\w+), \w+\)", variable["query"]["query"])


def test_the_same_panel_keeps_its_id_when_others_come(monkeypatch):
    from cti.monitoring.grafana import export
    from cti.monitoring.grafana.model import Row

    before = {panel["title"]: panel["id"] for panel in BOARDS["hotline-ivr.json"]["panels"]}
    whole = export.ivr()
    fewer = whole.__class__(whole.uid, whole.title, whole.about, whole.variables, (whole.rows[1], Row(whole.rows[0].title, whole.rows[0].panels[2:])))
    monkeypatch.setattr(export, "ivr", lambda: fewer)
    after = {panel["title"]: panel["id"] for panel in json.loads(dashboards(DEMO)["hotline-ivr.json"])["panels"]}
    assert after.items() <= before.items()


def test_names_and_thresholds_are_the_configurations():
    policy = Policy(
        queues={"cards": Queue("cards", label_zh="银行卡", label_en="Cards", service_level_seconds=15, service_level_target=0.7, abandonment_target=0.03, max_wait_seconds=120)},
        tiers={"vip": Tier("vip", 0, "贵宾", "VIP")}, agents={},
    )  # fmt: skip
    floor = {panel["title"]: panel for panel in panels(json.loads(dashboards(policy, Language.EN)["hotline-floor.json"]))}
    (level,) = floor["Service level, last 15 minutes"]["fieldConfig"]["overrides"]
    assert level["matcher"] == {"id": "byName", "options": "cards"}
    assert {"id": "displayName", "value": "Cards"} in level["properties"]
    assert level["properties"][1]["value"]["steps"] == [
        {"value": None, "color": "red"}, {"value": 0.7, "color": "yellow"}, {"value": 0.85, "color": "green"},
    ]  # fmt: skip
    (wait,) = floor["Longest wait"]["fieldConfig"]["overrides"]
    assert [step["value"] for step in wait["properties"][1]["value"]["steps"]] == [None, 15, 60]
    (tier,) = floor["Waiting by tier"]["fieldConfig"]["overrides"]
    assert tier["properties"] == [{"id": "displayName", "value": "VIP"}]


def test_each_language_and_both():
    titles = {language: json.loads(dashboards(DEMO, language)["hotline-floor.json"])["title"] for language in Language}
    assert titles == {Language.EN: "Hotline: live floor", Language.ZH: "热线：现场", Language.BOTH: "Hotline: live floor · 热线：现场"}
    for name, text in dashboards(DEMO, Language.ZH).items():
        headings = [panel["title"] for panel in json.loads(text)["panels"]]
        assert not [heading for heading in headings if not re.search(r"[一-鿿]", heading) and heading not in {"CPU", "Asterisk"}], name


def test_recorded_figures_that_are_asked_for_are_recorded():
    recorded = {rule["record"] for group in groups(DEMO) for rule in group["rules"] if "record" in rule}
    wanted = {name for board in BOARDS.values() for expression in questions(board) for name, _ in selected(expression) if ":" in name}
    assert len(wanted) > 15
    assert wanted <= recorded


def test_the_command_writes_them_and_refuses_bad_input(tmp_path):
    run = CliRunner().invoke(build_app(), ["dashboards", "export", "--config-dir", str(PROJECT / "config"), "-o", str(tmp_path / "new" / "folder"), "--lang", "en"])
    assert run.exit_code == 0, run.output
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "new" / "folder").iterdir()} == dashboards(DEMO, Language.EN)
    (tmp_path / "file").write_text("", encoding="utf-8")
    run = CliRunner().invoke(build_app(), ["dashboards", "export", "--config-dir", str(PROJECT / "config"), "-o", str(tmp_path / "file")])
    assert run.exit_code == 2
    assert "Name a folder" in run.output
