"""`queue`: the caller waits for an agent and talks to him. What is heard meanwhile is not the flow's business."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ivr.commands import JoinQueue
from ivr.document import Scalar, Severity, Table
from ivr.events import DigitPressed, Event, QueueLeft, QueueOutcome
from ivr.expressions import ExpressionError, VariableType
from ivr.fields import NAMED, VARIABLE, Field, Form, Shape, integer, ref, table
from ivr.moves import End, Go, Move
from ivr.run import Run
from ivr.state import Awaiting, Ended
from ivr.steps.base import StepType
from ivr.steps.reading import Argument, Named, StepReader

REASONS = (QueueOutcome.MENU.value, QueueOutcome.VOICEMAIL.value, QueueOutcome.CALLBACK.value)
NEEDS = Shape(
    "list of skills, or table of skills with levels",
    {
        "anyOf": [
            NAMED.schema,
            {"type": "array", "items": NAMED.schema},
            table({"anyOf": [integer(1, 100).schema, {"type": "null"}]}),
        ]
    },
)
_OUTCOMES = Shape(
    "table of outcomes to steps: " + ", ".join(f"`{outcome}`" for outcome in QueueOutcome),
    {
        "type": "object",
        "properties": {outcome.value: ref("target") for outcome in QueueOutcome},
        "required": [QueueOutcome.SERVED.value],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True, kw_only=True)
class QueueStep(StepType):
    """Joins a queue and goes on by how the caller came back.

    Attributes:
        queue: name of the queue.
        tier: customer tier.
        needs: extra skills, each with its level.
        keys: keys while waiting, each with the reason for leaving (`menu`, `voicemail`, `callback`).
        outcomes: where each outcome leads; those not listed take `on_error`.
        customer: variable with what is known of the customer, or empty.
        into: variable for `{outcome, wait_seconds, agent, offer}`, or empty.

    """

    kind = "queue"
    forms = (
        Form(
            (
                Field("queue", NAMED, "a queue of queues.yaml", required=True),
                Field("tier", NAMED, "the customer tier, of tiers.yaml", required=True),
                Field("outcomes", _OUTCOMES, "where each outcome leads; the others take `on_error`", required=True),
                Field("needs", NEEDS, "skills beside those the queue needs"),
                Field(
                    "keys",
                    Shape("table of keys to `menu`, `voicemail` or `callback`", table({"enum": [*REASONS, None]}, "^[0-9*#]$")),
                    "keys while waiting, each with its outcome",
                ),
                Field("customer", VARIABLE, "data variable with what is known of the customer, for `head_starts` of tiers.yaml"),
                Field("into", VARIABLE, "data variable for `{outcome, wait_seconds, agent, offer}`"),
            )
        ),
    )
    queue: Argument
    tier: Argument
    needs: tuple[tuple[Argument, int], ...]
    keys: Mapping[str, str]
    outcomes: Mapping[str, str]
    customer: str
    into: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the queue, tier, needs, keys and outcomes."""
        known = reader.context.known
        keys = _read_keys(reader)
        outcomes = _read_outcomes(reader, keys)
        return cls(
            queue=reader.name_in("queue", "queue", known.queues),
            tier=reader.name_in("tier", "tier", known.tiers),
            needs=read_needs(reader),
            keys=keys,
            outcomes=outcomes,
            customer=reader.read_variable("customer", VariableType.DATA),
            into=reader.variable("into", VariableType.DATA, required=False),
            **reader.common(),
        )

    def enter(self, run: Run) -> Move:
        """Join. The queue's own limit ends the wait, so the session sets no deadline."""
        if run.session.gone:
            return End(Ended("abandoned", "the caller hung up"), hang_up=False)
        run.session.type_ahead = ""
        queue, tier = resolved_name(self.queue, run), resolved_name(self.tier, run)
        needs = tuple((resolved_name(skill, run), level) for skill, level in self.needs)
        token = run.token()
        run.emit(JoinQueue(token, queue, tier, needs, run.session.language, dict(self.keys), self._customer(run)))
        return run.wait(Awaiting.QUEUE, None, token)

    def _customer(self, run: Run) -> dict[str, str | int | float | bool]:
        """What a table in the variable says in plain values; a caller of whom nothing was found has none."""
        found = run.values([self.customer])[self.customer] if self.customer else None
        return {key: value for key, value in found.items() if _is_plain(value)} if isinstance(found, dict) else {}

    def on_event(self, run: Run, event: Event) -> Move:
        """Go on when the caller is back; keys pressed meanwhile were not meant for the flow."""
        if isinstance(event, DigitPressed) or not isinstance(event, QueueLeft):
            return run.stay()
        result = {
            "outcome": event.outcome.value,
            "wait_seconds": round(event.wait_seconds),
            "agent": event.agent or "",
            "offer": event.offer or "",
        }
        if self.into:
            run.assign(self.into, result)
        if event.outcome.value in self.outcomes:
            return Go(self.outcomes[event.outcome.value], event.outcome.value, result)
        return self.fail(run, event.outcome.value)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool)


