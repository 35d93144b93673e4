"""What remains of calls: one record each, one summary line, numbers in /metrics, a trace, and nowhere a PIN."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.rig.agents import ANSWERS
from tests.rig.demo import HOTLINE, ZONE, customers, demo_hotline, gathered, record_of, to_menu
from tests.rig.fault_proxy import Direction, FaultProxy
from tests.rig.lines import ask, call_of, log_in, serve, waiting
from tests.rig.listener import Caller
from tests.rig.waiting import eventually
from tests.support.otlp_collector import collecting

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from tests.rig.agents import Agent
    from tests.rig.server import HotlineServer, Metrics
    from tests.rig.site import Site
    from tests.support.otlp_collector import Collector

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

CUSTOMERS = customers()
SELF_SERVED, SERVED, IMPATIENT, SECRETIVE = "13800138002", "13800138006", "13800138001", "13900000051"
ACCOUNT = "10000022"
CANARIES = ("8305", "6194")  # wrong PINs
KEYS_OF_A_LINE = {"caller", "channel", "offer", "queue"}  # a line that has one of these speaks of a call


class Tap(FaultProxy):
    """A link that is listened to."""

    def __init__(self, target_port: int) -> None:
        super().__init__(target_port)
        self.heard = {direction: bytearray() for direction in Direction}

    async def _pump(self, reader: Any, writer: Any, direction: Direction) -> None:
        await super()._pump(_Tee(reader, self.heard[direction]), writer, direction)  # type: ignore[arg-type]


class _Tee:
    def __init__(self, reader: asyncio.StreamReader, sink: bytearray) -> None:
        self._reader = reader
        self._sink = sink

    async def read(self, size: int) -> bytes:
        data = await self._reader.read(size)
        self._sink += data
        return data


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tap(site: Site) -> AsyncIterator[Tap]:
    async with Tap(site.asterisk.ports.ami) as tap:
        yield tap


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def collector() -> AsyncIterator[Collector]:
    async with collecting() as collector:
        yield collector


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(site: Site, tap: Tap, collector: Collector) -> AsyncIterator[HotlineServer]:
    await site.clear()  # else calls of other tests' servers would be among its records
    async with demo_hotline(site, ami_port=tap.port, log_level="debug", tracing={"endpoint": collector.url}) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def metrics(site: Site, hotline: HotlineServer) -> Metrics:
    """Four calls side by side; their metrics once all are over."""
    async with site.agents("agent02", behaviour=ANSWERS) as farm:
        await log_in(hotline, "agent02")
        await gathered(
            serve_himself(site), be_served(site, hotline, farm["agent02"]), lose_patience(site, hotline, farm["agent02"]), type_pins(site)
        )
        for number in (SELF_SERVED, SERVED, IMPATIENT, SECRETIVE):
            await record_of(hotline, number)
        await ask(hotline, "agent02", "logout")
        return await hotline.metrics()


async def serve_himself(site: Site) -> None:
    async with Caller.call(site.rig, HOTLINE, SELF_SERVED) as caller:
        await to_menu(caller)
        await caller.press("1")
        await caller.heard("balance/owing_until-1")
        await caller.press("#")
        assert await caller.ended(30) == "asterisk"


async def be_served(site: Site, hotline: HotlineServer, agent: Agent) -> None:
    async with Caller.call(site.rig, HOTLINE, SERVED) as caller:
        await to_menu(caller)
        await caller.press("01")
        await serve(hotline, agent, 2.0)
        await caller.heard("survey/ask-1")
        await caller.press("4")
        assert await caller.ended(15) == "asterisk"


async def lose_patience(site: Site, hotline: HotlineServer, agent: Agent) -> None:
    """Wait while the only agent has somebody else."""
    async with Caller.call(site.rig, HOTLINE, IMPATIENT) as caller:
        await to_menu(caller)
        await eventually(lambda: agent.calls, 20, "the agent is taken")
        await caller.press("03")
        (call,) = await waiting(hotline, "general", 1)
        live = await call_of(hotline, IMPATIENT)
        assert (live["call"], live["place"], live["tier"]) == (call["call"], "queue", "diamond")
        now = await hotline.metrics()
        assert now.value("hotline_queue_calls_waiting", queue="general", tier="diamond") == 1
        assert now.value("hotline_calls_active") >= 2
        await caller.heard("phrases/please-hold")
        await caller.hangup()


async def type_pins(site: Site) -> None:
    """Two wrong PINs, one typed ahead, and a right one."""
    async with Caller.call(site.rig, HOTLINE, SECRETIVE) as caller:
        await caller.heard("main/ask_language-1")
        await caller.press(f"21{ACCOUNT}{CANARIES[0]}")
        await caller.heard("identify/wrong-1", 20)
        await caller.heard("identify/ask_account-1")
        await caller.press(ACCOUNT)
        await caller.heard("identify/ask_pin-1")
        await caller.press(CANARIES[1])
        await caller.heard("identify/wrong-1")
        await caller.heard("identify/ask_account-1")
        await caller.press(ACCOUNT + CUSTOMERS["13800138022"].pin)
        await caller.heard("balance/owing_until-1", 20)
        await caller.hangup()


async def test_each_call_has_one_record_with_what_happened(hotline: HotlineServer, metrics: Metrics) -> None:
    assert metrics.value("hotline_calls_active") == 0
    rows = hotline.rows("SELECT * FROM call_records")
    records = {row["caller_number"]: row for row in rows}
    assert sorted(records) == sorted((SELF_SERVED, SERVED, IMPATIENT, SECRETIVE))
    assert len(rows) == 4
    told = ("outcome", "account", "tier", "language", "queue", "agent", "survey_score")
    assert {number: tuple(row[name] for name in told) for number, row in records.items()} == {
        SELF_SERVED: ("self_service", "10000002", "gold", "en", None, None, None),
        SERVED: ("answered", "10000006", "basic", "zh", "billing", "agent02", 4),
        IMPATIENT: ("abandoned", "10000001", "diamond", "zh", "general", None, None),
        SECRETIVE: ("abandoned", ACCOUNT, "basic", "en", None, None, None),
    }
    for row in rows:
        assert row["started_at_ms"] < row["ended_at_ms"]
        assert row["flow_version"]
    served = records[SERVED]
    assert served["started_at_ms"] + served["wait_ms"] <= served["answered_at_ms"] <= served["ended_at_ms"] - served["talk_ms"]
    assert 2000 <= served["talk_ms"] < 6000
    trail = [f"{step['flow']}/{step['step']}" for step in json.loads(served["trail"])]
    wanted = iter(trail)
    assert all(step in wanted for step in ("main/menu", "agent/ask_topic", "agent/wait", "survey/ask", "survey/save", "survey/goodbye"))
    pins = [step["result"] for step in json.loads(records[SECRETIVE]["trail"]) if step["step"] == "ask_pin"]
    assert len(pins) == 3


async def test_each_entry_of_a_line_has_its_leg(hotline: HotlineServer, metrics: Metrics) -> None:
    assert metrics
    numbers = {row["call"]: row["caller_number"] for row in hotline.rows("SELECT call, caller_number FROM call_records")}
    records = {row["caller_number"]: row for row in hotline.rows("SELECT * FROM call_records")}

    def wrapped_up() -> list[dict[str, Any]]:
        return hotline.rows("SELECT call FROM contact_legs WHERE wrapup_ended_at_ms IS NOT NULL")

    await eventually(wrapped_up, 20, "the end of the wrap-up, written behind")
    legs = {numbers[row["call"]]: row for row in hotline.rows("SELECT * FROM contact_legs")}
    told = ("number", "kind", "queue", "tier", "language", "agent", "outcome", "offers", "misses", "survey_score")
    assert {number: tuple(row[name] for name in told) for number, row in legs.items()} == {
        SERVED: (1, "queue", "billing", "basic", "zh", "agent02", "answered", 1, 0, 4),
        IMPATIENT: (1, "queue", "general", "diamond", "zh", None, "abandoned", 0, 0, None),
    }
    served = legs[SERVED]
    times = [served[name] for name in ("entered_at_ms", "rang_at_ms", "answered_at_ms", "talk_ended_at_ms", "wrapup_ended_at_ms")]
    assert times == sorted(times)
    assert (served["wait_ms"], served["talk_ms"]) == (records[SERVED]["wait_ms"], records[SERVED]["talk_ms"])
    assert json.loads(served["skills_asked"]).keys() == json.loads(served["skills_given"]).keys() >= {"lang_zh"}
    assert legs[IMPATIENT]["wait_ms"] == records[IMPATIENT]["wait_ms"]
    assert legs[IMPATIENT]["position_at_end"] == 1


async def test_the_report_of_the_day_tells_the_same(hotline: HotlineServer, metrics: Metrics) -> None:
    assert metrics
    legs = {row["outcome"]: row for row in hotline.rows("SELECT * FROM contact_legs")}
    days = {datetime.fromtimestamp(row["started_at_ms"] / 1000, ZONE).date() for row in hotline.rows("SELECT started_at_ms FROM call_records")}
    told = [(await hotline.api("GET", f"/api/reports/day?date={day}", within=90)).body for day in sorted(days)]

    def total(name: str) -> float:
        return sum(report["figures"][name]["now"] or 0 for report in told)

    assert [total(name) for name in ("offered", "answered", "abandoned", "flow_outs")] == [2, 1, 1, 0]
    assert sum(report["call_outcomes"].get("self_service", 0) for report in told) == 1
    assert sum(sum(line["marks"]) for report in told for line in report["queues"]) == 1
    if len(days) == 1:  # no midnight between the calls
        (report,) = told
        assert report["figures"]["asa"]["now"] == legs["answered"]["wait_ms"] / 1000
        assert report["figures"]["abandon_time_average"]["now"] == legs["abandoned"]["wait_ms"] / 1000
        assert report["figures"]["aht"]["now"] == (legs["answered"]["talk_ms"] + (legs["answered"]["wrapup_ms"] or 0)) / 1000
        assert (report["figures"]["loss_rate_connected"]["now"], report["figures"]["containment"]["now"]) == (1 / 4, 1 / 4)
        left = {(flow["name"], step["name"]) for flow in report["flows"] for step in flow["steps"] if step["hung_up"]}
        assert {flow for flow, _ in left} == {"agent", "balance"}  # one gave up in the line, one hung up in his balance
        page = await hotline.api("GET", f"/reports/day?date={days.pop()}&language=en", within=90)
        assert "Callers asked for a person 2 times; 1 (50.0 %) were answered." in page.body


async def test_each_call_has_one_summary_line_and_its_id_on_every_line(hotline: HotlineServer, metrics: Metrics) -> None:
    assert metrics
    records = {row["call"]: row for row in hotline.rows("SELECT * FROM call_records")}
    summaries = hotline.logs("call_ended")
    assert sorted(line["call"] for line in summaries) == sorted(records)
    for line in summaries:
        record = records[line["call"]]
        same = ("outcome", "queue", "agent", "tier", "language")
        assert [line[name] for name in same] == [record[name] for name in same]
        assert line["caller"] == record["caller_number"]
    of_calls = [line for line in hotline.logs() if KEYS_OF_A_LINE & line.keys()]
    assert len(of_calls) > 10
    assert [line for line in of_calls if line.get("call") not in records] == []


async def test_the_metrics_tell_the_same(hotline: HotlineServer, metrics: Metrics) -> None:
    records = {row["caller_number"]: row for row in hotline.rows("SELECT * FROM call_records")}
    expected = {
        ("hotline_calls_total",): 4,
        ("hotline_calls_ended_total",): 4,
        ("hotline_calls_by_outcome_total",): 4,
        ("hotline_calls_asked_for_person_total",): 2,
        ("hotline_calls_lost_total",): 1,
        ("hotline_survey_scores_total",): 1,
        ("hotline_store_up",): 1,
        ("hotline_ami_link_up",): 2,
        ("hotline_queue_calls_entered_total",): 2,
        ("hotline_queue_calls_entered_total", "billing", "basic"): 1,
        ("hotline_queue_calls_entered_total", "general", "diamond"): 1,
        ("hotline_queue_calls_answered_total",): 1,
        ("hotline_queue_calls_answered_total", "billing", "basic"): 1,
        ("hotline_queue_calls_abandoned_total",): 1,
        ("hotline_queue_calls_abandoned_total", "general", "diamond"): 1,
        ("hotline_queue_calls_ended_total",): 2,
        ("hotline_queue_wait_seconds_count",): 2,
        ("hotline_talk_seconds_count", "billing", "basic"): 1,
        ("hotline_offers_total",): 1,
        ("hotline_queue_calls_waiting",): 0,
        ("hotline_queue_calls_overflowed_total",): 0,
        ("hotline_forged_events_total",): 0,
        ("hotline_drift_repaired_total",): 0,
        ("hotline_ami_up",): 1,
        ("hotline_build_info",): 1,
    }
    assert {outcome: metrics.value("hotline_calls_by_outcome_total", outcome=outcome) for outcome in ("self_service", "answered", "abandoned")} == {
        "self_service": 1, "answered": 1, "abandoned": 2,
    }  # fmt: skip
    assert metrics.value("hotline_survey_scores_total", queue="billing", score="4") == 1
    labels = ("queue", "tier")
    found = {key: metrics.value(key[0], **dict(zip(labels, key[1:], strict=False))) for key in expected}
    assert found == expected
    for number, outcome in ((SERVED, "answered"), (IMPATIENT, "abandoned")):
        waited = records[number]["wait_ms"] / 1000
        sums = metrics.value("hotline_queue_wait_seconds_sum", outcome=outcome, queue=records[number]["queue"])
        assert abs(sums - waited) < 0.01
        bounds = {
            float(has["le"]): value
            for name, has, value in metrics.samples
            if name == "hotline_queue_wait_seconds_bucket"
            and (has["outcome"], has["queue"], has["tier"]) == (outcome, records[number]["queue"], records[number]["tier"])
        }
        assert len(bounds) > 5
        assert bounds == {bound: float(waited <= bound) for bound in bounds}
    asked = {"backend": "accounts", "operation": "verify_pin"}
    assert metrics.value("hotline_backend_calls_total", **asked) == 3
    assert metrics.value("hotline_ivr_steps_total", flow="main", step="menu") >= 4
    waited = metrics.value("hotline_ivr_step_seconds_total", flow="agent", step="wait")
    assert waited >= (records[SERVED]["wait_ms"] + records[SERVED]["talk_ms"]) / 1000
    assert metrics.value("hotline_ivr_seconds_count") == 4
    assert metrics.value("hotline_event_loop_lag_seconds_count") > 10
    assert metrics.value("hotline_asterisk_channels", kind="caller") >= 0
    assert metrics.value("hotline_agent_state_seconds_total", state="talking", reason="") >= 2.0
    strangers = {name for name, has, value in metrics.samples if "other" in has.values() and value and name != "hotline_queue_wait_seconds_bucket"}
    assert strangers == set(), "every name and word was foreseen"


async def test_each_call_has_a_trace_that_tells_no_number_and_no_name(hotline: HotlineServer, metrics: Metrics, collector: Collector) -> None:
    assert metrics
    records = {row["caller_number"]: row for row in hotline.rows("SELECT * FROM call_records")}
    spans = await collector.until(lambda spans: sum(span.name == "call" for span in spans) == 4)
    calls = {span.attributes["hotline.call"]: span for span in spans if span.name == "call"}
    assert {call: span.attributes["hotline.outcome"] for call, span in calls.items()} == {row["call"]: row["outcome"] for row in records.values()}
    served = calls[records[SERVED]["call"]]
    children = {span.name: span for span in spans if span.parent == served.span_id}
    assert {"main/menu", "agent/wait", "survey/ask", "offer", "accounts.customer_by_number", "tickets.save_survey"} <= children.keys()
    assert children["offer"].attributes["hotline.result"] == "talked"
    assert children["agent/wait"].seconds >= 2.0
    assert served.attributes["hotline.queue"] == "billing"
    for number in (*records, ACCOUNT, *CANARIES, "agent02", *(str(row["account"]) for row in records.values())):
        assert number.encode() not in collector.raw


async def test_why_the_served_caller_got_that_agent_is_told_in_words(hotline: HotlineServer, metrics: Metrics) -> None:
    assert metrics
    [call] = [row["call"] for row in hotline.rows("SELECT * FROM call_records") if row["caller_number"] == SERVED]

    async def told() -> Any:
        return (await hotline.api("GET", f"/api/calls/{call}/reasons")).body.get("offers")

    [offer] = await eventually(told, 20, "the record of the offer, written a second behind the call")
    assert (offer["agent"], offer["queue"], offer["tier"]) == ("agent02", "billing", "basic")
    assert offer["needs"]["lang_zh"] == 1
    assert offer["ineligible"]["agent01"] == "logged_out"
    told_in = (await hotline.api("GET", f"/api/calls/{call}/reasons")).body["sentences"]
    assert any("offered to agent02" in line for line in told_in["en"])
    assert any("派给坐席 agent02" in line for line in told_in["zh"])


async def test_a_pin_is_found_nowhere(site: Site, hotline: HotlineServer, tap: Tap, metrics: Metrics) -> None:
    """Not in logs, database, store, metrics, API, CEL or Asterisk's own files; on the AMI link only as the digits of DTMF events."""
    assert metrics
    places: dict[str, str] = {"metrics": str((await hotline.api("GET", "/metrics")).body)}
    for path in ("/api/records", "/api/calls", "/api/status"):
        places[path] = json.dumps((await hotline.api("GET", path)).body)
    (call,) = hotline.rows("SELECT call FROM call_records WHERE caller_number = ?", SECRETIVE)
    places["/api/calls/…"] = json.dumps((await hotline.api("GET", f"/api/calls/{call['call']}")).body)
    places["log"] = "\n".join(json.dumps(line) for line in hotline.logs())
    for setting in ("database_url", "store_url"):
        file = Path(str(hotline.settings[setting]).partition("///")[2])
        for part in file.parent.glob(file.name + "*"):  # with its write-ahead log: what was deleted may still stand there
            places[part.name] = part.read_bytes().decode("latin-1")
    run = Path(site.asterisk.log_folder).parent
    for file in run.rglob("*"):
        if file.is_file() and file.suffix not in (".wav", ".ulaw", ".so"):
            places[str(file.relative_to(run))] = file.read_bytes().decode("latin-1")
    for direction, data in tap.heard.items():
        places[direction.value] = data.decode("latin-1")
    assert len(places) > 10
    assert any(ACCOUNT in text for text in places.values())  # what is no secret is found
    pins = (*CANARIES, CUSTOMERS["13800138022"].pin)
    found = {(place, match[0]) for place, text in places.items() for pin in pins for match in _typed(pin).finditer(text)}
    assert found == set()
    assert re.search(r"Event: DTMFEnd\r\n(.*\r\n)*?Digit: 8\r\n", places[Direction.TO_CLIENT.value])  # so they did pass there
    assert [line for line in hotline.logs() if "digit" in line or "digits" in line] == []  # nor one by one


def _typed(pin: str) -> re.Pattern[str]:
    """The PIN by itself, or at the end of what was typed with it."""
    return re.compile(rf"(?<![0-9A-Za-z.+/_-]){pin}(?![0-9A-Za-z.+/_-])|{ACCOUNT[-2:]}{pin}(?![0-9])")
