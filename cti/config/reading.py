"""One file: from its text to a checked model, every finding with its position."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from cti.config.models import NAME_RULE, Model
from ivr.document import BadDocument, Finding, Node, Position, did_you_mean, findings_of, locate, parse, plain

_M = TypeVar("_M", bound=Model)


@dataclass(frozen=True, slots=True)
class Source(Generic[_M]):
    """A file that was read: its tree for positions, and its model, or None where the model has errors."""

    node: Node
    model: _M

    def at(self, *loc: str | int) -> Position:
        """Return the place of a key or item in the file."""
        return locate(self.node, loc)


def read_file(path: Path, form: type[_M], findings: list[Finding]) -> Source[_M] | None:
    """Read and validate a file.

    Args:
        path: the file.
        form: its model.
        findings: what is wrong is added here; then None is returned.

    """
    try:
        node = parse(path.read_text(encoding="utf-8"), str(path))
        return Source(node, form.model_validate(plain(node)))
    except BadDocument as bad:
        findings.extend(bad.findings)
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        findings.append(
            Finding(str(path), 1, 1, "unreadable", f"cannot be read: {reason}", "restore the file as UTF-8 text")
        )
    except ValidationError as invalid:
        findings.extend(_explain(node, form, error) for error in invalid.errors())
    return None


def _explain(node: Node, form: type[BaseModel], error: Any) -> Finding:
    loc = tuple(part for part in error["loc"] if part != "[key]")
    finding = findings_of(node, [{**error, "loc": loc}])[0]
    owner, field = _field_at(form, loc)
    if "[key]" in error["loc"]:
        return replace(finding, code="bad-name", message=f'"{loc[-1]}" is no usable name', cure=f"use {NAME_RULE}")
    if finding.code == "unknown-key" and owner is not None:
        return replace(finding, cure=did_you_mean(str(loc[-1]), list(owner.model_fields)) or "remove it")
    if finding.code == "bad-value":
        description = None if field is None else field.description
        return replace(finding, cure=f"write {description}" if description else "write a value of the right kind")
    return finding


def _field_at(form: type[BaseModel], loc: tuple[str | int, ...]) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """Follow a validator's location through the models: the model it ends in, and the last field that has a meaning."""
    model: type[BaseModel] | None = form
    field: FieldInfo | None = None
    for part in loc:
        if model is not None and part in model.model_fields:
            field = model.model_fields[str(part)]
            model = next(_models_in(field.annotation), None)
        elif model is not None and part is loc[-1]:
            return model, field
    return model, field


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)
