"""A customer who is to be called back rings in himself: he takes over the place, and is not called meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.commands import CancelReason
from acd.events import OfferCause
from acd.offers import withdraw
from acd.states import CallState

if TYPE_CHECKING:
    from acd.records import Call
    from acd.world import World

_TOO_LATE = frozenset({CallState.TALKING, CallState.LEAVING})


def join(world: World, call: Call) -> None:
    """Give a caller, not yet in line, the better place of his callback in the same queue, and hold that one back.

    His wait counts from now; the place is a credit of seconds. An agent who is just being rung for the callback is
    let go: the caller is offered instead.
    """
    entry = world.calls.get(world.customers.callbacks.get(call.caller, ""))
    if entry is None or entry.queue.name != call.queue.name or entry.state in _TOO_LATE:
        return
    assert entry.callback is not None
    if entry.callback.held_for:
        return
    call.joined = entry.id
    call.credit_seconds = max(0.0, call.key[1] - entry.key[1])
    hold_back(world, entry, call)


def hold_back(world: World, entry: Call, call: Call) -> None:
    """Do not call a customer back while this call of his lives."""
    assert entry.callback is not None
    entry.callback.held_for = call.id
    world.index_call(entry)
    offer = world.offer_of(entry)
    if offer is not None:
        withdraw(world, offer, CancelReason.RANG_IN, OfferCause.CANCELLED)
