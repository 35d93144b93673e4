"""What may stand under each key of a flow file, told once: the editor's schema and the reference are made from it.

The readers of the steps do the reading; a test holds both against each other, bound by bound.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivr.texts import LANGUAGES

NAME_PATTERN = "^[a-z][a-z0-9_]*$"
_SCALAR = ["string", "number", "boolean"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value looks like: in words for people, and as JSON Schema."""

    words: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a table.

    Attributes:
        name: the key.
        shape: what stands under it.
        meaning: one line for the reference and the editor.
        required: it must be there.
        default: what holds without it, in words; empty when nothing does.

    """

    name: str
    shape: Shape
    meaning: str
    required: bool = False
    default: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a step: its keys. `chosen_by`: the key whose presence chooses this form; empty for the last form."""

    fields: tuple[Field, ...]
    chosen_by: str = ""


def ref(name: str) -> dict[str, Any]:
    """Return the reference to a definition of the schema."""
    return {"$ref": f"#/$defs/{name}"}


def table(values: Mapping[str, Any], keys: str = "", **more: Any) -> dict[str, Any]:
    """Return the schema of a table whose keys fit the pattern `keys` and whose values fit `values`."""
    names = {"propertyNames": {"pattern": keys}} if keys else {}
    return {"type": "object", **names, "additionalProperties": dict(values), **more}


def record(fields: tuple[Field, ...]) -> dict[str, Any]:
    """Return the schema of a table with exactly these keys."""
    return {
        "type": "object",
        "properties": {
            field.name: {**field.shape.schema, "description": f"{field.meaning} ({field.shape.words})"}
            for field in fields
        },
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }


def integer(low: int, high: int) -> Shape:
    """Return the shape of a whole number within bounds."""
    return Shape(f"whole number, {low} to {high}", {"type": "integer", "minimum": low, "maximum": high})


def seconds(low: float, high: float) -> Shape:
    """Return the shape of a number of seconds within bounds."""
    return Shape(f"seconds, {low:g} to {high:g}", {"type": "number", "minimum": low, "maximum": high})


def choice(*options: str) -> Shape:
    """Return the shape of one word of several."""
    return Shape(" or ".join(f"`{option}`" for option in options), {"enum": list(options)})


def phone_key(words: str, pattern: str, *, most: int = 9) -> Shape:
    """Return the shape of telephone keys; digits may stand without quotes."""
    return Shape(
        words, {"anyOf": [{"type": "string", "pattern": pattern}, {"type": "integer", "minimum": 0, "maximum": most}]}
    )


TEXT = Shape("text", {"type": _SCALAR})
FLAG = Shape("`true` or `false`", {"type": "boolean"})
NAME = Shape("name", {"type": "string", "pattern": NAME_PATTERN})
STEP = Shape("step, or `return`", ref("target"))
FLOW = Shape("flow", {"type": _SCALAR})
VARIABLE = Shape("variable", {"type": "string", "pattern": NAME_PATTERN})
SAY = Shape("a text in each language, or `{phrase: name}`", ref("text"))
WAY = Shape("step, or `{say:, next:}`", ref("way"))
FULL_WAY = Shape("step, or `{say:, next:}`", ref("full_way"))
NAMED = Shape("name, or `${…}`", {"type": _SCALAR})
VALUES = Shape("table of values: fixed, or `${…}`", table({"type": [*_SCALAR, "null"]}))
VERSION = Shape("`1`", {"const": 1})

_SAID = {"type": _SCALAR, "pattern": "\\S"}
SAY_SCHEMA: Mapping[str, Any] = {
    "description": "What the caller hears: one text per language, with values as ${kind(expression)}, or a phrase.",
    "oneOf": [
        {
            "type": "object",
            "properties": dict.fromkeys(LANGUAGES, _SAID),
            "required": list(LANGUAGES),
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"phrase": {"type": _SCALAR, "description": "a sentence of phrases.yaml"}},
            "required": ["phrase"],
            "additionalProperties": False,
        },
    ],
}
STEP_SCHEMA: Mapping[str, Any] = {"type": "string", "pattern": NAME_PATTERN, "description": "a step, or return"}
_SENTENCE = {"type": "object", "properties": {"say": ref("text"), "next": ref("target")}, "additionalProperties": False}
WAY_SCHEMA: Mapping[str, Any] = {
    "description": "A step, or a sentence that is spoken before it; what is left out comes from the defaults.",
    "anyOf": [ref("target"), _SENTENCE],
}
FULL_WAY_SCHEMA: Mapping[str, Any] = {
    "description": "A step, or a sentence that is spoken before it.",
    "anyOf": [ref("target"), {**_SENTENCE, "required": ["next"]}],
}

ON_ERROR = Field("on_error", WAY, "the way on when the step cannot do its work", default="`defaults:`, or `safe_exit`")
NEXT = Field("next", STEP, "where to go afterwards", required=True)
