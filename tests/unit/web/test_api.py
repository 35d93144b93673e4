"""The API over a real engine: what it says, what it does, what it refuses."""

import asyncio
import importlib
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families
from schemathesis.specs.openapi.definitions import OPENAPI_31

from acd.config import PauseReason, Queue
from acd.events import AgentLoggedIn, CallQueued, OfferCause, OfferFailed, TalkEnded
from acd.states import AgentState
from cti.http import ApiDeps, ListenError, make_app, serving
from cti.http.app import STYLE_HASH
from cti.http.every_operation import operation as declared
from cti.http.table import markdown
from cti.records.agent_states import Span
from cti.records.decisions import record_of
from tests.unit.web.hotline import POLICY, TOKEN, Hotline

pytestmark = pytest.mark.asyncio


@pytest.fixture
def hotline():
    return Hotline()


async def get(client, path, status=200):
    async with client.get(path) as answer:
        body = await answer.json(content_type=None)
        assert answer.status == status, body
        return body


async def post(client, path, status=202, **keywords):
    async with client.post(path, **keywords) as answer:
        body = await answer.json(content_type=None)
        assert answer.status == status, body
        return body


# Without a token


async def test_health_needs_no_token(hotline):
    async with hotline.serve(token="") as client:
        assert await get(client, "/healthz") == {"status": "ok"}


async def test_readiness_tells_the_conditions(hotline):
    async with hotline.serve(token="") as client:
        assert await get(client, "/readyz") == {"ready": True, "reasons": {"ami_events": True, "adopted": True}}
        hotline.attached = False
        assert (await get(client, "/readyz", 503))["reasons"] == {"ami_events": True, "adopted": False}


