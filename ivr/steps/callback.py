"""`callback`: the caller is called back later instead of waiting. His place in the line is kept, and so is the promise."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from ivr.commands import CallBackend
from ivr.document import Scalar
from ivr.events import BackendFailed, BackendReplied, CallerHungUp, DeadlinePassed, DigitPressed, Event
from ivr.expressions import VariableType
from ivr.fields import NAMED, SAY, VARIABLE, Field, Form, Shape, ref
from ivr.moves import End, Go, Move, Way
from ivr.run import Run
from ivr.state import Awaiting, Ended
from ivr.steps.asking import ASKING, AskingStep, Part, Verdict, asking
from ivr.steps.base import StepType
from ivr.steps.queue import NEEDS, read_needs, resolved_name
from ivr.steps.reading import Argument, StepReader
from ivr.texts import Text

BACKEND, CHECK, REQUEST = "callback", "check", "request"
"""Whom the step asks: the server itself keeps the promises."""
ANSWER_SECONDS = 3.0
FEWEST_DIGITS, MOST_DIGITS = 3, 20
OWN, OTHER, DECLINE, RIGHT, AGAIN, FINISH = "1", "2", "*", "1", "2", "#"
_OFFER, _NUMBER, _CONFIRM = "offer", "number", "confirm"


class CallbackOutcome(StrEnum):
    """What became of the offer."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"
    CLOSED = "closed"
    FULL = "full"
    NO_NUMBER = "no_number"


