"""One contract, two backends: the SQL one on a real file, the HTTP one against a real server on loopback."""

import asyncio
import datetime as dt
import re
import sys
import time
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from sqlalchemy import func, select, text

from cti.backends import OPERATIONS, Backend, BackendInvalid, BackendTimeout, BackendUnavailable
from cti.backends.config import read_backends_config
from cti.backends.http import HttpAddress, HttpBackend
from cti.backends.lockout import LockoutBackend
from cti.backends.opening import open_backends
from cti.backends.sql import SqlBackend
from cti.database import Database
from cti.database.demo import demo_customers, seed_demo
from cti.database.models import CustomerRow, EffectRow, OutageRow, PhoneRow, TicketRow
from cti.store import open_store
from ivr.secret import Secret
from tests.support.database_fixtures import url_of_kind
from tests.support.databases import KINDS
from tests.support.http_backend import ReferenceServer

PORT = 18110
TODAY = dt.date(2026, 11, 21)
PATIENCE = 10
FIRST, SECOND = demo_customers()[:2]
pytestmark = [pytest.mark.asyncio, pytest.mark.acceptance]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The SQL backend on each kind of database; what stands between the HTTP one and a database does not depend on the kind."""
    for fixture in ("backend", "lockable"):
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(("empty_url", fixture), [("sqlite", "sql"), ("sqlite", "http"), ("postgresql", "sql")], indirect=True)
            return
    if "empty_url" in metafunc.fixturenames:
        metafunc.parametrize("empty_url", ["sqlite"] if "server" in metafunc.fixturenames else KINDS, indirect=True)


@pytest_asyncio.fixture
async def empty_url(request, tmp_path) -> AsyncIterator[str]:
    async with url_of_kind(request, tmp_path) as url:
        yield url


@pytest_asyncio.fixture
async def database(database_url) -> AsyncIterator[Database]:
    opened = Database(database_url)
    await seed_demo(opened, today=TODAY, now_ms=time.time_ns() // 1_000_000)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def sql(database) -> AsyncIterator[Backend]:
    backend = SqlBackend(database)
    yield backend
    await backend.close()


@pytest_asyncio.fixture
async def server(sql) -> AsyncIterator[ReferenceServer]:
    async with ReferenceServer(sql).running(PORT) as running:
        yield running


@pytest_asyncio.fixture
async def http(server) -> AsyncIterator[HttpBackend]:
    backend = HttpBackend(HttpAddress(server.url, Secret("tok-en")))
    yield backend
    await backend.close()


@pytest.fixture
def backend(request, sql) -> Backend:
    return sql if request.param == "sql" else request.getfixturevalue("http")


async def ask(backend: Backend, operation: str, key: str | None = None, **arguments: object) -> dict:
    return await backend.call(operation, arguments, idempotency_key=key, timeout_seconds=PATIENCE)


async def count(database: Database, table: type) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(table))


@pytest.mark.parametrize(
    "number",
    ["13800138001", "+8613800138001", "008613800138001", "8613800138001", "138 0013-8001"],
)
async def test_a_customer_is_known_by_his_number_in_every_form(backend, number):
    assert await ask(backend, "customer_by_number", number=number) == {
        "found": True,
        "customer": {"account": "10000001", "name": "张伟", "tier": "diamond", "language": "zh", "star_level": 6},
    }


@pytest.mark.parametrize("number", ["13999999999", "anonymous", "' OR 1=1 --", "1"])
async def test_nobody_is_known_by_another_number(backend, number):
    assert await ask(backend, "customer_by_number", number=number) == {"found": False, "customer": None}


async def test_a_number_of_two_customers_identifies_neither(backend, database):
    async with database.writing() as session:
        session.add(PhoneRow(number=FIRST.number, account=SECOND.account))
    assert (await ask(backend, "customer_by_number", number=FIRST.number))["found"] is False


async def test_a_pin_opens_only_its_own_account(backend):
    right = await ask(backend, "verify_pin", account=FIRST.account, pin=Secret(FIRST.pin), caller="1")
    assert right["verified"] is True
    assert right["customer"]["name"] == FIRST.name
    refused = {"verified": False, "locked": False, "customer": None}
    assert await ask(backend, "verify_pin", account=FIRST.account, pin=SECOND.pin) == refused
    assert await ask(backend, "verify_pin", account="99999999", pin=FIRST.pin) == refused


async def test_balance_payment_and_bill(backend):
    reply = await ask(backend, "balance", account=SECOND.account)
    assert reply["balance_cents"] == SECOND.balance_cents == 12269
    assert reply["due_date"] == "2026-11-28"
    assert reply["last_bill"] == {
        "period": "2026-10",
        "energy_kwh": 219,
        "amount_cents": 12269,
        "due_date": "2026-11-28",
    }
    assert reply["last_payment"] == {"amount_cents": 12269 - 12269 % 700 + 350, "date": "2026-10-26"}


async def test_credit_has_no_due_date_and_a_customer_without_papers_has_none(backend, database):
    credit = next(customer for customer in demo_customers() if customer.balance_cents < 0)
    assert (await ask(backend, "balance", account=credit.account))["due_date"] is None
    async with database.writing() as session:
        for table in ("bills", "payments"):
            await session.execute(text(f"DELETE FROM {table}"))
    bare = await ask(backend, "balance", account=FIRST.account)
    assert (bare["last_bill"], bare["last_payment"]) == (None, None)


async def test_the_balance_of_an_unknown_account_is_refused(backend):
    with pytest.raises(BackendInvalid):
        await ask(backend, "balance", account="4711")


async def test_outages_known_unknown_and_over(backend, database):
    east = await ask(backend, "outage_at", area="east")
    assert (east["known"], east["kind"]) == (True, "fault")
    hours = (dt.datetime.fromisoformat(east["restore_at"]) - dt.datetime.now(dt.UTC)).total_seconds() / 3600
    assert 2.8 < hours <= 3
    assert await ask(backend, "outage_at", area="north") == {"known": True, "restore_at": None, "kind": "fault"}
    nothing = {"known": False, "restore_at": None, "kind": None}
    assert await ask(backend, "outage_at", area="south") == nothing
    async with database.writing() as session:
        await session.execute(text("UPDATE outages SET ended_at_ms = 1 WHERE area = 'east'"))
        await session.execute(text("UPDATE outages SET restore_at_ms = 1 WHERE area = 'west'"))
    assert await ask(backend, "outage_at", area="east") == nothing
    assert (await ask(backend, "outage_at", area="west"))["restore_at"] is None, "a forecast that passed is none"


@pytest.mark.parametrize(("tier", "hours"), [("diamond", 4), ("gold", 8), ("silver", 24), ("basic", 48), ("vip", 48)])
async def test_tickets_have_readable_numbers_and_a_deadline_by_tier(backend, tier, hours):
    before = dt.datetime.now(dt.UTC)
    reply = await ask(backend, "create_ticket", caller="138", area="east", kind="no_power", tier=tier, language="zh")
    assert re.fullmatch(r"\d{6}0001", reply["ticket"])
    due = dt.datetime.fromisoformat(reply["deadline"])
    assert due.utcoffset() == dt.timedelta(hours=8)
    assert abs((due - before).total_seconds() - hours * 3600) < 60
    assert (await ask(backend, "create_ticket", area="east", kind="no_power"))["ticket"].endswith("0002")


async def test_a_ticket_without_tier_takes_the_customers(backend, database):
    await ask(backend, "create_ticket", account=FIRST.account, area="east", kind="no_power", recording="r/1")
    async with database.reading() as session:
        ticket = await session.scalar(select(TicketRow))
    assert (ticket.tier, ticket.account, ticket.recording) == ("diamond", FIRST.account, "r/1")
    assert ticket.deadline_at_ms - ticket.created_at_ms == 4 * 3_600_000


async def test_an_effect_happens_once_per_key_even_when_asked_many_times_at_once(backend, database):
    arguments = {"area": "east", "kind": "no_power", "caller": "1"}
    replies = await asyncio.gather(*(ask(backend, "create_ticket", key="c1.report.1", **arguments) for _ in range(10)))
    assert len({reply["ticket"] for reply in replies}) == 1
    assert await count(database, TicketRow) == 1
    again = await ask(backend, "create_ticket", key="c1.report.1", **arguments)
    assert again == replies[0]
    other = await ask(backend, "create_ticket", key="c1.report.2", **arguments)
    assert other["ticket"] != again["ticket"]


async def test_numbers_are_given_without_gap_or_double_to_many_at_once(backend):
    made = await asyncio.gather(*(ask(backend, "create_ticket", key=f"k{n}", area="a", kind="k") for n in range(25)))
    assert sorted(int(reply["ticket"][6:]) for reply in made) == list(range(1, 26))


async def test_a_failed_effect_leaves_no_key_behind(backend, database):
    with pytest.raises(BackendInvalid):
        await ask(backend, "save_survey", key="c1.survey.1", call="c1", score="11")
    assert await count(database, EffectRow) == 0
    await ask(backend, "save_survey", key="c1.survey.1", call="c1", score="5", queue="power", agent="agent1")
    assert await count(database, EffectRow) == 1


async def test_a_key_belongs_to_one_operation(backend):
    await ask(backend, "save_survey", key="k", call="c1", score=3)
    with pytest.raises(BackendInvalid):
        await ask(backend, "create_ticket", key="k", area="a", kind="k")


async def test_language_is_remembered(backend):
    assert await ask(backend, "remember_language", key="k1", account=FIRST.account, language="en") == {}
    found = await ask(backend, "customer_by_number", number=FIRST.number)
    assert found["customer"]["language"] == "en"
    with pytest.raises(BackendInvalid):
        await ask(backend, "remember_language", account=FIRST.account, language="xx")


async def test_messages_get_numbers(backend):
    said = {"recording": "voicemail/c1", "seconds": 12.5, "caller": "138", "queue": "power", "language": "zh"}
    assert await ask(backend, "save_voicemail", key="v1", **said) == {"message": "1"}
    assert await ask(backend, "save_voicemail", key="v1", **said) == {"message": "1"}
    assert await ask(backend, "save_voicemail", key="v2", **said) == {"message": "2"}


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [("fly", {}), ("balance", {}), ("balance", {"account": None}), ("balance", {"account": "1", "more": "x"})],
)
async def test_wrong_questions_are_refused(backend, operation, arguments):
    with pytest.raises(BackendInvalid):
        await ask(backend, operation, **arguments)


@pytest.mark.parametrize("seconds", ["long", -1, 86_401, float("nan")])
async def test_a_message_of_no_length_that_can_be_is_refused(sql, seconds):
    with pytest.raises(BackendInvalid, match="seconds"):
        await ask(sql, "save_voicemail", recording="r", seconds=seconds)


async def test_backends_are_opened_by_name_from_the_configuration(database, server):
    text = "version: 1\nbackends:\n  here: {type: sql}\n"
    text += f"  there: {{type: http, url: '{server.url}', token: t}}\ncountry_code: 86\nlockout: {{max_tries: 1}}\n"
    store = open_store("memory:")
    backends = open_backends(
        read_backends_config(text, "b.yaml"), database=database, store=store, zone=ZoneInfo("Asia/Shanghai")
    )
    assert set(backends) == {"here", "there"}
    for number, (name, backend) in enumerate(backends.items()):
        await backend.ping(PATIENCE)
        assert (await ask(backend, "balance", account=FIRST.account))["balance_cents"] == FIRST.balance_cents
        assert await try_pin(backend, f"{number}", "0000", name) == (False, True), "one try, as configured"
        await backend.close()
    assert server.seen[0][2]["Authorization"] == "Bearer t"
    await store.close()


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_keys_that_do_not_fit_are_refused(backend, key):
    with pytest.raises(BackendInvalid, match="key"):
        await ask(backend, "save_survey", key=key, call="c", score=1)


async def test_odd_texts_in_effects_are_cleaned_and_cut(backend, database):
    await ask(backend, "create_ticket", area="a" * 500, kind="k\u0000\nx", caller="c" * 99)
    async with database.reading() as session:
        ticket = await session.scalar(select(TicketRow))
    assert (len(ticket.area), ticket.kind, len(ticket.caller)) == (64, "kx", 32)


async def test_a_pin_is_in_no_message_and_no_file(backend, database, tmp_path):
    pin = Secret("86420975")
    with pytest.raises(BackendInvalid) as caught:
        await ask(backend, "verify_pin", account="1", pin=pin, extra="x")
    await ask(backend, "verify_pin", account="1", pin=pin)
    assert "86420975" not in repr(caught.value) + str(caught.value)
    for file in tmp_path.iterdir():
        assert b"86420975" not in file.read_bytes()


async def test_an_unknown_account_takes_as_long_as_a_wrong_pin(sql):
    async def fastest(account: str) -> float:
        times = []
        for _ in range(15):
            started = time.perf_counter()
            await ask(sql, "verify_pin", account=account, pin="0000")
            times.append(time.perf_counter() - started)
        return min(times)

    known, unknown = await fastest(FIRST.account), await fastest("99999999")
    assert 0.5 < known / unknown < 2


async def test_a_locked_database_times_out_and_the_effect_still_happens_once(sql, database):
    async with database.writing() as session:
        if session.get_bind().dialect.name == "postgresql":  # where writers do not exclude each other
            await session.execute(text("LOCK TABLE tickets"))
        started = time.monotonic()
        with pytest.raises(BackendTimeout):
            await sql.call("create_ticket", {"area": "a", "kind": "k"}, idempotency_key="k1", timeout_seconds=0.2)
        assert time.monotonic() - started < 3
    reply = await ask(sql, "create_ticket", key="k1", area="a", kind="k")
    assert reply["ticket"].endswith("0001")
    assert await count(database, TicketRow) == 1


TICKET_MAKER = """
import asyncio, sys
from cti.backends.sql import SqlBackend
from cti.database import Database

