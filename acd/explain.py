"""Why does this caller wait, and why did that agent get that call? Answers as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from acd.callbacks import held_back
from acd.eligibility import is_not_free, preference
from acd.errors import UnknownCall
from acd.estimate import expected_wait
from acd.states import CallState
from acd.strategies import rank
from acd.values import value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from acd.config import Needs
    from acd.eligibility import Ineligibility
    from acd.records import Call
    from acd.roster import Copy, Roster
    from acd.searches import Search
    from acd.story import Line
    from acd.strategies import Rank
    from acd.world import World


@value(frozen=True, slots=True)
class Decision:
    """The record of one offer, as things stood at engine time `at`; of a round of offers there is one, named by its first.

    Whoever is past the guarantee, or has returned because his agent's leg died, goes before higher scores. `ranked` holds
    the best eligible agents (at most ten), best first, with what ranked each (see strategies.py); everybody else's reason is worked out when asked for.
    `also_rung` are the agents rung together with the `chosen` one.
    """

    offer: str
    call: str
    queue: str
    tier: str
    at: float
    waited_seconds: float
    score: float
    past_guarantee: bool
    returned: bool
    ring: int
    strategy: str
    chosen: str
    ranked: tuple[tuple[str, Rank], ...]
    also_rung: tuple[str, ...]
    search: Search = field(repr=False)
    roster: Roster = field(repr=False)
    stood: Copy = field(repr=False)

    @property
    def needs(self) -> Needs:
        """What the search asked for, the call's own needs included."""
        return self.search.needs

    @property
    def not_free(self) -> dict[str, Ineligibility]:
        """Every agent who was able but not free, with the reason."""
        able = self.search.able.values()
        gaps = {agent.name: self.roster.then(self.stood, agent.order) for agent in able}
        return {name: gap for name, gap in gaps.items() if gap is not None}

    @property
    def ineligible(self) -> dict[str, Ineligibility]:
        """Every agent who was not eligible, with the reason."""
        return {**self.search.unable(), **self.not_free}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a live call stands now.

    score = waited_seconds + head_start_seconds + bonus_seconds + credit_seconds; the highest goes first. The credit is
    the place of his callback, for a customer who rang in himself. `eligible` are the agents he could be offered to
    this moment, best first (empty is why he waits); `ineligible` everybody else. `held_back` says why a callback is
    not made now; `past_guarantee` that he goes before all who have not waited so long, whatever their score;
    `waits_for` names the one agent he waits for at first.
    """

    queue: str
    tier: str
    position: int
    score: float
    waited_seconds: float
    head_start_seconds: float
    bonus_seconds: float
    ring: int
    needs: Needs
    eligible: tuple[str, ...]
    ineligible: Mapping[str, Ineligibility]
    expected_wait_seconds: float | None
    credit_seconds: float = 0.0
    held_back: str = ""
    past_guarantee: bool = False
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say about a call; `standing` is None once it has ended, `decision` before its first offer."""

    call: str
    state: CallState
    standing: Standing | None
    decision: Decision | None
    story: tuple[Line, ...]


def explain(world: World, call_id: str) -> Explanation:
    """Explain a call that is live or ended not long ago.

    Raises:
        UnknownCall: if nothing is remembered about it.

    """
    if not world.story.knows(call_id):
        raise UnknownCall(f"no call {call_id!r} is known: it never queued, or it ended long ago")
    call = world.calls.get(call_id)
    return Explanation(
        call=call_id,
        state=CallState.ENDED if call is None else call.state,
        standing=None if call is None else _standing(world, call),
        decision=world.story.decision(call_id),
        story=world.story.of(call_id),
    )


def _standing(world: World, call: Call) -> Standing:
    ring, search = world.reach_of(call)
    hindrances = {name: is_not_free(agent) for name, agent in search.able.items()}
    eligible = [search.able[name] for name, gap in hindrances.items() if gap is None]
    not_free = {name: gap for name, gap in hindrances.items() if gap is not None}
    ranked = rank(call.queue.strategy, eligible, search.needs, world.now)
    ranked.sort(key=lambda pair: -preference(pair[1].config, call.queue, call.tier))
    waited_seconds = call.waited_seconds(world.now)
    expected = expected_wait(world, call, looking=True)
    return Standing(
        queue=call.queue.name,
        tier=call.tier,
        position=world.lines.position(call),
        score=waited_seconds + call.head_start_seconds + call.queue.bonus_seconds + call.credit_seconds,
        waited_seconds=waited_seconds,
        head_start_seconds=call.head_start_seconds,
        bonus_seconds=call.queue.bonus_seconds,
        ring=ring,
        needs=search.needs,
        eligible=tuple(agent.name for _, agent in ranked),
        ineligible={**search.unable(), **not_free},
        expected_wait_seconds=None if expected is None else expected.likely_seconds,
        credit_seconds=call.credit_seconds,
        held_back=held_back(call),
        past_guarantee=call.overdue,
        waits_for=search.wanted,
    )
