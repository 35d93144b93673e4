"""How long a call may go on in flows: budgets of steps, time and silence, so that no mistake in a flow holds a caller for ever."""

from collections.abc import Sequence

from ivr.commands import CallBackend, Command, Dial, JoinQueue, Play, Record
from ivr.state import Session

STEPS_PER_RUN = 100
"""Steps between two waits; more is a loop."""
STEPS_PER_CALL = 1000
SECONDS_PER_CALL = 1800.0
"""Time in flows, without queues, dialling and talks."""
QUIET_WAITS = 15
"""Answers from outside, one after the other, with nothing said and no key pressed between them; each takes up to a second."""
STEPS_AFTER_BUDGET = 50
"""Steps left to the safe exit once a budget is used up."""


def used_up(session: Session, made: int) -> str:
    """Return which budget is used up (`time`, `steps`, `silence`), or nothing.

    Args:
        session: the call.
        made: steps made since the last wait.

    """
    if session.spent_seconds > SECONDS_PER_CALL:
        return "time"
    if made > STEPS_PER_RUN or session.steps > STEPS_PER_CALL:
        return "steps"
    return "silence" if session.quiet_waits > QUIET_WAITS else ""


def count_silence(session: Session, commands: Sequence[Command], *, pressed: bool) -> None:
    """Note whether the caller hears anything by these commands; `pressed`: he pressed a key himself."""
    if pressed or any(isinstance(command, Play | Record | JoinQueue | Dial) for command in commands):
        session.quiet_waits = 0
    elif any(isinstance(command, CallBackend) for command in commands):
        session.quiet_waits += 1