async def main():
    backend = SqlBackend(Database(sys.argv[1]))
    for n in range(100_000):
        arguments = {"area": "a", "kind": "k", "caller": str(n)}
        reply = await backend.call("create_ticket", arguments, idempotency_key=f"k{n}", timeout_seconds=10)
        print(n, reply["ticket"], flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [1, 7, 40])
async def test_a_kill_at_any_moment_neither_loses_nor_doubles_a_ticket(sql, database, database_url, after):
    """The next process asks again under the same keys, as it would for calls that were up."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", TICKET_MAKER, database_url, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        told = [(await process.stdout.readline()).decode().split() for _ in range(after)]
    process.kill()
    rest = (await process.stdout.read()).decode().split("\n")
    await process.wait()
    told += [line.split() for line in rest if len(line.split()) == 2]
    for n, ticket in told:
        assert (await ask(sql, "create_ticket", key=f"k{n}", area="a", kind="k"))["ticket"] == ticket
    unknown = f"k{len(told)}"  # done or not when the kill came
    await ask(sql, "create_ticket", key=unknown, area="a", kind="k")
    assert await count(database, TicketRow) == len(told) + 1


async def test_a_database_that_is_none_is_unavailable_and_then_costs_nothing(tmp_path):
    file = tmp_path / "hotline.db"
    file.write_bytes(b"no database " * 1000)
    broken = Database(f"sqlite:///{file}")
    backend = SqlBackend(broken)
    for _ in range(5):
        with pytest.raises(BackendUnavailable):
            await ask(backend, "balance", account="1")
    started = time.monotonic()
    for _ in range(100):
        with pytest.raises(BackendUnavailable, match="rests"):
            await ask(backend, "balance", account="1")
    assert time.monotonic() - started < 0.5
    await backend.close()
    await broken.close()


# ---- HTTP alone ----


async def test_what_is_sent(http, server):
    await ask(http, "verify_pin", account="1", pin=Secret("2468"), caller="138")
    await ask(http, "save_survey", key="c1.survey.1", call="c1", score=5)
    (_, pin_body, pin_headers), (_, _, survey_headers) = server.seen
    assert pin_body == {"account": "1", "pin": "2468", "caller": "138"}
    assert pin_headers["Authorization"] == "Bearer tok-en"
    assert "Idempotency-Key" not in pin_headers
    assert survey_headers["Idempotency-Key"] == "c1.survey.1"


@pytest.mark.parametrize("trouble", ["hang", "drip"])
async def test_a_hanging_or_dripping_server_costs_the_time_given(http, server, trouble):
    server.trouble = trouble
    started = time.monotonic()
    with pytest.raises(BackendTimeout):
        await http.call("outage_at", {"area": "east"}, timeout_seconds=0.3)
    assert time.monotonic() - started < 3
    server.trouble = None
    assert (await ask(http, "outage_at", area="east"))["known"]


@pytest.mark.parametrize("trouble", ["error_500", "busy_429"])
async def test_a_troubled_server_is_unavailable(http, server, trouble):
    server.trouble = trouble
    with pytest.raises(BackendUnavailable):
        await ask(http, "outage_at", area="east")


@pytest.mark.parametrize("trouble", ["redirect", "no_json", "deep_json", "html", "wrong_types", "array", "gzip"])
async def test_a_breach_of_the_contract_is_invalid(http, server, trouble):
    server.trouble = trouble
    for operation, arguments in (("customer_by_number", {"number": "1"}), ("balance", {"account": "1"})):
        with pytest.raises(BackendInvalid):
            await ask(http, operation, **arguments)
    assert len(server.seen) == 2, "nothing is asked twice, no redirect is followed"


async def test_a_gigabyte_is_cut_off_early(http, server):
    server.trouble = "gigabyte"
    with pytest.raises(BackendInvalid, match="longer"):
        await ask(http, "outage_at", area="east")
    assert server.sent_bytes < 50_000_000


async def test_control_characters_do_not_get_through(http, server):
    server.trouble = "control_characters"
    reply = await ask(http, "customer_by_number", number="1")
    assert reply["customer"]["name"] == "张伟[31m"
    assert "extra" not in reply


async def test_an_effect_whose_answer_was_cut_is_asked_again_under_its_key(http, server, database):
    server.trouble = "done_but_cut"
    reply = await ask(http, "create_ticket", key="c1.report.1", area="a", kind="k")
    assert reply["ticket"].endswith("0001")
    assert await count(database, TicketRow) == 1


async def test_an_effect_without_key_is_not_asked_again(http, server, database):
    server.trouble = "done_but_cut"
    with pytest.raises(BackendUnavailable):
        await ask(http, "create_ticket", area="a", kind="k")
    assert await count(database, TicketRow) == 1


async def test_no_proxy_of_the_environment_is_used(http, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await ask(http, "outage_at", area="east"))["known"]


async def test_nobody_listening_is_unavailable_and_the_breaker_rests_it():
    backend = HttpBackend(HttpAddress("http://127.0.0.1:18119"))
    for _ in range(5):
        with pytest.raises(BackendUnavailable):
            await ask(backend, "outage_at", area="east")
    with pytest.raises(BackendUnavailable, match="rests"):
        await ask(backend, "outage_at", area="east")
    await backend.close()


async def test_the_breaker_lets_one_through_and_closes_again(http, server):
    server.trouble = "error_500"
    for _ in range(5):
        with pytest.raises(BackendUnavailable, match="500"):
            await ask(http, "outage_at", area="east")
    server.trouble = None
    deadline = time.monotonic() + 10
    while True:
        try:
            assert (await ask(http, "outage_at", area="east"))["known"]
            break
        except BackendUnavailable:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)


async def test_ping_tells_a_living_server_from_a_dead_one(backend):
    await backend.ping(PATIENCE)
    dead = HttpBackend(HttpAddress("http://127.0.0.1:18119"))
    with pytest.raises(BackendUnavailable):
        await dead.ping(PATIENCE)
    await dead.close()


# ---- lock-out, in front of both ----


@pytest.fixture
def lockable(request, sql) -> Backend:
    return sql if request.param == "sql" else request.getfixturevalue("http")


@pytest_asyncio.fixture
async def locked(lockable) -> AsyncIterator[LockoutBackend]:
    store = open_store("memory:")
    yield LockoutBackend(lockable, store)
    await store.close()


async def try_pin(backend: Backend, account: str, pin: str, caller: str) -> tuple[bool, bool]:
    reply = await ask(backend, "verify_pin", account=account, pin=Secret(pin), caller=caller)
    return reply["verified"], reply["locked"]


async def test_three_wrong_pins_lock_the_account_for_every_caller(locked):
    answers = [await try_pin(locked, FIRST.account, "0000", f"{n}") for n in range(3)]
    assert answers == [(False, False), (False, False), (False, True)]
    assert await try_pin(locked, FIRST.account, FIRST.pin, "9") == (False, True)
    assert await try_pin(locked, SECOND.account, SECOND.pin, "9") == (True, False)


async def test_three_wrong_pins_lock_the_caller_for_every_account(locked):
    answers = [await try_pin(locked, f"7{n}", "0000", "138") for n in range(3)]
    assert answers == [(False, False), (False, False), (False, True)]
    assert await try_pin(locked, FIRST.account, FIRST.pin, "138") == (False, True)
    assert await try_pin(locked, FIRST.account, FIRST.pin, "139") == (True, False)


async def test_an_unknown_account_locks_like_a_known_one(locked):
    known = [await try_pin(locked, FIRST.account, "0000", "a1") for _ in range(4)]
    unknown = [await try_pin(locked, "99999999", "0000", "a2") for _ in range(4)]
    assert known == unknown


async def test_a_right_pin_forgets_the_accounts_wrong_ones_but_not_the_callers(locked):
    for _ in range(2):
        await try_pin(locked, FIRST.account, "0000", "138")
    assert await try_pin(locked, SECOND.account, SECOND.pin, "138") == (True, False)
    assert await try_pin(locked, FIRST.account, FIRST.pin, "139") == (True, False)
    assert await try_pin(locked, "70", "0000", "138") == (False, True)
    assert await try_pin(locked, FIRST.account, "0000", "140") == (False, False)


async def test_right_pins_never_lock(locked):
    assert [await try_pin(locked, FIRST.account, FIRST.pin, "138") for _ in range(6)] == [(True, False)] * 6


async def test_hidden_callers_share_no_lock(locked):
    for n in range(6):
        assert await try_pin(locked, f"8{n}", "0000", "anonymous") == (False, False)
    assert await try_pin(locked, FIRST.account, FIRST.pin, "anonymous") == (True, False)


async def test_many_tries_at_once_gain_nothing(locked):
    tries = [try_pin(locked, FIRST.account, f"{n:04d}", f"{n}") for n in range(1200, 1240)]
    answers = await asyncio.gather(*tries)
    judged = answers.count((False, False)) + answers.count((True, False))
    assert judged <= 3
    assert answers.count((False, True)) >= 37


async def test_a_try_nobody_judged_is_no_try(server, http):
    store = open_store("memory:")
    guarded = LockoutBackend(http, store)
    server.trouble = "error_500"
    for _ in range(4):
        with pytest.raises(BackendUnavailable):
            await try_pin(guarded, FIRST.account, FIRST.pin, "138")
    server.trouble = None
    assert await try_pin(guarded, FIRST.account, FIRST.pin, "138") == (True, False)
    await store.close()


async def test_a_lock_ends(sql):
    store = open_store("memory:")
    guarded = LockoutBackend(sql, store, lock_seconds=3)
    for _ in range(3):
        await try_pin(guarded, FIRST.account, "0000", "138")
    assert await try_pin(guarded, FIRST.account, FIRST.pin, "138") == (False, True)
    deadline = time.monotonic() + 10
    while await try_pin(guarded, FIRST.account, FIRST.pin, "138") != (True, False):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    await store.close()


async def test_a_dead_store_stops_nobody_and_opens_no_door(sql):
    store = open_store("redis://127.0.0.1:18119")
    guarded = LockoutBackend(sql, store)
    assert await try_pin(guarded, SECOND.account, SECOND.pin, "139") == (True, False)
    answers = [await try_pin(guarded, FIRST.account, "0000", "138") for _ in range(4)]
    assert answers == [(False, False), (False, False), (False, True), (False, True)]
    await guarded.close()
    await store.close()


async def test_a_lock_survives_a_restart(sql, tmp_path):
    url = f"sqlite:///{tmp_path}/store.db"
    before = open_store(url)
    for _ in range(3):
        await try_pin(LockoutBackend(sql, before), FIRST.account, "0000", "138")
    await before.close()
    after = open_store(url)
    assert await try_pin(LockoutBackend(sql, after), FIRST.account, FIRST.pin, "139") == (False, True)
    await after.close()


async def test_every_operation_of_the_catalogue_is_answered(backend):
    examples = {
        "customer_by_number": {"number": "1"},
        "verify_pin": {"account": "1", "pin": "1"},
        "balance": {"account": FIRST.account},
        "outage_at": {"area": "east"},
        "create_ticket": {"area": "east", "kind": "k"},
        "remember_language": {"account": FIRST.account, "language": "zh"},
        "save_survey": {"call": "c", "score": 1},
        "save_voicemail": {"recording": "r"},
    }
    assert set(examples) == set(OPERATIONS)
    for operation, arguments in examples.items():
        reply = await ask(backend, operation, **arguments)
        assert set(reply) == set(OPERATIONS[operation].reply.model_fields)


async def test_seeding_twice_adds_nothing_and_renews_forecasts(database):
    now_ms = time.time_ns() // 1_000_000
    assert await seed_demo(database, today=TODAY, now_ms=now_ms + 10 * 3_600_000) == 0
    assert await count(database, CustomerRow) == 32
    assert await count(database, OutageRow) == 3
    async with database.reading() as session:
        east = await session.scalar(select(OutageRow).where(OutageRow.area == "east"))
    assert east.restore_at_ms == now_ms + 13 * 3_600_000
