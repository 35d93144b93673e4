"""The generated rules before promtool: each key figure equals the records' definition of it, each alert comes when it must and not before."""

import json
import re
from dataclasses import dataclass, field

import pytest
import yaml

from acd.config import Agent, Policy, Queue, Tier
from acd.facts import Outcome
from cti.kpi import KPIS, AgentTally, CallTally, Figures, LegTally, kpi
from cti.monitoring import catalogue
from cti.monitoring.catalogue import DEFINITIONS, Definition
from cti.monitoring.promql import FORMULAS, WINDOWS, Level, record
from cti.monitoring.rules import rule_file
from tests.rig.prometheus import promtool
from tests.rig.server import PROJECT

pytestmark = [pytest.mark.asyncio, pytest.mark.acceptance]

BILLING = Queue("billing", label_zh="电费", label_en="Billing", service_level_seconds=20, service_level_target=0.8, short_abandon_seconds=5, max_wait_seconds=600)
FAULTS = Queue("faults", label_zh="故障", label_en="Faults", service_level_seconds=30, service_level_target=0.9, short_abandon_seconds=0, abandonment_target=0.1)
POLICY = Policy(queues={"billing": BILLING, "faults": FAULTS}, tiers={"basic": Tier("basic"), "gold": Tier("gold")}, agents={"anna": Agent("anna", queues=("billing",))})


# ---- key figures: a day of even traffic, a different number of each kind in each line, so that no two sums are equal

LINES = {
    ("billing", "basic"): LegTally(
        offered=40, answered=20, answered_in_time=13, abandoned=9, abandoned_in_time=4, short_abandoned=2, flow_outs=7, left_in_time=22,
        wait_ms=990_000, answered_wait_ms=370_000, abandoned_wait_ms=210_000, talk_ms=2_400_000, wrapup_ms=200_000,
    ),
    ("billing", "gold"): LegTally(
        offered=17, answered=16, answered_in_time=15, abandoned=1, abandoned_in_time=1, short_abandoned=1, left_in_time=16,
        wait_ms=120_000, answered_wait_ms=117_000, abandoned_wait_ms=3_000, talk_ms=1_500_000, wrapup_ms=90_000,
    ),
    ("faults", "basic"): LegTally(
        offered=70, answered=50, answered_in_time=31, abandoned=12, abandoned_in_time=5, short_abandoned=0, flow_outs=6, left_in_time=38,
        wait_ms=2_100_000, answered_wait_ms=1_300_000, abandoned_wait_ms=450_000, talk_ms=9_000_000, wrapup_ms=1_000_000,
    ),
    ("faults", "gold"): LegTally(),  # nobody: no sample, and no NaN
}  # fmt: skip
MARKS = {"billing": {2: 3, 4: 2, 5: 6}, "faults": {1: 4, 3: 5, 5: 1}}
AGENTS = {
    "": AgentTally(ready=60_000, offered=3_000, connecting=2_000, cancelling=1_000, talking=120_000, wrap_up=24_000, paused=30_000, backoff=4_000),
    "billing": AgentTally(ready=40_000, offered=2_000, connecting=1_000, talking=70_000, wrap_up=9_000, paused=25_000),
    "faults": AgentTally(ready=50_000, offered=1_000, talking=80_000, wrap_up=15_000, paused=30_000, backoff=4_000),
}
CALLS = CallTally(connected=300, self_service=120, unserved=24)


def counter(name, slope, **labels):
    """A counter that grows by so much each minute, for a day and a half."""
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{inner}}}" if inner else name, "values": f"0+{slope:g}x2160"}


def waits(tally, queue, tier):
    """What the server's page says of such a line."""
    limits = POLICY.queues[queue]
    others = tally.offered - tally.answered - tally.abandoned
    late = tally.left_in_time - tally.answered_in_time - tally.abandoned_in_time
    sums = (tally.answered_wait_ms, tally.abandoned_wait_ms, tally.wait_ms - tally.answered_wait_ms - tally.abandoned_wait_ms)
    for outcome, number, in_time, short, wait_ms in (
        ("answered", tally.answered, tally.answered_in_time, 0, sums[0]),
        ("abandoned", tally.abandoned, tally.abandoned_in_time, tally.short_abandoned, sums[1]),
        ("other", others, late, 0, sums[2]),
    ):
        line = {"queue": queue, "tier": tier, "outcome": outcome}
        yield counter("hotline_queue_wait_seconds_count", number, **line)
        yield counter("hotline_queue_wait_seconds_sum", wait_ms / 1000, **line)
        yield counter("hotline_queue_wait_seconds_bucket", in_time, **line, le=str(float(limits.service_level_seconds)))
        yield counter("hotline_queue_wait_seconds_bucket", short, **line, le="5.0")
        yield counter("hotline_queue_wait_seconds_bucket", number, **line, le="+Inf")


