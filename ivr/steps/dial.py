"""`dial`: the caller is put through to a number outside, or to an extension. What may be dialled is not the flow's business."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ivr.commands import Dial
from ivr.document import Node, Scalar
from ivr.events import DialEnded, DialOutcome, Event
from ivr.expressions import ExpressionError, VariableType
from ivr.fields import NAMED, SAY, VARIABLE, Field, Form, Shape, choice, ref, seconds
from ivr.moves import End, Go, Move
from ivr.run import Run
from ivr.state import Awaiting, Ended
from ivr.steps.base import StepType
from ivr.steps.reading import Argument, StepReader
from ivr.texts import LANGUAGES, Text

RINGING, MUSIC = "ringing", "music"
CALLERS_LANGUAGE = "caller"
RING_SECONDS = (3, 120)
TALK_SECONDS = (10, 14_400)
_OUTCOMES = Shape(
    "table of outcomes to steps: " + ", ".join(f"`{outcome}`" for outcome in DialOutcome),
    {
        "type": "object",
        "properties": {outcome.value: ref("target") for outcome in DialOutcome},
        "required": [DialOutcome.ANSWERED.value],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, kw_only=True)
class DialStep(StepType):
    """Puts the caller through and goes on by how that went.

    Attributes:
        to: the number, in any writing.
        outcomes: where each outcome leads; those not listed take `on_error`.
        ring_seconds: longest ringing; None: what dialing.yaml says.
        talk_seconds: longest talk; None: what dialing.yaml says.
        hear: what the caller hears until the answer: `ringing` or `music`.
        announce: what the other side hears before both are joined, or None.
        announce_language: its language: `caller`, or a fixed one.
        into: variable for `{outcome, talk_seconds, rule}`, or empty.

    """

    kind = "dial"
    forms = (
        Form(
            (
                Field("to", NAMED, "the number; dialing.yaml must list it", required=True),
                Field("outcomes", _OUTCOMES, "where each outcome leads; the others take `on_error`", required=True),
                Field("ring_seconds", seconds(*RING_SECONDS), "longest ringing, within what dialing.yaml says", default="as dialing.yaml says"),
                Field("max_talk_seconds", seconds(*TALK_SECONDS), "longest talk, within what dialing.yaml says", default="as dialing.yaml says"),
                Field("hear", choice(RINGING, MUSIC), "what the caller hears until the answer", default="`ringing`"),
                Field("announce", SAY, "what the other side hears before both are joined"),
                Field("announce_language", choice(CALLERS_LANGUAGE, *LANGUAGES), "its language", default="`caller`"),
                Field("into", VARIABLE, "data variable for `{outcome, talk_seconds, rule}`"),
            )
        ),
    )
    to: Argument
    outcomes: Mapping[str, str]
    ring_seconds: float | None
    talk_seconds: float | None
    hear: str
    announce: Text | None
    announce_language: str
    into: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the number, its limits, what is heard, and the outcomes."""
        announce = reader.node("announce")
        return cls(
            to=_read_number(reader),
            outcomes=_read_outcomes(reader),
            ring_seconds=_seconds(reader, "ring_seconds", *RING_SECONDS),
            talk_seconds=_seconds(reader, "max_talk_seconds", *TALK_SECONDS),
            hear=reader.choice("hear", (RINGING, MUSIC), RINGING),
            announce=reader.words(announce, "announce") if announce is not None else None,
            announce_language=reader.choice("announce_language", (CALLERS_LANGUAGE, *LANGUAGES), CALLERS_LANGUAGE),
            into=reader.variable("into", VariableType.DATA, required=False),
            **reader.common(),
        )

    def enter(self, run: Run) -> Move:
        """Dial. Asterisk ends ringing and talk by the limits, so the session sets no deadline."""
        if run.session.gone:
            return End(Ended("abandoned", "the caller hung up"), hang_up=False)
        run.session.type_ahead = ""
        language = run.session.language if self.announce_language == CALLERS_LANGUAGE else self.announce_language
        words = run.words(self.announce, language) if self.announce is not None else ()
        number = _number(self.to.value(run))
        token = run.token()
        run.emit(Dial(token, number, self.ring_seconds, self.talk_seconds, self.hear == MUSIC, words, language))
        return run.wait(Awaiting.DIAL, None, token)

    def on_event(self, run: Run, event: Event) -> Move:
        """Go on when the caller is back; keys pressed meanwhile were not meant for the flow."""
        if not isinstance(event, DialEnded):
            return run.stay()
        result = {"outcome": event.outcome.value, "talk_seconds": round(event.talk_seconds), "rule": event.rule}
        if event.hung_up:
            run.session.gone = True
            run.note(event.outcome.value, result)
            return End(Ended("completed", "put through"), hang_up=False)
        if self.into:
            run.assign(self.into, result)
        if event.outcome.value in self.outcomes:
            return Go(self.outcomes[event.outcome.value], event.outcome.value, result)
        return self.fail(run, event.outcome.value)


def _number(value: Any) -> str:
    """Return a number as text; one from a backend may have come as an integer."""
    text = f"{value:.0f}" if isinstance(value, float) else str(value)
    if isinstance(value, bool) or value is None or not text.strip():
        raise ExpressionError("there is no number to dial")
    return text


def _read_number(reader: StepReader) -> Argument:
    scalar = reader.scalar("to", required=True)
    if scalar is None:
        return Argument(fixed="")
    argument = reader.argument(scalar, "to")
    if argument.secret is not None:
        reader.report(scalar, "leaking-secret", '"to" would show the secure value', "dial a number that is no secret")
    if argument.expression is not None or argument.secret is not None:
        return argument
    may_dial = reader.context.known.may_dial
    if may_dial is not None and not may_dial(scalar.text):
        cure = "list it in dialing.yaml, in a rule with the purpose dial"
        reader.report(scalar, "number-not-listed", f'"{scalar.text}" may not be dialled', cure)
    return Argument(fixed=scalar.text)


def _seconds(reader: StepReader, key: str, low: float, high: float) -> float | None:
    return reader.seconds(key, low, low, high) if reader.scalar(key) is not None else None


def _read_outcomes(reader: StepReader) -> dict[str, str]:
    known = tuple(outcome.value for outcome in DialOutcome)
    child = reader.child("outcomes", required=True)
    outcomes: dict[str, str] = {}
    for name, node in child.entries() if child else ():
        reader.check_name(name, "outcome", frozenset(known))
        outcomes[name.text] = _target(reader, name, node)
    if child is not None and DialOutcome.ANSWERED not in outcomes:
        cure = "add answered: <step>, where the caller goes after the talk"
        reader.report(child.place, "missing-way", f'{reader.what} has no way on for "answered"', cure)
    if set(known) - set(outcomes):
        reader.way("on_error", reader.context.defaults.on_error)
    return outcomes


def _target(reader: StepReader, name: Scalar, node: Node) -> str:
    if isinstance(node, Scalar):
        return reader.add_exit(name.text, node)
    reader.report(node, "bad-value", f'"{name.text}" must lead to one step', f"write {name.text}: <step>")
    return ""
