"""Who calls when: streams of callers by profile, drawn so that a changed policy meets the very same callers."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acd.simulation.draws import Draws
from acd.simulation.times import FOR_EVER, Exponential, Fixed, Times

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from acd.config import Needs


@dataclass(frozen=True, slots=True)
class CallbackWish:
    """A caller who asks to be called back once he has waited `after_seconds`, where his queue promises that.

    He takes a share `reached` of the attempts, each after his phone has rung for `rings`; the others ring out.
    """

    after_seconds: float
    reached: float = 1.0
    rings: Times = field(default=Fixed(10.0))


@dataclass(frozen=True, slots=True)
class Caller:
    """One call as fate has it, whatever the policy does: when it comes, how long it waits and talks, in seconds.

    `wrapup_seconds` None leaves the agent his whole configured wrap-up.
    """

    call: str
    at: float
    queue: str
    tier: str
    talk_seconds: float
    patience_seconds: float = math.inf
    wrapup_seconds: float | None = None
    needs: Needs = ()
    wish: CallbackWish | None = None


@dataclass(frozen=True, slots=True)
class Rate:
    """From `from_seconds` on, `calls_per_hour` come, until the next rate."""

    from_seconds: float
    calls_per_hour: float


@dataclass(frozen=True, slots=True)
class Stream:
    """Callers of one kind: Poisson, at rates that change with the time of day.

    `tiers` and `needs` say how often each occurs (weights); `wrapup` None leaves the configured wrap-up. A share
    `wishing` (0 to 1) of them has the `wish` to be called back.
    """

    name: str
    queue: str
    rates: tuple[Rate, ...]
    tiers: Mapping[str, float]
    talk: Times
    patience: Times = FOR_EVER
    wrapup: Times | None = None
    needs: Mapping[Needs, float] = field(default_factory=lambda: {(): 1.0})
    wish: CallbackWish | None = None
    wishing: float = 0.0

    def callers(self, seed: int, until: float) -> Iterator[Caller]:
        """Draw the callers who come before `until` (seconds from the start), in order."""
        arrival, fate, kind, wishes = (
            Draws(seed, f"{self.name} {what}") for what in ("arrivals", "times", "kinds", "wishes")
        )
        tiers, tier_weights = list(self.tiers), list(self.tiers.values())
        needs, need_weights = list(self.needs), list(self.needs.values())
        for number, at in enumerate(self._instants(arrival, until), start=1):
            yield Caller(
                call=f"{self.name}-{number}",
                at=at,
                queue=self.queue,
                tier=kind.weighted(tiers, tier_weights),
                needs=kind.weighted(needs, need_weights),
                talk_seconds=self.talk.draw(fate),
                patience_seconds=self.patience.draw(fate),
                wrapup_seconds=None if self.wrapup is None else self.wrapup.draw(fate),
                wish=self.wish if self.wish is not None and wishes.unit() < self.wishing else None,
            )

    def _instants(self, draws: Draws, until: float) -> Iterator[float]:
        """Poisson arrivals: within each piece of constant rate the gaps are exponential, and a piece begins anew."""
        ends = [rate.from_seconds for rate in self.rates[1:]] + [until]
        for rate, end in zip(self.rates, ends, strict=True):
            at = rate.from_seconds
            while rate.calls_per_hour > 0:
                at += Exponential(3600.0 / rate.calls_per_hour).draw(draws)
                if at >= min(end, until):
                    break
                yield at


def merged(streams: Iterable[Stream], seed: int, until: float) -> Iterator[Caller]:
    """Draw the callers of all streams, in order of time."""
    return heapq.merge(*(stream.callers(seed, until) for stream in streams), key=lambda caller: caller.at)
