"""`survey`: the caller gives a mark by one key; who gives none goes on all the same."""

import re
from dataclasses import dataclass
from typing import Self

from ivr.expressions import VariableType
from ivr.fields import NEXT, STEP, VARIABLE, Field, Form, Shape
from ivr.moves import Go, Move, Way
from ivr.run import Run
from ivr.steps.asking import ASKING, AskingStep, Verdict, asking
from ivr.steps.reading import StepReader


@dataclass(frozen=True, kw_only=True)
class Survey(AskingStep):
    """Asks for a mark from `low` to `high` into a number. `skipped` is where a caller without a mark goes (default: `next`)."""

    kind = "survey"
    forms = (
        Form(
            (
                Field("into", VARIABLE, "number variable for the mark", required=True),
                NEXT,
                Field("skipped", STEP, "where a caller without a mark goes", default="`next`"),
                Field(
                    "scores",
                    Shape("two digits, `1-5`", {"type": "string", "pattern": "^[0-9]-[0-9]$"}),
                    "the scale",
                    default="`1-5`",
                ),
                *ASKING,
            )
        ),
    )
    low: int
    high: int
    into: str
    next: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read `scores: 1-5`, the variable, and the ways on."""
        low, high = _scores(reader)
        following = reader.target("next")
        skipped = reader.target("skipped", required=False) or following
        return cls(
            low=low,
            high=high,
            into=reader.variable("into", VariableType.NUMBER),
            next=following,
            **asking(reader, silent_way=Way(skipped)),
            **reader.common(),
        )

    def judge(self, digits: str, *, final: bool) -> Verdict:
        """Accept one digit within the scale."""
        del final
        return Verdict.ACCEPT if digits.isdigit() and self.low <= int(digits) <= self.high else Verdict.REJECT

    def accept(self, run: Run, digits: str) -> Move:
        """Keep the mark and go on."""
        run.assign(self.into, int(digits))
        return Go(self.next, "scored", {"score": int(digits)})


def _scores(reader: StepReader) -> tuple[int, int]:
    text = reader.text("scores", "1-5")
    found = re.fullmatch(r"([0-9])-([0-9])", text)
    if not found or found[1] >= found[2]:
        reader.report(reader.at("scores"), "bad-value", f'scores "{text}" is no scale', "write two digits, e.g. 1-5")
        return 1, 5
    return int(found[1]), int(found[2])
