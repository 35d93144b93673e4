"""Which values labels may take, and how many: the ground for zero series and for the formula of their number.

An axis is one label, or a few that belong together, with all combinations they can have. Those of the code are listed
here; those of the configuration have a letter, and the lists come from `Names`.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from enum import Enum
from itertools import product

from acd.agents import MISSED_CALLS
from acd.commands import ReleaseReason
from acd.facts import CallbackOutcome, Ignored, OfferResult, Outcome
from acd.states import AgentState
from cti.backends.base import FailureReason
from cti.callbacks.attempts import REASONS
from cti.leading import Transferred
from cti.metrics.words import OTHER
from ivr.events import DialOutcome

Combination = tuple[str, ...]

BACKEND_OK = "ok"
HTTP_REQUEST = "http"
"""Stands for all requests of `http` steps."""
RELOAD_TAKEN, RELOAD_REFUSED = "taken", "refused"
TRANSFERRED_BLIND, TRANSFERRED_ATTENDED = "blind", "attended"
BACKEND_RESULTS = (BACKEND_OK, *(reason.value for reason in FailureReason))
EXITS = ("completed", "abandoned", "failed")
CAUSES = (*EXITS, "lost")
FORGERIES = ("no_nonce", "doubled_header")
DRIFTS = ("call_vanished", "leg_vanished", "orphan_leg", "call_adopted", "taken_back", "strayed")
OVERFLOW_REASONS = tuple(
    reason.value for reason in (ReleaseReason.MAX_WAIT, ReleaseReason.FULL, ReleaseReason.EMPTY, ReleaseReason.NO_QUEUE)
)
#: outcomes with a distribution of waits of their own; all others share `other`
WAITED_FOR = (Outcome.ANSWERED.value, Outcome.ABANDONED.value, Outcome.OVERFLOWED.value)
CALL_OUTCOMES = (
    "answered", "put_through", "self_service", "abandoned", "failed", "lost", "fallback",
    *(outcome.value for outcome in Outcome if outcome not in (Outcome.ANSWERED, Outcome.ABANDONED, Outcome.LOST)),
)  # fmt: skip
ACTIONS = (
    "AGI", "AbsoluteTimeout", "CoreShowChannels", "DBGetTree", "Getvar", "Hangup", "Originate", "Redirect", "Setvar",
)  # fmt: skip
LINKS = ("events", "actions")
TRANSFERS = (TRANSFERRED_BLIND, TRANSFERRED_ATTENDED)
STORE_OPERATIONS = ("put", "get", "delete", "items", "increment", "compare_and_set", "put_generation", "get_generation")
STORE_RESULTS = ("ok", "down")
CHANNELS = ("caller", "agent", "other")


@dataclass(frozen=True, slots=True)
class Names:
    """What the configuration calls things. `steps` are (flow, step), `results` (flow, step, result), `operations` (backend,
    operation), `waits` the thresholds of the queues in seconds."""

    queues: Collection[str] = ()
    tiers: Collection[str] = ()
    pause_reasons: Collection[str] = ()
    flows: Collection[str] = ()
    steps: Collection[tuple[str, str]] = ()
    results: Collection[tuple[str, str, str]] = ()
    scores: Collection[str] = ()
    operations: Collection[tuple[str, str]] = ()
    rules: Collection[str] = ()
    versions: Collection[tuple[str, str]] = (("", ""),)
    waits: Collection[float] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """`labels` vary together; `symbol` stands for the number of combinations, or a part of it, in the formula."""

    labels: tuple[str, ...]
    symbol: str
    meaning: str = ""
    combinations: Callable[[Names], Iterable[Combination]] = field(default=lambda _names: (), repr=False, compare=False)


def fixed(label: str, values: Iterable[str | Enum]) -> Axis:
    """An axis whose values stand in the code."""
    found = tuple((value.value if isinstance(value, Enum) else value,) for value in values)
    return Axis((label,), str(len(found)), "", lambda _names: found)


def _single(label: str, symbol: str, meaning: str, values: Callable[[Names], Iterable[str]]) -> Axis:
    return Axis((label,), symbol, meaning, lambda names: [(value,) for value in values(names)])


QUEUE = _single("queue", "Q", "queues (queues.yaml)", lambda names: names.queues)
TIER = _single("tier", "T", "customer tiers (tiers.yaml)", lambda names: names.tiers)
PAUSE = _single("reason", "(P + 2)", "pause reasons (agents.yaml)", lambda names: (MISSED_CALLS, *names.pause_reasons, OTHER))
FLOW = _single("flow", "F", "flows", lambda names: names.flows)
STEP = Axis(("flow", "step"), "S", "steps of all flows", lambda names: names.steps)
RESULT = Axis(("flow", "step", "result"), "R", "results that these steps can have, all together", lambda names: names.results)
SCORE = _single("score", "V", "marks of the survey steps (1 to 5: five)", lambda names: names.scores)
BACKEND_OPERATION = Axis(("backend", "operation"), "O", "operations of all backends, services and gateways (backends.yaml) and the callback desk", lambda names: names.operations)
RULE = _single("rule", "D", "rules of dialing.yaml", lambda names: names.rules)
BUILD_OF = Axis(("version", "flow_version"), "1", "", lambda names: names.versions)
STATE_OF_AGENT = Axis(
    ("state", "reason"), f"(P + {len(AgentState) + 1})", "",
    lambda names: [(state.value, "") for state in AgentState if state is not AgentState.PAUSED]
    + [(AgentState.PAUSED.value, reason) for reason in (MISSED_CALLS, *names.pause_reasons, OTHER)],
)  # fmt: skip

STATE = fixed("state", AgentState)
OUTCOME = fixed("outcome", Outcome)
WAIT_OUTCOME = fixed("outcome", (*WAITED_FOR, OTHER))
OVERFLOW_REASON = fixed("reason", OVERFLOW_REASONS)
CALLBACK_OUTCOME = fixed("outcome", CallbackOutcome)
CALLBACK_REASON = fixed("reason", REASONS)
OFFER_RESULT = fixed("result", OfferResult)
IGNORED_WHY = fixed("why", Ignored)
CAUSE = fixed("cause", CAUSES)
CALL_OUTCOME = fixed("outcome", CALL_OUTCOMES)
EXIT = fixed("outcome", EXITS)
DIAL_OUTCOME = fixed("outcome", DialOutcome)
TRANSFER_KIND = fixed("kind", TRANSFERS)
TRANSFER_OUTCOME = fixed("outcome", Transferred)
RELOAD = fixed("result", (RELOAD_TAKEN, RELOAD_REFUSED))
FORGERY = fixed("why", FORGERIES)
DRIFT_KIND = fixed("kind", DRIFTS)
ACTION = fixed("action", ACTIONS)
LINK = fixed("link", LINKS)
STORE_OPERATION = fixed("operation", STORE_OPERATIONS)
STORE_RESULT = fixed("result", STORE_RESULTS)
CHANNEL = fixed("kind", CHANNELS)
BACKEND_RESULT = fixed("result", BACKEND_RESULTS)


def combinations(axes: Iterable[Axis], names: Names) -> list[Combination]:
    """Every combination of label values that these axes have together."""
    return [tuple(value for part in parts for value in part) for parts in product(*(axis.combinations(names) for axis in axes))]
