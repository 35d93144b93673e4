"""From which figure on something is alarming. The same limits hold in the Prometheus rules and in the server's own watch.

What a queue promises is configured (queues.yaml); what is left to say of it, and of the server itself, stands here.
"""

from acd.config import Queue

LEAST_CALLS = 10
"""Ratios of fewer calls in 15 minutes alarm nobody: one caller of three is no third of all callers."""
LEAST_ERRORS = 3
"""Fewer failures in 15 minutes are chance."""
FLOW_ERROR_RATIO = 0.05
"""More flow exits than this by an error of the flow."""
BACKEND_ERROR_RATIO = 0.2
"""More calls to a backend than this without an answer."""
DRIFTS = 5
"""More repaired differences than this in 15 minutes: a restart or a lost link makes a few."""
LEAST_SCORES = 10
"""Marks in an hour from which on their average says something."""
SCORE_FALL = 0.5
"""The marks of the last hour may be so much below those of the day."""
LOOP_LAG_SECONDS = 0.25
"""The event loop may be late by so much: beyond, callers' keys and agents' answers are noticed late."""


def at_risk_level(queue: Queue) -> float:
    """Return the service level below which the target is at risk once the level falls: half-way from the target to 1."""
    return queue.service_level_target + (1 - queue.service_level_target) / 2


def longest_wait_limit(queue: Queue) -> float:
    """Return the seconds of waiting that are too long: half the longest allowed, else the guarantee, else ten service levels."""
    if queue.max_wait_seconds > 0:
        return max(queue.max_wait_seconds / 2, queue.service_level_seconds)
    return queue.guarantee_seconds or 10 * queue.service_level_seconds
