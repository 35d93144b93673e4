"""Walking the flows without a telephone: keys in, what the caller hears in words out. `hotline try` and the tests use it.

Time is simulated: a prompt ends at once, a time-out passes when nobody presses a key.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from ivr.commands import CallBackend, Command, Dial, Hangup, JoinQueue, Play, Record, SetLanguage
from ivr.events import (
    BackendFailed,
    BackendReplied,
    CallerHungUp,
    DeadlinePassed,
    DialEnded,
    DialOutcome,
    DigitPressed,
    Event,
    FailReason,
    PlayEnded,
    QueueLeft,
    QueueOutcome,
    RecordEnded,
)
from ivr.flowset import FlowSet
from ivr.session import Interpreter
from ivr.speech import text
from ivr.state import Awaiting, CallInfo, Session, Step, Trace

Reply = Mapping[str, Any] | FailReason
Backend = Callable[[CallBackend], Reply]
PROMPT_SECONDS = 3.0
RECORDED_SECONDS = 6.0
TALK_SECONDS = 60.0
RING_SECONDS = 20.0
KEY_SECONDS = 0.2


class LineKind(StrEnum):
    """What a line of a walk tells."""

    STEP = "step"
    VALUES = "values"
    HEARD = "heard"
    PRESSED = "pressed"
    BACKEND = "backend"
    QUEUE = "queue"
    DIAL = "dial"
    RECORD = "record"
    LANGUAGE = "language"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened: its kind, the language where one matters, and words for a person.

    `others`: the same in other languages, where somebody asked for it.
    """

    kind: LineKind
    text: str
    language: str = ""
    others: Mapping[str, str] = field(default_factory=dict)


