"""Nodes and edges of a flow, before anybody decides where they stand."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """What became of a node or edge between two versions."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Node:
    """A step, or a way out of the flow. `kind` is the step's type; `lines` stand below the name."""

    id: str
    kind: str
    title: str
    lines: tuple[str, ...] = ()
    mark: Mark = Mark.SAME


@dataclass(frozen=True, slots=True)
class Edge:
    """All ways from one node to another; `trouble`: only time-outs, wrong keys and errors lead there."""

    source: str
    target: str
    label: str
    trouble: bool = False
    mark: Mark = Mark.SAME


@dataclass(frozen=True, slots=True)
class Graph:
    """A flow to be drawn. The first node is where callers begin."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
