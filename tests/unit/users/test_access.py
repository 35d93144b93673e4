"""Who may come in, and how long what he was let in for holds."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from acd.config import Agent, Policy, Queue
from cti.clock import Clock
from cti.users.access import Access
from cti.users.file import User
from cti.users.passwords import TooBusy, hash_password
from cti.users.roles import Role
from cti.users.sessions import Sessions

pytestmark = pytest.mark.asyncio
HASH = hash_password("correct horse")
RED = Policy({"line": Queue("line")}, {}, {"anna": Agent("anna", "Anna", "1001", "PJSIP/anna", {}, ("line",), team="red")})


@pytest.fixture
def place():
    """What access goes by; the test changes it."""
    return {"users": {}, "policy": RED}


@pytest.fixture
def access(place):
    access = Access("t" * 32, lambda: place["users"], lambda: "", Sessions("a key for tests only"), lambda: place["policy"], Clock("UTC"))
    yield access
    access.close()


async def test_a_whole_shift_that_logs_in_at_once_from_one_address_locks_nobody_out(place, access):
    """Who finds the line too long comes a moment later; none of them had a wrong password."""
    place["users"] = {name: User(name, Role.AGENT, "", "zh", HASH) for name in (f"a{n:02d}" for n in range(60))}
    left = set(place["users"])
    for _ in range(20):
        answers = await asyncio.gather(*(access.log_in(name, "correct horse", "10.0.0.1") for name in sorted(left)), return_exceptions=True)
        kinds = Counter(type(answer) for answer in answers)
        assert kinds.keys() <= {tuple, TooBusy}, kinds
        left -= {known.viewer.name for _, known in (answer for answer in answers if isinstance(answer, tuple))}
        if not left:
            break
    assert left == set()


async def test_a_session_holds_only_while_its_user_sees_the_same(place, access):
    place["users"] = {"anna": User("anna", Role.AGENT, "", "zh", HASH)}
    _, known = await access.log_in("anna", "correct horse", "10.0.0.1")
    assert known.session is not None
    assert access.still(known.session, known.viewer)
    place["policy"] = replace(RED, agents={"anna": replace(RED.agents["anna"], team="blue")})
    assert not access.still(known.session, known.viewer)
