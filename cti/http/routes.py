"""The operations of the API."""

import asyncio

from aiohttp import web

from acd.errors import UnknownCall
from acd.explain import Explanation
from acd.snapshot import Snapshot
from cti.flow_versions import FlowsRefused
from cti.http.deps import ApiDeps, RecordsDown
from cti.http.models import (
    AgentList,
    AgentView,
    CallDetail,
    Fault,
    FlowsView,
    Health,
    LiveCallList,
    PauseRequest,
    QueueDetail,
    QueueList,
    Readiness,
    Reasons,
    RecordList,
    RecordsQuery,
    RecordView,
    ReloadRequest,
    Status,
    WrapUpRequest,
)
from cti.http.operations import json_response, operation
from cti.http.problems import Refusal
from cti.http.reasons import reasons_of
from cti.http.views import agent_view, agent_views, explanation_view, live_call_views, queue_detail, queue_views
from cti.http.wishes import LOG_IN, LOG_OUT, READY, UNPAUSE, Wish, extend_wrapup, pause
from cti.metrics.page import media_type, wanted_form
from cti.users.rights import Reach

TELL_SECONDS = 2.0
METRICS_MEDIA = ("text/plain", "application/openmetrics-text")


# The server


@operation("GET", "/healthz", "server", needs_token=False)
async def healthz(_deps: ApiDeps) -> Health:
    """Is the process alive?"""
    return Health(status="ok")


@operation("GET", "/readyz", "server", needs_token=False, answer=Readiness, also=(503,))
async def readyz(deps: ApiDeps) -> web.Response:
    """Are calls served?

    503 while not; each condition is told by name.
    """
    ready, reasons = deps.ready()
    return json_response(Readiness(ready=ready, reasons=reasons), 200 if ready else 503)


@operation("GET", "/metrics", "server", needs_token=False, media=METRICS_MEDIA)
async def metrics(deps: ApiDeps, request: web.Request) -> web.StreamResponse:
    """Metrics for Prometheus.

    See docs/metrics.md for their meaning.
    """
    form = wanted_form(request.headers.get("Accept", ""))
    return web.Response(body=await deps.metrics.page(form), headers={"Content-Type": media_type(form)})


@operation("GET", "/api/status", "server")
async def status(deps: ApiDeps) -> Status:
    """Everything at a glance: queues, agents, calls, links."""
    snapshot, policy = deps.snapshot(), deps.policy()
    ready, reasons = deps.ready()
    return Status(
        version=deps.version,
        ready=ready,
        reasons=reasons,
        dispatching=snapshot is not None and snapshot.dispatching,
        queues=[] if snapshot is None else queue_views(snapshot, policy),
        agents=[] if snapshot is None else agent_views(snapshot, policy),
        calls=live_call_views(deps.live_calls(), snapshot),
    )


# Queues


@operation("GET", "/api/queues", "queues", problems=(503,))
async def list_queues(deps: ApiDeps) -> QueueList:
    """All queues."""
    return QueueList(queues=queue_views(_engine(deps), deps.policy()))


@operation("GET", "/api/queues/{name}", "queues", problems=(503,))
async def show_queue(deps: ApiDeps, name: str) -> QueueDetail:
    """One queue, with its callers in order."""
    queue, config = _engine(deps).queues.get(name), deps.policy().queues.get(name)
    if queue is None or config is None:
        raise Refusal(404, f"there is no queue {name!r}; there are {', '.join(deps.policy().queues)}")
    return queue_detail(queue, config)


# Agents


@operation("GET", "/api/agents", "agents", problems=(503,))
async def list_agents(deps: ApiDeps, reach: Reach) -> AgentList:
    """All agents; for a team leader his team, for an agent himself."""
    shown = reach.agents(deps.policy())
    return AgentList(agents=[agent for agent in agent_views(_engine(deps), deps.policy()) if agent.name in shown])


@operation("GET", "/api/agents/{name}", "agents", problems=(503,))
async def show_agent(deps: ApiDeps, name: str) -> AgentView:
    """One agent."""
    return _agent(deps, name)


@operation("POST", "/api/agents/{name}/login", "agents", status=202, problems=(503,))
async def login_agent(deps: ApiDeps, name: str) -> AgentView:
    """Log an agent in; he is ready at once.

    Also takes back a log-out that waits for the end of his talk.
    """
    return await _ask(deps, name, LOG_IN)


@operation("POST", "/api/agents/{name}/logout", "agents", status=202, problems=(503,))
async def logout_agent(deps: ApiDeps, name: str) -> AgentView:
    """Log an agent out, after his talk if he has one."""
    return await _ask(deps, name, LOG_OUT)


@operation("POST", "/api/agents/{name}/pause", "agents", status=202, problems=(409, 503))
async def pause_agent(deps: ApiDeps, name: str, body: PauseRequest) -> AgentView:
    """Pause an agent, after his talk if he has one; a new reason replaces the old.

    422 with the list when agents.yaml lists reasons and this is none of them.
    """
    _agent(deps, name)
    if not deps.policy().may_pause(body.reason):
        fault = Fault(where="body.reason", message=f"give one of {', '.join(deps.policy().pause_reasons)}, or add it to pause_reasons of agents.yaml")
        raise Refusal(422, "this reason to pause is not listed", (fault,))
    return await _ask(deps, name, pause(body.reason))


