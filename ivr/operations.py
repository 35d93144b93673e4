"""`operations.yaml` in a folder of flows: the backends, services, queues, tiers and skills these flows count on, for the checker.

A hotline of its own has them in its configuration; an example, or flows that are written before the backend, declare them here.
"""

from dataclasses import replace

from ivr.document import Finding, Node, Table
from ivr.known import Known, Operation
from ivr.reader import Reader
from ivr.replies import read_reply


def declared(node: Node, known: Known, findings: list[Finding]) -> Known:
    """Return what is known, with what the file declares added; faults become findings."""
    reader = Reader(node, findings, "the operations file")
    reader.integer("version", 1, 1, 1)
    queues, tiers, skills = (_names(reader, key) for key in ("queues", "tiers", "skills"))
    services, gateways = (_names(reader, key) for key in ("services", "gateways"))
    child = reader.child("backends")
    reader.finish()
    backends = {
        name.text: _operations(Reader(body, findings, f'backend "{name.text}"')) for name, body in child.entries()
    } if child else {}  # fmt: skip
    return replace(
        known,
        queues=_joined(known.queues, queues),
        tiers=_joined(known.tiers, tiers),
        skills=_joined(known.skills, skills),
        services=_joined(known.services, services),
        gateways=_joined(known.gateways, gateways),
        backends={**(known.backends or {}), **backends} if backends or known.backends is not None else None,
    )


def _names(reader: Reader, key: str) -> frozenset[str]:
    return frozenset(scalar.text for scalar in reader.texts(key))


def _joined(old: frozenset[str] | None, new: frozenset[str]) -> frozenset[str] | None:
    return (old or frozenset()) | new if new or old is not None else None


def _operations(reader: Reader) -> dict[str, Operation]:
    return {
        name.text: _operation(Reader(body, reader.findings, f'operation "{name.text}"'))
        for name, body in reader.entries()
    }


def _operation(reader: Reader) -> Operation:
    replied = reader.node("reply")
    form = read_reply(replied, reader.findings) if isinstance(replied, Table) else None
    operation = Operation(
        required=_names(reader, "arguments"),
        optional=_names(reader, "optional"),
        effect=reader.flag("effect", default=False),
        secret=_names(reader, "secret"),
        reply=form.names if form else _names(reader, "reply") if reader.has("reply") else None,
        types=form.types if form else {},
    )
    reader.finish()
    return replace(operation, required=operation.required | (operation.secret - operation.optional))