def page():
    """The counters of a server on which all this happens each minute."""
    for (queue, tier), tally in LINES.items():
        line = {"queue": queue, "tier": tier}
        yield from waits(tally, queue, tier)
        yield counter("hotline_queue_calls_ended_total", tally.answered, **line, outcome="answered")
        for outcome in (Outcome.OVERFLOWED, Outcome.CALLBACK):
            yield counter("hotline_queue_calls_ended_total", tally.flow_outs / 2, **line, outcome=outcome.value)
        yield counter("hotline_queue_calls_ended_total", 1, **line, outcome="lost")  # an end that is no flow-out
        yield counter("hotline_talk_seconds_count", tally.answered, **line)
        yield counter("hotline_talk_seconds_sum", tally.talk_ms / 1000, **line)
        yield counter("hotline_wrapup_seconds_sum", tally.wrapup_ms / 1000, **line)
    for queue, marks in MARKS.items():
        for mark in range(1, 6):
            yield counter("hotline_survey_scores_total", marks.get(mark, 0), queue=queue, score=mark)
    for queue, tally in AGENTS.items():
        name, labels = ("hotline_queue_agent_state_seconds_total", {"queue": queue}) if queue else ("hotline_agent_state_seconds_total", {})
        for state in ("ready", "offered", "connecting", "cancelling", "talking", "wrap_up", "paused", "backoff"):
            yield counter(name, getattr(tally, state) / 1000, **labels, state=state)
        yield counter(name, 500, **labels, state="logged_out")
    yield counter("hotline_calls_lost_total", CALLS.unserved)
    for outcome, number in (("self_service", CALLS.self_service), ("answered", CALLS.connected - CALLS.self_service)):
        yield counter("hotline_calls_by_outcome_total", number, outcome=outcome)


def added(tallies):
    total = LegTally()
    for tally in tallies:
        total.merge(tally)
    return total


def figures(level):
    """What the records would say: (labels, sums) of every series of a level."""
    if level is Level.QUEUE_TIER:
        return [({"queue": queue, "tier": tier}, Figures(added([tally]))) for (queue, tier), tally in LINES.items()]
    names = ("billing", "faults")
    legs = {name: added(tally for (queue, _), tally in LINES.items() if queue == name) for name in names}
    for name in names:
        given = MARKS[name]
        legs[name].scores, legs[name].score_sum = sum(given.values()), sum(mark * number for mark, number in given.items())
        legs[name].good_scores = given.get(4, 0) + given.get(5, 0)
    if level is Level.QUEUE:
        return [({"queue": name}, Figures(legs[name], agents=AGENTS[name])) for name in names]
    return [({}, Figures(added(legs.values()), CALLS, AGENTS[""]))]


MINUTES = {"15m": 15, "1h": 60, "1d": 1440}


def expected(name, level, window):
    """The samples that a rule must have."""
    found = ((labels, kpi(name).of(sums)) for labels, sums in figures(level))
    each_minute = MINUTES[window] if kpi(name).unit.value == "count" else 1
    rule = record(name, level, window)
    return [
        {"labels": rule + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}", "value": value * each_minute}
        for labels, value in found if value is not None
    ]  # fmt: skip


async def proven(folder, tests, *, only_for_alerts=False, **options):
    """Have promtool run tests against the generated rules."""
    text = rule_file(POLICY)
    (folder / "rules.yml").write_text(_needed_for_alerts(text) if only_for_alerts else text, encoding="utf-8")
    (folder / "tests.yml").write_text(yaml.safe_dump({"rule_files": ["rules.yml"], **options, "tests": tests}, allow_unicode=True), encoding="utf-8")
    code, output = await promtool("test", "rules", str(folder / "tests.yml"))
    assert code == 0, output


