"""Which names can reach a step: the values a text can have, followed through `set:`, keys, and jumps between flows.

So `queue: "${queue}"` is checked as if every queue that can stand there were written out. A text that may be anything (digits, a reply)
has no such values, unless its declaration gives them: `{type: text, one_of: [billing, faults]}`.
"""

from collections.abc import Iterator, Mapping
from itertools import product

from ivr.document import Finding, Position, Severity, did_you_mean
from ivr.expressions import Expression, ExpressionError, VariableType
from ivr.flowset import Flow
from ivr.steps.reading import Argument, Context, Named
from ivr.texts import LANGUAGES

MOST_VALUES = 64
"""A text with more values than this counts as one that may be anything."""
ASKED = ("queue", "skill")
"""Kinds of names of which it is told when they may be anything; a customer's tier comes from his data."""
Values = dict[str, Position]
"""Values a text can have, each with a place that gives it."""


class Reach:
    """The values of all text variables of all flows.

    Args:
        flows: the flows.
        contexts: what their steps brought up, by flow.

    """

    def __init__(self, flows: Mapping[str, Flow], contexts: Mapping[str, Context]) -> None:
        self._flows = flows
        self._contexts = contexts
        self._values: dict[tuple[str, str], Values | None] = dict(self._declared())
        while self._spread():
            pass

    def findings(self, phrases: Mapping[str, object] | None) -> Iterator[Finding]:
        """Yield what is wrong with names that are worked out at run time.

        Args:
            phrases: the sentences of phrases.yaml, or None when they could not be read.

        """
        found: dict[Finding, None] = {}
        for context in self._contexts.values():
            for named in context.named:
                known = phrases if named.what == "phrase" else named.known
                found.update(dict.fromkeys(self._check(context, named, known)))
        found.update(dict.fromkeys(self._not_options()))
        yield from found

    def _declared(self) -> Iterator[tuple[tuple[str, str], Values | None]]:
        for flow in self._flows.values():
            places = self._contexts[flow.name].variables.places
            for name, kind in flow.variables.items():
                if kind is VariableType.TEXT:
                    values = sorted(flow.options.get(name, {flow.initial[name]}))
                    yield (flow.name, name), dict.fromkeys(values, places[name])

    def _spread(self) -> bool:
        """Hand values on once; return whether any variable has got more."""
        before = {key: len(values) if values is not None else -1 for key, values in self._values.items()}
        for flow, name, values in self._handed():
            if name in self._flows[flow].options:
                continue
            old = self._values.get((flow, name))
            if old is not None:
                joined = None if values is None else {**values, **old}
                self._values[flow, name] = None if joined is None or len(joined) > MOST_VALUES else joined
        return before != {key: len(values) if values is not None else -1 for key, values in self._values.items()}

    def _handed(self) -> Iterator[tuple[str, str, Values | None]]:
        """Yield flow, variable and values for everything that sets a text."""
        for name, context in self._contexts.items():
            for variable, argument, place in context.assigned:
                yield name, variable, self._of(name, argument, place)
            for hop in context.hops:
                if hop.flow in self._flows:
                    for variable, (argument, place) in hop.values.items():
                        yield hop.flow, variable, self._of(name, argument, place)
                    for mine, its in hop.back.items():
                        yield name, mine, self._values.get((hop.flow, its))

    def _of(self, flow: str, argument: Argument | None, place: Position) -> Values | None:
        """Return the values of an argument; None when it may be anything."""
        if argument is None or argument.secret is not None:
            return None
        if argument.expression is None:
            return {argument.fixed: place} if isinstance(argument.fixed, str) else None
        whole = self._values.get((flow, argument.expression.source.strip()))
        return whole if whole is not None else self._worked_out(flow, argument.expression, place)

    def _worked_out(self, flow: str, expression: Expression, place: Position) -> Values | None:
        """Return what an expression gives for all values of its variables; a text that was never set gives nothing."""
        names = sorted(expression.names)
        choices = [self._choices(flow, name) for name in names]
        count = 1
        for choice in choices:
            count *= MOST_VALUES + 1 if choice is None else len(choice)
        if count > MOST_VALUES:
            return None
        results: Values = {}
        for values in product(*(choice or () for choice in choices)):
            try:
                result = expression.evaluate(dict(zip(names, values, strict=True)))
            except ExpressionError:
                continue
            if not isinstance(result, str):
                return None
            results[result] = place
        return results

    def _choices(self, flow: str, name: str) -> tuple[str, ...] | None:
        if name == "call.language":
            return LANGUAGES
        values = self._values.get((flow, name))
        return None if values is None else tuple(filter(None, values))

    def _check(self, context: Context, named: Named, known: object) -> Iterator[Finding]:
        values = self._of(context.flow, named.argument, named.place)
        if values is None:
            if named.what in ASKED and known is not None:
                message = f"any name can come here: nobody can check that it is a {named.what}"
                cure = "declare the variable as {type: text, one_of: [name, name]}"
                yield named.place.finding("open-name", message, cure, Severity.WARNING)
            return
        for value, place in values.items():
            if value and isinstance(known, (frozenset, Mapping)) and value not in known:
                message = f'no {named.what} "{value}", and it comes to {_shown(named.place)}'
                cure = did_you_mean(value, sorted(known))
                yield place.finding(f"unknown-{named.what}", message, cure)
            elif value and named.staffed is not None and value not in named.staffed:
                message = f'no agent has the skill "{value}", and it comes to {_shown(named.place)}'
                cure = "give an agent this skill: until then nobody answers"
                yield place.finding("skill-nobody", message, cure, Severity.WARNING)

    def _not_options(self) -> Iterator[Finding]:
        """Yield values given to a text that its `one_of:` does not list; one that may be anything is watched at run time."""
        for flow, name, values in self._handed():
            options = self._flows[flow].options.get(name)
            for value, place in (values or {}).items() if options is not None else ():
                if value and options is not None and value not in options:
                    message = f'"{name}" of flow "{flow}" cannot be "{value}"'
                    yield place.finding("bad-value", message, did_you_mean(value, sorted(options)))


def _shown(place: Position) -> str:
    return f"{place.path}:{place.line}"
