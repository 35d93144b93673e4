"""Who was offered an agent before somebody who had come earlier into the same line with the same needs: counted by tier, and how far."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.rig.referee import at_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.rig.referee import Witness


@dataclass(frozen=True)
class Turn:
    """One caller's way through a line; Unix seconds."""

    call: str
    tier: str
    line: tuple[str, tuple[str, ...]]
    entered: float
    offered: float

    @property
    def wait_seconds(self) -> float:
        """Until his first offer."""
        return self.offered - self.entered


def turns(witness: Witness) -> list[Turn]:
    """Everybody who was offered an agent, in order of the first offers."""
    places = {line["call"]: (line["tier"], line["queue"]) for line in witness.lines if line["event"] == "queue_entered"}
    firsts: dict[str, float] = {}
    for line in witness.lines:
        if line["event"] == "offer_made":
            record = witness.decisions.get(line["offer"])
            firsts.setdefault(line["call"], at_of(line) if record is None else record["at_ms"] / 1000)
    return [
        Turn(call, places[call][0], (places[call][1], tuple(sorted(witness.needs[call]))), witness.entered[call], at) for call, at in firsts.items()
    ]


def overtakings(found: Sequence[Turn]) -> list[tuple[Turn, Turn]]:
    """Pairs (who passed, who was passed) of the same line and needs."""
    return [(b, a) for place, b in enumerate(found) for a in found[place + 1 :] if a.line == b.line and a.entered < b.entered]


def fairness(witness: Witness, tiers: Sequence[str]) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """A table by tier: callers, waits, and whom each tier passed; rows are those who passed, the last columns those who were passed."""
    found = turns(witness)
    passed = Counter((b.tier, a.tier) for b, a in overtakings(found))
    rows: list[tuple[object, ...]] = []
    for tier in tiers:
        waits = sorted(turn.wait_seconds for turn in found if turn.tier == tier)
        median, longest = statistics.median(waits), waits[-1]
        rows.append((tier, len(waits), f"{statistics.fmean(waits):.1f} s", f"{median:.1f} s", f"{longest:.1f} s", *(passed[tier, other] for other in tiers)))
    return ("tier", "callers", "mean wait", "median", "longest", *(f"passed {tier}" for tier in tiers)), rows