class Walker:
    """One simulated call.

    Args:
        flows: the checked flows.
        call: who calls.
        backend: answers backend calls.
        civil: wall-clock time at the start, with its zone.
        entry: the flow to begin in.
        interpreter: walks the flows, if not a plain one for `entry` is wanted.
        keep: gets the session at every wait and returns the one to go on with.

    Attributes:
        lines: everything that happened so far.
        dial_outcome: how it goes when the caller is put through to somebody outside and nothing else is said.
        record_seconds: how long the caller speaks when he is recorded; None: the recording fails.
        trace: every trace entry so far.
        commands: every command so far.

    """

    def __init__(
        self,
        flows: FlowSet,
        call: CallInfo,
        backend: Backend,
        civil: datetime,
        entry: str = "main",
        *,
        interpreter: Interpreter | None = None,
        keep: Callable[[Session], Session] | None = None,
    ) -> None:
        self.record_seconds: float | None = RECORDED_SECONDS
        self.dial_outcome = DialOutcome.ANSWERED
        self.lines: list[Line] = []
        self.trace: list[Trace] = []
        self.commands: list[Command] = []
        self._interpreter = interpreter or Interpreter(flows, entry)
        self._keep = keep
        self._replies: dict[str, Reply] = {}
        self._fillers: set[str] = set()
        self._backend = backend
        self._began = civil
        self._now = 0.0
        self._words = flows.words
        self._step = self._take(self._interpreter.start(call, self._now, self._civil))
        self._settle()

    @property
    def session(self) -> Session:
        """Where the caller stands."""
        return self._step.session

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self._step.ended is not None

    @property
    def waits_in_queue(self) -> bool:
        """Whether the caller waits for an agent: a key of the queue leaves it, `wait` is an agent's answer and the talk."""
        return self._step.awaiting is Awaiting.QUEUE

    @property
    def is_put_through(self) -> bool:
        """Whether somebody outside is being called for the caller: `wait` is the end of that."""
        return self._step.awaiting is Awaiting.DIAL

    def press(self, key: str) -> None:
        """Press one key."""
        shown = "*" if self._step.secure else key
        self.lines.append(Line(LineKind.PRESSED, shown))
        queue = self._last(JoinQueue)
        if self.waits_in_queue and isinstance(queue, JoinQueue):
            if key in queue.keys:
                self._leave_queue(queue, QueueOutcome(queue.keys[key]), 20.0)
        else:
            self._send(DigitPressed(key))
        self._settle()

    def wait(self) -> None:
        """Let time pass: a question goes unanswered, a queue is served."""
        if self.waits_in_queue:
            self.leave_queue(QueueOutcome.SERVED)
        elif self.is_put_through:
            self.end_dial(self.dial_outcome)
        elif self._step.deadline is not None:
            self._now = max(self._now, self._step.deadline)
            self._send(DeadlinePassed())
        self._settle()

    def press_quickly(self, keys: str) -> None:
        """Press keys quickly: each comes before anything more can be heard."""
        self.lines.append(Line(LineKind.PRESSED, "*" * len(keys) if self._step.secure else keys))
        for key in keys:
            self._now += KEY_SECONDS
            self._send(DigitPressed(key))
        self._settle()

    def leave_queue(self, outcome: QueueOutcome) -> None:
        """Come back from the queue; does nothing when the caller is in none."""
        queue = self._last(JoinQueue)
        if self.waits_in_queue and isinstance(queue, JoinQueue):
            served = outcome is QueueOutcome.SERVED
            self._leave_queue(queue, outcome, TALK_SECONDS if served else 20.0)
        self._settle()

    def end_dial(self, outcome: DialOutcome) -> None:
        """Come back from somebody outside; does nothing when nobody is called."""
        dial = self._last(Dial)
        if self.is_put_through and isinstance(dial, Dial):
            answered = outcome is DialOutcome.ANSWERED
            seconds = TALK_SECONDS if answered else 0.0
            self._now += seconds or RING_SECONDS
            self.lines.append(Line(LineKind.DIAL, "answers, talks and hangs up" if answered else outcome.value))
            self._send(DialEnded(dial.token, outcome, seconds, "demo"))
        self._settle()

    def hang_up(self) -> None:
        """Hang up."""
        self.lines.append(Line(LineKind.PRESSED, "hang up"))
        self._send(CallerHungUp())
        self._settle()

    @property
    def _civil(self) -> datetime:
        return self._began + timedelta(seconds=self._now)

    def _send(self, event: Event) -> None:
        session = self._keep(self.session) if self._keep else self.session
        own = session is not self.session
        self._step = self._take(self._interpreter.resume(session, event, self._now, self._civil, own=own))

    def _take(self, step: Step) -> Step:
        self.trace.extend(step.trace)
        self.commands.extend(step.commands)
        for command in step.commands:
            line = self._line(command)
            if line is not None:
                self.lines.append(line)
        if step.ended is not None:
            self.lines.append(Line(LineKind.ENDED, f"{step.ended.outcome} ({step.ended.reason})"))
        return step

    def _line(self, command: Command) -> Line | None:
        if isinstance(command, Play):
            return Line(
                LineKind.HEARD, text(command.prompts, command.language, self._words[command.language]), command.language
            )
        if isinstance(command, CallBackend):
            return Line(LineKind.BACKEND, f"{command.backend}.{command.operation} {dict(command.arguments)}")
        if isinstance(command, JoinQueue):
            skills = ", ".join(skill for skill, _ in command.needs)
            keys = ", ".join(f"{key} {reason}" for key, reason in command.keys.items())
            return Line(
                LineKind.QUEUE, f"{command.queue}, tier {command.tier}, {skills or 'any agent'}; keys: {keys or 'none'}"
            )
        if isinstance(command, Dial):
            return Line(LineKind.DIAL, self._dialled(command))
        if isinstance(command, Record):
            return Line(LineKind.RECORD, f"up to {command.max_seconds:g} s, ended by {command.finish_keys}")
        return Line(LineKind.LANGUAGE, command.language) if isinstance(command, SetLanguage) else None

    def _dialled(self, command: Dial) -> str:
        heard = text(command.say, command.say_language, self._words[command.say_language])
        return f"{command.number}, hears: [{command.say_language}] {heard}" if heard else command.number

    def _settle(self) -> None:
        """Do what the shell and Asterisk would do, until the caller has to decide something."""
        while not self.over:
            event = self._outside()
            if event is None:
                return
            self._send(event)

    def _outside(self) -> Event | None:
        command = self._last(Play, Record, CallBackend, Hangup)
        token = self.session.token
        if self._step.awaiting is Awaiting.BACKEND:
            return self._answer()
        if isinstance(command, Record) and self._step.awaiting is Awaiting.RECORD:
            self._now += self.record_seconds or 0.0
            return RecordEnded(
                command.token, command.name, self.record_seconds or 0.0, ok=self.record_seconds is not None
            )
        if token is not None and isinstance(command, Play) and command.token == token:
            self._now += PROMPT_SECONDS
            return PlayEnded(token)
        return None

    def _answer(self) -> Event | None:
        """Let the backend answer; one that never does leaves the caller to the filler sentence and the deadline."""
        latest = self._last(Play, CallBackend)
        if isinstance(latest, Play) and latest.token not in self._fillers:
            self._fillers.add(latest.token)
            self._now += PROMPT_SECONDS
            return PlayEnded(latest.token)
        call = self._last(CallBackend)
        assert isinstance(call, CallBackend)
        if call.token not in self._replies:
            self._replies[call.token] = self._backend(call)
        reply = self._replies[call.token]
        if reply is FailReason.TIMEOUT:
            self._now = max(self._now, self._step.deadline or self._now)
            return DeadlinePassed()
        return BackendFailed(call.token, reply) if isinstance(reply, FailReason) else BackendReplied(call.token, reply)

    def _leave_queue(self, queue: JoinQueue, outcome: QueueOutcome, seconds: float) -> None:
        self._now += seconds
        served = outcome is QueueOutcome.SERVED
        words = "an agent answers, talks and hangs up" if served else f"left for {outcome}"
        self.lines.append(Line(LineKind.QUEUE, words))
        self._send(QueueLeft(queue.token, outcome, 20.0, "demo" if served else None, "demo-1" if served else None))

    def _last(self, *kinds: type[Command]) -> Command | None:
        for command in reversed(self.commands):
            if isinstance(command, kinds):
                return command
        return None
