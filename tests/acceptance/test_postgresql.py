"""The whole server on a real PostgreSQL: a talk over a kill -9, a caller who gives up, and what is then in the database."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from cti.database import Database
from cti.records.calls import calls_between
from cti.records.contacts import legs_between
from tests.rig.agents import ANSWERS
from tests.rig.lines import agent_is
from tests.rig.listener import Caller
from tests.rig.stages import HOTLINE, fresh_numbers, gathered, login, to_queue
from tests.rig.waiting import eventually
from tests.support.databases import in_postgres

if TYPE_CHECKING:
    from cti.records.calls import CallRecord
    from cti.records.contacts import ContactLeg
    from tests.rig.site import Site
    from tests.support.postgres_server import PostgresServer

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]


async def test_records_and_legs_are_exact_over_a_kill(site: Site, postgres: PostgresServer) -> None:
    await site.clear()
    began_ms = time.time_ns() // 1_000_000
    async with in_postgres(postgres) as url, site.running(database_url=url) as server, site.agents("agent01", behaviour=ANSWERS) as farm:
        async with Caller.group(site.rig, [(number, HOTLINE) for number in fresh_numbers(2)]) as callers:
            await gathered(*map(to_queue, callers))
            await login(server, "agent01")
            await farm["agent01"].talking(20)
            await agent_is(server, "agent01", "talking", 20)
            await server.kill9()
            await server.start()
            await gathered(*(caller.hangup() for caller in callers))
        database = Database(url)

        async def finished() -> tuple[list[CallRecord], list[ContactLeg]] | None:
            span = (began_ms, time.time_ns() // 1_000_000 + 1000)
            calls, legs = await calls_between(database, *span), await legs_between(database, *span)
            return (calls, legs) if len(legs) == 2 and all(one.ended_at_ms for one in (*calls, *legs)) else None

        try:
            calls, legs = await eventually(finished, 20, "two finished records and legs")
        finally:
            await database.close()
    assert server.tracebacks() == []
    assert sorted(call.outcome for call in calls) == sorted(leg.outcome for leg in legs) == ["abandoned", "answered"]
    assert {leg.call: (leg.outcome, leg.agent, leg.queue) for leg in legs} == {call.call: (call.outcome, call.agent, call.queue) for call in calls}
    (talk,) = [leg for leg in legs if leg.outcome == "answered"]
    assert talk.agent == "agent01"
    assert talk.entered_at_ms <= talk.rang_at_ms <= talk.answered_at_ms < talk.ended_at_ms
