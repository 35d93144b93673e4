"""Who may do what over the API: every role at every operation, sessions, their ends, and what other pages may not make a browser do."""

import asyncio
from collections import defaultdict
from dataclasses import replace

import aiohttp
import pytest

from acd.config import Agent, Policy, Queue, Tier
from acd.events import AgentLoggedIn, CallQueued
from cti.http.every_operation import operation
from cti.http.gate import COOKIE
from cti.users.file import User
from cti.users.passwords import hash_password
from cti.users.roles import Role
from tests.unit.web.hotline import TOKEN, Hotline

pytestmark = pytest.mark.asyncio
PASSWORD = "correct horse"
HASH = hash_password(PASSWORD)
POLICY = Policy(
    queues={"billing": Queue("billing"), "repair": Queue("repair")},
    tiers={"basic": Tier("basic")},
    agents={
        "anna": Agent("anna", queues=("billing",), team="day"), "bert": Agent("bert", queues=("billing",), team="day"),
        "carl": Agent("carl", queues=("repair",), team="night"),
    },
)  # fmt: skip
USERS = {
    "anna": User("anna", Role.AGENT, "", "zh", HASH),
    "lea": User("lea", Role.TEAM_LEADER, "day", "en", HASH),
    "boss": User("boss", Role.OPERATIONS_MANAGER, "", "zh", HASH),
}

#: what each may do on things of his own (agent), of his team (leader) or at all (display); the manager may do everything
MAY = {
    Role.DISPLAY: "show_session end_session show_board stream_board",
    Role.AGENT: """show_session end_session show_board stream_board list_queues list_agents show_agent login_agent logout_agent pause_agent
        unpause_agent ready_agent extend_wrap_up show_agent_day list_agent_days show_call show_reasons""",
    Role.TEAM_LEADER: """show_session end_session show_board stream_board list_queues show_queue list_agents show_agent login_agent logout_agent
        pause_agent unpause_agent ready_agent extend_wrap_up show_agent_day list_agent_days show_call show_reasons show_flows show_policy""",
}


@pytest.fixture
def hotline():
    """Anna is rung for c-anna, carl for c-carl; c-billing and c-repair wait."""
    made = Hotline(POLICY)
    made.users = dict(USERS)
    made.display_token = "the token of the wall"
    made.tell(AgentLoggedIn("anna"), AgentLoggedIn("carl"))
    for call, queue in (("c-anna", "billing"), ("c-carl", "repair"), ("c-billing", "billing"), ("c-repair", "repair")):
        made.tell(CallQueued(call, queue, "basic"))
    return made


def cookie_of(hotline, role):
    """The cookie of somebody of this role, as the server would give it."""
    now = hotline.clock.wall_ms() / 1000
    if role is Role.DISPLAY:
        return hotline.access.log_in_display(hotline.display_token)
    user = next(user for user in hotline.users.values() if user.role is role)
    return hotline.sessions.issue(user.name, user.stamp, now, 60)[0]


async def ask(client, method, path, cookie="", origin=True, **keywords):
    """Status of a request with this cookie; the stream's once it began."""
    headers = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
    if origin is True:
        headers["Origin"] = str(client._base_url.origin())
    elif origin:
        headers["Origin"] = origin
    async with client.request(method, path, headers=headers, allow_redirects=False, **keywords) as answer:
        return answer.status


def path_of(declared, agent="anna", call="c-anna"):
    names = {"name": "billing" if "/queues/" in declared.path else agent, "call": call}
    return declared.path.format_map(defaultdict(lambda: "x", names))


GUARDED = [declared for declared in operation.all if declared.needs_token]
BODIES = {"pause_agent": {"reason": "lunch"}, "extend_wrap_up": {"seconds": 5}}


async def test_every_role_at_every_operation(hotline):
    """401 for strangers, 403 for whoever may not, and anything else for whoever may: then it is the operation that answers."""
    async with hotline.serve(token="") as client:
        for declared in GUARDED:
            method, path = declared.method, path_of(declared)
            body = {"json": BODIES.get(declared.name, {})} if declared.body is not None else {}
            assert await ask(client, method, path, **body) == 401, declared.name
            for role in Role:
                status = await ask(client, method, path, cookie_of(hotline, role), **body)
                may = role is Role.OPERATIONS_MANAGER or declared.name in MAY[role].split()
                assert (status not in {401, 403}) == may, (role, declared.name, status)


