"""Flows after they were read and checked: what the interpreter walks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr.document import Finding
from ivr.expressions import ExpressionError, VariableType, fit
from ivr.hours import Plan
from ivr.speech import Prompt
from ivr.steps.base import StepType


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow.

    Attributes:
        name: its name, that of its file.
        path: its file.
        start: the step it begins with.
        safe_exit: the step for whatever goes wrong without a way of its own.
        variables: types by name.
        initial: values of its open variables at the beginning.
        steps: its steps by name, those of included fragments among them: their `place` is in the fragment's file.
        options: for texts declared with `one_of:`, the values they may have.

    """

    name: str
    path: str
    start: str
    safe_exit: str
    variables: Mapping[str, VariableType]
    initial: Mapping[str, Any]
    steps: Mapping[str, StepType]
    options: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def fitting(self, name: str, value: Any) -> Any:
        """Return the value as the variable `name` wants it.

        Raises:
            ExpressionError: it is of another type, or not among the variable's `one_of:`.

        """
        fitted = fit(value, self.variables[name], name)
        if fitted and name in self.options and fitted not in self.options[name]:
            raise ExpressionError(f"{name} cannot be what came: its one_of: does not list it")
        return fitted


@dataclass(frozen=True, slots=True)
class FlowSet:
    """All flows of a hotline.

    Attributes:
        flows: by name.
        plans: opening hours by name.
        phrases: texts by phrase id and language.
        spoken: every prompt of flows and phrases.
        version: hash of the files; a session remembers it.
        languages: languages every text has.
        warnings: findings that do not stop the start.
        fragments: names of the fragments; their steps are in the flows that include them.
        words: the text of each prompt, by language and prompt id.

    """

    flows: Mapping[str, Flow]
    plans: Mapping[str, Plan]
    phrases: Mapping[str, Mapping[str, str]]
    spoken: tuple[Prompt, ...]
    version: str
    languages: tuple[str, ...]
    warnings: tuple[Finding, ...] = ()
    fragments: frozenset[str] = frozenset()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def prompts(self) -> tuple[Prompt, ...]:
        """Return every prompt the flows and phrases need, beside those of `ivr.speech.catalogue()`."""
        return self.spoken
