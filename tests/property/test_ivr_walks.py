"""Random callers in the demo flows: whatever they press, the call always waits for something or ends, and keeps no secret badly."""

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.commands import CallBackend, Dial, Hangup, JoinQueue, Play, Record
from ivr.document import BadDocument
from ivr.events import (
    BackendFailed,
    BackendReplied,
    CallerHungUp,
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
from ivr.flows import load_flows, read_files
from ivr.session import Awaiting, CallInfo, Interpreter, Session, Step
from tests.unit.ivr.ivr_room import NOON, ROOT, demo_replies

FLOWS = load_flows(ROOT / "flows")
INTERPRETER = Interpreter(FLOWS)
REPLIES = demo_replies()
PIN = "7395"
BLOCKING = (Play, Record, JoinQueue, Dial, Hangup)

keys = st.sampled_from("0123456789*#")
moves = st.one_of(
    keys.map(lambda key: ("key", key)),
    st.just(("go", "")),
    st.sampled_from([("fail", reason) for reason in FailReason]),
    st.sampled_from([("queue", outcome) for outcome in QueueOutcome]),
    st.sampled_from([("dial", outcome) for outcome in DialOutcome]),
    st.just(("late", "")),
    st.just(("kill", "")),
    st.just(("json", "")),
    st.just(("hang", "")),
)
callers = st.sampled_from(["13800138001", "13800138002", "10086", ""])


class Caller:
    """Drives one call as the shell would and checks after each step what must always hold."""

    def __init__(self, number: str) -> None:
        self.now = 0.0
        self.keys_of_effects: list[str] = []
        self.last_call: CallBackend | None = None
        self.step = self.take(INTERPRETER.start(CallInfo("c1", number, "95598"), self.now, NOON))

    def take(self, step: Step) -> Step:
        text = json.dumps(step.session.to_json())
        assert json.dumps(Session.from_json(json.loads(text)).to_json()) == text
        blocking = [command for command in step.commands if isinstance(command, BLOCKING)]
        assert len(blocking) <= 1, step.commands
        assert not blocking or step.commands[-1] is blocking[0], "the blocking one comes last"
        if step.ended is None:
            assert step.awaiting is not Awaiting.NONE
            assert step.awaiting in (Awaiting.QUEUE, Awaiting.DIAL) or step.deadline is not None
        else:
            assert step.awaiting is Awaiting.NONE
        calls = [command for command in step.commands if isinstance(command, CallBackend)]
        self.last_call = calls[-1] if calls else self.last_call
        self.keys_of_effects += [call.idempotency_key for call in calls if call.idempotency_key]
        self.step = step
        return step

    def send(self, event) -> None:
        self.now += 0.3
        self.take(INTERPRETER.resume(self.step.session, event, self.now, NOON))

    def do(self, kind: str, what) -> None:
        session, token = self.step.session, self.step.session.token or ""
        if kind == "key":
            self.send(DigitPressed(what))
        elif kind == "hang":
            self.send(CallerHungUp())
        elif kind == "late":
            self.send(PlayEnded("t0"))
            self.send(DeadlinePassed())
        elif kind == "json":
            self.step = self.take(
                INTERPRETER.resume(Session.from_json(session.to_json()), PlayEnded("t0"), self.now, NOON)
            )
        elif kind == "kill":
            self.take(INTERPRETER.restore(json.loads(json.dumps(session.to_json())), self.now, NOON))
        else:
            self.outside(kind, what, token)

    def outside(self, kind: str, what, token: str) -> None:
        """Let happen what is awaited."""
        awaiting = self.step.awaiting
        filler = self.step.session.scratch.get("filler")
        if awaiting is Awaiting.BACKEND and filler:
            self.send(PlayEnded(filler))
        elif awaiting is Awaiting.BACKEND and kind == "fail":
            self.send(BackendFailed(token, what))
        elif awaiting is Awaiting.BACKEND and self.last_call is not None:
            self.send(BackendReplied(token, REPLIES(self.last_call)))
        elif awaiting is Awaiting.QUEUE:
            self.send(QueueLeft(token, what if kind == "queue" else QueueOutcome.SERVED, 10.0, "a", "o"))
        elif awaiting is Awaiting.DIAL:
            self.send(DialEnded(token, what if kind == "dial" else DialOutcome.ANSWERED, 10.0, "branch"))
        elif awaiting is Awaiting.RECORD:
            self.send(RecordEnded(token, "r", 5.0, kind != "fail"))
        elif token:
            self.send(PlayEnded(token, kind != "fail"))
        elif self.step.deadline is not None:
            self.now = max(self.now, self.step.deadline)
            self.send(DeadlinePassed())


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(callers, st.lists(moves, max_size=80))
def test_any_caller_is_always_waited_for_or_done(number, history):
    caller = Caller(number)
    for kind, what in history:
        caller.do(kind, what)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(callers, st.lists(moves, max_size=40))
def test_a_caller_who_does_nothing_more_comes_to_an_end(number, history):
    caller = Caller(number)
    for kind, what in history:
        caller.do(kind, what)
    for _ in range(400):
        if caller.step.ended is not None:
            break
        caller.outside("fail", FailReason.TIMEOUT, caller.step.session.token or "")
    assert caller.step.ended is not None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(keys, max_size=30), st.integers(0, 200))
