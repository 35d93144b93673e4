"""The variables of a flow as they are declared: type, value at the beginning, and the values a text may have."""

from typing import Any

from ivr.document import Finding, Node, Scalar, Severity, did_you_mean
from ivr.expressions import EMPTY, ExpressionError, VariableType, fit
from ivr.reader import Reader

_SECRET_WORDS = frozenset({"pin", "password", "passcode", "pwd", "secret", "token", "cvv", "cvc"})


class Variables:
    """Collects declarations; faults become findings.

    Attributes:
        types: types by name.
        initial: values of the open ones at the beginning.
        options: the values a text may have (`one_of:`), for those that say so; the empty text always may.
        places: where each is declared.

    """

    def __init__(self, findings: list[Finding]) -> None:
        self.types: dict[str, VariableType] = {}
        self.initial: dict[str, Any] = {}
        self.options: dict[str, frozenset[str]] = {}
        self.places: dict[str, Scalar] = {}
        self._findings = findings

    def read(self, name: Scalar, node: Node) -> None:
        """Read one declaration: a type, or `{type:, value:, one_of:}`."""
        kind, value = self._declaration(name, node)
        if kind in (VariableType.TEXT, VariableType.NUMBER) and _sounds_secret(name.text):
            cure = f"declare {name.text}: secret, and collect it with secure: true"
            self._findings.append(name.finding("plain-secret", f'"{name.text}" is kept openly', cure, Severity.WARNING))
        self.types[name.text], self.places[name.text] = kind, name
        if kind is not VariableType.SECRET:
            self.initial[name.text] = value

    def _declaration(self, name: Scalar, node: Node) -> tuple[VariableType, Any]:
        if isinstance(node, Scalar):
            kind = self._type(node)
            return kind, EMPTY.get(kind)
        child = Reader(node, self._findings, f'variable "{name.text}"')
        written, value = child.scalar("type", required=True), child.scalar("value")
        options = child.texts("one_of")
        child.finish()
        kind = self._type(written) if written else VariableType.DATA
        if options:
            self._read_options(child, name, kind, options)
        if value is None:
            return kind, EMPTY.get(kind)
        if kind is VariableType.SECRET:
            child.report(value, "plain-secret", f'"{name.text}" is a secret in plain text', "let the caller type it")
            return kind, None
        return kind, self._value(child, name, kind, value)

    def _value(self, child: Reader, name: Scalar, kind: VariableType, value: Scalar) -> Any:
        try:
            fitting = fit(value.text if kind is VariableType.TEXT else value.value(), kind, name.text)
        except ExpressionError as error:
            child.report(value, "bad-type", str(error), f"give a {kind}")
            return EMPTY.get(kind)
        options = self.options.get(name.text)
        if options is not None and fitting and fitting not in options:
            message = f'"{name.text}" cannot be "{fitting}"'
            child.report(value, "bad-value", message, did_you_mean(str(fitting), sorted(options)))
        return fitting

    def _read_options(self, child: Reader, name: Scalar, kind: VariableType, options: tuple[Scalar, ...]) -> None:
        if kind is VariableType.TEXT:
            self.options[name.text] = frozenset(option.text for option in options)
        else:
            message = f'"{name.text}" is a {kind}: one_of: is for texts'
            child.report(child.at("one_of"), "bad-type", message, "remove one_of:, or make it a text")

    def _type(self, scalar: Scalar) -> VariableType:
        try:
            return VariableType(scalar.text)
        except ValueError:
            cure = did_you_mean(scalar.text, [kind.value for kind in VariableType])
            self._findings.append(scalar.finding("unknown-type", f'no variable type "{scalar.text}"', cure))
            return VariableType.DATA


def _sounds_secret(name: str) -> bool:
    return name in ("card_number", "card_no") or bool(_SECRET_WORDS & set(name.split("_")))
