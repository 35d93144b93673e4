"""Customers who wait to be called back, in a simulation: who asks for it, and what becomes of each attempt."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from acd.events import CallbackRequested
from acd.simulation.draws import Draws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acd.config import CallbackRules, Queue
    from acd.simulation.callers import Caller


class Promises:
    """Keeps what the shell of the engine keeps of callbacks.

    Args:
        queues: of the policy; those without `callback` promise nothing.
        seed: of what customers do by chance.

    """

    def __init__(self, queues: Mapping[str, Queue], seed: int) -> None:
        self._queues = queues
        self._fate = Draws(seed, "customers called back")
        self._customers: dict[str, tuple[Caller, CallbackRules]] = {}
        self._waiting: Counter[str] = Counter()

    def promised(self, caller: Caller) -> bool:
        """Whether his queue promises another one now."""
        rules = self._rules(caller.queue)
        room = rules is not None and (rules.max_waiting == 0 or self._waiting[caller.queue] < rules.max_waiting)
        return caller.wish is not None and room

    def ask(self, caller: Caller) -> CallbackRequested | None:
        """Return what the engine is told of a caller who left the line for a callback; None if no queue promises it."""
        rules = self._rules(caller.queue)
        if rules is None:
            return None
        callback = f"{caller.call}-back"
        self._customers[callback] = (caller, rules)
        self._waiting[caller.queue] += 1
        return CallbackRequested(callback, caller.call, caller.queue, caller.tier, caller.needs, instead_of=caller.call)

    def customer(self, callback: str) -> Caller | None:
        """Who is to be called back by this entry."""
        known = self._customers.get(callback)
        return known[0] if known is not None else None

    def attempt(self, callback: str) -> tuple[bool, float]:
        """Draw an attempt: whether he takes it, and after how many seconds of ringing; or that it rings out."""
        caller, rules = self._customers[callback]
        assert caller.wish is not None
        takes, seconds = self._fate.unit() < caller.wish.reached, caller.wish.rings.draw(self._fate)
        return (True, seconds) if takes and seconds < rules.ring_seconds else (False, rules.ring_seconds)

    def over(self, callback: str) -> None:
        """The entry has ended."""
        known = self._customers.pop(callback, None)
        if known is not None:
            self._waiting[known[0].queue] -= 1

    def _rules(self, queue: str) -> CallbackRules | None:
        configured = self._queues.get(queue)
        return None if configured is None else configured.callback
