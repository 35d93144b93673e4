"""`collect`: the caller types digits, such as an account number or, with `secure: true`, a PIN."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ivr.expressions import VariableType
from ivr.fields import FLAG, NEXT, STEP, VARIABLE, Field, Form, Shape, choice, integer, table
from ivr.moves import Go, Move
from ivr.run import Run
from ivr.steps.asking import ASKING, AskingStep, Verdict, asking
from ivr.steps.reading import StepReader

MOST_DIGITS = 32
SWALLOW_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True)
class Collect(AskingStep):
    """Asks for `min_digits` to `max_digits` digits, ended by `finish_key` or by the last possible digit, into a variable."""

    kind = "collect"
    forms = (
        Form(
            (
                Field("into", VARIABLE, "text variable for the digits; a secret one with `secure`", required=True),
                NEXT,
                Field("min_digits", integer(1, MOST_DIGITS), "fewest digits", default="1"),
                Field(
                    "max_digits", integer(1, MOST_DIGITS), "most digits; the last possible one ends it", default="32"
                ),
                Field("finish_key", choice("#", "*", "none"), "the key that ends it", default='`"#"`'),
                Field("secure", FLAG, "the digits are shown nowhere", default="`false`"),
                Field(
                    "keys",
                    Shape("table of `*` or `#` to steps", table(STEP.schema, "^[*#]$")),
                    "keys that lead elsewhere",
                ),
                *ASKING,
            )
        ),
    )
    min_digits: int
    max_digits: int
    finish_key: str
    into: str
    next: str
    secret: bool
    keys: Mapping[str, str]

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the bounds, the finish key, the variable, and `keys:` (`*` or `#` that lead elsewhere)."""
        low, high = (
            reader.integer("min_digits", 1, 1, MOST_DIGITS),
            reader.integer("max_digits", MOST_DIGITS, 1, MOST_DIGITS),
        )
        if low > high:
            reader.report(reader.at("min_digits"), "bad-value", "min_digits is above max_digits", "swap them")
        secret = reader.flag("secure", default=False)
        return cls(
            min_digits=low,
            max_digits=high,
            finish_key=_finish_key(reader),
            secret=secret,
            into=reader.variable("into", VariableType.SECRET if secret else VariableType.TEXT),
            keys=_keys(reader),
            next=reader.target("next"),
            **asking(reader),
            **reader.common(),
        )

    @property
    def secure(self) -> bool:
        """Whether the digits are secret."""
        return self.secret

    def judge(self, digits: str, *, final: bool) -> Verdict:
        """Accept digits within the bounds that are finished, and a single key that leads elsewhere."""
        if digits in self.keys:
            return Verdict.ACCEPT
        finished = bool(self.finish_key) and digits.endswith(self.finish_key)
        body = digits.removesuffix(self.finish_key) if finished else digits
        if body.strip("0123456789"):
            return Verdict.REJECT
        if not (finished or final or len(body) >= self.max_digits):
            return Verdict.MORE
        return Verdict.ACCEPT if self.min_digits <= len(body) <= self.max_digits else Verdict.REJECT

    def accept(self, run: Run, digits: str) -> Move:
        """Keep the digits and go on; a finish key that comes after the last possible digit is not taken for an answer."""
        if digits in self.keys:
            return Go(self.keys[digits], "key", {"key": digits})
        body = digits.removesuffix(self.finish_key) if self.finish_key else digits
        if body == digits and self.finish_key:
            run.swallow(self.finish_key, SWALLOW_SECONDS)
        if self.secret:
            run.keep_secret(self.into, body)
        else:
            run.assign(self.into, body)
        return Go(self.next, "collected", {"digits": "***"})


def _finish_key(reader: StepReader) -> str:
    scalar = reader.scalar("finish_key")
    if scalar is None or scalar.text in ("#", "*", "none"):
        return "#" if scalar is None else scalar.text.replace("none", "")
    reader.report(scalar, "bad-key", f'finish_key cannot be "{scalar.text}"', 'write "#", "*" or none')
    return "#"


def _keys(reader: StepReader) -> dict[str, str]:
    child = reader.child("keys")
    keys: dict[str, str] = {}
    for key, _ in child.entries() if child else ():
        target = child.scalar(key.text, required=True) if child else None
        if not re.fullmatch("[*#]", key.text) or key.text == reader.text("finish_key", "#"):
            reader.report(
                key, "bad-key", f'"{key.text}" cannot lead elsewhere here', 'use "*" or "#", whichever is no finish_key'
            )
        if target is not None:
            keys[key.text] = reader.add_exit(f"key {key.text}", target)
    return keys
