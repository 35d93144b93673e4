"""What passes through the meters is unchanged, counted and timed."""

import pytest
import structlog

from cti.ami.errors import ActionRefused, ActionTimeout, LinkDown, OwnershipLost
from cti.ami.switch import Switch
from cti.backends.base import BackendInvalid, BackendTimeout, BackendUnavailable
from cti.clock import Clock
from cti.metrics.meters import MeteredBackend, MeteredRequester, MeteredStore
from cti.metrics.series import Form
from cti.store import StoreDown, open_store
from tests.unit.web.test_metrics import Hotline

pytestmark = pytest.mark.asyncio


class SteppingClock(Clock):
    """Half a second passes between two looks."""

    def __init__(self):
        super().__init__()
        self.seconds = 0.0

    def now(self):
        self.seconds += 0.5
        return self.seconds


class Session:
    """A requester that does as told."""

    def __init__(self):
        self.fate = None
        self.at_once = None

    def request(self, action, headers=(), **_):
        if self.at_once is not None:
            raise self.at_once

        async def answer():
            if self.fate is not None:
                raise self.fate
            return [action, *headers]

        return answer()


@pytest.fixture
def hotline():
    return Hotline()


async def test_actions_are_timed_unless_the_link_is_lost(hotline):
    session = Session()
    switch = Switch(MeteredRequester(session, hotline.metrics, SteppingClock()))
    await switch.redirect("PJSIP/a-1", "hotline-hold")
    for fate in (ActionRefused("no"), ActionTimeout("late"), LinkDown("gone")):
        session.fate = fate
        with pytest.raises(type(fate)):
            await switch.redirect("PJSIP/a-1", "hotline-hold")
    assert hotline.value("hotline_ami_action_seconds_count", action="Redirect") == 3
    assert hotline.value("hotline_ami_action_seconds_sum", action="Redirect") == 1.5


async def test_a_fence_that_refuses_does_so_at_once(hotline):
    session = Session()
    session.at_once = OwnershipLost("not ours")
    with pytest.raises(OwnershipLost):
        MeteredRequester(session, hotline.metrics, SteppingClock()).request("Redirect")


async def test_backend_calls_are_counted_by_result(hotline):
    class Accounts:
        fate = None

        async def call(self, operation, arguments, **_):
            if self.fate is not None:
                raise self.fate
            return {"operation": operation, **arguments}

    accounts = Accounts()
    metered = MeteredBackend("sql", accounts, hotline.metrics, SteppingClock())
    assert await metered.call("balance", {"account": "1"}, timeout_seconds=1) == {
        "operation": "balance",
        "account": "1",
    }
    for fate in (BackendTimeout("a"), BackendUnavailable("b"), BackendInvalid("c")):
        accounts.fate = fate
        with pytest.raises(type(fate)):
            await metered.call("balance", {}, timeout_seconds=1)
    for result in ("ok", "timeout", "unavailable", "invalid"):
        assert hotline.value("hotline_backend_calls_total", backend="sql", operation="balance", result=result) == 1
    assert hotline.value("hotline_backend_seconds_sum", backend="sql", operation="balance") == 2.0


async def test_writes_a_store_does_not_take_are_counted(hotline):
    store = MeteredStore(open_store("memory:"), hotline.metrics, SteppingClock())
    await store.put("agents", "anna", {"state": "ready"})
    assert await store.get("agents", "anna") == {"state": "ready"}
    assert await store.increment("lockouts", "k", expires_in_seconds=60) == 1
    assert await store.compare_and_set("owner", "k", None, "me")
    assert await store.put_generation("sessions", "c1", 2, {"x": 1})
    assert await store.get_generation("sessions", "c1") == (2, {"x": 1})
    assert await store.items("agents") == {"anna": {"state": "ready"}}
    await store.delete("agents", "anna")
    await store.ping()
    await store.close()
    writes = [
        store.put("agents", "anna", 1),
        store.delete("agents", "anna"),
        store.increment("lockouts", "k", expires_in_seconds=60),
        store.compare_and_set("owner", "k", None, "me"),
        store.put_generation("sessions", "c1", 3, None),
    ]
    for write in writes:
        with pytest.raises(StoreDown):
            await write
    with pytest.raises(StoreDown):
        await store.get("agents", "anna")
    assert hotline.value("hotline_store_write_failures_total") == len(writes)
    assert hotline.value("hotline_store_operations_total", operation="put", result="ok") == 1
    assert hotline.value("hotline_store_operations_total", operation="get", result="down") == 1
    assert hotline.value("hotline_store_seconds_sum", operation="increment") == 0.5
    assert hotline.value("hotline_store_up") == 0


async def test_the_call_that_asked_a_backend_is_its_exemplar(hotline):
    class Accounts:
        async def call(self, operation, arguments, **_):
            return {}

    with structlog.contextvars.bound_contextvars(call="c42"):
        await MeteredBackend("sql", Accounts(), hotline.metrics, SteppingClock()).call("balance", {}, timeout_seconds=1.0)
    assert 'call_id="c42"' in hotline.metrics.text(Form.OPEN)
    assert "c42" not in hotline.text()
