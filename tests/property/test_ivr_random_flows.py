"""Random flows of all step types, and callers who are silent, press everything, or meet nothing but failures: each call ends in an exit
the flow declares, every wait has a deadline, and nobody waits in silence.

The steps are the examples of docs/flows.md, wired at random, so that a new step type takes part as soon as it is documented.
"""

import json
import random
import textwrap
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.budgets import SECONDS_PER_CALL, STEPS_PER_CALL
from ivr.commands import Hangup, Play, StopPlaying
from ivr.document import parse, plain
from ivr.events import (
    BackendFailed,
    BackendReplied,
    DeadlinePassed,
    DialEnded,
    DialOutcome,
    DigitPressed,
    FailReason,
    PlayEnded,
    QueueLeft,
    QueueOutcome,
    RecordEnded,
)
from ivr.flows import load_flows
from ivr.flowset import FlowSet
from ivr.session import Awaiting, CallInfo, Interpreter, Session, Step
from ivr.steps import FORMS
from ivr.steps.outside import FILLER_AFTER_SECONDS
from tests.unit.ivr.ivr_room import NOON
from tests.unit.ivr.test_ivr_docs import blocks, documented_files

DOCUMENTED = documented_files()
EXAMPLES: dict[str, dict[str, Any]] = {
    name: step for name, step in plain(parse(DOCUMENTED["main.yaml"], "main.yaml"))["steps"].items() if name != "index"
}
INSTANT = {"branch", "set", "goto", "hours"}
NOT_STEPS = {"type", "flow", "fragment", "backend", "operation", "into", "plan", "service", "gateway"}
STYLES = ("silent", "mashing", "failing", "any")
LONGEST_SILENCE = 70.0
"""Seconds nothing is heard: the longest wait for a first key is 60."""
MOST_EVENTS = 20_000
REPLIES = (
    {}, {"found": True, "customer": {"account": "1", "tier": "gold", "language": "en"}}, {"verified": True}, {"verified": 7, "locked": None},
    {"ticket": "123", "deadline": "2026-11-22T09:00:00+08:00"}, {"ticket": [1], "deadline": {}}, {"status": 200, "body": {}}, {"status": 404, "body": None},
)  # fmt: skip


def rewired(node: Any, targets: list[str]) -> Any:
    """Return an example with the steps it names replaced, in order, by these (the last one stays for all that follow)."""
    if isinstance(node, dict):
        return {key: value if key in NOT_STEPS else rewired(value, targets) for key, value in node.items()}
    if isinstance(node, list):
        return [rewired(value, targets) for value in node]
    if isinstance(node, str) and node in EXAMPLES:
        return targets.pop(0) if len(targets) > 1 else targets[0]
    return node


def leads_on(step: dict[str, Any]) -> bool:
    mark = object()
    return mark in leaves(rewired(step, [mark]))  # type: ignore[list-item]


def leaves(node: Any) -> list[Any]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [leaf for child in children for leaf in leaves(child)] if children else [node]


MIDDLE = sorted(name for name, step in EXAMPLES.items() if leads_on(step))


def random_flow(rng: random.Random) -> str:
    """Return a flow of three to nine steps: each leads to the next by its first way, and anywhere by the others."""
    count = rng.randint(3, 9)
    names = [f"s{number}" for number in range(count)]
    steps = {}
    for number, name in enumerate(names):
        example = EXAMPLES[rng.choice(MIDDLE)]
        following = [*names[number + 1 :], "bye"]
        others = following if example["type"] in INSTANT else [*names, "bye", "return"]
        steps[name] = rewired(example, [following[0], *(rng.choice(others) for _ in range(12))])
    steps["bye"] = {"type": "hangup", "reason": "good", "say": {"zh": "再见。", "en": "Goodbye."}}
    steps["safe"] = {"type": "hangup", "reason": "safe", "say": {"phrase": "system-error"}}
    head = {
        "version": 1, "flow": "main", "start": "s0", "safe_exit": "safe",
        "vars": yaml.safe_load(blocks("vars")),
        "defaults": rewired(yaml.safe_load(blocks("defaults")), [rng.choice([*names, "bye"]) for _ in range(4)]),
        "steps": steps,
    }  # fmt: skip
    return json.dumps(head, ensure_ascii=False)