async def test_metrics_are_served_without_a_token(hotline):
    hotline.tell(CallQueued("c1", "billing", "basic"))
    async with hotline.serve(token="") as client, client.get("/metrics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
    waiting = {
        tuple(sample.labels.values()): sample.value for sample in families["hotline_queue_calls_waiting"].samples
    }
    assert waiting["billing", "basic"] == 1


async def test_who_asks_for_open_metrics_gets_them(hotline):
    accept = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"  # as Prometheus asks
    async with hotline.serve(token="") as client, client.get("/metrics", headers={"Accept": accept}) as answer:
        assert answer.headers["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        assert (await answer.text()).endswith("# EOF\n")


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer \xff"]
)
async def test_the_api_asks_for_the_token(hotline, header):
    headers = {} if header is None else {"Authorization": header}
    async with hotline.serve(token="") as client:
        for method, path in (("GET", "/api/status"), ("GET", "/api/records"), ("POST", "/api/agents/anna/login")):
            async with client.request(method, path, headers=headers) as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                assert (await answer.json(content_type="application/problem+json"))["status"] == 401
    assert hotline.snapshot().agents["anna"].state is AgentState.LOGGED_OUT


async def test_a_token_too_short_to_protect_is_refused(hotline):
    fields = {name: getattr(hotline.deps, name) for name in ApiDeps.__slots__}
    with pytest.raises(ValueError, match="16 characters"):
        ApiDeps(**{**fields, "token": "short"})
    assert TOKEN not in repr(hotline.deps)


# Queues, agents, status


async def test_a_queue_shows_its_callers_in_order(hotline):
    hotline.tell(CallQueued("c1", "billing", "basic"), CallQueued("c2", "billing", "diamond"))
    async with hotline.serve() as client:
        queue = await get(client, "/api/queues/billing")
        everything = await get(client, "/api/queues")
    assert [(call["call"], call["position"]) for call in queue["calls"]] == [("c2", 1), ("c1", 2)]
    assert queue["label_zh"] == "账单"
    assert queue["waiting_by_tier"] == {"basic": 1, "diamond": 1}
    assert queue["agents"]["logged_out"] == 2
    assert [(queue["name"], queue["waiting"]) for queue in everything["queues"]] == [("billing", 2), ("repair", 0)]


@pytest.mark.parametrize(
    "path", ["/api/queues/none", "/api/agents/none", "/api/calls/none", "/api/queues/%E8%B4%A6", "/nowhere"]
)
async def test_what_is_not_there_is_said_as_a_problem(hotline, path):
    async with hotline.serve() as client, client.get(path) as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"
        assert (await answer.json(content_type=None))["title"] == "Not Found"


async def test_a_wrong_method_names_the_right_ones(hotline):
    async with hotline.serve() as client, client.delete("/api/queues") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET"


async def test_an_agents_day(hotline):
    async with hotline.serve() as client:
        assert (await post(client, "/api/agents/anna/login"))["state"] == "ready"
        assert (await post(client, "/api/agents/anna/login"))["state"] == "ready"
        paused = await post(client, "/api/agents/anna/pause", json={"reason": "午餐"})
        assert (paused["state"], paused["reason"]) == ("paused", "午餐")
        assert (await post(client, "/api/agents/anna/unpause"))["state"] == "ready"
        assert (await post(client, "/api/agents/anna/ready"))["state"] == "ready"
        assert (await post(client, "/api/agents/anna/logout"))["state"] == "logged_out"
        assert (await get(client, "/api/agents/anna"))["extension"] == "801"
    ignored = [family for family in text_string_to_metric_families(hotline.metrics.text()) if family.name == "hotline_events_ignored"]
    assert sum(sample.value for sample in ignored[0].samples) == 0, "what was allowed must be possible for the engine"


async def test_what_an_agent_asks_for_in_a_talk_is_shown_as_next(hotline):
    hotline.tell(AgentLoggedIn("anna"), CallQueued("c1", "billing", "basic"))
    hotline.talk(hotline.offers[0])
    async with hotline.serve() as client:
        paused = await post(client, "/api/agents/anna/pause", json={"reason": "lunch"})
        assert (paused["state"], paused["next_state"], paused["call"]) == ("talking", "paused", "c1")
        assert (await post(client, "/api/agents/anna/unpause"))["next_state"] is None
        assert (await post(client, "/api/agents/anna/logout"))["next_state"] == "logged_out"
        assert "log in first" in (await post(client, "/api/agents/anna/pause", 409, json={"reason": "tea"}))["detail"]
        assert (await post(client, "/api/agents/anna/login"))["next_state"] is None
        hotline.tell(TalkEnded(hotline.offers[0], caller_remains=False))
        wrap_up = await get(client, "/api/agents/anna")
        assert wrap_up["state"] == "wrap_up"
        assert 7.0 < wrap_up["ends_in_seconds"] <= 8.0
        longer = await post(client, "/api/agents/anna/wrap-up", json={"seconds": 60})
        assert 67.0 < longer["ends_in_seconds"] <= 68.0
        assert (await post(client, "/api/agents/anna/ready"))["state"] == "ready"


async def test_only_listed_reasons_are_reasons_to_pause():
    hotline = Hotline(replace(POLICY, pause_reasons={"break": PauseReason("break", limit_seconds=60.0), "lunch": PauseReason("lunch")}))
    hotline.tell(AgentLoggedIn("anna"))
    async with hotline.serve() as client:
        problem = await post(client, "/api/agents/anna/pause", 422, json={"reason": "tea"})
        assert problem["errors"] == [{"where": "body.reason", "message": "give one of break, lunch, or add it to pause_reasons of agents.yaml"}]
        await post(client, "/api/agents/nobody/pause", 404, json={"reason": "tea"})
        assert (await get(client, "/api/agents/anna"))["state"] == "ready"
        paused = await post(client, "/api/agents/anna/pause", json={"reason": "break"})
        assert (paused["reason"], paused["over_limit"]) == ("break", False)
        long_ago = hotline.engine.snapshot(hotline.clock.now() + 61.0)
        assert (long_ago.agents["anna"].over_limit, long_ago.agents["bert"].over_limit) == (True, False)
        assert (await post(client, "/api/agents/anna/pause", json={"reason": "lunch"}))["reason"] == "lunch"
    assert not hotline.engine.snapshot(hotline.clock.now() + 10_000.0).agents["anna"].over_limit, "lunch has no limit"


async def test_an_agents_day_is_told_from_what_he_did():
    hotline = Hotline(replace(POLICY, pause_reasons={"break": PauseReason("break"), "training": PauseReason("training", productive=True)}))
    noon = 1_763_697_600_000  # 2025-11-21 12:00 in Shanghai
    hour = 3_600_000
    hotline.agent_states.known = [
        Span("anna", AgentState.READY, "", noon - 13 * hour, noon - 11 * hour),
        Span("anna", AgentState.READY, "", noon, noon + hour),
        Span("anna", AgentState.OFFERED, "", noon + hour, noon + hour + 10_000),
        Span("anna", AgentState.TALKING, "", noon + hour + 10_000, noon + hour + 900_000),
        Span("anna", AgentState.WRAP_UP, "", noon + hour + 900_000, noon + hour + 1_200_000),
        Span("anna", AgentState.PAUSED, "training", noon + hour + 1_200_000, noon + 2 * hour),
        Span("anna", AgentState.PAUSED, "break", noon + 2 * hour, noon + 2 * hour + 60_500),
        Span("gone", AgentState.READY, "", noon, noon + hour),
    ]
    async with hotline.serve() as client:
        day = await get(client, "/api/agents/anna/day?date=2025-11-21")
        assert day == {
            "agent": "anna", "date": "2025-11-21", "time_zone": "Asia/Shanghai", "logged_in_seconds": 3600 + 7200 + 60.5,
            "first_login": "2025-11-21T04:00:00Z", "last_logout": "2025-11-21T06:01:00.500000Z",
            "seconds": {"ready": 7200, "offered": 10, "talking": 890, "wrap_up": 300, "paused": 2460.5},
            "pause_seconds": {"training": 2400, "break": 60.5}, "productive_pause_seconds": 2400, "talks": 1,
            "occupancy_ring_to_wrap_up": 1200 / 8400,
        }  # fmt: skip
        everybody = (await get(client, "/api/agent-days?date=2025-11-21"))["days"]
        assert [(one["agent"], one["logged_in_seconds"]) for one in everybody] == [("anna", 10860.5), ("bert", 0), ("gone", 3600)]
        assert (await get(client, "/api/agents/anna/day"))["occupancy_ring_to_wrap_up"] is None, "he is not there today"
        assert (await get(client, "/api/agents/gone/day?date=2025-11-21"))["talks"] == 0
        await get(client, "/api/agents/gone/day", 404)
        for wrong in ("2025-02-30", "1763697600", "yesterday", "2025-11-21T00:00:00"):
            problem = await get(client, f"/api/agents/anna/day?date={wrong}", 422)
            assert [fault["where"] for fault in problem["errors"]] == ["query.date"]
        for far in ("0001-01-01", "9999-12-31"):
            assert (await get(client, f"/api/agents/anna/day?date={far}"))["logged_in_seconds"] == 0
        hotline.agent_states.down = True
        assert "away" in (await get(client, "/api/agents/anna/day", 503))["detail"]


async def test_the_impossible_is_refused_with_the_cure(hotline):
    async with hotline.serve() as client:
        assert "log in first" in (await post(client, "/api/agents/anna/pause", 409, json={"reason": "tea"}))["detail"]
        assert "log in first" in (await post(client, "/api/agents/anna/ready", 409))["detail"]
        assert "not paused" in (await post(client, "/api/agents/anna/unpause", 409))["detail"]
        assert "not in wrap-up" in (await post(client, "/api/agents/anna/wrap-up", 409, json={"seconds": 60}))["detail"]
        hotline.tell(AgentLoggedIn("anna"), CallQueued("c1", "billing", "basic"))
        assert "offered" in (await post(client, "/api/agents/anna/ready", 409))["detail"]
        hotline.tell(OfferFailed(hotline.offers[0], OfferCause.BUSY))
        assert "busy" in (await post(client, "/api/agents/anna/ready", 409))["detail"]
        await post(client, "/api/agents/nobody/login", 404)


@pytest.mark.parametrize(
    ("body", "status", "where"),
    [
        (b"{", 422, "body"),
        (b"[" * 50_000, 422, "body"),
        (b"\xff\xfe", 422, "body"),
        (b"null", 422, "body"),
        (b"{}", 422, "body.reason"),
        (b'{"reason": ""}', 422, "body.reason"),
        (b'{"reason": "a\\u0000b"}', 422, "body.reason"),
        (json.dumps({"reason": "x" * 41}).encode(), 422, "body.reason"),
        (b'{"reason": "tea", "agent": "bert"}', 422, "body.agent"),
        (b'{"reason": "' + b"x" * 70_000 + b'"}', 413, None),
    ],
)  # fmt: skip
async def test_a_body_that_cannot_be_used_names_its_fault(hotline, body, status, where):
    hotline.tell(AgentLoggedIn("anna"))
    async with hotline.serve() as client:
        problem = await post(
            client, "/api/agents/anna/pause", status, data=body, headers={"Content-Type": "application/json"}
        )
    assert [fault["where"] for fault in problem["errors"]] == ([where] if where else [])
    assert hotline.snapshot().agents["anna"].state is AgentState.READY


async def test_a_form_is_no_json(hotline):
    async with hotline.serve() as client:
        await post(client, "/api/agents/anna/pause", 415, data={"reason": "tea"})


async def test_status_holds_everything(hotline):
    hotline.tell(AgentLoggedIn("anna"), CallQueued("c1", "billing", "basic"), CallQueued("c2", "repair", "diamond"))
    hotline.talk(hotline.offers[0])
    hotline.on_the_line("c1", "c2", "c3")
    async with hotline.serve() as client:
        status = await get(client, "/api/status")
    assert status["ready"]
    assert status["dispatching"]
    assert [(call["call"], call["place"], call["agent"]) for call in status["calls"]] == [
        ("c1", "talk", "anna"), ("c2", "queue", ""), ("c3", "ivr", ""),
    ]  # fmt: skip
    assert status["calls"][1]["queue"] == "repair"
    assert {agent["name"]: agent["state"] for agent in status["agents"]} == {"anna": "talking", "bert": "logged_out"}


async def test_while_not_attached_the_api_says_so_and_status_still_answers(hotline):
    hotline.attached = False
    hotline.on_the_line("c1")
    async with hotline.serve() as client:
        assert "not attached" in (await get(client, "/api/queues", 503))["detail"]
        await post(client, "/api/agents/anna/login", 503)
        status = await get(client, "/api/status")
    assert (status["ready"], status["queues"], status["agents"]) == (False, [], [])
    assert status["calls"][0]["place"] == "ivr"


async def test_a_router_that_hangs_is_not_waited_for(hotline, monkeypatch):
    monkeypatch.setattr("cti.http.routes.TELL_SECONDS", 0.05)
    hotline.stuck = True
    async with hotline.serve() as client:
        assert "did not take it" in (await post(client, "/api/agents/anna/login", 503))["detail"]


# Calls


async def test_a_living_call_explains_itself(hotline):
    hotline.tell(CallQueued("c1", "repair", "diamond"))
    hotline.on_the_line("c1")
    async with hotline.serve() as client:
        call = await get(client, "/api/calls/c1")
        listed = await get(client, "/api/calls")
    assert listed["calls"] == [call["live"]] or listed["calls"][0]["call"] == "c1"
    assert call["live"]["place"] == "queue"
    standing = call["explanation"]["standing"]
    assert standing["head_start_seconds"] == 300
    assert standing["ineligible"]["bert"] == "logged_out"
    assert standing["ineligible"]["anna"].startswith("not_in_queue")
    assert [line["what"] for line in call["explanation"]["story"]] == ["CallQueued", "CallEntered"]
    assert call["explanation"]["story"][1]["details"]["tier"] == "diamond"
    assert call["record"] is None


async def test_a_decision_is_told(hotline):
    hotline.tell(AgentLoggedIn("anna"), CallQueued("c1", "billing", "basic"))
    async with hotline.serve() as client:
        decision = (await get(client, "/api/calls/c1"))["explanation"]["decision"]
    assert decision["chosen"] == "anna"
    assert decision["ineligible"]["bert"] == "logged_out"


async def test_a_call_of_the_past_is_its_record(hotline):
    trail = [{"flow": "main", "step": "menu", "at_ms": 5, "result": "choice", "values": {"key": "1"}}]
    hotline.records.add("c9", started_at_ms=5, outcome="answered", tickets=("T1",), trail=tuple(trail))
    async with hotline.serve() as client:
        call = await get(client, "/api/calls/c9")
    assert (call["live"], call["explanation"]) == (None, None)
    assert (call["record"]["outcome"], call["record"]["tickets"], call["record"]["trail"]) == (
        "answered",
        ["T1"],
        trail,
    )


async def test_without_records_a_living_call_is_still_told(hotline):
    hotline.records.down = True
    hotline.on_the_line("c1")
    async with hotline.serve() as client:
        assert "away" in (await get(client, "/api/calls/c1"))["record_error"]
        assert "away" in (await get(client, "/api/calls/c2", 404))["detail"]
        assert "away" in (await get(client, "/api/records", 503))["detail"]


async def test_records_are_paged(hotline):
    for number in range(5):
        hotline.records.add(f"c{number}", started_at_ms=number)
    async with hotline.serve() as client:
        newest = await get(client, "/api/records?limit=2")
        older = await get(client, "/api/records?limit=2&before_ms=3")
    assert [record["call"] for record in newest["records"]] == ["c4", "c3"]
    assert [record["call"] for record in older["records"]] == ["c2", "c1"]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "limit=1&limit=2", "before_ms=-1", "limits=2"])