_REFUSALS = frozenset(
    {CallbackOutcome.UNAVAILABLE, CallbackOutcome.CLOSED, CallbackOutcome.FULL, CallbackOutcome.NO_NUMBER}
)
_NEEDED = (CallbackOutcome.ACCEPTED, CallbackOutcome.DECLINED)
_OUTCOMES = Shape(
    "table of outcomes to steps: " + ", ".join(f"`{outcome}`" for outcome in CallbackOutcome),
    {
        "type": "object",
        "properties": {outcome.value: ref("target") for outcome in CallbackOutcome},
        "required": [outcome.value for outcome in _NEEDED],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, kw_only=True)
class _Question(AskingStep):
    """One of the step's questions: its answer comes as a `Go` that leads nowhere yet."""

    kind = "callback"
    forms = ()
    typed: bool
    keys: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        raise NotImplementedError(reader.what)

    def judge(self, digits: str, *, final: bool) -> Verdict:
        """Accept one of the keys, or a number that is finished."""
        if digits in self.keys:
            return Verdict.ACCEPT
        if not self.typed:
            return Verdict.REJECT
        body = digits.removesuffix(FINISH)
        if not body.isdigit():
            return Verdict.REJECT
        if body == digits and not final and len(body) < MOST_DIGITS:
            return Verdict.MORE
        return Verdict.ACCEPT if FEWEST_DIGITS <= len(body) <= MOST_DIGITS else Verdict.REJECT

    def accept(self, run: Run, digits: str) -> Move:
        """Hand the answer to the step."""
        del run
        return Go("", digits.removesuffix(FINISH))

    def parts(self, run: Run) -> list[Part]:
        """Return the question."""
        return [(None, run.words(self.say))]


@dataclass(frozen=True, kw_only=True)
class CallbackStep(StepType):
    """Offers to call back: the caller's own number by 1, another by 2 and its digits, `*` declines.

    Attributes:
        queue: whose agents call back.
        tier: customer tier.
        needs: extra skills, each with its level.
        number: text variable for the number.
        questions: the offer, the question for a number, and whether it was heard rightly.
        outcomes: where each outcome leads; those not listed take `on_error`.

    """

    kind = "callback"
    forms = (
        Form(
            (
                Field("queue", NAMED, "a queue of queues.yaml with `callback:`", required=True),
                Field("tier", NAMED, "the customer tier, of tiers.yaml", required=True),
                Field("number", VARIABLE, "text variable for the number to call", required=True),
                Field("outcomes", _OUTCOMES, "where each outcome leads; the others take `on_error`", required=True),
                Field("ask_number", SAY, "asks for another number: digits, then `#`; `*` declines", required=True),
                Field("confirm", SAY, "says the number that was typed: 1 is right, 2 types it again", required=True),
                Field("needs", NEEDS, "skills beside those the queue needs"),
                *ASKING,
            )
        ),
    )
    queue: Argument
    tier: Argument
    needs: tuple[tuple[Argument, int], ...]
    number: str
    questions: Mapping[str, _Question]
    outcomes: Mapping[str, str]

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the queue, the questions and the ways on."""
        outcomes = _read_outcomes(reader)
        shared = asking(reader, silent_way=Way(outcomes.get(CallbackOutcome.DECLINED, "")))
        texts = {name: _read_words(reader, key) for name, key in ((_NUMBER, "ask_number"), (_CONFIRM, "confirm"))}
        own: dict[str, Any] = {
            "queue": _read_queue(reader),
            "tier": reader.name_in("tier", "tier", reader.context.known.tiers),
            "needs": read_needs(reader),
            "number": reader.variable("number", VariableType.TEXT),
        }
        common = reader.common()
        offer = _Question(**shared, **common, typed=False, keys=OWN + OTHER + DECLINE)
        shared = {**shared, "clear": False}
        questions = {
            _OFFER: offer,
            _NUMBER: _Question(**{**shared, "say": texts[_NUMBER]}, **common, typed=True, keys=DECLINE),
            _CONFIRM: _Question(**{**shared, "say": texts[_CONFIRM]}, **common, typed=False, keys=RIGHT + AGAIN),
        }
        return cls(**own, questions=questions, outcomes=outcomes, **common)

    def enter(self, run: Run) -> Move:
        """Ask whether a callback can be promised at all before anything is said."""
        if run.session.gone:
            return End(Ended("abandoned", "the caller hung up"), hang_up=False)
        return self._ask_server(run, CHECK, {"number": run.session.call.caller_number})

    def on_event(self, run: Run, event: Event) -> Move:
        """Take the server's answer, or a key of the question that is being asked."""
        stage = run.scratch["stage"]
        if stage not in (CHECK, REQUEST):
            return self._answered(run, stage, self.questions[stage].on_event(run, event))
        if isinstance(event, DigitPressed):
            run.type_ahead(event.digit)
            return run.stay()
        if isinstance(event, CallerHungUp):
            return run.stay() if stage == REQUEST else End(Ended("abandoned", "the caller hung up"), hang_up=False)
        if isinstance(event, BackendReplied):
            return self._replied(run, stage, event.value)
        failed = isinstance(event, BackendFailed | DeadlinePassed)
        return self._leave(run, CallbackOutcome.UNAVAILABLE) if failed else run.stay()

    def reissue(self, run: Run) -> Move:
        """Ask the same again after a restart; a promise under way is asked for under the same key."""
        stage = run.scratch.get("stage", CHECK)
        if stage == REQUEST:
            return self._request(run)
        if stage == CHECK:
            return self.enter(run)
        move = self.questions[stage].reissue(run)
        run.scratch["stage"] = stage
        return move

    def _ask_server(self, run: Run, operation: str, more: Mapping[str, Any]) -> Move:
        run.scratch["stage"] = operation
        queue, token = resolved_name(self.queue, run), run.token()
        key = f"{run.session.call.call}/{run.visit}" if operation == REQUEST else None
        run.emit(CallBackend(token, BACKEND, operation, {"queue": queue, **more}, ANSWER_SECONDS, key))
        return run.wait(Awaiting.BACKEND, ANSWER_SECONDS + 0.5, token)

    def _request(self, run: Run) -> Move:
        needs = {resolved_name(skill, run): level for skill, level in self.needs}
        return self._ask_server(
            run,
            REQUEST,
            {
                "tier": resolved_name(self.tier, run),
                "needs": needs,
                "number": run.session.frame.variables[self.number],
                "language": run.session.language,
                "call": run.session.call.call,
            },
        )

    def _replied(self, run: Run, stage: str, reply: Mapping[str, Any]) -> Move:
        outcome = reply.get("outcome")
        if outcome in [refusal.value for refusal in _REFUSALS]:
            return self._leave(run, CallbackOutcome(outcome))
        if stage == REQUEST:
            known = outcome == CallbackOutcome.ACCEPTED
            return self._leave(run, CallbackOutcome.ACCEPTED if known else CallbackOutcome.UNAVAILABLE)
        if outcome != "possible":
            return self._leave(run, CallbackOutcome.UNAVAILABLE)
        return self._ask(run, _OFFER if reply.get("own_number") is True else _NUMBER)

    def _ask(self, run: Run, stage: str) -> Move:
        run.scratch["stage"] = stage
        return self._answered(run, stage, self.questions[stage].enter(run))

    def _answered(self, run: Run, stage: str, move: Move) -> Move:
        """Go on with an answer; any other move of a question stands."""
        if not isinstance(move, Go) or move.target:
            return move
        answer = move.result
        if answer == DECLINE:
            return self._leave(run, CallbackOutcome.DECLINED)
        if stage == _OFFER and answer == OWN:
            run.assign(self.number, run.session.call.caller_number)
            return self._request(run)
        if stage == _CONFIRM and answer == RIGHT:
            return self._request(run)
        if stage != _NUMBER:
            return self._ask(run, _NUMBER)
        run.assign(self.number, answer)
        return self._ask(run, _CONFIRM)

    def _leave(self, run: Run, outcome: CallbackOutcome) -> Move:
        if outcome.value in self.outcomes:
            return Go(self.outcomes[outcome.value], outcome.value)
        return self.fail(run, outcome.value)


def _read_queue(reader: StepReader) -> Argument:
    queue = reader.name_in("queue", "queue", reader.context.known.queues)
    known, scalar = reader.context.known, reader.scalar("queue")
    silent = (known.queues or frozenset()) - (known.callbacks or frozenset())
    if known.callbacks is not None and scalar is not None and scalar.text in silent:
        cure = "add callback: to this queue in queues.yaml"
        reader.report(scalar, "no-callback", f'the queue "{scalar.text}" calls nobody back', cure)
    return queue


def _read_words(reader: StepReader, key: str) -> Text:
    node = reader.node(key, required=True)
    return Text({}) if node is None else reader.words(node, key)


def _read_outcomes(reader: StepReader) -> dict[str, str]:
    known = tuple(outcome.value for outcome in CallbackOutcome)
    outcomes: dict[str, str] = {}
    child = reader.child("outcomes", required=True)
    for name, node in child.entries() if child else ():
        reader.check_name(name, "outcome", frozenset(known))
        if isinstance(node, Scalar):
            outcomes[name.text] = reader.add_exit(name.text, node)
        else:
            reader.report(node, "bad-value", f'"{name.text}" must lead to one step', f"write {name.text}: <step>")
    missing = [name.value for name in _NEEDED if name.value not in outcomes]
    if child is not None and missing:
        cure = f"add {missing[0]}: <step>"
        reader.report(child.place, "missing-way", f'{reader.what} has no way on for "{missing[0]}"', cure)
    if set(known) - set(outcomes):
        reader.way("on_error", reader.context.defaults.on_error)
    return outcomes