async def test_the_table_names_operations_that_exist():
    assert {name for names in MAY.values() for name in names.split()} <= {declared.name for declared in GUARDED}


async def test_nothing_but_the_agents_own_state_is_changed_by_less_than_a_manager():
    changing = {declared.name for declared in GUARDED if declared.method != "GET"}
    agents_own = {declared.name for declared in GUARDED if declared.path.startswith("/api/agents/{name}/") and declared.method == "POST"}
    for names in MAY.values():
        assert set(names.split()) & changing <= agents_own | {"end_session"}


AGENT_OPERATIONS = [declared for declared in GUARDED if declared.path.startswith("/api/agents/{name}")]
CALL_OPERATIONS = [declared for declared in GUARDED if declared.path.startswith("/api/calls/{call}")]


@pytest.mark.parametrize(
    ("role", "reached", "not_reached"),
    [(Role.AGENT, "anna", "bert carl nobody"), (Role.TEAM_LEADER, "anna bert", "carl nobody"), (Role.OPERATIONS_MANAGER, "anna bert carl nobody", "")],
)
async def test_agents_are_seen_and_steered_as_far_as_the_role_reaches(hotline, role, reached, not_reached):
    async with hotline.serve(token="") as client:
        for declared in AGENT_OPERATIONS:
            body = {"json": BODIES.get(declared.name, {})} if declared.body is not None else {}
            for name in (*reached.split(), *not_reached.split()):
                status = await ask(client, declared.method, path_of(declared, name), cookie_of(hotline, role), **body)
                assert (status == 403) == (name in not_reached.split()), (declared.name, name, status)
        hotline.engine.check_invariants()


@pytest.mark.parametrize(
    ("role", "reached", "not_reached"),
    [
        (Role.AGENT, "c-anna", "c-billing c-carl c-repair c-over c-others c-unknown"),
        (Role.TEAM_LEADER, "c-anna c-billing c-over", "c-carl c-repair c-others c-unknown"),
        (Role.OPERATIONS_MANAGER, "c-anna c-billing c-carl c-repair c-over c-others c-unknown", ""),
    ],
)
async def test_calls_are_looked_up_as_far_as_the_role_reaches(hotline, role, reached, not_reached):
    hotline.records.add("c-over", queue="billing", agent="bert")
    hotline.records.add("c-others", queue="repair", agent="carl")
    async with hotline.serve(token="") as client:
        for declared in CALL_OPERATIONS:
            for call in (*reached.split(), *not_reached.split()):
                status = await ask(client, "GET", path_of(declared, call=call), cookie_of(hotline, role))
                assert (status == 403) == (call in not_reached.split()), (declared.name, call, status)


async def test_without_records_a_leader_sees_no_call_that_is_over(hotline):
    hotline.records.add("c-over", queue="billing", agent="bert")
    hotline.records.down = True
    async with hotline.serve(token="") as client:
        assert await ask(client, "GET", "/api/calls/c-over", cookie_of(hotline, Role.TEAM_LEADER)) == 403


async def test_lists_hold_what_is_in_reach(hotline):
    async with hotline.serve(token="") as client:
        for role, names in ((Role.AGENT, ["anna"]), (Role.TEAM_LEADER, ["anna", "bert"]), (Role.OPERATIONS_MANAGER, ["anna", "bert", "carl"])):
            headers = {"Cookie": f"{COOKIE}={cookie_of(hotline, role)}"}
            async with client.get("/api/agents", headers=headers) as answer:
                assert [agent["name"] for agent in (await answer.json())["agents"]] == names
            async with client.get("/api/agent-days", headers=headers) as answer:
                assert [day["agent"] for day in (await answer.json())["days"]] == names


async def test_the_displays_token_may_come_as_a_bearer_token_too(hotline):
    async with hotline.serve(token=hotline.display_token) as client:
        async with client.get("/api/board") as answer:
            board = await answer.json()
        assert (answer.status, board["role"], len(board["line"])) == (200, "display", 4)
        assert {place["call"] for place in board["line"]} == {None}
        assert await ask(client, "GET", "/api/status") == 403


# Logging in


