"""How long will a caller wait? The present line played forward, asked with what the engine knows.

A very long line, or a very large floor, is not played to its end: who stands behind those who are played is told in
proportion to his place.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from acd.chance import Chance
from acd.forecast import Expected, Outlook
from acd.outlook import Busy, Party, Waiter, play
from acd.records import Presence
from acd.states import AgentState
from acd.timers import Timer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from acd.config import Queue
    from acd.heads import Line
    from acd.records import AgentRecord, Call, Offer
    from acd.world import World

_MOST_CALLERS = 60  #: of each queue
_MOST_AGENTS = 2_000
_FEWEST_RUNS, _MOST_RUNS, _WAITS, _TALKS = 8, 40, 400, 20_000  #: played in all: so many waits, so many agents' talks
_TALK_COST = 0.05  #: of what playing a wait costs
_LEAST_FRESH_SECONDS, _MOST_FRESH_SECONDS = 5.0, 30.0
_WAITS_A_SECOND = 80  #: that many are played for each second a forecast is used
_MISSING = 0.2  #: of that time a forecast is used for a caller whom it lacks
_SHARE_SERVED = 0.5  #: of the runs in which he must have been served
_LONGEST = 0.9
_RING_SECONDS = 5.0  #: from an offer to its talk, roughly
_SEED = 20_140_823


def expected_wait(world: World, call: Call, *, looking: bool = False) -> Expected | None:
    """Foresee how much longer a call that holds a place will wait; None without data or agents at work.

    `looking`: somebody only looks; what callers are told must not depend on who looked when.
    """
    outlook = _outlook(world, call, looking=looking)
    found = outlook.calls.get(call.id)
    if found is None and call.queue.name in outlook.last:
        place, expected = outlook.last[call.queue.name]
        found = _scaled(expected, max(1.0, world.lines.position(call) / place))
    return None if found is None else _since(found, world.now - outlook.at)


def newcomer_wait(world: World, queue: str) -> Expected | None:
    """Foresee the wait of a caller of no tier who would join this configured queue now with no needs of his own."""
    return _outlook(world, None, looking=True).newcomers.get(queue)


def _outlook(world: World, call: Call | None, *, looking: bool) -> Outlook:
    held = world.seen if looking else world.foreseen
    age = world.now - held.at
    if age > held.fresh_seconds or _lacks_him(world, held, call, looking=looking):
        held = _look_ahead(world)
        if looking:
            world.seen = held
        else:
            world.foreseen = held
    return held


def _lacks_him(world: World, held: Outlook, call: Call | None, *, looking: bool) -> bool:
    """Whether a new look would show a caller who is not in this one; those who stand far behind are never played."""
    if call is None or call.id in held.calls or not (looking or world.now - held.at > held.fresh_seconds * _MISSING):
        return False
    return world.lines.position(call) <= _MOST_CALLERS


def _look_ahead(world: World) -> Outlook:
    outlook = Outlook(world.now)
    agents = {name: agent for name, agent in world.agents.items() if agent.presence is Presence.AT_WORK}
    if not agents or len(agents) > _MOST_AGENTS:
        outlook.fresh_seconds = _MOST_FRESH_SECONDS if agents else _LEAST_FRESH_SECONDS
        return outlook
    numbers = {name: number for number, name in enumerate(agents)}
    parties: dict[Line, Party] = {}
    for queue in world.policy.queues.values():
        _add_waiting(world, queue, parties, numbers)
    busy = [_busy(world, agent) for agent in agents.values()]
    usable = [party for party in parties.values() if party.talks]
    count = sum(len(party.waiting) for party in usable)
    runs = max(_FEWEST_RUNS, min(_MOST_RUNS, _WAITS // max(1, count), _TALKS // len(busy)))
    cost = runs * (count + len(busy) * _TALK_COST)
    outlook.fresh_seconds = min(_MOST_FRESH_SECONDS, max(_LEAST_FRESH_SECONDS, cost / _WAITS_A_SECOND))
    for name, waits in play(usable, busy, runs, Chance(_SEED)).items():
        if len(waits) >= _SHARE_SERVED * runs:
            _note(world, outlook, name, _expected(waits))
    return outlook


def _note(world: World, outlook: Outlook, name: str, expected: Expected) -> None:
    call = world.calls.get(name)
    if call is None:
        outlook.newcomers[name.removeprefix("?")] = expected
        return
    outlook.calls[name] = expected
    place = world.lines.position(call)
    if place > outlook.last.get(call.queue.name, (0, None))[0]:
        outlook.last[call.queue.name] = place, expected


def _add_waiting(world: World, queue: Queue, parties: dict[Line, Party], numbers: dict[str, int]) -> None:
    for name in world.lines.first(queue.name, _MOST_CALLERS):
        call = world.calls[name]
        if call.line is not None:
            waiter = Waiter(call.id, call.key[:4], world.now - call.entered_at)
            _party(world, queue, call.line, parties, numbers).waiting.append(waiter)
    newcomer = _party(world, queue, world.line_of_newcomer(queue), parties, numbers)
    newcomer.later = tuple(
        (rate, world.now - tier.head_start_seconds - queue.bonus_seconds)
        for tier in world.policy.tiers.values()
        if tier.head_start_seconds > 0
        and (rate := world.forecast.arrivals_per_second(queue.name, tier.name, world.now)) > 0
    )
    newcomer.waiting.append(
        Waiter(f"?{queue.name}", (2.0, world.now - queue.bonus_seconds, float("inf")), 0.0, serves_nobody=True)
    )


def _party(world: World, queue: Queue, line: Line, parties: dict[Line, Party], numbers: dict[str, int]) -> Party:
    if line not in parties:
        forecast = world.forecast
        parties[line] = Party(
            queue.name, _rings(queue, line, numbers), forecast.talk_seconds(queue.name),
            forecast.wrapup_seconds(queue.name, queue.wrapup_seconds), forecast.impatience_per_second(queue.name),
        )  # fmt: skip
    return parties[line]


def _rings(queue: Queue, line: Line, numbers: dict[str, int]) -> tuple[tuple[float, frozenset[int]], ...]:
    """Who is able, from which wait on; a ring that nobody logged in could serve gives way to the next one."""
    times = [after for after, _ in queue.stages]
    rings = []
    for place, (ring, _) in enumerate(line.plan):
        search = next((search for _, search in line.plan[place:] if search.open), line.plan[-1][1])
        after = times[ring] if place and ring >= 0 else 0.0
        rings.append((after, frozenset(numbers[name] for name in _at_work(search.able, numbers))))
    return tuple(rings)


def _at_work(able: Iterable[str], numbers: dict[str, int]) -> Iterable[str]:
    return (name for name in able if name in numbers)


def _busy(world: World, agent: AgentRecord) -> Busy:
    offer = world.offers.get(agent.offer or "")
    queue = None if offer is None else world.policy.queues.get(offer.queue)
    if offer is not None and queue is not None and _will_talk(world, offer) and (talks := world.forecast.talk_seconds(queue.name)):
        wrapup = world.forecast.wrapup_seconds(queue.name, queue.wrapup_seconds)
        if agent.state is AgentState.TALKING:
            return Busy(None, world.now - offer.talk_at, talks, wrapup)
        return Busy(None, -_RING_SECONDS, talks, wrapup)
    if agent.busy_elsewhere:  # nobody knows with whom, nor since when
        talks = world.forecast.talk_seconds("")
        return Busy(None, 0.0, talks) if talks else Busy(0.0)
    until = world.timers.at(Timer.AGENT, agent.name)
    return Busy(0.0 if until is None else max(0.0, until - world.now))


def _will_talk(world: World, offer: Offer) -> bool:
    """Of several agents who are rung for one caller count one as his; the others are free again at once."""
    call = world.call_of(offer)
    return call is None or world.offer_of(call) is offer


def _expected(waits: Sequence[float]) -> Expected:
    ordered = sorted(waits)
    return Expected(median(ordered), ordered[min(len(ordered) - 1, int(_LONGEST * len(ordered)))])


def _scaled(expected: Expected, factor: float) -> Expected:
    return Expected(expected.likely_seconds * factor, expected.longest_seconds * factor)


def _since(expected: Expected, seconds: float) -> Expected:
    """What is left of it so much later."""
    return Expected(max(0.0, expected.likely_seconds - seconds), max(0.0, expected.longest_seconds - seconds))