async def test_a_query_that_cannot_be_used_is_refused(hotline, query):
    async with hotline.serve() as client:
        problem = await get(client, f"/api/records?{query}", 422)
    assert problem["errors"][0]["where"].startswith("query.")


# Of the application itself


async def test_every_answer_has_the_guarding_headers(hotline):
    async with hotline.serve() as client:
        for path in ("/healthz", "/docs", "/api/status", "/api/queues/none", "/nowhere", "/metrics"):
            async with client.get(path) as answer:
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                assert "aiohttp" not in answer.headers["Server"]


async def test_a_fault_of_the_program_tells_nothing_of_the_inside(hotline):
    hotline.policy = None
    async with hotline.serve() as client:
        problem = await get(client, "/api/status", 500)
    assert problem == {
        "type": "about:blank", "title": "Internal Server Error", "status": 500,
        "detail": "the server failed at this; its log says why", "errors": [],
    }  # fmt: skip


async def test_the_docs_list_every_operation_and_bring_nothing_from_elsewhere(hotline):
    async with hotline.serve(token="") as client:
        described = await get(client, "/api/openapi.json")
        async with client.get("/docs") as answer:
            page = await answer.text()
            assert STYLE_HASH in answer.headers["Content-Security-Policy"]
    for path in described["paths"]:
        assert f"<code>{path}</code>" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


