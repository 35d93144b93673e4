"""From a checked flow to nodes and edges."""

from collections.abc import Iterator, Mapping

from ivr.flowset import Flow, FlowSet
from ivr.graph.model import Edge, Graph, Node
from ivr.moves import RETURN
from ivr.scripts.coverage import FAILING
from ivr.steps.base import StepType
from ivr.steps.choosing import Branch, Call, GoTo
from ivr.steps.http import HttpStep
from ivr.steps.reading import Exit
from ivr.steps.sms import SmsStep
from ivr.texts import Fixed, Text

TROUBLES: Mapping[str, str] = {"on_timeout": "no key", "on_invalid": "wrong key", "on_error": "error"}
LINE_WIDTH = 26
"""Longest line in a node, in widths of a Latin letter; a Chinese character counts for two."""


def graph_of(flows: FlowSet, name: str) -> Graph:
    """Return the graph of one flow.

    Args:
        flows: all flows (texts may be phrases).
        name: the flow.

    Raises:
        KeyError: there is no such flow.

    """
    flow = flows.flows[name]
    words = {(prompt.language, prompt.id): prompt.text for prompt in flows.prompts()}
    steps = [flow.steps[flow.start], *(step for step in flow.steps.values() if step.name != flow.start)]
    nodes = [_node(step, flows, words) for step in steps]
    edges = [edge for step in steps for edge in _edges(step)]
    return Graph(name, (*nodes, *_ways_out(flow, edges)), tuple(edges))


def fitted(text: str, width: int = LINE_WIDTH) -> str:
    """Return the text, cut with … when it is wider than so many Latin letters."""
    used = 0
    for index, letter in enumerate(text):
        used += 2 if ord(letter) > 0x2E7F else 1
        if used > width:
            return text[: index - 1].rstrip(" ,，。.") + "…"
    return text


def _node(step: StepType, flows: FlowSet, words: Mapping[tuple[str, str], str]) -> Node:
    said = getattr(step, "say", None)
    lines = [_first_words(said, language, words) for language in flows.languages] if isinstance(said, Text) else []
    if isinstance(step, SmsStep):
        lines = [step.text.shown(language) for language in flows.languages]
    origin = f"from {step.fragment}" if step.fragment else ""
    return Node(step.name, step.kind, step.name, tuple(fitted(line) for line in (_about(step), origin, *lines) if line))


def _about(step: StepType) -> str:
    operation = getattr(step, "operation", "")
    if operation:
        return f"{step.kind} {operation}"
    if isinstance(step, Call | GoTo) and step.to_flow:
        return f"{step.kind} flow {step.to_flow}"
    if isinstance(step, HttpStep):
        return f"{step.kind} {step.method} {step.path.shown}"
    plan = getattr(step, "plan", "")
    return f"{step.kind} {plan}" if plan else step.kind


def _first_words(text: Text, language: str, words: Mapping[tuple[str, str], str]) -> str:
    pieces = [
        words.get((language, part.prompt), "") if isinstance(part, Fixed) else "…" for part in text.segments[language]
    ]
    return ("" if language == "zh" else " ").join(pieces)


def _edges(step: StepType) -> Iterator[Edge]:
    labels: dict[str, list[Exit]] = {}
    for way in step.exits:
        if way.name != "on_error" or not way.inherited_error or step.kind in FAILING:
            labels.setdefault(way.target, []).append(way)
    for target, ways in labels.items():
        names = dict.fromkeys(_label(step, way) for way in ways)
        trouble = all(way.name in TROUBLES for way in ways)
        yield Edge(step.name, target, fitted(", ".join(names), 2 * LINE_WIDTH), trouble)
    if isinstance(step, GoTo) and step.to_flow:
        yield Edge(step.name, f"flow {step.to_flow}", "for good")


def _label(step: StepType, way: Exit) -> str:
    word, _, number = way.name.partition(" ")
    if word in ("choice", "key"):
        return number
    if word == "case" and isinstance(step, Branch):
        expression = step.cases[int(number) - 1].when
        return fitted(expression.source if expression else way.name, LINE_WIDTH + 4)
    return TROUBLES.get(way.name, way.name)


def _ways_out(flow: Flow, edges: list[Edge]) -> Iterator[Node]:
    for target in dict.fromkeys(edge.target for edge in edges):
        if target not in flow.steps:
            yield Node(target, "out", target if target != RETURN else "return", ())
