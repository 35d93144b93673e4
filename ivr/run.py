"""One run of the interpreter: from an event to the next wait. Steps work on the call through this and nothing else."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ivr.commands import Command, Play, StopPlaying
from ivr.expressions import Expression, ExpressionError
from ivr.moves import Go, Move, Wait, Way
from ivr.secret import Secret
from ivr.speech import Kind, SpeechError, speak
from ivr.state import Awaiting, Session, Trace
from ivr.texts import PHRASE, Fixed, Segment, Text, phrase_prompt

if TYPE_CHECKING:
    from ivr.flowset import Flow, FlowSet

TYPE_AHEAD_LIMIT = 64
PLAY_BASE_SECONDS = 30.0
PLAY_SECONDS_PER_PROMPT = 15.0


class SecretLostError(Exception):
    """A secure value did not survive a restart. `step` collects it again."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


class Run:
    """What steps see of the call.

    Attributes:
        flows: all flows.
        session: the call's state, to be changed freely: it is a copy.
        now: engine time in seconds.
        civil: the wall-clock time with its zone.
        commands: what is to be done, in order.
        trace: what was done.

    """

    def __init__(self, flows: "FlowSet", session: Session, now: float, civil: datetime) -> None:
        self.flows = flows
        self.session = session
        self.now = now
        self.civil = civil
        self.commands: list[Command] = []
        self.trace: list[Trace] = []

    @property
    def flow(self) -> "Flow":
        """The flow being walked."""
        return self.flows.flows[self.session.frame.flow]

    @property
    def scratch(self) -> dict[str, Any]:
        """Plain data of the step being done; empty when it is entered."""
        return self.session.scratch

    @property
    def visit(self) -> str:
        """Name of this visit of this step, unique within the call: `flow/step/n`."""
        frame = self.session.frame
        return f"{frame.flow}/{frame.step}/{self.session.visits[f'{frame.flow}/{frame.step}']}"

    def token(self) -> str:
        """Return a token nobody has used on this call."""
        self.session.sequence += 1
        return f"t{self.session.sequence}"

    def emit(self, command: Command) -> None:
        """Have this command done."""
        self.commands.append(command)

    def play(self, prompts: tuple[str, ...], *, barge_in: bool, language: str | None = None) -> str:
        """Play prompts and return the token of it."""
        token = self.token()
        self.emit(Play(token, prompts, language or self.session.language, barge_in))
        return token

    def stop_playing(self) -> None:
        """Stop the prompt the session waits for."""
        if self.session.token is not None:
            self.emit(StopPlaying(self.session.token))
            self.session.token = None

    def wait(self, awaiting: Awaiting, seconds: float | None, token: str | None = None) -> Wait:
        """Wait for something, at most so long."""
        self.session.awaiting = awaiting
        self.session.deadline = None if seconds is None else self.now + seconds
        self.session.token = token
        return Wait()

    def stay(self) -> Wait:
        """Go on waiting as before."""
        return Wait()

    def play_and_wait(
        self, prompts: tuple[str, ...], awaiting: Awaiting, *, barge_in: bool, language: str | None = None
    ) -> Wait:
        """Play prompts and wait for their end, at most as long as they can possibly last."""
        token = self.play(prompts, barge_in=barge_in, language=language)
        return self.wait(awaiting, PLAY_BASE_SECONDS + PLAY_SECONDS_PER_PROMPT * len(prompts), token)

    def type_ahead(self, digit: str) -> None:
        """Keep a digit for the next step that wants one."""
        if len(self.session.type_ahead) < TYPE_AHEAD_LIMIT:
            self.session.type_ahead += digit

    def swallow(self, digit: str, seconds: float) -> None:
        """Ignore this digit if it is the very next key and comes within this time."""
        if self.session.type_ahead:
            self.session.type_ahead = self.session.type_ahead.removeprefix(digit)
        else:
            self.session.swallow, self.session.swallow_until = digit, self.now + seconds

    def note(self, result: str, values: Mapping[str, Any] | None = None) -> None:
        """Write into the trace what the current step did."""
        frame = self.session.frame
        step = self.flow.steps.get(frame.step)
        kind, place = (step.kind, step.place) if step is not None else ("", None)
        self.trace.append(Trace(frame.flow, frame.step, kind, self.now, result, dict(values or {}), place))

    def leave(self, way: Way, result: str) -> Move:
        """Go on by this way, after its sentence."""
        if way.say is None or self.session.gone:
            return Go(way.next, result)
        prompts = self.words(way.say)
        self.scratch["leave"] = [way.next, result]
        return self.play_and_wait(prompts, Awaiting.PLAY, barge_in=True)

    def values(self, names: Collection[str]) -> dict[str, Any]:
        """Return these of the values expressions see: the flow's open variables and what is known of the call."""
        variables = self.session.frame.variables
        return {name: variables[name] if name in variables else self._known(name) for name in names}

    def _known(self, name: str) -> Any:
        """Return what is known of the call under this name."""
        session = self.session
        match name:
            case "call.id":
                return session.call.call
            case "call.caller_number":
                return session.call.caller_number
            case "call.called_number":
                return session.call.called_number
            case "call.language":
                return session.language
            case "call.language_chosen":
                return session.language_chosen
            case "today":
                return self.civil.date().isoformat()
        return None

    def evaluate(self, expression: Expression) -> Any:
        """Return the value of an expression; raises ExpressionError."""
        return expression.evaluate(self.values(expression.names))

    def assign(self, name: str, value: Any) -> None:
        """Set a variable of the flow; raises ExpressionError for a value of another type, or one its `one_of:` does not list."""
        self.session.frame.variables[name] = self.flow.fitting(name, value)

    def keep_secret(self, name: str, text: str) -> None:
        """Set a secure variable, in memory only, and note which step collected it."""
        frame = self.session.frame
        frame.secrets[name] = Secret(text)
        frame.secure[name] = frame.step

    def secret(self, name: str) -> Secret:
        """Return a secure variable.

        Raises:
            SecretLostError: it was collected, but did not survive a restart.
            ExpressionError: it was never collected.

        """
        frame = self.session.frame
        if name in frame.secrets:
            return frame.secrets[name]
        if name in frame.secure:
            raise SecretLostError(frame.secure[name])
        raise ExpressionError(f"{name} was not collected yet")

    def words(self, text: Text, language: str | None = None) -> tuple[str, ...]:
        """Return the prompts of a text now.

        Raises:
            ExpressionError: a hole has no value, or one that cannot be spoken so.

        """
        spoken = language or self.session.language
        return tuple(prompt for segment in text.segments[spoken] for prompt in self._prompts(segment, spoken))

    def _prompts(self, segment: Segment, language: str) -> tuple[str, ...]:
        if isinstance(segment, Fixed):
            return (segment.prompt,)
        value = self.evaluate(segment.expression)
        if segment.kind == PHRASE:
            return self._phrase(value)
        try:
            return speak(segment.kind, self.local(segment.kind, value), language)
        except SpeechError:
            raise ExpressionError(f"{segment.expression.source} cannot be spoken as {segment.kind}") from None

    def _phrase(self, value: Any) -> tuple[str, ...]:
        if value not in self.flows.phrases:
            raise ExpressionError("there is no such phrase")
        return (phrase_prompt(value),)

    def local(self, kind: str, value: Any) -> Any:
        """Return a value to be spoken or written as `kind`: an instant with an offset in the time of the hotline's wall clock."""
        if kind not in (Kind.DATE, Kind.TIME) or not isinstance(value, str) or "T" not in value:
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return moment.astimezone(self.civil.tzinfo).replace(tzinfo=None).isoformat() if moment.tzinfo else value
