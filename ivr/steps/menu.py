"""`menu`: the caller chooses by key. `confirm`: a menu of yes and no."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from ivr.document import Node, Scalar
from ivr.expressions import VariableType
from ivr.fields import STEP, VALUES, Field, Form, Shape, phone_key, record, ref, table
from ivr.moves import Go, Move
from ivr.reader import Reader
from ivr.run import Run
from ivr.steps.asking import ASKING, AskingStep, Verdict, asking
from ivr.steps.reading import Argument, StepReader

KEYS = re.compile(r"[0-9*#]{1,6}\Z")


_KEYED = (
    Field("next", STEP, "where the key leads", required=True),
    Field("set", VALUES, "variables the key sets on the way"),
)
_CHOICES = Shape(
    "table of keys, each with a step or `{next:, set:}`",
    table({"anyOf": [ref("target"), record(_KEYED)]}, "^[0-9*#]{1,6}$", minProperties=1),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a key leads, and the variables it sets on the way."""

    next: str
    values: Mapping[str, Argument] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Menu(AskingStep):
    """Asks, and goes where the key leads."""

    kind = "menu"
    forms = (Form((Field("choices", _CHOICES, "where each key leads", required=True), *ASKING)),)
    choices: Mapping[str, Choice]

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read `say`, `choices` and what all asking steps have."""
        choices = read_choices(reader)
        shared = asking(reader)
        return cls(choices=choices, **shared, **reader.common())

    def judge(self, digits: str, *, final: bool) -> Verdict:
        """Accept a key once no longer one can be meant."""
        longer = any(key.startswith(digits) and key != digits for key in self.choices)
        if longer and not final:
            return Verdict.MORE
        return Verdict.ACCEPT if digits in self.choices else Verdict.REJECT

    def accept(self, run: Run, digits: str) -> Move:
        """Set what the key sets and go where it leads."""
        choice = self.choices[digits]
        for name, argument in choice.values.items():
            run.assign(name, argument.value(run))
        return Go(choice.next, "choice", {"key": digits})


@dataclass(frozen=True, kw_only=True)
class Confirm(Menu):
    """Asks for yes or no: `yes:` and `no:` name the steps, `yes_key:` and `no_key:` the keys (1 and 2)."""

    kind = "confirm"
    forms = (
        Form(
            (
                Field("yes", STEP, "where yes leads", required=True),
                Field("no", STEP, "where no leads", required=True),
                Field("yes_key", phone_key("a key", "^[0-9*#]$"), "the key for yes", default='`"1"`'),
                Field("no_key", phone_key("a key", "^[0-9*#]$"), "the key for no", default='`"2"`'),
                *ASKING,
            )
        ),
    )

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read `say`, `yes`, `no` and their keys."""
        keys = {word: reader.text(f"{word}_key", default) for word, default in (("yes", "1"), ("no", "2"))}
        if keys["yes"] == keys["no"] or not all(re.fullmatch("[0-9*#]", key) for key in keys.values()):
            reader.report(
                reader.at("yes_key"),
                "bad-key",
                "yes_key and no_key must be two different keys",
                'write "1" and "2", say',
            )
        choices = {keys[word]: Choice(reader.target(word)) for word in ("yes", "no")}
        return cls(choices=choices, **asking(reader), **reader.common())


def read_choices(reader: StepReader) -> dict[str, Choice]:
    """Read `choices:`: keys with the step each leads to, or `{next:, set:}`."""
    child = reader.child("choices", required=True)
    if child is None:
        return {}
    entries = child.entries()
    if not entries:
        reader.report(child.place, "no-choices", f"{reader.what} offers no key", 'add "1": <step>')
    choices = {key.text: _choice(reader, key, node) for key, node in entries}
    check_keys(reader, [key for key, _ in entries])
    return choices


def check_keys(reader: StepReader, keys: list[Scalar]) -> None:
    """Report keys no telephone has, and keys that begin a longer one without time to wait for it."""
    for key in keys:
        if not KEYS.match(key.text):
            reader.report(key, "bad-key", f'"{key.text}" is no key', 'keys are 0-9, "*" and "#", each in quotes')
        longer = [other.text for other in keys if other.text.startswith(key.text) and other.text != key.text]
        if longer and not reader.has("inter_digit_seconds"):
            cure = "add inter_digit_seconds: to wait for the longer one, or use another key"
            reader.report(key, "prefix-key", f'"{key.text}" begins "{longer[0]}" too', cure)


def _choice(reader: StepReader, key: Scalar, node: Node) -> Choice:
    name = f"choice {key.text}"
    if isinstance(node, Scalar):
        if node.empty:
            reader.report(key, "missing-target", f'key "{key.text}" leads nowhere', f'write "{key.text}": <step>')
            return Choice("")
        return Choice(reader.add_exit(name, node))
    child = Reader(node, reader.findings, f"{reader.what}.choices.{key.text}")
    target = child.scalar("next", required=True)
    values = child.child("set")
    child.finish()
    return Choice(reader.add_exit(name, target) if target else "", read_values(reader, values) if values else {})


def read_values(reader: StepReader, child: Reader) -> dict[str, Argument]:
    """Read a table of variables with their new values, and check the types."""
    values: dict[str, Argument] = {}
    open_types = [kind for kind in VariableType if kind is not VariableType.SECRET]
    for name, node in child.entries():
        kind = reader.check_variable(name, open_types)
        argument = reader.argument(node, name.text)
        values[name.text] = argument
        reader.context.assigned.append((name.text, argument, node))
        if kind in open_types and kind is not None and not assignable(argument.type, kind):
            reader.report(
                node, "bad-type", f'"{name.text}" is a {kind}, and this is a {argument.type}', f"give a {kind}"
            )
    return values


def assignable(given: VariableType, wanted: VariableType) -> bool:
    """Return whether a value of one type can go into a variable of the other."""
    if VariableType.SECRET in (given, wanted):
        return False
    widening = (given, wanted) == (VariableType.NUMBER, VariableType.DECIMAL)
    return given == wanted or widening or VariableType.DATA in (given, wanted)