@operation("POST", "/api/agents/{name}/unpause", "agents", status=202, problems=(409, 503))
async def unpause_agent(deps: ApiDeps, name: str) -> AgentView:
    """End an agent's pause, or take back the one he asked for."""
    return await _ask(deps, name, UNPAUSE)


@operation("POST", "/api/agents/{name}/ready", "agents", status=202, problems=(409, 503))
async def ready_agent(deps: ApiDeps, name: str) -> AgentView:
    """Make an agent ready: ends wrap-up and any pause, also the one after missed calls."""
    return await _ask(deps, name, READY)


@operation("POST", "/api/agents/{name}/wrap-up", "agents", status=202, problems=(409, 503))
async def extend_wrap_up(deps: ApiDeps, name: str, body: WrapUpRequest) -> AgentView:
    """Give an agent more time after his talk, up to `wrapup_limit_seconds` of queues.yaml in all."""
    return await _ask(deps, name, extend_wrapup(body.seconds))


async def _ask(deps: ApiDeps, name: str, wish: Wish) -> AgentView:
    view = _agent(deps, name)
    present = _engine(deps).agents[name]
    obstacle = wish.obstacle(present)
    if obstacle is not None:
        raise Refusal(409, obstacle)
    if wish.done(present):
        return view
    try:
        async with asyncio.timeout(TELL_SECONDS):
            told = await deps.tell(wish.event(name))
    except TimeoutError:
        raise Refusal(
            503, f"the router did not take it within {TELL_SECONDS:g} s; look at the agent, then ask again"
        ) from None
    if not told:
        raise Refusal(503, NO_ENGINE)
    return _agent(deps, name)


def _agent(deps: ApiDeps, name: str) -> AgentView:
    agent, config = _engine(deps).agents.get(name), deps.policy().agents.get(name)
    if agent is None or config is None:
        raise Refusal(404, f"there is no agent {name!r}; GET /api/agents lists them")
    return agent_view(agent, config)


# Flows


@operation("GET", "/api/flows", "flows")
async def show_flows(deps: ApiDeps) -> FlowsView:
    """The versions of the flows in use."""
    return FlowsView.model_validate(deps.flows.status)


@operation("POST", "/api/flows/reload", "flows", problems=(409,))
async def reload_flows(deps: ApiDeps, body: ReloadRequest) -> FlowsView:
    """Read the flows on disk, check them, and let new calls meet them.

    409 with every finding if they cannot be used; nothing has changed then. Calls under way end on the version they began with.
    """
    try:
        return FlowsView.model_validate(await deps.flows.reload(body.share))
    except FlowsRefused as error:
        raise Refusal(409, str(error)) from error


@operation("POST", "/api/flows/rollback", "flows", problems=(409,))
async def rollback_flows(deps: ApiDeps) -> FlowsView:
    """Drop the version that is being tried, or go back to the one before."""
    try:
        return FlowsView.model_validate(deps.flows.rollback())
    except FlowsRefused as error:
        raise Refusal(409, str(error)) from error


# Calls


@operation("GET", "/api/calls", "calls")
async def list_calls(deps: ApiDeps) -> LiveCallList:
    """The calls on the line."""
    return LiveCallList(calls=live_call_views(deps.live_calls(), deps.snapshot()))


@operation("GET", "/api/calls/{call}", "calls")
async def show_call(deps: ApiDeps, call: str) -> CallDetail:
    """One call, living or over: where it is, why it waits, what happened to it, its record."""
    live = live_call_views([known for known in deps.live_calls() if known.call == call], deps.snapshot())
    explanation = _explanation(deps, call)
    record, record_error = None, ""
    try:
        record = await deps.records.one(call)
    except RecordsDown as error:
        record_error = str(error)
    if not live and explanation is None and record is None:
        raise Refusal(404, f"nothing is known of a call {call!r}{'; ' + record_error if record_error else ''}")
    return CallDetail(
        call=call,
        live=live[0] if live else None,
        explanation=None if explanation is None else explanation_view(explanation, deps.clock),
        record=None if record is None else RecordView.model_validate(record),
        record_error=record_error,
    )


@operation("GET", "/api/calls/{call}/reasons", "calls", problems=(503,))
async def show_reasons(deps: ApiDeps, call: str) -> Reasons:
    """Why a call of the last day went where it went, or why it waits: in words, with who overtook whom."""
    explanation = _explanation(deps, call)
    try:
        told = await reasons_of(deps, call, explanation)
    except RecordsDown as error:
        raise Refusal(503, str(error)) from error
    if told is None:
        raise Refusal(404, f"no offer of a call {call!r} is known of the last day, and it does not wait")
    return told


@operation("GET", "/api/records", "calls", problems=(503,))
async def list_records(deps: ApiDeps, query: RecordsQuery) -> RecordList:
    """The records of the latest calls, newest first."""
    try:
        records = await deps.records.recent(query.limit, query.before_ms)
    except RecordsDown as error:
        raise Refusal(503, str(error)) from error
    return RecordList(records=[RecordView.model_validate(record) for record in records])


def _explanation(deps: ApiDeps, call: str) -> Explanation | None:
    try:
        return deps.explain(call)
    except UnknownCall:
        return None


NO_ENGINE = "not attached to Asterisk at the moment; /readyz says what is missing"


def _engine(deps: ApiDeps) -> Snapshot:
    snapshot = deps.snapshot()
    if snapshot is None:
        raise Refusal(503, NO_ENGINE)
    return snapshot