def _needed_for_alerts(text):
    """The rules without the figures that no alert goes by: promtool evaluates them all each minute of each test."""
    document = yaml.safe_load(text)
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    needed, found = set(), {rule["expr"] for rule in rules if "alert" in rule}
    while found:
        asked = " ".join(found)
        needed |= (names := {rule["record"] for rule in rules if rule.get("record", "?") in asked} - needed)
        found = {rule["expr"] for rule in rules if rule.get("record") in names}
    for group in document["groups"]:
        group["rules"] = [rule for rule in group["rules"] if "alert" in rule or rule["record"] in needed]
    return yaml.safe_dump(document, allow_unicode=True)


async def test_every_key_figure_equals_its_definition_at_every_level_over_every_window(tmp_path):
    questions = []
    for name, formula in FORMULAS.items():
        for level in formula.levels:
            for window in WINDOWS:
                samples = expected(name, level, window.name)
                assert samples, name
                # rounded: a tenth of a millionth is what adding up slopes loses
                rule = record(name, level, window.name)
                questions.append({"expr": f"round({rule}, 0.000001)", "eval_time": "24h", "exp_samples": [_rounded(one) for one in samples]})
    assert len(questions) > 150
    await proven(tmp_path, [{"interval": "1m", "input_series": list(page()), "promql_expr_test": questions}], evaluation_interval="12h")


def _rounded(sample):
    return {"labels": sample["labels"].partition("{")[1] + sample["labels"].partition("{")[2], "value": float(f"{sample['value']:.6f}")}


async def test_the_figures_of_one_line_as_reckoned_by_hand(tmp_path):
    """billing/basic, a minute: 40 offered; 20 answered, 13 of them within 20 s; 9 hung up, 4 within 20 s, 2 within 5 s; 7 went elsewhere."""
    by_hand = {
        "sl_answered": 13 / 20, "sl_offered": 17 / 29, "sl_strict": 13 / 36, "sl_without_short": 13 / 34, "sl_removed": 22 / 40, "sl_accepted": 13 / 27,
        "abandonment_offered": 7 / 38, "abandonment_all": 9 / 40, "answered_rate": 0.5, "asa": 18.5, "queue_time_average": 24.75, "aht": 130.0,
    }  # fmt: skip
    questions = [
        {
            "expr": f'round({record(name, Level.QUEUE_TIER, "15m")}{{queue="billing",tier="basic"}}, 0.000001)',
            "eval_time": "1h", "exp_samples": [{"labels": '{queue="billing",tier="basic"}', "value": float(f"{value:.6f}")}],
        }
        for name, value in by_hand.items()
    ]  # fmt: skip
    loss = {"expr": "hotline:loss_rate_connected:ratio15m", "eval_time": "1h", "exp_samples": [{"labels": "hotline:loss_rate_connected:ratio15m", "value": 0.08}]}
    await proven(tmp_path, [{"interval": "1m", "input_series": list(page()), "promql_expr_test": [*questions, loss]}], evaluation_interval="30m")


async def test_no_calls_give_no_sample_and_promises_stand(tmp_path):
    nobody = [{"series": one["series"], "values": "0x60"} for one in page()]
    none = [
        {"expr": record(each.name, level, "15m"), "eval_time": "30m", "exp_samples": []}
        for each in KPIS if each.name in FORMULAS and FORMULAS[each.name].below for level in FORMULAS[each.name].levels
    ]  # fmt: skip
    promised = [
        {"expr": f"hotline_queue:{name}:config", "eval_time": "30m", "exp_samples": [{"labels": f'hotline_queue:{name}:config{{queue="{queue}"}}', "value": value} for queue, value in values.items()]}
        for name, values in {
            "service_level_seconds": {"billing": 20, "faults": 30}, "service_level_target": {"billing": 0.8, "faults": 0.9}, "service_level_at_risk": {"billing": 0.9, "faults": 0.95},
            "abandonment_target": {"billing": 0.05, "faults": 0.1}, "longest_wait_limit_seconds": {"billing": 300, "faults": 450},
        }.items()
    ]  # fmt: skip
    await proven(tmp_path, [{"interval": "1m", "input_series": nobody, "promql_expr_test": [*none, *promised]}], evaluation_interval="15m")