async def log_in(client, name="anna", password=PASSWORD, **headers):
    async with client.post("/api/session", json={"name": name, "password": password}, headers=headers) as answer:
        return answer.status, answer.cookies.get(COOKIE), await answer.json(), answer.headers


async def test_who_logs_in_gets_a_cookie_no_script_can_read(hotline):
    async with hotline.serve(token="") as client:
        status, cookie, told, _ = await log_in(client)
        assert status == 200
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"], cookie["secure"]) == (True, "Strict", "/", "43200", "")
        assert {**told, "expires_at": ""} == {"name": "anna", "role": "agent", "team": "day", "language": "zh", "expires_at": ""}
        async with client.get("/api/session", headers={"Cookie": f"{COOKIE}={cookie.value}"}) as answer:
            assert await answer.json() == told


async def test_behind_https_the_cookie_goes_nowhere_else(hotline):
    hotline.deps = replace(hotline.deps, public_url="https://hotline.example.com")
    async with hotline.serve(token="") as client:
        status, cookie, _, _ = await log_in(client, Origin="https://hotline.example.com")
        assert (status, cookie["secure"]) == (200, True)
        assert (await log_in(client, Origin="https://elsewhere.example.com"))[0] == 403


async def test_a_wrong_password_and_an_unknown_name_are_told_alike(hotline):
    async with hotline.serve(token="") as client:
        wrong, unknown = await log_in(client, password="wrong password"), await log_in(client, name="nobody")
    assert wrong[:3] == unknown[:3]
    assert (wrong[0], wrong[1]) == (401, None)


async def test_guessing_is_kept_waiting(hotline):
    async with hotline.serve(token="") as client:
        for _ in range(4):
            assert (await log_in(client, password="wrong password"))[0] == 401
        status, _, problem, headers = await log_in(client)
        assert (status, headers["Retry-After"]) == (429, "1")
        assert "wait" in problem["detail"]
        assert (await log_in(client, name="boss"))[0] == 200  # others may come
        hotline.clock.now = lambda now=hotline.clock.now: now() + 2
        assert (await log_in(client))[0] == 200


async def test_guesses_from_one_address_are_kept_waiting_whatever_the_name(hotline):
    """Behind a proxy the address is the one it serves; without one nobody may say he were somebody else."""
    hotline.deps = replace(hotline.deps, public_url="https://hotline.example.com")
    async with hotline.serve(token="") as client:
        for number in range(20):
            assert (await log_in(client, name=f"n{number}", **{"X-Forwarded-For": "spoofed, 10.0.0.1"}))[0] == 401
        assert (await log_in(client, **{"X-Forwarded-For": "10.0.0.1"}))[0] == 429
        assert (await log_in(client, **{"X-Forwarded-For": "10.0.0.2"}))[0] == 200
    hotline.deps = replace(hotline.deps, public_url="")
    async with hotline.serve(token="") as client:
        for number in range(20):
            assert (await log_in(client, name=f"m{number}", **{"X-Forwarded-For": f"10.0.1.{number}"}))[0] == 401
        assert (await log_in(client, **{"X-Forwarded-For": "10.0.0.3"}))[0] == 429


async def test_many_guesses_at_once_gain_nothing(hotline):
    async with hotline.serve(token="") as client:
        answers = await asyncio.gather(*(log_in(client, password=f"guess {number}") for number in range(12)))
    assert sorted(answer[0] for answer in answers) == [401] * 4 + [429] * 8


async def test_no_password_is_in_the_log(hotline, capsys):
    async with hotline.serve(token="") as client:
        await log_in(client, password="a secret guess")
        await log_in(client)
        async with client.post("/api/session", json={"name": 7, "password": "a secret guess"}) as answer:
            assert "secret" not in await answer.text()
    written = capsys.readouterr()
    assert "secret" not in written.out + written.err
    assert "logged_in" in written.out
    assert PASSWORD not in written.out + written.err


async def test_after_logging_out_the_cookie_is_worth_nothing(hotline):
    async with hotline.serve(token="") as client:
        cookie = (await log_in(client))[1].value
        assert await ask(client, "DELETE", "/api/session", cookie) == 200
        assert await ask(client, "GET", "/api/session", cookie) == 401


