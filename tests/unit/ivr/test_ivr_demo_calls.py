"""Whole calls through the demo flows, compared with what was heard before.

The files in golden/ hold a call each: `# from=… at=… keys=…` and all that happened. After a wanted change run with UPDATE_GOLDEN=1
and read the difference.
"""

import os
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ivr.flows import load_flows
from ivr.state import CallInfo
from ivr.walker import Walker
from tests.unit.ivr.ivr_room import ROOT, demo_replies

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.txt"))
FLOWS = load_flows(ROOT / "flows")


def walk(head: str) -> Walker:
    told = dict(re.findall(r"(\w+)=(\S*)", head))
    moment = datetime.fromisoformat(told["at"]).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    walker = Walker(FLOWS, CallInfo("g1", told["from"], "95598", told.get("language")), demo_replies(), moment)
    for part in filter(None, told["keys"].split(",")):
        for key in part:
            {"t": walker.wait, "h": walker.hang_up}.get(key, lambda key=key: walker.press(key))()
    return walker


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_call_sounds_as_before(path: Path):
    head = path.read_text(encoding="utf-8").splitlines()[0]
    walker = walk(head)
    lines = [f"{line.kind} {line.language}".strip() + f": {line.text}" for line in walker.lines]
    if "UPDATE_GOLDEN" in os.environ:
        path.write_text("\n".join([head, *lines, ""]), encoding="utf-8")
    assert "\n".join([head, *lines, ""]) == path.read_text(encoding="utf-8")
    assert walker.over


def test_every_step_of_the_demo_is_walked_by_some_golden_call():
    walked = {
        (entry.flow, entry.step)
        for path in GOLDEN
        for entry in walk(path.read_text(encoding="utf-8").splitlines()[0]).trace
    }
    steps = {(flow.name, step) for flow in FLOWS.flows.values() for step in flow.steps}
    # what only a failing backend, a closed or overfull queue can reach is walked in test_ivr_demo_troubles
    troubles = {
        ("agent", "closed"), ("agent", "lost"), ("agent", "too_long"), ("agent", "too_many"), ("agent", "sorry"),
        ("balance", "unavailable"), ("balance", "owing"), ("balance", "credit"), ("identify", "unavailable"), ("fault", "unavailable"),
        ("main", "sorry"), ("main", "agent_directly"), ("tariff", "unavailable"), ("fault", "no_number"), ("fault", "enough_sent"), ("fault", "not_sent"), ("voicemail", "sorry"), ("fault", "to_agent"), ("agent", "office_is_closed"),
        ("agent", "office_busy"), ("agent", "office_no_answer"), ("agent", "office_unreachable"), ("agent", "no_callback"), ("agent", "cannot_call"),
    }  # fmt: skip
    assert steps - walked - troubles == set()
