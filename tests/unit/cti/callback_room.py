"""A desk for callbacks on a store in memory, for tests of it and of what stands beside it."""

from acd.config import Policy
from cti.callbacks.book import CallbackBook
from cti.callbacks.desk import CallbackDesk
from cti.dialing import Dialing, Purpose, Rule
from cti.store import open_store

MOBILES = Rule("customers", ("1[3-9]XXXXXXXXX",), frozenset({Purpose.CALLBACK}), "PJSIP/{number}@outside", 30, 3600)


class Records:
    """What was written down of each callback."""

    def __init__(self) -> None:
        self.of: dict[str, dict] = {}

    def __getattr__(self, name: str):
        return lambda call, **news: self.of.setdefault(call, {}).update(news)


def callback_desk(clock, policy: Policy, *, store=None, records=None, is_open=lambda _plan: True, settled=lambda _fact: None) -> CallbackDesk:
    """A desk that may dial mobile numbers."""

    def rules(queue: str):
        return policy.queues[queue].callback if queue in policy.queues else None

    book = CallbackBook(store or open_store("memory:"))
    return CallbackDesk(
        book, dialing=Dialing((MOBILES,)), clock=clock, rules=rules, is_open=is_open, records=records or Records(), settled=settled
    )
