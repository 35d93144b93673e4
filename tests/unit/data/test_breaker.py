import asyncio

import pytest

from cti.store.bounded import Bounded
from cti.store.breaker import Breaker, BreakerState


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(failures_to_open=2, rest_seconds=5, clock=clock)


def test_failures_in_a_row_open_it(breaker):
    breaker.failed()
    assert breaker.admit()
    breaker.succeeded()
    breaker.failed()
    assert breaker.state is BreakerState.CLOSED
    breaker.failed()
    assert breaker.state is BreakerState.OPEN
    assert not breaker.admit()


def test_after_the_rest_one_probe_decides(breaker, clock):
    breaker.failed()
    breaker.failed()
    clock.now = 4.99
    assert not breaker.admit()
    clock.now = 5
    assert breaker.admit()
    assert breaker.state is BreakerState.PROBING
    assert not breaker.admit(), "only one at a time"
    breaker.failed()
    assert not breaker.admit()
    clock.now = 10
    assert breaker.admit()
    breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED


def test_an_abandoned_probe_lets_the_next_one_through(breaker, clock):
    breaker.failed()
    breaker.failed()
    clock.now = 5
    assert breaker.admit()
    breaker.abandoned()
    assert breaker.admit()


def test_late_failures_of_calls_admitted_before_do_not_prolong_a_probe_for_ever(breaker, clock):
    breaker.failed()
    breaker.failed()
    breaker.failed()
    clock.now = 5
    assert breaker.admit()


@pytest.mark.asyncio
async def test_bounded_work_goes_on_after_its_waiter_left():
    bounded, gate, done = Bounded(), asyncio.Event(), []

    async def work():
        await gate.wait()
        done.append(1)

    with pytest.raises(TimeoutError):
        await bounded.run(work(), 0.01)
    waiter = asyncio.ensure_future(bounded.run(work(), 10))
    await asyncio.sleep(0)
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert bounded.running == 2
    assert not await bounded.drain(0.01)
    gate.set()
    assert await bounded.drain(5)
    assert done == [1, 1]


@pytest.mark.asyncio
async def test_bounded_hands_on_results_and_errors():
    async def good():
        return 7

    async def bad():
        raise KeyError("x")

    assert await Bounded().run(good(), 1) == 7
    with pytest.raises(KeyError):
        await Bounded().run(bad(), 1)
