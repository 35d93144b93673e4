"""The results of played days as plain values: for JSON, tables and plots alike."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from acd.simulation.results import Results
from acd.simulation.tally import Tally
from acd.theory.confidence import Interval
from cti.simulation.playing import Day, over_days

#: figure -> how it is had from a tally; shares are of 1, times seconds
FIGURES: dict[str, Callable[[Tally], float]] = {
    "offered": lambda tally: tally.offered,
    "sl_offered": lambda tally: tally.sl_offered,
    "sl_answered": lambda tally: tally.sl_answered,
    "sl_patient": lambda tally: tally.sl_patient,
    "asa_seconds": lambda tally: tally.asa_seconds,
    "p90_seconds": lambda tally: tally.wait_quantile_seconds(0.9),
    "abandonment": lambda tally: tally.abandonment,
    "overtaken_share": lambda tally: tally.overtaken_share,
    "otherwise": lambda tally: tally.otherwise,
}
WORDS = {
    "sl_offered": "service level: answered in time / offered",
    "sl_answered": "service level: answered in time / answered",
    "sl_patient": "service level: answered in time / (offered - given up in time)",
    "asa_seconds": "ASA: mean wait of the answered, from entry to talk, ringing included",
    "p90_seconds": "nine of ten answered callers waited no longer",
    "abandonment": "given up / offered",
    "overtaken_share": "of the answered, before how many somebody was answered who came later to the same queue",
    "otherwise": "calls that left otherwise: line full, max wait, voicemail",
    "occupancy": "agents' time from ring to end of wrap-up / that and being ready; pauses are in neither",
}
#: what is told of each interval
OF_INTERVALS = ("offered", "sl_offered", "asa_seconds", "abandonment")
#: what is told of promises to call back; a wait is from the customer's entry to his talk
OF_CALLBACKS = ("promised", "called_back", "failed", "expired", "attempts", "mean_wait_seconds")


def report(days: Sequence[Day]) -> dict[str, Any]:
    """Return every figure as `{"mean": …, "half_width": …}` over the days (95 %); null where there is none."""
    first = days[0].results
    return {
        "seeds": [day.seed for day in days],
        "total": _figures(days, lambda results: results.total()),
        "occupancy": _value(over_days(days, lambda results: results.occupancy)),
        "tiers": {name: _figures(days, _tally_of(Results.by_tier, name)) for name in _names(days, Results.by_tier)},
        "queues": {name: _figures(days, _tally_of(Results.by_queue, name)) for name in _names(days, Results.by_queue)},
        "intervals": [_interval(days, number) for number in range(_last_interval(days) + 1)],
        "interval_seconds": first.interval_seconds,
        "overtakings": _overtakings(days),
        "callbacks": {name: _value(over_days(days, lambda results, name=name: float(getattr(results.callbacks, name)))) for name in OF_CALLBACKS},  # type: ignore[misc]
        "definitions": WORDS,
    }


def _figures(days: Sequence[Day], tally: Callable[[Results], Tally]) -> dict[str, Any]:
    tallies = {day.seed: tally(day.results) for day in days}
    by_results = {id(day.results): tallies[day.seed] for day in days}
    return {
        name: _value(over_days(days, lambda results, figure=figure: float(figure(by_results[id(results)]))))  # type: ignore[misc]
        for name, figure in FIGURES.items()
    }


def _tally_of(group: Callable[[Results], dict[str, Tally]], name: str) -> Callable[[Results], Tally]:
    return lambda results: group(results).get(name) or Tally()


def _names(days: Sequence[Day], group: Callable[[Results], dict[str, Tally]]) -> list[str]:
    return list(dict.fromkeys(name for day in days for name in group(day.results)))


def _last_interval(days: Sequence[Day]) -> int:
    return max((number for day in days for number in day.results.intervals), default=-1)


def _interval(days: Sequence[Day], number: int) -> dict[str, Any]:
    figures = {
        name: _value(over_days(days, lambda results, name=name: float(FIGURES[name](results.intervals[number]))))  # type: ignore[misc]
        for name in OF_INTERVALS
    }
    return {**figures, "occupancy": _value(over_days(days, lambda results: results.staff[number].occupancy))}


def _overtakings(days: Sequence[Day]) -> list[dict[str, Any]]:
    pairs = dict.fromkeys(pair for day in days for pair in day.results.overtakings)
    return [
        {"first": first, "passed": passed, **(_value(over_days(days, lambda r, p=(first, passed): float(r.overtakings[p]))) or {})}  # type: ignore[misc]
        for first, passed in pairs
    ]  # fmt: skip


def _value(found: Interval) -> dict[str, float | None] | None:
    if math.isnan(found.mean):
        return None
    return {"mean": found.mean, "half_width": None if math.isinf(found.half_width) else found.half_width}
