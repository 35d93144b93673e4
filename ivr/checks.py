"""What can only be seen on a whole flow, or on several: unknown targets, unreachable steps, dead ends, endless loops."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from ivr.document import Finding, Position, Scalar, Severity, did_you_mean
from ivr.expressions import VariableType
from ivr.flowset import Flow
from ivr.moves import RETURN
from ivr.steps.asking import AskingStep
from ivr.steps.base import StepType
from ivr.steps.choosing import GoTo
from ivr.steps.menu import assignable
from ivr.steps.reading import Context, Hop

Graph = Mapping[str, frozenset[str]]


def check_targets(
    steps: Mapping[str, StepType], roots: Sequence[Scalar], names: Collection[str], findings: list[Finding]
) -> None:
    """Check that every way leads to a step.

    Args:
        steps: the steps of a flow that could be read.
        roots: the names written under `start` and `safe_exit`.
        names: all steps that are written, readable or not.
        findings: gets what is found.

    """
    findings.extend(_unknown_first(root, names) for root in roots if root.text not in names)
    ways = [way for step in steps.values() for way in step.exits if way.target not in ("", RETURN, *names)]
    findings.extend(dict.fromkeys(_unknown_step(way.target, way.place, names) for way in ways))


def check_graph(steps: Mapping[str, StepType], roots: Sequence[Scalar], findings: list[Finding]) -> None:
    """Check the shape of a flow without other faults: every step can be reached, leads to an end, and is in no silent loop."""
    before = len(findings)
    graph = {name: frozenset(way.target for way in step.exits if way.target in steps) for name, step in steps.items()}
    reached = _closure([root.text for root in roots], graph)
    cure = "lead to it from another step, or remove it"
    findings.extend(
        step.place.finding("unreachable-step", f'no way leads to step "{name}"', cure)
        for name, step in steps.items()
        if name not in reached
    )
    _check_ends(steps, graph, findings)
    _check_loops(steps, findings)
    if len(findings) == before:
        _check_silence(steps, findings)


def check_set(
    flows: Mapping[str, Flow],
    contexts: Mapping[str, Context],
    entry: str,
    broken: Iterable[str],
    findings: list[Finding],
) -> None:
    """Check what spans flows: the entry, jumps into other flows, fields of backend replies, flows nobody uses."""
    broken = set(broken)
    if entry not in flows and entry not in broken:
        path = min((flow.path for flow in flows.values()), default="flows")
        message = f'no flow "{entry}", in which calls begin'
        findings.append(
            Finding(path, 1, 1, "no-entry", message, did_you_mean(entry, list(flows)) or f"write {entry}.yaml")
        )
    for context in contexts.values():
        for hop in context.hops:
            _check_hop(hop, flows, broken, findings)
        _check_replies(context, findings)
    graph = {
        name: frozenset(hop.flow for hop in context.hops if hop.flow in flows) for name, context in contexts.items()
    }
    reached = _closure([entry] if entry in flows else [], graph)
    if entry in flows and not broken:
        findings.extend(
            Finding(
                flow.path, 1, 1, "unused-flow", f'no flow leads to "{name}"', "call it or remove it", Severity.WARNING
            )
            for name, flow in flows.items()
            if name not in reached
        )


def _unknown_first(root: Scalar, names: Collection[str]) -> Finding:
    """`start` and `safe_exit` are steps: a flow cannot begin, or be saved, by going back."""
    return root.finding("unknown-step", f'no step "{root.text}"', did_you_mean(root.text, list(names)) or "name a step of this flow")


def _unknown_step(target: str, place: Position, names: Collection[str]) -> Finding:
    cure = did_you_mean(target, [*names, RETURN]) or "name a step of this flow, or return"
    return place.finding("unknown-step", f'no step "{target}"', cure)


def _closure(starts: Iterable[str], graph: Graph) -> set[str]:
    reached: set[str] = set()
    ahead = list(starts)
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached.add(name)
            ahead.extend(graph[name])
    return reached


def _ends_call(step: StepType) -> bool:
    leaves = step.kind == "hangup" or (isinstance(step, GoTo) and not step.step)
    return leaves or any(way.target == RETURN for way in step.exits)


def _check_ends(steps: Mapping[str, StepType], graph: Graph, findings: list[Finding]) -> None:
    """Find steps from which no way leads to an end of the flow."""
    backwards = {name: frozenset(other for other in graph if name in graph[other]) for name in graph}
    ending = _closure([name for name, step in steps.items() if _ends_call(step)], backwards)
    for name, step in steps.items():
        if name not in ending and all(way.target in steps for way in step.exits):
            cure = "lead on to a hangup, a goto to another flow, or return"
            findings.append(step.place.finding("dead-end", f'from step "{name}" no way leads to an end', cure))


def _check_loops(steps: Mapping[str, StepType], findings: list[Finding]) -> None:
    """Find loops of steps that never wait: a caller would hear nothing until the budget ends it.

    A way for errors that a step has only from the defaults is no part of a loop: most such steps cannot fail.
    """
    names = {name for name, step in steps.items() if not step.waits}
    instant = {
        name: frozenset(way.target for way in steps[name].exits if way.target in names and not way.inherited_error)
        for name in names
    }
    seen: set[str] = set()
    for name in (name for name in steps if name in names):
        if name not in seen and name in _closure(instant[name], instant):
            seen |= _closure([name], instant)
            cure = "put a step that speaks or asks into the loop"
            findings.append(
                steps[name].place.finding("endless-loop", f'step "{name}" leads to itself without any wait', cure)
            )


def _check_silence(steps: Mapping[str, StepType], findings: list[Finding]) -> None:
    """Find steps a caller who presses nothing never leaves: his call would go round until its budget ends it.

    A branch may count the rounds, and a backend may fail, so that a loop with any other way out is none.
    """
    ways = {name: _silent_ways(step) for name, step in steps.items()}
    leaving = {name for name, step in steps.items() if _lets_go(step) or RETURN in ways[name]}
    backwards = {name: frozenset(other for other in steps if name in ways[other]) for name in steps}
    kept = [name for name in steps if name not in _closure(leaving, backwards)]
    inside = {name: frozenset(ways[name] & set(kept)) for name in kept}
    seen: set[str] = set()
    for name in kept:
        if name not in seen and name in _closure(inside[name], inside):
            seen |= _closure([name], inside)
            message = f'a caller who presses nothing comes back to step "{name}" again and again'
            cure = "let no key lead to an agent or a goodbye in the end"
            findings.append(steps[name].place.finding("silent-loop", message, cure, Severity.WARNING))


def _silent_ways(step: StepType) -> frozenset[str]:
    """Return where a step leads a caller who presses nothing."""
    quiet = {"on_timeout", "skipped"} if isinstance(step, AskingStep) else set()
    ways = [way for way in step.exits if way.name in quiet] or [way for way in step.exits if not way.inherited_error]
    return frozenset(way.target for way in ways)


def _lets_go(step: StepType) -> bool:
    """Return whether the caller leaves the flow here: for good, for an agent, or for somebody outside."""
    return step.kind in ("hangup", "queue", "dial") or (isinstance(step, GoTo) and not step.step)


def _check_hop(hop: Hop, flows: Mapping[str, Flow], broken: set[str], findings: list[Finding]) -> None:
    if hop.flow not in flows:
        if hop.flow not in broken:
            findings.append(
                hop.place.finding("unknown-flow", f'no flow "{hop.flow}"', did_you_mean(hop.flow, list(flows)))
            )
        return
    variables = flows[hop.flow].variables
    for name, (place, kind) in hop.given.items():
        _check_variable(hop.flow, variables, name, place, kind, findings, into=True)
    for name, (place, kind) in hop.taken.items():
        _check_variable(hop.flow, variables, name, place, kind, findings, into=False)


def _check_variable(
    flow: str,
    variables: Mapping[str, VariableType],
    name: str,
    place: Position,
    kind: VariableType,
    findings: list[Finding],
    *,
    into: bool,
) -> None:
    if name not in variables:
        cure = did_you_mean(name, list(variables)) or f"declare it under vars: of {flow}"
        findings.append(place.finding("unknown-variable", f'flow "{flow}" has no variable "{name}"', cure))
        return
    given, wanted = (kind, variables[name]) if into else (variables[name], kind)
    if not assignable(given, wanted):
        findings.append(
            place.finding(
                "bad-type", f'"{name}" of flow "{flow}" is a {variables[name]}, this is a {kind}', "use the same type"
            )
        )


def _check_replies(context: Context, findings: list[Finding]) -> None:
    """Check `reply.field` against the fields the operations that fill `reply` can give."""
    found: dict[Finding, None] = {}
    for name, rest, place in context.paths:
        known = context.replies.get(name)
        if not known or any(fields is None for fields in known):
            continue
        fields = frozenset().union(*(fields for fields in known if fields is not None))
        if rest not in fields:
            cure = did_you_mean(rest, sorted(fields))
            found[place.finding("unknown-field", f'the reply in "{name}" has no field "{rest}"', cure)] = None
    findings.extend(found)