# ---- alerts


@dataclass
class Case:
    """Series (values a minute) and when the alert must stand, with what it says; `silent`: a minute at which it must not."""

    alert: Definition
    series: dict[str, str]
    fires: int | None
    silent: tuple[int, ...] = ()
    value: str = ""
    subject: str = ""
    extra: dict[str, str] = field(default_factory=dict)


def line(answered="0x90", in_time="0x90", abandoned="0x90", abandoned_in_time="0x90", short="0x90", queue="billing", bound="20.0"):
    """Counters of one line, a value a minute."""
    labels = f'queue="{queue}",tier="basic"'
    zero = "0x90"
    return {
        f'hotline_queue_wait_seconds_count{{{labels},outcome="answered"}}': answered,
        f'hotline_queue_wait_seconds_bucket{{{labels},outcome="answered",le="{bound}"}}': in_time,
        f'hotline_queue_wait_seconds_bucket{{{labels},outcome="answered",le="5.0"}}': zero,
        f'hotline_queue_wait_seconds_count{{{labels},outcome="abandoned"}}': abandoned,
        f'hotline_queue_wait_seconds_bucket{{{labels},outcome="abandoned",le="{bound}"}}': abandoned_in_time,
        f'hotline_queue_wait_seconds_bucket{{{labels},outcome="abandoned",le="5.0"}}': short,
        f'hotline_queue_calls_ended_total{{{labels},outcome="overflowed"}}': zero,
    }


def agents(**states):
    """How many agents of billing are in each state, always."""
    return {f'hotline_queue_agents{{queue="billing",state="{state}"}}': f"{number}x90" for state, number in ({"ready": 0, "logged_out": 0} | states).items()}


def waiting(values, queue="billing"):
    return {f'hotline_queue_calls_waiting{{queue="{queue}",tier="basic"}}': values}


def bumped(before, at, by, then=0):
    """A counter that stands at `before` and grows by `by` in minute `at`."""
    return f"{before}x{at - 1} {before + by}+{then}x{90 - at}"


