"""`sms` sends the caller, or another number, a text message through a gateway: once, whatever is killed and sent again."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from ivr.commands import CallBackend
from ivr.document import Scalar, Severity
from ivr.expressions import ExpressionError, VariableType
from ivr.fields import NAMED, NEXT, SAY_SCHEMA, TEXT, Field, Form, Shape, integer, ref
from ivr.messages import MOST_SEGMENTS, receiver, segments
from ivr.moves import Go, Move
from ivr.replies import ReplyError
from ivr.run import Run
from ivr.steps.outside import TIMEOUT, OutsideStep, read_timeout
from ivr.steps.reading import Argument, StepReader
from ivr.steps.written import Written, read_written
from ivr.texts import LANGUAGES

SEND_SMS = "send_sms"
"""The operation of every gateway."""
USUAL_SEGMENTS = 2


class SmsOutcome(StrEnum):
    """What became of a text message."""

    SENT = "sent"
    NO_NUMBER = "no_number"
    LIMITED = "limited"


_OTHERS = (SmsOutcome.NO_NUMBER, SmsOutcome.LIMITED)
_OUTCOMES = Shape(
    "table of `no_number` and `limited` to steps",
    {
        "type": "object",
        "properties": {outcome.value: ref("target") for outcome in _OTHERS},
        "required": [outcome.value for outcome in _OTHERS],
        "additionalProperties": False,
    },
)
_TEXT = Shape("a text in each language", SAY_SCHEMA["oneOf"][0])


@dataclass(frozen=True, kw_only=True)
class SmsStep(OutsideStep):
    """Sends a text.

    Attributes:
        gateway: name of the gateway.
        to: the number.
        text: what is written.
        outcomes: where `no_number` (there is none, or none the gateway may send to) and `limited` (too many lately) lead.
        next: where to go when it was sent.

    """

    kind = "sms"
    forms = (
        Form(
            (
                Field("gateway", TEXT, "a gateway of backends.yaml", required=True),
                Field(
                    "text",
                    _TEXT,
                    "what is written; values as `${x}`, or as `${date(x)}`, `${money(x)}` …",
                    required=True,
                ),
                Field("to", NAMED, "the number", default="the caller's"),
                Field(
                    "max_segments",
                    integer(1, MOST_SEGMENTS),
                    "short messages the check allows the text to make",
                    default=str(USUAL_SEGMENTS),
                ),
                Field(
                    "outcomes",
                    _OUTCOMES,
                    "where to go when there is no such number, or too much was sent to it",
                    required=True,
                ),
                TIMEOUT,
                NEXT,
            )
        ),
    )
    gateway: str
    to: Argument | None
    text: Written
    outcomes: Mapping[str, str]
    next: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the gateway, the number, the text and the ways on."""
        gateway = reader.scalar("gateway", required=True)
        if gateway is not None:
            reader.check_name(gateway, "gateway", reader.context.known.gateways)
        reader.way("on_error", reader.context.defaults.on_error)
        return cls(
            gateway=gateway.text if gateway else "",
            to=_read_number(reader),
            text=_read_text(reader),
            outcomes=_read_outcomes(reader),
            timeout_seconds=read_timeout(reader),
            next=reader.target("next"),
            **reader.common(),
        )

    def enter(self, run: Run) -> Move:
        """Send it, unless there is no number to send it to."""
        return (
            super().enter(run) if self._number(run) else Go(self.outcomes[SmsOutcome.NO_NUMBER], SmsOutcome.NO_NUMBER)
        )

    def request(self, run: Run, token: str) -> CallBackend:
        """Return the message; the gateway's own rules (which numbers, how many) are for the gateway."""
        language = run.session.language
        text = self.text.fill(run, language)
        if segments(text) > MOST_SEGMENTS:
            raise ExpressionError("the text is too long")
        arguments = {
            "number": self._number(run),
            "text": text,
            "language": language,
            "caller": run.session.call.caller_number,
        }
        return CallBackend(token, self.gateway, SEND_SMS, arguments, self.timeout_seconds, self.effect_key(run))

    def taken(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return the outcome; raises ReplyError when there is none."""
        outcome = answer.get("outcome")
        if outcome not in [known.value for known in SmsOutcome]:
            raise ReplyError("the gateway's answer has no outcome")
        return {"outcome": outcome}

    def answered(self, run: Run, answer: Mapping[str, Any]) -> Move:
        """Go where the outcome leads."""
        del run
        outcome = SmsOutcome(answer["outcome"])
        return Go(self.outcomes.get(outcome, self.next), outcome.value)

    def _number(self, run: Run) -> str:
        number = run.session.call.caller_number if self.to is None else self.to.value(run)
        return receiver(str(number)) if isinstance(number, str | int) else ""


def _read_number(reader: StepReader) -> Argument | None:
    scalar = reader.scalar("to")
    if scalar is None:
        return None
    argument = reader.argument(scalar, "to")
    if argument.secret is not None or argument.type not in (VariableType.TEXT, VariableType.NUMBER, VariableType.DATA):
        reader.report(scalar, "bad-type", '"to" is no telephone number', "write ${…} of a text variable")
    if argument.expression is not None:
        return argument
    if argument.secret is None and not receiver(scalar.text):
        reader.report(scalar, "bad-value", f'"{scalar.text}" is no telephone number', "write 5 to 15 digits")
    return Argument(fixed=scalar.text)


def _read_text(reader: StepReader) -> Written:
    limit = reader.integer("max_segments", USUAL_SEGMENTS, 1, MOST_SEGMENTS)
    node = reader.node("text", required=True)
    written = read_written(node, reader) if node is not None else Written(dict.fromkeys(LANGUAGES, ()))
    for language in LANGUAGES:
        made = segments(written.usual(language))
        if node is not None and made > limit:
            message = f"the text in {language} makes about {made} short messages"
            cure = f"shorten it, or write max_segments: {made}" if made <= MOST_SEGMENTS else "shorten it"
            reader.findings.append(reader.at("text").finding("long-text", message, cure, Severity.WARNING))
    return written


def _read_outcomes(reader: StepReader) -> dict[str, str]:
    known = [outcome.value for outcome in _OTHERS]
    outcomes: dict[str, str] = {}
    child = reader.child("outcomes", required=True)
    for name, node in child.entries() if child else ():
        reader.check_name(name, "outcome", frozenset(known))
        if isinstance(node, Scalar):
            outcomes[name.text] = reader.add_exit(name.text, node)
        else:
            reader.report(node, "bad-value", f'"{name.text}" must lead to one step', f"write {name.text}: <step>")
    missing = [name for name in known if name not in outcomes]
    if child is not None and missing:
        cure = f"add {missing[0]}: <step>"
        reader.report(child.place, "missing-way", f'{reader.what} has no way on for "{missing[0]}"', cure)
    return outcomes
