"""All operations a flow may ask for: argument names, reply schema, and whether the world is changed by it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from cti.backends.base import BackendInvalid
from cti.backends.replies import (
    Balance,
    CustomerFound,
    MessageSaved,
    Nothing,
    OutageAt,
    PinChecked,
    Reply,
    TicketCreated,
)
from ivr.expressions import VariableType
from ivr.known import Operation as KnownOperation

_TYPES: Mapping[Any, VariableType] = {
    str: VariableType.TEXT,
    int: VariableType.NUMBER,
    float: VariableType.DECIMAL,
    bool: VariableType.FLAG,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of the catalogue.

    Attributes:
        name: as flows write it.
        required: argument names that must be given.
        optional: argument names that may be given.
        secret: those of them that are secrets; never logged, never stored.
        reply: model every reply is checked against.
        effect: whether the call changes something, so that an idempotency key is due.

    """

    name: str
    required: tuple[str, ...]
    reply: type[Reply]
    optional: tuple[str, ...] = ()
    secret: tuple[str, ...] = ()
    effect: bool = False

    @property
    def arguments(self) -> tuple[str, ...]:
        """All argument names, required ones first."""
        return self.required + self.optional

    def checked_arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as a plain dict; raise BackendInvalid when one lacks or is unknown."""
        missing = [name for name in self.required if given.get(name) is None]
        unknown = sorted(set(given) - set(self.arguments))
        if missing or unknown:
            raise BackendInvalid(f"{self.name}: missing arguments {missing}, unknown arguments {unknown}")
        return dict(given)

    def checked_reply(self, raw: object) -> dict[str, Any]:
        """Return the reply as plain JSON, cleaned; raise BackendInvalid naming the fields that break the schema."""
        try:
            return self.reply.model_validate(raw).model_dump(mode="json")
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'reply'}: {e['msg']}" for e in error.errors())
            raise BackendInvalid(f"{self.name}: {faults[:500]}") from None


def _catalogue(*operations: Operation) -> Mapping[str, Operation]:
    return MappingProxyType({operation.name: operation for operation in operations})


OPERATIONS: Mapping[str, Operation] = _catalogue(
    Operation("customer_by_number", ("number",), CustomerFound),
    Operation("verify_pin", ("account", "pin"), PinChecked, optional=("caller",), secret=("pin",)),
    Operation("balance", ("account",), Balance),
    Operation("outage_at", ("area",), OutageAt),
    Operation(
        "create_ticket",
        ("area", "kind"),
        TicketCreated,
        optional=("account", "caller", "tier", "recording", "language"),
        effect=True,
    ),
    Operation("remember_language", ("account", "language"), Nothing, effect=True),
    Operation("save_survey", ("call", "score"), Nothing, optional=("agent", "queue"), effect=True),
    Operation(
        "save_voicemail",
        ("recording",),
        MessageSaved,
        optional=("caller", "account", "queue", "language", "seconds"),
        effect=True,
    ),
)


def known_operations() -> dict[str, KnownOperation]:
    """Return the catalogue as the flow checker wants it, with the dotted names of all reply fields."""
    return {
        operation.name: KnownOperation(
            required=frozenset(operation.required),
            optional=frozenset(operation.optional),
            effect=operation.effect,
            secret=frozenset(operation.secret),
            reply=frozenset(_field_names(operation.reply)),
            types=dict(_field_types(operation.reply)),
        )
        for operation in OPERATIONS.values()
    }


def _field_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from _field_names(inner, f"{prefix}{name}.")


def _field_types(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, VariableType]]:
    """Yield the fields that are never null, with their types; below a table that may be null, they are when it is not."""
    for name, field in model.model_fields.items():
        kind = VariableType.TEXT if get_origin(field.annotation) is Literal else _TYPES.get(field.annotation)
        if kind is not None:
            yield prefix + name, kind
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from _field_types(inner, f"{prefix}{name}.")


def operation_named(name: str) -> Operation:
    """Return the catalogue's entry; raise BackendInvalid for a name that is not there."""
    try:
        return OPERATIONS[name]
    except KeyError:
        raise BackendInvalid(f"unknown operation {name!r}; known are {', '.join(sorted(OPERATIONS))}") from None
