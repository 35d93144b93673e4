"""Which results a step of a flow can have: known in advance from its type, so that their series begin at zero."""

from collections.abc import Mapping

from cti.backends.base import FailureReason
from ivr.events import DialOutcome, QueueOutcome
from ivr.flowset import FlowSet
from ivr.state import Trace
from ivr.steps.base import StepType
from ivr.steps.callback import CallbackOutcome
from ivr.steps.http import HttpStep
from ivr.steps.sms import SmsOutcome
from ivr.steps.survey import Survey

Results = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Results by flow and step."""

HUNG_UP = "hung_up"
"""The caller hung up in this step; `ended` is left to steps that end the call by themselves."""
_ALWAYS = ("ended", HUNG_UP, "restored", "error", "failed", "budget", "secure value lost")
_UNHEARD = ("invalid", "timeout")
_UNANSWERED = tuple(FailureReason)
_RESULTS: Mapping[str, tuple[str, ...]] = {
    "say": ("said", "skipped"),
    "play": ("said", "skipped"),
    "hangup": (),
    "menu": ("choice", *_UNHEARD),
    "confirm": ("choice", *_UNHEARD),
    "collect": ("collected", "key", *_UNHEARD),
    "language": ("language", *_UNHEARD),
    "survey": ("scored", *_UNHEARD),
    "branch": ("case", "otherwise"),
    "set": ("set",),
    "hours": ("open", "closed"),
    "goto": ("went", "flow"),
    "call": ("flow", "returned"),
    "lookup": ("replied", *_UNANSWERED),
    "report": ("replied", *_UNANSWERED),
    "http": ("replied", *_UNANSWERED),
    "sms": (*SmsOutcome, *_UNANSWERED),
    "callback": (*CallbackOutcome, *_UNHEARD),
    "queue": tuple(QueueOutcome),
    "dial": tuple(DialOutcome),
    "record": ("recorded", "nothing said", "the recording failed", "no recording came"),
}


def results_of(step: StepType) -> tuple[str, ...]:
    """Every result the trace of this step can tell, each once; which case of a branch was taken is not told apart."""
    statuses = tuple(f"status {status}" for status in step.statuses) if isinstance(step, HttpStep) else ()
    return tuple(dict.fromkeys(str(word) for word in (*_RESULTS[step.kind], *statuses, *_ALWAYS)))


def all_results(*sets: FlowSet) -> Results:
    """The results of every step of every flow of these sets; a step that several have can do what it does in any of them."""
    results: dict[str, dict[str, tuple[str, ...]]] = {}
    for flow in (flow for flows in sets for flow in flows.flows.values()):
        steps = results.setdefault(flow.name, {})
        for name, step in flow.steps.items():
            steps[name] = tuple(dict.fromkeys((*steps.get(name, ()), *results_of(step))))
    return results


def marks(*sets: FlowSet) -> tuple[str, ...]:
    """Every mark a caller can give in a survey, in order."""
    surveys = [step for flows in sets for flow in flows.flows.values() for step in flow.steps.values() if isinstance(step, Survey)]
    return tuple(str(mark) for mark in sorted({mark for step in surveys for mark in range(step.low, step.high + 1)}))


def told(trace: Trace) -> str:
    """A step's result as its label: `case 3` of a branch says which one in the trail, not here, and a hang-up is told apart."""
    if trace.result == "ended" and trace.values.get("outcome") == "abandoned":
        return HUNG_UP
    return "case" if trace.result.startswith("case ") else trace.result
