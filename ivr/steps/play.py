"""`play`: several texts and phrases in a row, as one announcement."""

from dataclasses import dataclass
from typing import Self

from ivr.fields import FLAG, NEXT, SAY, Field, Form, Shape
from ivr.steps.reading import StepReader
from ivr.steps.say import Say
from ivr.texts import LANGUAGES, Text

_PARTS = Shape(
    "list of texts, each as under `say`",
    {"anyOf": [SAY.schema, {"type": "array", "items": SAY.schema, "minItems": 1}]},
)


@dataclass(frozen=True, kw_only=True)
class Play(Say):
    """Speaks the parts of `play:` one after the other; a key stops them all, as with `say`."""

    kind = "play"
    forms = (
        Form(
            (
                Field("play", _PARTS, "what the caller hears, part by part", required=True),
                NEXT,
                Field("barge_in", FLAG, "a key stops it", default="`true`"),
                Field("clear", FLAG, "keys pressed before are dropped, so that it is heard", default="`false`"),
            )
        ),
    )

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the parts and `next:`; the prompts of part n are called `<flow>/<step>-part<n>-…`."""
        nodes = reader.items("play", required=True)
        if reader.has("play") and not nodes:
            reader.report(reader.at("play"), "bad-text", f"{reader.what} plays nothing", "write - {zh: …, en: …} lines")
        parts = [reader.words(node, f"part{number}") for number, node in enumerate(nodes, 1)]
        return cls(
            say=Text({language: tuple(s for part in parts for s in part.segments[language]) for language in LANGUAGES}),
            barge_in=reader.flag("barge_in", default=True),
            clear=reader.flag("clear", default=False),
            next=reader.target("next"),
            **reader.common(),
        )