A = catalogue
CASES = [
    # 40 answered a quarter, 30 in time: 75 % of a target of 80 %; after minute 40 all are in time: over within 15 + 5 minutes
    Case(A.SERVICE_LEVEL_BELOW, line("0+4x90", "0+3x40 124+4x49"), 20, (1, 70), "75%", "billing"),
    # as many, but all in time
    Case(A.SERVICE_LEVEL_BELOW, line("0+4x90", "0+4x90"), None, (20, 60)),
    # nine callers in a quarter, none in time
    Case(A.SERVICE_LEVEL_BELOW, line("0 0 9x88"), None, (5, 10)),
    # from 100 % down to 84 %: above the target of 80 %, below 90 %, and falling
    Case(A.SERVICE_LEVEL_AT_RISK, line("0+25x90", "0+25x60 1521+21x29"), 80, (20, 60), "", "billing"),
    # 85 % all the time is not falling
    Case(A.SERVICE_LEVEL_AT_RISK, line("0+20x90", "0+17x90"), None, (20, 60, 80)),
    # who enters now would wait for half a minute
    Case(A.SERVICE_LEVEL_AT_RISK, {**line(), **waiting("2x90"), 'hotline_queue_estimated_wait_seconds{queue="billing"}': "10x30 30x59"}, 40, (20,), "", "billing"),
    # the same, but nobody waits
    Case(A.SERVICE_LEVEL_AT_RISK, {**line(), **waiting("0x90"), 'hotline_queue_estimated_wait_seconds{queue="billing"}': "30x90"}, None, (20,)),
    # below the target only the graver alert stands
    Case(A.SERVICE_LEVEL_AT_RISK, line("0+4x90", "0+3x90"), None, (20, 60)),
    Case(A.LONGEST_WAIT, {'hotline_queue_longest_wait_seconds{queue="billing",tier="basic"}': "0+60x10 0x79"}, 8, (5, 15), "8m 0s", "billing"),
    Case(A.ALL_PAUSED, agents(paused=3, logged_out=2), 5, (0,), "3", "billing"),
    Case(A.ALL_PAUSED, agents(paused=3, talking=1), None, (5,)),
    Case(A.ALL_PAUSED, agents(logged_out=5), None, (5,)),
    Case(A.NOBODY_LOGGED_IN, agents(logged_out=4) | waiting("0x10 2x79"), 15, (5, 10), "2", "billing"),
    Case(A.NOBODY_LOGGED_IN, agents(logged_out=4, paused=1) | waiting("2x90"), None, (15,)),
    # of 30 in a quarter three hang up, one of them at once: 2 of 28
    Case(A.ABANDONMENT, line("0+27x90", "0+27x90", "0+3x90", "0+3x90", "0+1x90"), 20, (1,), "6.897%", "billing"),
    # one of thirty, and it is short
    Case(A.ABANDONMENT, line("0+29x90", "0+29x90", "0+1x90", "0+1x90", "0+1x90"), None, (20, 60)),
    # a day of fives, then an hour of twos
    Case(
        A.SATISFACTION,
        {'hotline_survey_scores_total{queue="billing",score="5"}': "0+1x60 60x130", 'hotline_survey_scores_total{queue="billing",score="2"}': "0x60 1+1x130"},
        130, (50,), "2.0", "billing",
    ),
    # nine twos in an hour
    Case(A.SATISFACTION, {'hotline_survey_scores_total{queue="billing",score="5"}': "0+1x30 30x100", 'hotline_survey_scores_total{queue="billing",score="2"}': "0x94 9x36"}, None, (105, 120)),
    Case(A.FLOW_LOOP, {'hotline_ivr_steps_total{flow="main",step="menu",result="budget"}': bumped(0, 10, 2)}, 12, (5, 40), "2"),
    Case(A.FLOW_LOOP, {'hotline_ivr_steps_total{flow="main",step="menu",result="choice"}': "0+5x90"}, None, (12,)),
    Case(
        A.FLOW_ERRORS, {'hotline_ivr_exits_total{flow="main",outcome="failed"}': "0+1x90", 'hotline_ivr_exits_total{flow="main",outcome="completed"}': "0+9x90"},
        10, (1,), "10%",
    ),
    Case(A.FLOW_ERRORS, {'hotline_ivr_exits_total{flow="main",outcome="failed"}': "0+1x90", 'hotline_ivr_exits_total{flow="main",outcome="completed"}': "0+24x90"}, None, (10, 30)),
    Case(
        A.BACKEND_ERRORS,
        {f'hotline_backend_calls_total{{backend="{name}",operation="balance",result="{result}"}}': f"0+{slope}x90" for name, result, slope in (("sql", "ok", 3), ("sql", "timeout", 1), ("sms", "ok", 9), ("sms", "invalid", 1))},
        20, (1,), "25%", "sql",
    ),
    Case(A.AMI_DOWN, {"hotline_ami_up": "1x10 0x10 1x69"}, 15, (5, 25), "0"),
    Case(A.FALLBACK_USED, {"hotline_fallback_total": bumped(0, 10, 3)}, 12, (5, 40), "3"),
    Case(A.DRIFT, {'hotline_drift_repaired_total{kind="strayed"}': bumped(0, 10, 4), 'hotline_drift_repaired_total{kind="leg_vanished"}': bumped(1, 10, 2)}, 12, (5, 40), "6"),
    Case(A.DRIFT, {'hotline_drift_repaired_total{kind="strayed"}': bumped(0, 10, 5)}, None, (12,)),
    Case(A.FORGED, {'hotline_forged_events_total{why="no_nonce"}': bumped(0, 10, 1)}, 12, (5, 40), "1"),
    Case(A.SERVER_GONE, {'up{job="hotline",instance="127.0.0.1:8080"}': "1x10 0x10 1x69"}, 12, (5, 25), "0", extra={"job": "hotline", "instance": "127.0.0.1:8080"}),
    Case(A.SERVER_GONE, {'up{job="node"}': "1x90"}, 5, (), "1", extra={"job": "hotline"}),
    Case(A.RECORDS_LOST, {"hotline_records_lost_total": bumped(0, 10, 7)}, 12, (5, 60), "7"),
    Case(A.RECORDS_NOT_WRITTEN, {"hotline_record_write_failures_total": bumped(0, 10, 2)}, 13, (5, 9, 25), "2"),
    Case(A.STORE_FAILING, {"hotline_store_write_failures_total": bumped(0, 10, 2)}, 13, (5, 9, 25), "2"),
    Case(
        A.LOOP_LAG,
        {f'hotline_event_loop_lag_seconds_bucket{{le="{bound}"}}': f"0+{slope}x90" for bound, slope in (("0.1", 590), ("0.25", 598), ("0.5", 600), ("+Inf", 600))},
        10, (1,), "425ms",
    ),
    Case(A.LOOP_LAG, {f'hotline_event_loop_lag_seconds_bucket{{le="{bound}"}}': "0+600x90" for bound in ("0.25", "0.5", "+Inf")}, None, (10,)),
    Case(A.CONFIGURATION_REFUSED, {"hotline_policy_broken": "0x90", "hotline_flows_broken": "0x10 1x5 0x74"}, 12, (5, 20), "1"),
    # billing is measured, faults is not: its bucket is that of another configuration
    Case(A.NOT_MEASURED, {"hotline_build_info": "1x90", **line(), **line(queue="faults", bound="20.0")}, 10, (4,), "30", "faults"),
    Case(A.NOT_MEASURED, {"hotline_build_info": "1x90", **line(), **line(queue="faults", bound="30.0")}, None, (10,)),
]  # fmt: skip