@pytest.mark.parametrize(
    "change",
    [
        lambda users: users.pop("anna"),
        lambda users: users.update(anna=replace(users["anna"], password_hash=hash_password("another one"))),
        lambda users: users.update(anna=replace(users["anna"], role=Role.OPERATIONS_MANAGER)),
    ],
    ids=["removed", "new password", "new role"],
)
async def test_a_change_of_the_user_ends_his_sessions(hotline, change):
    async with hotline.serve(token="") as client:
        cookie = (await log_in(client))[1].value
        assert await ask(client, "GET", "/api/session", cookie) == 200
        change(hotline.users)
        assert await ask(client, "GET", "/api/session", cookie) == 401


async def test_a_session_ends_with_its_time(hotline):
    async with hotline.serve(token="") as client:
        cookie = (await log_in(client))[1].value
        hotline.clock.wall_ms = lambda now=hotline.clock.wall_ms: now() + 43_201_000
        assert await ask(client, "GET", "/api/session", cookie) == 401


async def test_a_page_of_somebody_else_changes_nothing(hotline):
    async with hotline.serve(token="") as client:
        cookie = cookie_of(hotline, Role.AGENT)
        for origin in (None, "null", "https://elsewhere.example.com", "http://127.0.0.1:1"):
            assert await ask(client, "POST", "/api/agents/anna/logout", cookie, origin=origin) == 403
        assert await ask(client, "GET", "/api/agents/anna", cookie, origin="https://elsewhere.example.com") == 200
        assert await ask(client, "POST", "/api/agents/anna/logout", cookie) == 202
        assert (await log_in(client, Origin="https://elsewhere.example.com"))[0] == 403


async def test_the_api_token_needs_no_page(hotline):
    async with hotline.serve(token=TOKEN) as client:
        assert await ask(client, "POST", "/api/agents/anna/logout", origin=None) == 202
        async with client.get("/api/session") as answer:
            assert await answer.json() == {"name": "", "role": "operations_manager", "team": "", "language": "zh", "expires_at": None}


async def test_whoever_opens_a_page_is_sent_to_log_in_and_back(hotline):
    async with hotline.serve(token="") as client:
        async with client.get("/reports?language=en", headers={"Accept": "text/html,*/*"}, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/login?next=%2Freports%3Flanguage%3Den")
        assert await ask(client, "GET", "/reports") == 401
        headers = {"Accept": "text/html", "Cookie": f"{COOKIE}={cookie_of(hotline, Role.AGENT)}"}
        async with client.get("/reports", headers=headers, allow_redirects=False) as answer:
            assert answer.status == 403


# The wall


async def test_the_displays_link_gives_a_cookie_and_vanishes_from_the_address(hotline):
    async with hotline.serve(token="") as client:
        async with client.get("/wallboard", params={"token": hotline.display_token}, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/wallboard")
            cookie = answer.cookies[COOKIE].value
        assert await ask(client, "GET", "/api/board", cookie) == 200
        hotline.display_token = "another token"
        assert await ask(client, "GET", "/api/board", cookie) == 401
        hotline.display_token = ""
        assert await ask(client, "GET", "/api/board", cookie) == 401


@pytest.mark.parametrize("token", ["wrong", "", "x" * 65])
async def test_a_wrong_display_link_shows_nothing(hotline, token):
    hotline.display_token = "" if not token else hotline.display_token
    async with hotline.serve(token="") as client, client.get("/wallboard", params={"token": token}, allow_redirects=False) as answer:
        assert answer.status in {403, 422}
        assert COOKIE not in answer.cookies


async def test_without_a_display_token_nobody_is_a_display(hotline):
    hotline.display_token = ""
    async with hotline.serve(token="") as client, client.get("/api/board", headers={"Authorization": "Bearer "}) as answer:
        assert answer.status == 401


async def test_a_stream_ends_when_its_session_does(hotline):
    async with hotline.serve(token="") as client:
        cookie = (await log_in(client))[1].value
        async with client.get("/api/board/stream", headers={"Cookie": f"{COOKIE}={cookie}"}, timeout=aiohttp.ClientTimeout(20)) as stream:
            first = await stream.content.readuntil(b"\n\n")
            assert first.startswith(b"event: board\ndata: {")
            assert await ask(client, "DELETE", "/api/session", cookie) == 200
            await stream.content.read()  # to the end
