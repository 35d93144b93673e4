"""`lookup` asks a backend, `report` has it change something: once, whatever is killed and sent again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ivr.commands import CallBackend
from ivr.document import Scalar, did_you_mean
from ivr.expressions import VariableType
from ivr.fields import NEXT, TEXT, VALUES, VARIABLE, Field, Form
from ivr.known import Operation
from ivr.moves import Go, Move
from ivr.run import Run
from ivr.steps.outside import TIMEOUT, OutsideStep, read_timeout
from ivr.steps.reading import Argument, StepReader


def _form(*, reply_required: bool) -> Form:
    return Form(
        (
            Field("backend", TEXT, "a backend of backends.yaml", required=True),
            Field("operation", TEXT, "what it is to do", required=True),
            Field("with", VALUES, "the arguments; a secret one as `${pin}` alone"),
            Field("into", VARIABLE, "data variable for the reply", required=reply_required),
            TIMEOUT,
            NEXT,
        )
    )


@dataclass(frozen=True, kw_only=True)
class BackendStep(OutsideStep):
    """Calls an operation of a backend.

    Attributes:
        backend: name of the backend.
        operation: name of the operation.
        given: its arguments.
        into: variable for the reply, or empty.
        next: where to go with the reply.

    """

    effect: ClassVar[bool]
    backend: str
    operation: str
    given: Mapping[str, Argument]
    into: str
    next: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the operation, `with:`, `into:`, `timeout_seconds:` and the ways on."""
        backend = reader.text("backend", required=True)
        scalar = reader.scalar("operation", required=True)
        given = reader.arguments("with")
        into = reader.variable("into", VariableType.DATA, required=not cls.effect)
        operation = _operation(reader, backend, scalar) if scalar else None
        if operation is not None and scalar is not None:
            _check_arguments(reader, operation, given, scalar)
            _check_effect(reader, operation, scalar, effect=cls.effect)
        if into:
            reader.context.replies.setdefault(into, []).append(operation.reply if operation else None)
        reader.way("on_error", reader.context.defaults.on_error)
        return cls(
            backend=backend,
            operation=scalar.text if scalar else "",
            given=given,
            into=into,
            timeout_seconds=read_timeout(reader),
            next=reader.target("next"),
            **reader.common(),
        )

    def request(self, run: Run, token: str) -> CallBackend:
        """Return the call of the operation."""
        arguments = {name: argument.value(run) for name, argument in self.given.items()}
        key = self.effect_key(run) if self.effect else None
        return CallBackend(token, self.backend, self.operation, arguments, self.timeout_seconds, key)

    def answered(self, run: Run, answer: Mapping[str, Any]) -> Move:
        """Keep the reply and go on."""
        if self.into:
            run.assign(self.into, answer)
        return Go(self.next, "replied")


@dataclass(frozen=True, kw_only=True)
class Lookup(BackendStep):
    """A query: it changes nothing and may be sent again at will."""

    kind = "lookup"
    forms = (_form(reply_required=True),)
    effect = False


@dataclass(frozen=True, kw_only=True)
class Report(BackendStep):
    """An effect: it carries the key call id + step + visit, so that sending it again changes nothing more."""

    kind = "report"
    forms = (_form(reply_required=False),)
    effect = True


def _operation(reader: StepReader, backend: str, scalar: Scalar) -> Operation | None:
    backends = reader.context.known.backends
    if backends is None:
        return None
    if backend not in backends:
        cure = did_you_mean(backend, list(backends))
        reader.report(reader.at("backend"), "unknown-backend", f'no backend "{backend}"', cure)
        return None
    operations = backends[backend]
    if scalar.text not in operations:
        cure = did_you_mean(scalar.text, list(operations))
        reader.report(scalar, "unknown-operation", f'backend "{backend}" has no operation "{scalar.text}"', cure)
    return operations.get(scalar.text)


def _check_arguments(reader: StepReader, operation: Operation, given: Mapping[str, Argument], scalar: Scalar) -> None:
    child = reader.child("with")
    for name in sorted(operation.required - set(given)):
        reader.report(scalar, "missing-argument", f'{scalar.text} needs "{name}"', f"add {name}: under with:")
    known: dict[str, Any] = dict.fromkeys(operation.required | operation.optional | operation.secret)
    for name, argument in given.items():
        place = child.at(name) if child else reader.place
        if name not in known:
            reader.report(
                place, "unknown-argument", f'{scalar.text} takes no "{name}"', did_you_mean(name, list(known))
            )
        elif argument.secret is not None and name not in operation.secret:
            reader.report(
                place, "leaking-secret", f'"{name}" would show the secure value', "hand it to a secret argument only"
            )
        elif argument.secret is None and name in operation.secret:
            cure = "collect it with secure: true into a variable of type secret"
            reader.report(place, "unprotected-secret", f'"{name}" must be a secure value', cure)


def _check_effect(reader: StepReader, operation: Operation, scalar: Scalar, *, effect: bool) -> None:
    if operation.effect and not effect:
        reader.report(scalar, "bad-operation", f"{scalar.text} changes something", "use type: report")
    elif effect and not operation.effect:
        reader.report(scalar, "bad-operation", f"{scalar.text} only asks", "use type: lookup")
