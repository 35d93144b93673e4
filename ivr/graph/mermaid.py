"""A graph as Mermaid text, for pages that draw it themselves."""

from ivr.graph.model import Graph, Node

_SHAPES = {
    "branch": ("{{", "}}"),
    "hours": ("{{", "}}"),
    "hangup": ("([", "])"),
    "out": ("([", "])"),
    "lookup": ("[(", ")]"),
    "report": ("[(", ")]"),
}


def mermaid(graph: Graph) -> str:
    """Return the text of a flow chart, from top to bottom, with every edge labelled."""
    ids = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    lines = ["flowchart TD", *(f"  {ids[node.id]}{_shape(node)}" for node in graph.nodes)]
    for edge in graph.edges:
        arrow = "-.->" if edge.trouble else "-->"
        lines.append(f'  {ids[edge.source]} {arrow}|"{_escaped(edge.label)}"| {ids[edge.target]}')
    return "\n".join(lines) + "\n"


def _shape(node: Node) -> str:
    left, right = _SHAPES.get(node.kind, ("(", ")"))
    return f'{left}"{"<br/>".join(_escaped(line) for line in (node.title, *node.lines))}"{right}'


def _escaped(text: str) -> str:
    for letter, code in (("#", "#35;"), ("&", "#38;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("|", "#124;")):
        text = text.replace(letter, code)
    return text
