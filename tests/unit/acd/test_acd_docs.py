"""The diagrams in docs/acd.md say what the transition tables say."""

from __future__ import annotations

import re
from pathlib import Path

from acd.states import AGENT_MOVES, CALL_MOVES, AgentState

TEXT = (Path(__file__).parents[3] / "docs" / "acd.md").read_text(encoding="utf-8")
RESTING = {AgentState.LOGGED_OUT, AgentState.READY, AgentState.PAUSED, AgentState.BACKOFF, AgentState.WRAP_UP}
SERVING = {AgentState.OFFERED, AgentState.CONNECTING, AgentState.TALKING}


def drawn(number):
    diagram = TEXT.split("```mermaid")[number].split("```")[0]
    return set(re.findall(r"^ +(\w+) --> (\w+)$", diagram, re.MULTILINE))


def moves(table):
    return {(old, new) for old, targets in table.items() for new in targets}


def by_adoption(old, new):
    """What the text says is not drawn."""
    if old in RESTING and new in SERVING:
        return (old, new) != (AgentState.READY, AgentState.OFFERED)
    restored = {AgentState.PAUSED, AgentState.WRAP_UP, AgentState.BACKOFF}
    if (old, new) == (AgentState.READY, AgentState.PAUSED):
        return False
    return old in {AgentState.LOGGED_OUT, AgentState.READY} and new in restored


def test_the_agents_diagram_shows_the_table():
    table = {(old.name, new.name) for old, new in moves(AGENT_MOVES) if not by_adoption(old, new)}
    assert drawn(1) == table


def test_the_calls_diagram_shows_the_table():
    assert drawn(2) == {(old.name, new.name) for old, new in moves(CALL_MOVES)}
