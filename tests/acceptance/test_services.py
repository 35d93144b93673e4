"""Services and SMS gateways against a real server on loopback that answers, misbehaves, and counts effects by key."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from sqlalchemy import select

from cti.backends import Backend, BackendInvalid, BackendTimeout, BackendUnavailable
from cti.backends.carrier import HttpCarrier
from cti.backends.gateway import SmsGateway, SmsState, recent_messages
from cti.backends.http import HttpAddress
from cti.backends.rules import ServiceRules
from cti.backends.service import HttpService
from cti.backends.text_messages import SmsRules
from cti.database import Database, migrate
from cti.database.models import SmsRow
from ivr.secret import Secret
from tests.support.any_service import AnyService

PORT = 21110
PATIENCE = 20
FIELDS = {"to": "${number}", "content": "【光明】${text}", "more": [{"lang": "${language}", "ref": "${key}"}], "n": 1}
pytestmark = [pytest.mark.asyncio, pytest.mark.acceptance]


@pytest_asyncio.fixture
async def company() -> AsyncIterator[AnyService]:
    async with AnyService({"state": "ok"}).running(PORT) as running:
        yield running


@pytest_asyncio.fixture
async def service(company) -> AsyncIterator[Backend]:
    address = HttpAddress(f"{company.url}/v2", Secret("tok-en"), headers={"X-Api-Key": Secret("k-e-y")})
    opened = HttpService("parcels", address)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def database(tmp_path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path}/hotline.db"
    await migrate(url)
    opened = Database(url)
    yield opened
    await opened.close()


async def ask(service: Backend, key: str | None = None, timeout_seconds: float = PATIENCE, **arguments: object) -> dict:
    wanted = {"method": "GET", "path": "/x", "reply": True, **arguments}
    return await service.call("main/ask", wanted, idempotency_key=key, timeout_seconds=timeout_seconds)


# ---- services


async def test_a_request_as_it_goes_over_the_wire(service, company):
    reply = await ask(
        service, key="c1/main/a/1", method="POST", path="/p/%E5%9F%8E%2F1", query={"q": "a b&c=é"}, headers={"X-Caller": "138"},
        body={"pin": Secret("2468"), "list": [{"deep": Secret("1357")}, None]},
    )  # fmt: skip
    assert reply == {"status": 200, "body": {"state": "ok"}}
    seen = company.requests[0]
    assert (seen.method, seen.target) == ("POST", "/v2/p/%E5%9F%8E%2F1?q=a+b%26c%3D%C3%A9")
    assert seen.body == {"pin": "2468", "list": [{"deep": "1357"}, None]}
    wanted = {
        "Authorization": "Bearer tok-en",
        "X-Api-Key": "k-e-y",
        "X-Caller": "138",
        "Idempotency-Key": "c1/main/a/1",
    }
    assert wanted.items() <= seen.headers.items()


async def test_a_query_carries_no_key_and_no_body(service, company):
    await ask(service)
    assert (company.requests[0].key, company.requests[0].body) == ("", None)


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, BackendInvalid), (503, BackendUnavailable), (429, BackendUnavailable), (418, BackendInvalid)],
)
async def test_a_status_is_a_failure_unless_the_flow_has_a_way_for_it(service, company, status, error):
    company.status = status
    with pytest.raises(error, match=str(status)):
        await ask(service)
    assert await ask(service, statuses=[status]) == {"status": status, "body": None}


async def test_an_answer_nobody_wants_is_not_read(service, company):
    company.trouble = "html"
    assert await ask(service, reply=False) == {"status": 200, "body": None}


@pytest.mark.parametrize(
    ("trouble", "error"),
    [
        ("hang", BackendTimeout), ("drip", BackendTimeout), ("error_500", BackendUnavailable), ("busy_429", BackendUnavailable),
        ("redirect", BackendInvalid), ("no_json", BackendInvalid), ("deep_json", BackendInvalid), ("html", BackendInvalid),
        ("gzip", BackendInvalid), ("gigabyte", BackendInvalid), ("not_a_number", BackendInvalid),
    ],
)  # fmt: skip
async def test_a_server_that_misbehaves_costs_the_time_given_and_no_more(service, company, trouble, error):
    company.trouble = trouble
    seconds = 0.5 if error is BackendTimeout else PATIENCE
    with pytest.raises(error):
        await ask(service, timeout_seconds=seconds)
    assert len(company.requests) == 1, "no redirect is followed, nothing asked twice"
    assert company.sent_bytes < 50_000_000
    company.trouble = None
    assert (await ask(service))["status"] == 200


async def test_a_service_that_is_gone_is_unavailable_and_then_rests():
    service = HttpService("gone", HttpAddress(f"http://127.0.0.1:{PORT + 1}"))
    for _ in range(5):
        with pytest.raises(BackendUnavailable):
            await ask(service)
    with pytest.raises(BackendUnavailable, match="rests"):
        await ask(service)
    await service.close()


async def test_an_effect_whose_answer_was_cut_is_asked_again_under_its_key(service, company):
    company.trouble = "done_but_cut"
    assert (await ask(service, key="k1", method="PUT", body={"a": 1}))["status"] == 200
    assert [seen.key for seen in company.requests] == ["k1", "k1"]
    assert list(company.effects) == ["k1"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"path": "x"}, {"path": "//evil.example/x"}, {"path": "/../admin"}, {"path": "/a/../../b"}, {"path": "@evil.example/"}, {"method": "TRACE"},
        {"method": "POST"}, {"colour": "red"}, {"headers": {"X-A": "b\r\nHost: evil.example"}}, {"headers": {"X-A": "城"}}, {"headers": {"X-A": "x" * 1001}},
    ],
)  # fmt: skip
async def test_nothing_else_can_be_reached(service, company, arguments):
    if arguments.get("path") == "//evil.example/x":
        await ask(service, **arguments)
        assert company.requests[0].target == "/v2//evil.example/x", "still below the address"
        return
    with pytest.raises(BackendInvalid):
        await ask(service, **arguments)
    assert company.requests == []


async def test_secrets_are_in_no_message(service, company):
    company.status = 400
    with pytest.raises(BackendInvalid) as caught:
        await ask(service, key="k", method="POST", body={"pin": Secret("86420975")})
    assert "86420975" not in repr(caught.value) + str(caught.value)


# ---- text messages


Opener = Callable[..., SmsGateway]


@pytest_asyncio.fixture
async def gateway(database) -> AsyncIterator[Opener]:
    opened = []

    def open_one(company: AnyService | None = None, *, success: dict | None = None, **rules: object) -> SmsGateway:
        address = HttpAddress(f"{company.url}/send", Secret("tok-en")) if company else None
        carrier = HttpCarrier(address, FIELDS, success or {}) if address else None
        opened.append(SmsGateway("sms", database, SmsRules(**rules), ServiceRules(), carrier))
        return opened[-1]

    yield open_one
    for one in opened:
        await one.close()


async def send(backend: Backend, key: str = "k1", timeout_seconds: float = PATIENCE, **arguments: object) -> str:
    told = {"number": "13800138001", "text": "单号一", "language": "zh", "caller": "13800138001", **arguments}
    return (await backend.call("send_sms", told, idempotency_key=key, timeout_seconds=timeout_seconds))["outcome"]


async def states(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(select(SmsRow.state).order_by(SmsRow.id)))


async def test_the_outbox_keeps_a_message_once_per_key(gateway, database):
    backend = gateway()
    told = await asyncio.gather(*(send(backend, text="单号\u0000一\r\n") for _ in range(8)))
    assert set(told) == {"sent"}
    (row,) = await recent_messages(database, 10)
    assert (row.number, row.text, row.language, row.gateway, row.state) == (
        "13800138001",
        "单号一",
        "zh",
        "sms",
        SmsState.WAITING,
    )


@pytest.mark.parametrize("number", ["+8613800138001", "008613800138001", "138-0013-8001"])
async def test_numbers_are_written_as_here(gateway, database, number):
    backend = gateway(numbers=("1[3-9]XXXXXXXXX",))
    assert await send(backend, number=number) == "sent"
    assert (await recent_messages(database, 1))[0].number == "13800138001"


@pytest.mark.parametrize(
    "number", ["", "anonymous", "02112345678", "+14155550100", "0014155550100", "12800138001", "9001380013800"]
)
async def test_other_numbers_get_nothing(gateway, database, number):
    backend = gateway(numbers=("1[3-9]XXXXXXXXX",))
    assert await send(backend, number=number) == "no_number"
    assert await states(database) == []


async def test_a_number_and_a_caller_get_so_many_and_the_same_key_never_counts_twice(gateway, database):
    backend = gateway(per_number=2, hours=1)
    assert [await send(backend, f"k{n}") for n in (1, 2, 2, 1, 3)] == ["sent", "sent", "sent", "sent", "limited"]
    assert await send(backend, "k4", number="13900139000") == "limited", "the caller has asked for two"
    assert await send(backend, "k5", number="13900139000", caller="") == "sent"
    async with database.writing() as session:
        for row in await session.scalars(select(SmsRow)):
            row.created_at_ms -= 3_600_001
    assert await send(backend, "k3") == "sent", "an hour later"


async def test_a_gateway_over_http_gets_the_operators_form(gateway, database, company):
    backend = gateway(company)
    assert await send(backend, "c1/main/s/1", text="给${key}") == "sent"
    seen = company.requests[0]
    more = [{"lang": "zh", "ref": "c1/main/s/1"}]
    assert (seen.method, seen.target, seen.key) == ("POST", "/send", "c1/main/s/1")
    assert seen.body == {"to": "13800138001", "content": "【光明】给${key}", "more": more, "n": 1}
    assert seen.headers["Authorization"] == "Bearer tok-en"
    assert await states(database) == ["sent"]
    assert await send(backend, "c1/main/s/1") == "sent"
    assert len(company.requests) == 1, "what was sent is not carried again"


@pytest.mark.parametrize(
    ("trouble", "error", "state"),
    [
        ("hang", BackendTimeout, "sending"), ("drip", BackendTimeout, "sending"), ("error_500", BackendUnavailable, "failed"),
        ("redirect", BackendInvalid, "failed"), ("html", BackendInvalid, "failed"), ("deep_json", BackendInvalid, "failed"),
        ("gigabyte", BackendInvalid, "failed"), ("array", BackendInvalid, "failed"), ("wrong_types", BackendInvalid, "failed"),
    ],
)  # fmt: skip
async def test_a_gateway_that_misbehaves_fails_and_can_be_asked_again_under_the_key(
    gateway, database, company, trouble, error, state
):
    backend = gateway(company, success={"state": "ok"})
    company.trouble = trouble
    with pytest.raises(error):
        await send(backend, timeout_seconds=0.5 if error is BackendTimeout else PATIENCE)
    assert await states(database) == [state]
    company.trouble = None
    assert await send(backend) == "sent"
    assert await states(database) == ["sent"]


async def test_a_message_that_went_out_as_the_server_was_killed_goes_under_the_same_key(gateway, database, company):
    """The row says `sending`: the next process carries it again, and the gateway knows the key."""
    backend = gateway(company)
    company.trouble = "done_but_cut"
    assert await send(backend) == "sent"
    async with database.writing() as session:
        (await session.scalar(select(SmsRow))).state = SmsState.SENDING.value
    assert await send(gateway(company)) == "sent"
    assert [seen.key for seen in company.requests] == ["k1"] * 3
    assert list(company.effects) == ["k1"]


async def test_a_locked_database_costs_the_time_given_and_the_message_still_goes_once(gateway, database):
    backend = gateway()
    async with database.writing():
        began = time.monotonic()
        with pytest.raises(BackendTimeout):
            await send(backend, timeout_seconds=0.3)
        assert time.monotonic() - began < 10
    assert await send(backend) == "sent"
    assert len(await states(database)) == 1


@pytest.mark.parametrize(
    ("operation", "key", "text"),
    [("fly", "k", "x"), ("send_sms", None, "x"), ("send_sms", "", "x"), ("send_sms", "k", "\u0000")],
)
async def test_wrong_questions_are_refused(gateway, database, operation, key, text):
    with pytest.raises(BackendInvalid):
        await gateway().call(operation, {"number": "1", "text": text}, idempotency_key=key, timeout_seconds=PATIENCE)
