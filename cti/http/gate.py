"""The one place where it is decided who may do an operation: recognises who asks, checks his rights, and that no other page made him ask."""

from urllib.parse import urlencode, urlsplit

from aiohttp import hdrs, web

from cti.http.board_routes import ALLOWED
from cti.http.deps import ApiDeps, RecordsDown
from cti.http.operations import REACH, Operation
from cti.http.problems import Handler, Refusal
from cti.users.access import Known
from cti.users.rights import Reach, scope_of
from cti.users.roles import Scope

COOKIE = "hotline_session"
KNOWN: web.RequestKey[Known] = web.RequestKey("known", Known)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_AGENT_PATHS = "/api/agents/{name}"
_CALL_PATHS = "/api/calls/{call}"


def guarded(operation: Operation, handler: Handler, deps: ApiDeps) -> Handler:
    """Return the handler behind the gate. It answers 401 to strangers (a page sends them to log in), 403 to whoever may not."""

    async def guard(request: web.Request) -> web.StreamResponse:
        try:
            known = recognised(request, deps)
        except Refusal:
            if not _is_page(operation, request):
                raise
            return web.Response(status=303, headers={hdrs.LOCATION: f"/login?{urlencode({'next': request.path_qs})}"})
        if known.session is not None and request.method not in _SAFE:
            check_origin(request, deps, needed=True)
        reach = Reach(known.viewer, scope_of(known.viewer.role, operation.name))
        if not await _in_reach(operation, request, reach, deps):
            raise Refusal(403, f"{known.viewer.role.value.replace('_', ' ')}s may not do this here; docs/api.md says who may")
        session = known.session
        request[KNOWN], request[REACH] = known, reach
        request[ALLOWED] = lambda: session is None or deps.access.still(session, known.viewer)
        return await handler(request)

    return guard


def _is_page(operation: Operation, request: web.Request) -> bool:
    """Whether a person opened a page in a browser: he is sent to log in instead of being shown a problem document."""
    return operation.media == ("text/html",) and "text/html" in request.headers.get(hdrs.ACCEPT, "")


def recognised(request: web.Request, deps: ApiDeps) -> Known:
    """Return who asks. Raises Refusal (401)."""
    scheme, _, given = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    if scheme:
        known = deps.access.by_token(given.strip()) if scheme.lower() == "bearer" else None
    else:
        known = deps.access.by_cookie(request.cookies.get(COOKIE, ""))
    if known is None:
        raise Refusal(
            401, "log in at /login, or send the token of the settings (http.token) as Authorization: Bearer …", headers={hdrs.WWW_AUTHENTICATE: "Bearer"}
        )
    return known


def check_origin(request: web.Request, deps: ApiDeps, *, needed: bool) -> None:
    """Refuse what a page of somebody else makes a browser send. Raises Refusal (403).

    Browsers say where a request comes from; `needed` refuses one that does not say it.
    """
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None and not needed:
        return
    expected = urlsplit(deps.public_url).netloc or request.host
    if origin is None or urlsplit(origin).netloc != expected:
        raise Refusal(403, f"this came from a page of {origin or 'nobody'}, not from {expected}; behind a proxy set http.public_url")


async def _in_reach(operation: Operation, request: web.Request, reach: Reach, deps: ApiDeps) -> bool:
    """Whether the operation, on what its path names, is in reach."""
    if reach.scope in {Scope.NONE, Scope.ALL}:
        return reach.scope is Scope.ALL
    if operation.path.startswith(_AGENT_PATHS):
        return request.match_info["name"] in reach.agents(deps.policy())
    if operation.path.startswith(_CALL_PATHS):
        return await _call_in_reach(request.match_info["call"], reach, deps)
    return True


async def _call_in_reach(call: str, reach: Reach, deps: ApiDeps) -> bool:
    """Whether he may look at this call: with an agent in reach now; for a leader also in a line of his team, or over."""
    policy, snapshot = deps.policy(), deps.snapshot()
    agents = reach.agents(policy)
    if snapshot is not None and any(agent.call == call for name, agent in snapshot.agents.items() if name in agents):
        return True
    if reach.scope < Scope.TEAM:
        return False
    queues = reach.queues(policy)
    if snapshot is not None and any(each.call == call for name in queues if name in snapshot.queues for each in snapshot.queues[name].calls):
        return True
    try:
        record = await deps.records.one(call)
    except RecordsDown:
        return False
    return record is not None and (record.agent in agents or record.queue in queues)