async def test_reasons_of_a_call_are_told_in_words_whether_it_waits_or_was_offered(hotline):
    hotline.tell(CallQueued("c1", "repair", "diamond"))
    async with hotline.serve() as client:
        told = await get(client, "/api/calls/c1/reasons")
        assert told["offers"] == []
        assert any("with a score of 300" in line for line in told["sentences"]["en"])
        assert any("目前没有可接的坐席" in line for line in told["sentences"]["zh"])
        assert "Not eligible: bert: they are logged out." in told["sentences"]["en"]
        hotline.tell(AgentLoggedIn("bert"))
        hotline.decisions.known.append(record_of(hotline.engine.decision("c1"), hotline.clock))
        told = await get(client, "/api/calls/c1/reasons")
        assert told["offers"][0]["agent"] == "bert"
        assert told["offers"][0]["needs"] == {"repair": 1}
        assert any("was offered to bert" in line for line in told["sentences"]["en"])
        async with client.get("/api/calls/unknown/reasons") as reply:
            assert reply.status == 404
        hotline.decisions.down = True
        async with client.get("/api/calls/c1/reasons") as reply:
            assert reply.status == 503


async def test_the_description_is_openapi_3_1(hotline):
    async with hotline.serve(token="") as client:
        described = await get(client, "/api/openapi.json")
    jsonschema.Draft202012Validator(OPENAPI_31).validate(described)
    for schema in described["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    operations = [operation for methods in described["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations) == len(declared.all)
    for operation in operations:
        assert ("security" in operation) == ("401" in operation["responses"] and operation["operationId"] != "log_in")
    assert _references(described) <= {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}