def test_a_kill_never_changes_what_a_caller_gets_done(pressed, kill_at):
    """Without type-ahead, a call with a kill at any wait makes the same effects with the same keys as one without."""

    def effects(*, kill: bool) -> set[str]:
        caller = Caller("13800138001")
        steps = 0
        for key in [*pressed, *"#"]:
            while caller.step.ended is None and not (
                caller.step.awaiting is Awaiting.INPUT and not caller.step.session.token
            ):
                steps += 1
                if kill and steps == kill_at:
                    caller.do("kill", "")
                caller.outside("go", "", caller.step.session.token or "")
                if caller.step.awaiting is Awaiting.QUEUE:
                    break
            if caller.step.awaiting is Awaiting.INPUT:
                caller.do("key", key)
        return set(caller.keys_of_effects)

    assert effects(kill=True) == effects(kill=False)


other_moves = moves.filter(lambda move: move[1] not in set(PIN))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(other_moves, max_size=25), st.lists(st.sampled_from(["json", "late", "kill"]), max_size=4), st.booleans()
)
def test_a_pin_is_written_nowhere(history, between, ahead):
    """The canary: four keys typed where a PIN belongs (or ahead of it all), and pressed nowhere else, while everything is noted."""
    caller = Caller("10086")
    written: list[str] = []

    def do(kind: str, what) -> None:
        caller.do(kind, what)
        step = caller.step
        written.append(json.dumps(step.session.to_json()) + repr(step) + repr(step.commands) + repr(step.trace))

    way = [*[("go", "")] * 4, ("key", "1"), *[("go", "")] * 3, ("key", "1"), *[("key", key) for key in "10000001"]]
    for kind, what in [move for move in way if not ahead or move[0] == "key"]:
        do(kind, what)
    assert ahead or caller.step.secure
    for count, key in enumerate(PIN):
        do("key", key)
        if count < len(between):
            do(between[count], "")
    for kind, what in history:
        do(kind, what)
    assert PIN not in "\n".join(written)
    assert PIN[:3] not in "\n".join(written)


TEXTS = read_files(ROOT / "flows")
PATHS = sorted(TEXTS)
PIECES = [
    "",
    ":",
    "- ",
    "{",
    "}",
    "[",
    '"',
    "'",
    "*",
    "#",
    "&a",
    "!x",
    "\t",
    "\n",
    "${",
    "}",
    "${x}",
    "||",
    "0",
    "12:30",
    "null",
    "zh",
    "next: nowhere",
    "type: say",
    "\x00",
    "好",
]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PATHS), st.data())
def test_mutated_flows_give_findings_or_load_but_never_a_traceback(path, data):
    text = TEXTS[path]
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.sampled_from([0, 1, 3, 20, 200])))
        text = text[:start] + data.draw(st.sampled_from(PIECES) | st.text(max_size=5)) + text[end:]
    found = ()
    try:
        load_flows({**TEXTS, path: text})
    except BadDocument as bad:
        found = bad.findings
    lines = text.count("\n") + 2
    for finding in found:
        assert finding.path in TEXTS
        assert finding.line >= 1
        assert finding.column >= 1
        assert finding.path != path or finding.line <= lines


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=5,
    ),
    st.data(),
)
def test_a_damaged_session_never_stops_a_call(junk, data):
    saved = Caller("10086").step.session.to_json()
    key = data.draw(st.sampled_from(sorted(saved)))
    step = INTERPRETER.restore({**saved, key: junk}, 1.0, NOON)
    assert step.ended is not None or step.awaiting is not Awaiting.NONE
