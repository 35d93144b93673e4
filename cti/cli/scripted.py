"""Running many scripted calls at once: on all processors, when there are enough calls to be worth it."""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from ivr.document import Finding
from ivr.flowset import FlowSet
from ivr.scripts import Coverage, Result, Script, run_script
from ivr.scripts.coverage import Taken
from ivr.walker import Line

CALLS_PER_WORKER = 500
"""Fewer calls are done before a second process is ready."""
_Done = tuple[tuple[Finding, ...], tuple[Line, ...], float]
_shared: list[tuple[Sequence[Script], FlowSet]] = []
"""What a worker finds in its memory when it is forked: expressions are compiled code, which cannot be sent to it."""


def run_scripts(
    scripts: Sequence[Script], flows: FlowSet, coverage: Coverage, calls_per_worker: int = CALLS_PER_WORKER
) -> tuple[Result, ...]:
    """Run all scripts and return their results in order; those of calls that went as written may come without `lines`.

    Args:
        scripts: the calls.
        flows: the flows they call.
        coverage: counts the steps and ways taken.
        calls_per_worker: fewest calls that are worth a process of their own.

    """
    workers = min(os.cpu_count() or 1, len(scripts) // calls_per_worker)
    if workers < 2:
        return tuple(run_script(script, flows, coverage) for script in scripts)
    _shared.append((scripts, flows))
    try:
        with ProcessPoolExecutor(workers, mp_context=get_context("fork")) as pool:
            parts = list(pool.map(_part, range(workers), [workers] * workers))
    finally:
        _shared.pop()
    results: list[Result | None] = [None] * len(scripts)
    for first, (done, taken) in enumerate(parts):
        coverage.add(taken)
        for script, number, (failures, lines, seconds) in zip(
            scripts[first::workers], range(first, len(scripts), workers), done, strict=True
        ):
            results[number] = Result(script, failures, lines, seconds)
    return tuple(result for result in results if result is not None)


def _part(first: int, step: int) -> tuple[list[_Done], Taken]:
    """Run every `step`th call from `first` on."""
    scripts, flows = _shared[-1]
    coverage = Coverage(flows)
    results = [run_script(script, flows, coverage) for script in scripts[first::step]]
    done = [(each.failures, each.lines if each.failures else (), each.virtual_seconds) for each in results]
    return done, coverage.taken