def _references(node):
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*map(_references, node.values()))
    return set().union(*map(_references, node)) if isinstance(node, list) else set()


async def test_a_port_that_is_taken_is_said_with_the_cure(hotline):
    async with serving(make_app(hotline.deps), "127.0.0.1", 0) as port:
        with pytest.raises(ListenError, match=f"127.0.0.1:{port}.*http.port"):
            async with serving(make_app(hotline.deps), "127.0.0.1", port):
                pass


async def test_a_client_that_never_ends_its_headers_is_dropped(hotline, monkeypatch):
    monkeypatch.setattr(importlib.import_module("cti.http.serving"), "HEADER_SECONDS", 0.2)
    async with serving(make_app(hotline.deps), "127.0.0.1", 0) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_the_page_in_the_manual_is_current():
    page = Path(__file__).parents[3] / "docs" / "api.md"
    assert page.read_text(encoding="utf-8") == markdown(), "run: python -m cti.http.table > docs/api.md"


async def test_flows_are_shown_reloaded_refused_and_rolled_back(hotline):
    async with hotline.serve() as client:
        assert (await get(client, "/api/flows"))["current"] == "abc"
        async with client.post("/api/flows/rollback") as reply:
            assert reply.status == 409
        async with client.post("/api/flows/reload", json={"share": 0.1}) as reply:
            assert reply.status == 200
            assert (await reply.json())["candidate"] == "def"
        async with client.post("/api/flows/rollback") as reply:
            assert (await reply.json())["candidate"] == ""
        hotline.flows.broken = "flows/main.yaml:3:1: no-such-step"
        async with client.post("/api/flows/reload", json={}) as reply:
            assert reply.status == 409
            assert "flows/main.yaml:3:1" in (await reply.json())["detail"]
        async with client.post("/api/flows/reload", json={"share": 0}) as reply:
            assert reply.status == 422


async def test_the_policy_is_shown_reloaded_and_refused(hotline):
    async with hotline.serve() as client:
        shown = await get(client, "/api/policy")
        assert (shown["queues"], shown["agents"], shown["refused"]) == (["billing", "repair"], 2, "")
        queues = {**hotline.policy.queues, "sales": Queue("sales")}
        hotline.policy = replace(hotline.policy, queues=queues)
        async with client.post("/api/policy/reload") as reply:
            assert (await reply.json())["queues"] == ["billing", "repair", "sales"]
        async with client.get("/metrics") as reply:
            assert 'hotline_queue_calls_entered_total{queue="sales",tier="basic"} 0.0' in await reply.text()
        hotline.broken = "config/queues.yaml:3:1: no such skill"
        async with client.post("/api/policy/reload") as reply:
            assert reply.status == 409
            assert "queues.yaml:3:1" in (await reply.json())["detail"]
        assert "queues.yaml:3:1" in (await get(client, "/api/policy"))["refused"]