def resolved_name(argument: Argument, run: Run) -> str:
    """Return the name of a queue, tier or skill; raises ExpressionError when there is none."""
    value = argument.value(run)
    if not isinstance(value, str) or not value:
        raise ExpressionError("a queue, tier or skill has no name")
    return value


def read_needs(reader: StepReader) -> tuple[tuple[Argument, int], ...]:
    """Read `needs:`: skills, each with its level."""
    node = reader.node("needs")
    if isinstance(node, Table):
        child = reader.child("needs")
        assert child is not None
        names = child.entries()
        for name, _ in names:
            _check_skill(reader, name)
        return tuple((Argument(fixed=name.text), child.integer(name.text, 1, 1, 100)) for name, _ in names)
    needs = []
    for scalar in reader.texts("needs"):
        argument = reader.argument(scalar, "needs")
        if argument.expression is None:
            _check_skill(reader, scalar)
            argument = Argument(fixed=scalar.text)
        else:
            known = reader.context.known
            reader.context.named.append(Named("skill", argument, scalar, known.skills, known.staffed))
        needs.append((argument, 1))
    return tuple(needs)


def _check_skill(reader: StepReader, scalar: Scalar) -> None:
    known = reader.context.known
    reader.check_name(scalar, "skill", known.skills)
    if known.staffed is not None and scalar.text not in known.staffed and scalar.text in (known.skills or ()):
        cure = "give an agent this skill: until then nobody answers"
        reader.findings.append(
            scalar.finding("skill-nobody", f'no agent has the skill "{scalar.text}"', cure, Severity.WARNING)
        )


def _read_keys(reader: StepReader) -> dict[str, str]:
    child = reader.child("keys")
    keys: dict[str, str] = {}
    for key, _ in child.entries() if child else ():
        if len(key.text) != 1 or key.text not in "0123456789*#":
            reader.report(key, "bad-key", f'"{key.text}" is no key', 'use one of 0-9, "*", "#", in quotes')
        elif child is not None:
            keys[key.text] = child.choice(key.text, REASONS, REASONS[0])
    return keys


def _read_outcomes(reader: StepReader, keys: Mapping[str, str]) -> dict[str, str]:
    known = tuple(outcome.value for outcome in QueueOutcome)
    outcomes: dict[str, str] = {}
    child = reader.child("outcomes", required=True)
    for name, node in child.entries() if child else ():
        reader.check_name(name, "outcome", frozenset(known))
        if isinstance(node, Scalar):
            outcomes[name.text] = reader.add_exit(name.text, node)
        else:
            reader.report(node, "bad-value", f'"{name.text}" must lead to one step', f"write {name.text}: <step>")
    missing = [name for name in ("served", *keys.values()) if name not in outcomes]
    if child is not None and missing:
        reader.report(
            child.place, "missing-way", f'{reader.what} has no way on for "{missing[0]}"', f"add {missing[0]}: <step>"
        )
    if set(known) - set(outcomes):
        reader.way("on_error", reader.context.defaults.on_error)
    return outcomes
