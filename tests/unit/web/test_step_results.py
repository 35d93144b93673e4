"""Every result a step really tells is among those its series were made for."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cti.metrics.step_results import all_results, marks, told
from ivr.events import DialOutcome, FailReason, QueueOutcome
from ivr.flows import load_flows, read_files
from ivr.state import CallInfo
from ivr.walker import Walker

PROJECT = Path(__file__).parents[3]
FOLDERS = sorted({"flows", *(str(path.relative_to(PROJECT)) for path in PROJECT.glob("flows/examples/*") if path.is_dir())})
WALKS = 150
MOST_MOVES = 40


def walked(flows, seed):
    """Everything the trace tells of one caller who does what comes to his mind."""
    chance = random.Random(seed)

    def backend(call):
        draw = chance.random()
        if draw < 0.3:
            return chance.choice(list(FailReason))
        return {"outcome": chance.choice(("sent", "limited", "possible", "accepted", "full")), "status": chance.choice((200, 404)), "ok": True, "found": draw < 0.6}

    walker = Walker(flows, CallInfo("c1", chance.choice(("", "13800138001")), "95598", None), backend, datetime(2026, 11, 20, chance.randrange(24), tzinfo=UTC))
    for _ in range(MOST_MOVES):
        if walker.over:
            break
        draw = chance.random()
        if walker.waits_in_queue:
            walker.leave_queue(chance.choice(list(QueueOutcome)))
        elif walker.is_put_through:
            walker.end_dial(chance.choice(list(DialOutcome)))
        elif draw < 0.05:
            walker.hang_up()
        elif draw < 0.25:
            walker.wait()
        else:
            walker.press(chance.choice("0123456789*#"))
    return walker.trace


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_walk_tells_a_result_that_was_not_foreseen(folder):
    flows = load_flows(read_files(PROJECT / folder))
    results = all_results(flows)
    traces = [trace for seed in range(WALKS) for trace in walked(flows, seed)]
    strange = {(trace.type, trace.result) for trace in traces if told(trace) not in results[trace.flow][trace.step]}
    assert strange == set()
    assert len({(trace.flow, trace.step, trace.result) for trace in traces}) > 10, "the walks came about"


def test_the_marks_are_those_of_the_survey_steps():
    assert marks(load_flows(read_files(PROJECT / "flows"))) == ("1", "2", "3", "4", "5")
