"""The generated rules: what is shipped, which key figures they have and why some they have not, names, and the command."""

import json
import re
from pathlib import Path

import promql_parser
import pytest
import yaml
from typer.testing import CliRunner

from acd.config import Policy, Queue
from cti.cli.main import build_app
from cti.config import load_policy
from cti.kpi import KPIS
from cti.metrics.catalogue import DEFINITIONS as CATALOGUE
from cti.metrics.catalogue import Kind
from cti.monitoring.catalogue import DEFINITIONS
from cti.monitoring.grafana import dashboards
from cti.monitoring.page import page
from cti.monitoring.promql import FORMULAS, Level, counts, expression, record
from cti.monitoring.rules import groups, rule_file
from tests.support.promql import selected

PROJECT = Path(__file__).parents[3]
DEMO = load_policy(PROJECT / "config")


def test_the_shipped_file_is_the_demos():
    shipped = PROJECT / "deploy" / "prometheus" / "hotline.rules.yml"
    assert shipped.read_text(encoding="utf-8") == rule_file(DEMO), "it is old: hotline rules export -o deploy/prometheus/hotline.rules.yml"


def test_the_page_about_alerts_is_up_to_date():
    assert (PROJECT / "docs" / "alerts.md").read_text(encoding="utf-8") == page(), "it is old: python -m cti.monitoring.page > docs/alerts.md"


def test_every_key_figure_has_its_question_or_a_reason_at_every_level():
    assert set(FORMULAS) == {kpi.name for kpi in KPIS}
    for name, formula in FORMULAS.items():
        assert formula.levels == tuple(Level) or formula.why, name
        for level in Level:
            if level in formula.levels:
                promql_parser.parse(expression(name, level, "15m", DEMO))
            else:
                with pytest.raises(KeyError, match=formula.why):
                    expression(name, level, "15m", DEMO)


def test_every_rule_is_promql_and_no_two_have_one_name_and_labels():
    seen = set()
    for group in groups(DEMO):
        for rule in group["rules"]:
            promql_parser.parse(rule["expr"])
            key = (rule.get("record") or rule["alert"], tuple(sorted(rule["labels"].items())) if "record" in rule and "labels" in rule else ())
            assert key not in seen
            seen.add(key)


def test_names_tell_level_figure_and_window():
    assert record("sl_offered", Level.ALL, "15m") == "hotline:sl_offered:ratio15m"
    assert record("asa", Level.QUEUE, "1h") == "hotline_queue:asa:seconds1h"
    assert record("offered", Level.QUEUE_TIER, "1d") == "hotline_queue_tier:offered:increase1d"


def test_queues_with_other_limits_are_asked_with_their_own_buckets():
    policy = Policy(queues={"a": Queue("a", service_level_seconds=10), "b": Queue("b", service_level_seconds=30), "c": Queue("c", service_level_seconds=10, short_abandon_seconds=0)}, tiers={}, agents={})
    (in_time,) = (count.question("1h") for count in counts(policy) if count.name == "calls_answered_in_time")
    assert in_time == (
        'sum by (queue, tier) (increase(hotline_queue_wait_seconds_bucket{queue=~"a|c",outcome="answered",le="10.0"}[1h]))'
        ' or sum by (queue, tier) (increase(hotline_queue_wait_seconds_bucket{queue=~"b",outcome="answered",le="30.0"}[1h]))'
    )
    (short,) = (count.question("1h") for count in counts(policy) if count.name == "calls_short_abandoned")
    assert '0 * sum by (queue, tier) (increase(hotline_queue_wait_seconds_count{queue=~"c",outcome="abandoned"}[1h]))' in short


def test_every_alert_has_a_rule_with_words_in_both_languages_and_a_way_to_its_page():
    (alerts,) = (group["rules"] for group in groups(DEMO, job="h2", runbooks="https://docs.example/alerts.md") if group["name"] == "hotline-alerts")
    assert [rule["alert"] for rule in alerts] == [alert.name for alert in DEFINITIONS]
    headings = {line[3:].lower() for line in page().splitlines() if line.startswith("## ")}
    for rule in alerts:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert set(rule["annotations"]) == {"summary", "summary_zh", "description", "description_zh", "runbook_url"}
        address, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert address == "https://docs.example/alerts.md"
        assert anchor in headings
    gone = next(rule for rule in alerts if rule["alert"] == "HotlineServerGone")
    assert gone["expr"] == 'up{job="h2"} == 0 or absent(up{job="h2"})'


def test_the_command_prints_or_writes_them_and_refuses_bad_input(tmp_path):
    run = CliRunner().invoke(build_app(), ["rules", "export", "--config-dir", str(PROJECT / "config")])
    assert (run.exit_code, run.output) == (0, rule_file(DEMO))
    run = CliRunner().invoke(build_app(), ["rules", "export", "--config-dir", str(PROJECT / "config" / "examples" / "telecom"), "-o", str(tmp_path / "r.yml")])
    assert run.exit_code == 0
    written = yaml.safe_load((tmp_path / "r.yml").read_text(encoding="utf-8"))
    targets = {rule["labels"]["queue"]: rule["expr"] for rule in written["groups"][0]["rules"] if rule["record"] == "hotline_queue:service_level_target:config"}
    assert targets["broadband"] == "vector(0.8)"
    run = CliRunner().invoke(build_app(), ["rules", "export", "--config-dir", str(PROJECT / "config"), "-o", str(tmp_path / "no" / "r.yml")])
    assert (run.exit_code, "Name a file" in run.output) == (2, True)
    (tmp_path / "queues.yaml").write_text("version: 1\nqueues: {}\n", encoding="utf-8")
    run = CliRunner().invoke(build_app(), ["rules", "export", "--config-dir", str(tmp_path)])
    assert run.exit_code == 2
    assert "queues.yaml:2:1" in run.output


METRICS = {definition.name: definition for definition in CATALOGUE}
OTHERS = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate"}}
OTHERS |= {name: {"job", "instance"} for name in ("scrape_duration_seconds", "scrape_samples_scraped", "process_cpu_seconds_total", "process_resident_memory_bytes")}
#: hotline_calls_by_outcome_total tells more than the first; that a change was refused shows in hotline_…_broken
UNSEEN = {"hotline_calls_ended_total", "hotline_flow_reloads_total", "hotline_policy_reloads_total"}


def expressions():
    yield from (rule["expr"] for group in groups(DEMO) for rule in group["rules"])
    for text in dashboards(DEMO).values():
        for panel in json.loads(text)["panels"]:
            yield from (re.sub(r"\$(\w+)", "1m", target["expr"]) for target in panel.get("targets", ()))


def test_what_is_asked_for_is_a_metric_of_the_server_with_the_labels_it_has():
    recorded = {rule["record"] for group in groups(DEMO) for rule in group["rules"] if "record" in rule}
    asked = [(name, labels) for expression in expressions() for name, labels in selected(expression)]
    for name, labels in asked:
        definition = METRICS.get(name) or METRICS.get(re.sub(r"_(bucket|sum|count)$", "", name))
        assert definition or name in OTHERS or name in recorded, name
        if definition is not None:
            assert labels <= {*definition.labels, "le"}, (name, labels)
            assert name == definition.name or definition.kind is Kind.HISTOGRAM, name
    # what the server tells is shown or judged somewhere
    seen = {re.sub(r"_(bucket|sum|count)$", "", name) if name not in METRICS else name for name, _ in asked}
    assert METRICS.keys() - seen == UNSEEN, "show it on a dashboard (cti/monitoring/grafana/), or say in UNSEEN why not"
