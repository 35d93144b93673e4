"""Each step type has an example in docs/flows.md and one in the project's flows, and the examples do what the page says."""

import json
from datetime import timedelta

import pytest

from ivr.commands import CallBackend, Dial, JoinQueue, Play, Record
from ivr.document import BadDocument, parse, plain
from ivr.events import DeadlinePassed, DigitPressed, PlayEnded
from ivr.flows import load_flows
from ivr.session import Awaiting, CallInfo, Interpreter, Session, Step
from ivr.steps import FORMS, READERS
from ivr.steps.asking import AskingStep
from tests.unit.ivr.ivr_room import NOON, ROOT
from tests.unit.ivr.test_ivr_docs import documented_files

FLOWS = load_flows(documented_files())
MAIN = FLOWS.flows["main"]
CUSTOMER = {"account": "10000001", "tier": "gold", "language": "en"}
SEEDS = {
    "account": "10000001", "entered": "10000001", "area": "east", "recording": "c1", "seconds": 5, "score": 5, "tries": 2,
    "found": {"found": True, "customer": CUSTOMER}, "checked": {"verified": True, "locked": False, "customer": CUSTOMER},
    "ticket": {"ticket": "2611210001", "deadline": "2026-11-22T09:00:00+08:00"}, "parcel": {"weight_grams": 1200, "delivered": "2026-11-20"},
    "left": {"outcome": "served", "agent": "a", "offer": "o", "wait_seconds": 3}, "call_back_number": "13800138001",
}  # fmt: skip


def begun(name: str, language: str) -> tuple[Interpreter, Step]:
    """Return the call at the moment in which the documented step begins, with all its variables filled."""
    interpreter = Interpreter(FLOWS)
    start = interpreter.start(CallInfo("c1", "13800138001", "95598", language), 0.0, NOON).session.to_json()
    (frame,) = start["frames"]
    at = {**frame, "step": name, "variables": {**frame["variables"], **SEEDS}, "secure": {"pin": "ask_pin"}}
    data = {
        **start,
        "frames": [at],
        "visits": {f"main/{name}": 1},
        "scratch": {},
        "awaiting": "none",
        "token": None,
        "deadline": None,
    }
    return interpreter, interpreter.restore(data, 1.0, NOON)


def test_every_step_type_has_an_example_here_and_in_the_projects_flows():
    documented = {step.kind for step in MAIN.steps.values()}
    assert documented == set(READERS)
    assert FLOWS.fragments, "include has one, too"
    used = load_flows(ROOT / "flows")
    kinds = {step.kind for flow in used.flows.values() for step in flow.steps.values()}
    assert set(READERS) - kinds == set(), "every step type occurs in flows/"
    assert any(step.fragment for flow in used.flows.values() for step in flow.steps.values())
    assert set(FORMS) == {*READERS, "include"}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", sorted(set(MAIN.steps) - {"index"}))
def test_each_example_does_its_work(name, language):
    """It begins without an error, asks for what its type asks for, and a caller who then does nothing comes to an end."""
    interpreter, step = begun(name, language)
    kind = MAIN.steps[name].kind
    errors = [entry for entry in step.trace if entry.result == "error"]
    assert errors == [], errors
    wanted = {
        "say": Play, "play": Play, "lookup": CallBackend, "report": CallBackend, "http": CallBackend, "sms": CallBackend, "queue": JoinQueue,
        "dial": Dial,
    }  # fmt: skip
    asked_again = any(entry.result == "secure value lost" for entry in step.trace)
    if isinstance(MAIN.steps[name], AskingStep) or asked_again:
        assert step.awaiting is Awaiting.INPUT
        assert any(isinstance(command, Play) for command in step.commands)
    elif kind in wanted:
        assert any(isinstance(command, wanted[kind]) for command in step.commands), step.commands
    elif kind == "record":
        assert isinstance(step.commands[-1], Play | Record)
    else:
        assert step.ended is not None or step.trace or step.commands
    now = 1.0
    for _ in range(60):
        if step.ended or step.awaiting in (Awaiting.QUEUE, Awaiting.DIAL):
            return
        playing = [command.token for command in step.commands if isinstance(command, Play)]
        now = now + 2.0 if playing else max(now, step.deadline)
        event = PlayEnded(playing[-1]) if playing else DeadlinePassed()
        session = Session.from_json(step.session.to_json())
        step = interpreter.resume(session, event, now, NOON + timedelta(seconds=now))
    pytest.fail("the call never ends")


def test_the_pin_is_collected_again_for_the_example_that_needs_it():
    interpreter, step = begun("verify", "en")
    assert step.session.frame.step == "ask_pin"
    session = step.session
    for key in "7395":
        step = interpreter.resume(session, DigitPressed(key), 2.0, NOON)
        session = step.session
    (call,) = [command for command in step.commands if isinstance(command, CallBackend)]
    assert (call.operation, call.arguments["pin"].reveal()) == ("verify_pin", "7395")
    assert "7395" not in repr(step)


FAILING_KINDS = {"lookup", "report", "http", "sms", "queue", "dial", "record"}
"""All outcomes of the documented `callback` are listed, and a survey without a mark goes on."""


def test_each_step_that_can_fail_or_get_no_input_must_say_where_to_go_then():
    """Without defaults, and without ways of their own, every such step is refused; the others need none."""
    document = plain(parse(documented_files()["main.yaml"], "main.yaml"))
    document["defaults"] = {}
    for step in document["steps"].values():
        for key in ("on_error", "on_timeout", "on_invalid", "skipped"):
            step.pop(key, None)
    text = json.dumps(document, ensure_ascii=False, indent=1)
    with pytest.raises(BadDocument) as caught:
        load_flows({**documented_files(), "main.yaml": text})
    lines = text.splitlines()
    missing = {
        lines[finding.line - 1].split('"')[1]
        for finding in caught.value.findings
        if finding.code == "missing-way" and finding.path == "main.yaml"
    }
    asking = {
        name
        for name, step in MAIN.steps.items()
        if isinstance(step, AskingStep) and step.kind not in ("survey", "callback")
    }
    failing = {name for name, step in MAIN.steps.items() if step.kind in FAILING_KINDS}
    wanting = (asking | failing) & set(document["steps"]) - {"their_number"}
    assert wanting - missing == set()
    assert {document["steps"][name]["type"] for name in missing} <= FAILING_KINDS | {
        "menu",
        "confirm",
        "collect",
        "language",
    }
    assert {finding.path for finding in caught.value.findings if finding.code == "missing-way"} == {
        "main.yaml",
        "ask_number.yaml",
    }
