"""The types of what backends and services reply, found before the steps are read: expressions are checked against them.

A variable counts only when nothing but replies fills it, and a field only when all that fill it agree on its type.
"""

from collections.abc import Iterable, Iterator, Mapping

from ivr.document import Node, Scalar, Table
from ivr.expressions import VariableType
from ivr.known import Known
from ivr.replies import read_reply

Types = Mapping[str, VariableType]


def reply_types(steps: Iterable[Node], known: Known) -> dict[str, VariableType]:
    """Return the types of reply fields by `variable.field`.

    Args:
        steps: what is written of each step; faults are left to the readers of the steps.
        known: what the backends reply.

    """
    found: dict[str, list[Types]] = {}
    otherwise: set[str] = set()
    for step in steps:
        if isinstance(step, Table):
            name = _text(step, "into")
            types = _types(step, known)
            if name and types is not None:
                found.setdefault(name, []).append(types)
            elif name:
                otherwise.add(name)
            otherwise.update(_set_by_hand(step))
    return {
        f"{name}.{field}": kind
        for name, replies in found.items()
        if name not in otherwise
        for field, kind in replies[0].items()
        if all(other.get(field) == kind for other in replies)
    }


def _types(step: Table, known: Known) -> Types | None:
    """Return the types of the fields a step fills its variable with; None when it is filled with something else."""
    match _text(step, "type"):
        case "http":
            reply = step.entries.get("reply")
            return read_reply(reply, []).types if isinstance(reply, Table) else {}
        case "lookup" | "report":
            operations = (known.backends or {}).get(_text(step, "backend"), {})
            operation = operations.get(_text(step, "operation"))
            return operation.types if operation else {}
    return None


def _set_by_hand(step: Table) -> Iterator[str]:
    """Yield the variables that `set:` (also that of a key) and `take:` fill."""
    for node in (step, *_choices(step)):
        for key in ("set", "take"):
            table = node.entries.get(key)
            if isinstance(table, Table):
                yield from table.entries


def _choices(step: Table) -> Iterator[Table]:
    choices = step.entries.get("choices")
    if isinstance(choices, Table):
        yield from (choice for choice in choices.entries.values() if isinstance(choice, Table))


def _text(step: Table, key: str) -> str:
    node = step.entries.get(key)
    return node.text if isinstance(node, Scalar) else ""
