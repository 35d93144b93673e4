"""What changed between two versions of the flows: in sentences, and as a picture."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from ivr.document import Position
from ivr.expressions import Expression
from ivr.flowset import Flow, FlowSet
from ivr.graph.building import graph_of
from ivr.graph.model import Edge, Graph, Mark, Node
from ivr.moves import Way
from ivr.steps.base import StepType
from ivr.texts import Text

_WORDS = {"on_timeout": "no key", "on_invalid": "a wrong key", "on_error": "an error"}
_TOLD_ELSEWHERE = ("place", "exits", "flow", "name", "choices", "cases", "outcomes", "statuses")


def changes(before: FlowSet, after: FlowSet) -> tuple[str, ...]:
    """Return what changed, one sentence each; nothing when callers notice no difference."""
    return tuple(_changes(before, after))


def compared(before: FlowSet, after: FlowSet, name: str) -> Graph:
    """Return the graph of a flow with what was added, removed or changed marked. Raises KeyError when neither has it."""
    if name not in before.flows and name not in after.flows:
        raise KeyError(name)
    old = graph_of(before, name) if name in before.flows else Graph(name, (), ())
    new = graph_of(after, name) if name in after.flows else Graph(name, (), ())
    steps = _changed_steps(before, after, name)
    olds, news = {node.id: node for node in old.nodes}, {node.id: node for node in new.nodes}
    nodes = [replace(node, mark=_node_mark(node, olds, steps)) for node in new.nodes]
    nodes.extend(replace(node, mark=Mark.REMOVED) for node in old.nodes if node.id not in news)
    before_edges = {(edge.source, edge.target): edge for edge in old.edges}
    after_edges = {(edge.source, edge.target) for edge in new.edges}
    edges = [replace(edge, mark=_edge_mark(edge, before_edges)) for edge in new.edges]
    edges.extend(replace(edge, mark=Mark.REMOVED) for key, edge in before_edges.items() if key not in after_edges)
    return Graph(name, tuple(nodes), tuple(edges))


def _changes(before: FlowSet, after: FlowSet) -> Iterator[str]:
    yield from (f"flow {name} was removed" for name in before.flows if name not in after.flows)
    for name, flow in after.flows.items():
        if name in before.flows:
            yield from _flow(before.flows[name], flow)
        else:
            yield f"flow {name} was added, with {len(flow.steps)} steps"
    yield from _texts(before, after)
    yield from (f"opening hours {name} changed" for name, plan in after.plans.items() if before.plans.get(name) != plan)
    yield from (f"opening hours {name} were removed" for name in before.plans if name not in after.plans)


def _flow(before: Flow, after: Flow) -> Iterator[str]:
    for what in ("start", "safe_exit"):
        if getattr(before, what) != getattr(after, what):
            yield f"{what} of {after.name} is now {getattr(after, what)} (was {getattr(before, what)})"
    yield from (f"step {before.name}/{name} was removed" for name in before.steps if name not in after.steps)
    for name, step in after.steps.items():
        if name in before.steps:
            yield from _step(before.steps[name], step)
        else:
            yield f"step {after.name}/{name} was added ({step.kind})"


def _step(before: StepType, after: StepType) -> Iterator[str]:
    where = f"{after.flow}/{after.name}"
    if before.kind != after.kind:
        yield f"{where} is now a {after.kind} (was a {before.kind})"
        return
    old, new = _ways(before), _ways(after)
    yield from (
        f"{_way(name)} of {where} was removed (led to {target})" for name, target in old.items() if name not in new
    )
    for name, target in new.items():
        if name not in old:
            yield f"{_way(name)} of {where} was added and leads to {target}"
        elif old[name] != target:
            yield f"{_way(name)} of {where} now leads to {target} (led to {old[name]})"
    mine, its = _settings(before), _settings(after)
    for key in its:
        if key not in _ways(after) and mine.get(key) != its[key]:
            yield f"{key} of {where} changed"


def _ways(step: StepType) -> dict[str, str]:
    return {way.name: way.target for way in step.exits}


def _way(name: str) -> str:
    word, _, number = name.partition(" ")
    return f"key {number}" if word in ("choice", "key") else _WORDS.get(name, name)


def _settings(step: StepType) -> dict[str, Any]:
    """Return what is written in a step beside texts and targets, so that two versions can be compared."""
    told = {
        field.name: _plain(getattr(step, field.name)) for field in fields(step) if field.name not in _TOLD_ELSEWHERE
    }
    choices = {key: _plain(choice.values) for key, choice in getattr(step, "choices", {}).items() if choice.values}
    cases = [_plain(case.when) for case in getattr(step, "cases", ())]
    return {**told, "what the keys set": choices, "conditions": cases}


def _plain(value: Any) -> Any:
    if isinstance(value, Expression):
        return value.source
    if isinstance(value, Text | Position | Way):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _texts(before: FlowSet, after: FlowSet) -> Iterator[str]:
    old, new = _by_place(before), _by_place(after)
    for place, words in new.items():
        languages = [language for language in words if place in old and old[place].get(language) != words[language]]
        if languages:
            yield f"the text of {place} changed ({', '.join(languages)})"
    yield from (f"phrase {place[8:]} was added" for place in new if place.startswith("phrases/") and place not in old)
    yield from (f"phrase {place[8:]} was removed" for place in old if place.startswith("phrases/") and place not in new)


def _by_place(flows: FlowSet) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = {}
    for prompt in flows.prompts():
        place = prompt.id if prompt.id.startswith("phrases/") else prompt.id.rpartition("-")[0]
        found.setdefault(place, {}).setdefault(prompt.language, []).append(prompt.text)
    return found


def _changed_steps(before: FlowSet, after: FlowSet, name: str) -> set[str]:
    if name not in before.flows or name not in after.flows:
        return set()
    old, new = before.flows[name].steps, after.flows[name].steps
    changed = {step for step in new if step in old and any(_step(old[step], new[step]))}
    mine, its = _by_place(before), _by_place(after)
    return changed | {step for step in new if mine.get(f"{name}/{step}") != its.get(f"{name}/{step}")}


def _node_mark(node: Node, olds: Mapping[str, Node], changed: set[str]) -> Mark:
    if node.id not in olds:
        return Mark.ADDED
    return Mark.CHANGED if node.id in changed else Mark.SAME


def _edge_mark(edge: Edge, olds: Mapping[tuple[str, str], Edge]) -> Mark:
    old = olds.get((edge.source, edge.target))
    return Mark.ADDED if old is None else Mark.SAME if old.label == edge.label else Mark.CHANGED