@dataclass
class Call:
    """One call: what happens next is the world's doing, or the caller's."""

    flows: FlowSet
    style: str
    rng: random.Random
    now: float = 0.0
    playing: str = ""
    trace: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.interpreter = Interpreter(self.flows)
        self.heard_until = 0.0
        self.step = self.take(self.interpreter.start(CallInfo("c1", "13800138001", "95598"), self.now, NOON))

    def run(self) -> None:
        events = 0
        while self.step.ended is None:
            events += 1
            assert events < MOST_EVENTS, "the call never ends"
            if self.style in ("mashing", "any") and self.rng.random() < 0.6:
                self.mash()
            else:
                self.outside()

    def take(self, step: Step) -> Step:
        self.trace.extend(step.trace)
        if step.ended is None:
            assert step.deadline is not None or step.awaiting in (Awaiting.QUEUE, Awaiting.DIAL), (
                "every wait has a deadline"
            )
        for command in step.commands:
            if isinstance(command, Play):
                self.playing = command.token
            elif isinstance(command, StopPlaying):
                self.playing = ""
        if self.playing or step.awaiting in (Awaiting.QUEUE, Awaiting.DIAL, Awaiting.RECORD):
            self.heard_until = self.now
        quiet = self.now - self.heard_until
        pressing = self.style in ("mashing", "any")  # who types ahead wants to hear nothing
        assert pressing or quiet <= LONGEST_SILENCE, f"{quiet} s of silence"
        return step

    def send(self, event: Any) -> None:
        session = self.step.session
        twin = Session.from_json(json.loads(json.dumps(session.to_json())))
        twin.type_ahead, twin.secure_digits, twin.swallow, twin.swallow_until = (
            session.type_ahead, session.secure_digits, session.swallow, session.swallow_until,
        )  # fmt: skip
        for mine, its in zip(twin.frames, session.frames, strict=True):
            mine.secrets = its.secrets
        assert twin == session
        self.step = self.take(self.interpreter.resume(twin, event, self.now, NOON))

    def mash(self) -> None:
        self.now += 0.05
        overdue = self.step.deadline is not None and self.now >= self.step.deadline
        self.send(DeadlinePassed() if overdue else DigitPressed(self.rng.choice("0123456789*#")))

    def outside(self) -> None:
        """Let happen what is awaited: well, or badly. A prompt ends before anything else."""
        token = self.step.session.token or ""
        good = self.style != "failing" and self.rng.random() < 0.7
        awaiting = self.step.awaiting
        if self.playing:
            ended, self.playing = self.playing, ""
            self.pass_time(2.0)
            self.send(PlayEnded(ended, ok=good))
        elif awaiting is Awaiting.BACKEND and good:
            self.pass_time(self.rng.choice((0.1, 0.9)))
            self.send(BackendReplied(token, self.rng.choice(REPLIES)))
        elif awaiting is Awaiting.BACKEND and self.rng.random() < 0.5:
            self.send(BackendFailed(token, self.rng.choice(list(FailReason))))
        elif awaiting is Awaiting.QUEUE:
            self.pass_time(20.0)
            self.send(QueueLeft(token, self.rng.choice(list(QueueOutcome)), 20.0))
        elif awaiting is Awaiting.DIAL:
            self.pass_time(20.0)
            self.send(DialEnded(token, self.rng.choice(list(DialOutcome))))
        elif awaiting is Awaiting.RECORD:
            self.pass_time(3.0)
            self.send(RecordEnded(token, "r", self.rng.choice((0.0, 5.0)), ok=good))
        else:
            assert self.step.deadline is not None
            self.pass_time(max(0.0, self.step.deadline - self.now))
            self.send(DeadlinePassed())

    def pass_time(self, seconds: float) -> None:
        self.now += seconds


def check_end(call: Call) -> None:
    """The call went out by a door: a hangup step, a return of the entry flow, or one after a budget was used up."""
    ended = call.step.ended
    assert ended is not None
    assert (ended.outcome, ended.reason) in {("completed", "good"), ("completed", "safe"), ("completed", "done")}, ended
    assert isinstance(call.step.commands[-1], Hangup)
    over = [number for number, entry in enumerate(call.trace) if entry.result == "budget"]
    assert len(over) <= 1
    if over:
        after = {entry.step for entry in call.trace[over[0] + 1 :] if entry.flow == "main"}
        assert after & {"safe", "a"}, "a budget ends in the safe exit"
    assert len(call.trace) <= STEPS_PER_CALL * 4
    assert call.step.session.spent_seconds <= SECONDS_PER_CALL + 200


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_every_call_ends_in_a_declared_exit_and_never_in_silence(style, seed):
    rng = random.Random(seed)
    flows = load_flows({**DOCUMENTED, "main.yaml": random_flow(rng)})
    call = Call(flows, style, rng)
    call.run()
    check_end(call)


def test_the_random_flows_have_every_step_type():
    kinds = {EXAMPLES[name]["type"] for name in MIDDLE} | {"hangup"}
    assert set(FORMS) == kinds
    assert FILLER_AFTER_SECONDS <= 1.0


def test_a_call_that_goes_round_is_ended_by_the_safe_exit():
    """Both budgets: many steps in no time, and few steps for very long."""
    body = textwrap.dedent("""
        version: 1
        flow: main
        start: a
        safe_exit: safe
        defaults: {on_timeout: a, on_invalid: {say: {zh: 不对。, en: Wrong.}, next: a}, first_digit_seconds: 60, retries: 0}
        steps:
          a: {type: menu, say: {zh: 请选, en: Choose}, choices: {"1": b, "9": safe}}
          b: {type: say, say: {zh: 好, en: Good}, next: a}
          safe: {type: hangup, reason: safe, say: {phrase: system-error}}
    """)
    flows = load_flows({"main.yaml": body, "phrases.yaml": DOCUMENTED["phrases.yaml"]})
    silent = Call(flows, "silent", random.Random(1))
    silent.run()
    assert [entry.values for entry in silent.trace if entry.result == "budget"] == [{"error": "time"}]
    assert silent.step.ended.reason == "safe"
    busy = Call(flows, "silent", random.Random(1))
    while busy.step.ended is None:
        busy.now += 0.01
        busy.send(DigitPressed("1"))
        if busy.step.ended is None and busy.step.session.frame.step == "safe":
            busy.outside()
    assert [entry.values for entry in busy.trace if entry.result == "budget"] == [{"error": "steps"}]
    assert busy.step.ended.reason == "safe"