def alert_tests(case):
    """What promtool is to look at."""
    for minute in case.silent:
        yield {"eval_time": f"{minute}m", "alertname": case.alert.name, "exp_alerts": []}
    if case.fires is None:
        return
    about = {case.alert.about.value: case.subject} if case.subject else {}
    filled = {"queue": case.subject, "backend": case.subject, "value": case.value}
    annotations = {
        "summary": case.alert.summary_en.format(**filled), "summary_zh": case.alert.summary_zh.format(**filled),
        "description": case.alert.meaning_en, "description_zh": case.alert.meaning_zh, "runbook_url": f"docs/alerts.md#{case.alert.name.lower()}",
    }  # fmt: skip
    labels = {"severity": case.alert.severity.value, **about, **case.extra}
    yield {"eval_time": f"{case.fires}m", "alertname": case.alert.name, "exp_alerts": [{"exp_labels": labels, "exp_annotations": annotations}]}


async def test_every_alert_comes_when_it_must_and_is_silent_when_it_must(tmp_path):
    assert {case.alert.name for case in CASES if case.fires is not None} == {alert.name for alert in DEFINITIONS}
    tests = [
        {"interval": "1m", "input_series": [{"series": name, "values": values} for name, values in case.series.items()], "alert_rule_test": list(alert_tests(case))}
        for case in CASES
    ]  # fmt: skip
    await proven(tmp_path, tests, only_for_alerts=True, evaluation_interval="1m")


# ---- what the documents tell operators to do


async def test_the_configuration_in_the_documents_is_taken_by_prometheus(tmp_path):
    text = (PROJECT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    blocks = {block.partition("\n")[0]: block for block in re.findall(r"```yaml\n# (.*?)```", text, re.DOTALL)}
    assert set(blocks) == {"/etc/prometheus/prometheus.yml", "/etc/prometheus/alertmanager.yml"}
    (tmp_path / "prometheus.yml").write_text("# " + blocks["/etc/prometheus/prometheus.yml"], encoding="utf-8")
    (tmp_path / "hotline.rules.yml").write_text(rule_file(POLICY), encoding="utf-8")
    code, output = await promtool("check", "config", str(tmp_path / "prometheus.yml"))
    assert code == 0, output
    assert re.search(r"\d+ rules found", output), "the rule file was found beside it"
    sent = yaml.safe_load("# " + blocks["/etc/prometheus/alertmanager.yml"])
    assert sent["route"]["routes"][0]["receiver"] in {receiver["name"] for receiver in sent["receivers"]}
    inhibited = set(re.findall(r"Hotline\w+", json.dumps(sent["inhibit_rules"])))
    assert inhibited <= {alert.name for alert in DEFINITIONS}


async def test_the_shipped_files_are_taken_together():
    code, output = await promtool("check", "config", str(PROJECT / "deploy" / "prometheus" / "prometheus.yml"))
    assert code == 0, output
    assert "hotline.rules.yml" in output
