"""What flows may name, gathered from the rest of the project: backends with their operations, queues, skills, tiers."""

from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from cti.backends import catalogue
from ivr.known import Operation


def known_backends(names: Iterable[str]) -> Mapping[str, Mapping[str, Operation]]:
    """Return what the flow checker is to know of these backends: each offers every operation of the catalogue."""
    operations = {name: _operation(entry) for name, entry in catalogue.OPERATIONS.items()}
    return dict.fromkeys(names, operations)


def _operation(entry: catalogue.Operation) -> Operation:
    return Operation(
        required=frozenset(entry.required),
        optional=frozenset(entry.optional),
        effect=entry.effect,
        secret=frozenset(entry.secret),
        reply=frozenset(_fields(entry.reply)),
    )


def _fields(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the dotted names of a reply's fields, those of models within it included."""
    for name, field in model.model_fields.items():
        yield prefix + name
        for inner in _models(field.annotation):
            yield from _fields(inner, f"{prefix}{name}.")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _models(part)
