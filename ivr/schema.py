"""The JSON Schema (2020-12) of flow files, for editors: made from the same declarations as the reference.

What a schema cannot see (targets, names, expressions) is for the checker.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ivr.expressions import RESERVED, VariableType
from ivr.fields import (
    FLAG,
    FULL_WAY,
    FULL_WAY_SCHEMA,
    NAME,
    NAME_PATTERN,
    ON_ERROR,
    SAY_SCHEMA,
    STEP_SCHEMA,
    TEXT,
    VERSION,
    WAY_SCHEMA,
    Field,
    Form,
    Shape,
    choice,
    integer,
    record,
    ref,
    seconds,
    table,
)
from ivr.fragments import INCLUDE
from ivr.hours import CLOSED
from ivr.hours_lint import DAYS
from ivr.steps import FORMS

_MARK = r"^\$[a-z][a-z0-9_]*$"
_MARKED = "what the include gives for this parameter"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

DEFAULTS = (
    Field("retries", integer(0, 9), "how often a question is asked again", default="2"),
    Field("first_digit_seconds", seconds(1, 60), "how long to wait for the first key", default="5"),
    Field("inter_digit_seconds", seconds(0.5, 30), "how long to wait for each further key", default="3"),
    Field("timeout_seconds", seconds(0.5, 30), "the time a backend has", default="5"),
    Field("on_timeout", FULL_WAY, "the way on when no key came"),
    Field("on_invalid", FULL_WAY, "sentence and way on after wrong keys"),
    Field("on_error", FULL_WAY, "the way on when a step cannot do its work"),
)
"""The keys of `defaults:`."""

_TYPES = {"enum": [kind.value for kind in VariableType]}
_VARIABLE = {
    "anyOf": [
        _TYPES,
        {
            "type": "object",
            "properties": {
                "type": _TYPES,
                "value": {"type": [*TEXT.schema["type"], "null"]},
                "one_of": {
                    "type": "array",
                    "items": {"type": TEXT.schema["type"]},
                    "description": "the values a text may have",
                },
            },
            "required": ["type"],
            "additionalProperties": False,
        },
    ]
}
_SPAN = r"^([01][0-9]|2[0-3]):[0-5][0-9]\s*-\s*([01][0-9]|2[0-4]):[0-5][0-9]$"
_STEP_KEY = {"pattern": NAME_PATTERN, "not": {"const": "return"}}
_FIRST = Shape("step", {"type": "string", **_STEP_KEY})
_VARIABLE_KEY = {"pattern": NAME_PATTERN, "not": {"enum": sorted(RESERVED)}}

_VARS = Field(
    "vars",
    Shape(
        "table of variables with their types, or `{type:, value:, one_of:}`",
        {"type": "object", "propertyNames": _VARIABLE_KEY, "additionalProperties": _VARIABLE},
    ),
    "the variables of this flow",
)
_STEPS = Field(
    "steps",
    Shape("table of steps", {"type": "object", "propertyNames": _STEP_KEY, "additionalProperties": ref("step")}),
    "the steps",
    required=True,
)

FLOW = (
    Field("version", VERSION, "the version of the language", default="1"),
    Field("flow", NAME, "the name of the file without .yaml", required=True),
    Field("title", TEXT, "a name for people"),
    Field("start", _FIRST, "the step it begins with", required=True),
    Field("safe_exit", _FIRST, "where it goes when something fails that has no way of its own", required=True),
    _VARS,
    Field("defaults", Shape("table", ref("defaults")), "what steps need not repeat"),
    _STEPS,
)
"""The keys of a flow file."""

FRAGMENT = (
    Field("version", VERSION, "the version of the language", default="1"),
    Field("fragment", NAME, "the name of the file without .yaml", required=True),
    Field("title", TEXT, "a name for people"),
    Field(
        "parameters",
        Shape("table of names, each with what it is when nothing is given", table({}, NAME_PATTERN)),
        "what an include gives; one with nothing behind it must be given",
    ),
    replace(_VARS, meaning="variables of each include: `$name` in the steps"),
    Field("start", NAME, "the step it begins with", required=True),
    _STEPS,
)
"""The keys of a fragment's file."""


def flow_schema() -> dict[str, Any]:
    """Return the schema of a flow file."""
    return {"$schema": DIALECT, "title": "A flow of the hotline", **record(FLOW), "$defs": _definitions()}


def fragment_schema() -> dict[str, Any]:
    """Return the schema of a fragment's file: that of a flow, with a `$mark` wherever a value may stand."""
    definitions = {name: marked(schema) for name, schema in _definitions().items() if name != "defaults"}
    head = {"$schema": DIALECT, "title": "A fragment of the hotline", **record(FRAGMENT)}
    return {**head, "$defs": {**definitions, "mark": {"type": "string", "pattern": _MARK, "description": _MARKED}}}


def marked(schema: Any) -> Any:
    """Return a schema that also takes a `$mark` for each value under a key, but for the step's type."""
    if isinstance(schema, list):
        return [marked(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {word: marked(part) for word, part in schema.items() if word not in ("if", "propertyNames")}
    kept = {word: schema[word] for word in ("if", "propertyNames") if word in schema}
    if "propertyNames" in kept and "pattern" in kept["propertyNames"]:
        kept["propertyNames"] = {"anyOf": [kept["propertyNames"], ref("mark")]}
    if isinstance(changed.get("properties"), dict):
        changed["properties"] = {
            key: part if key == "type" else {"anyOf": [part, ref("mark")], **_told(part)}
            for key, part in changed["properties"].items()
        }
    if isinstance(changed.get("additionalProperties"), dict):
        changed["additionalProperties"] = {"anyOf": [changed["additionalProperties"], ref("mark")]}
    return {**changed, **kept}


def _told(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": schema["description"]} if "description" in schema else {}


def _definitions() -> dict[str, Any]:
    return {
        "text": dict(SAY_SCHEMA),
        "target": dict(STEP_SCHEMA),
        "way": dict(WAY_SCHEMA),
        "full_way": dict(FULL_WAY_SCHEMA),
        "defaults": record(DEFAULTS),
        "step": _step(FORMS),
        **{name: schema for kind, forms in FORMS.items() for name, schema in _forms(kind, forms).items()},
    }


def phrases_schema() -> dict[str, Any]:
    """Return the schema of the phrase file."""
    words = {**SAY_SCHEMA["oneOf"][0], "description": "the sentence in each language"}
    fields = (
        Field("version", VERSION, "the version of the language"),
        Field(
            "phrases",
            Shape("table", table(words, "^[a-z0-9_-]+$")),
            "sentences more than one place speaks",
            required=True,
        ),
    )
    return {"$schema": DIALECT, "title": "Phrases of the hotline", **record(fields)}


def hours_schema() -> dict[str, Any]:
    """Return the schema of the hours file."""
    span = {"type": "string", "pattern": _SPAN}
    spans = {"anyOf": [span, {"const": CLOSED}, {"type": "array", "items": span}]}
    day = "|".join(DAYS)
    weekly = Shape("table", table(spans, f"^({day})(-({day}))?$"))
    dates = Field(
        "dates",
        Shape("table", table(spans, "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")),
        "hours of single dates; they win over all",
    )
    plan = record(
        (
            Field("weekly", weekly, "hours by weekday: mon-fri: 09:00-17:00", required=True),
            Field("holidays", FLAG, "closed on public holidays, open on make-up workdays"),
            dates,
            Field("override", choice("open", CLOSED), "whatever the clock says"),
        )
    )
    fields = (
        Field("version", VERSION, "the version of the language"),
        Field("zone", TEXT, "the time zone, such as Asia/Shanghai"),
        Field("holidays", TEXT, "the country of the public holidays, such as CN"),
        dates,
        Field("plans", Shape("table", table(plan)), "when something is open, by name", required=True),
    )
    return {"$schema": DIALECT, "title": "Opening hours of the hotline", **record(fields)}


def _step(forms: Mapping[str, tuple[Form, ...]]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": list(forms), "description": "the step type"}},
        "allOf": [
            {
                "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
                "then": _chosen(kind, forms[kind]),
            }
            for kind in forms
        ],
    }


def _chosen(kind: str, forms: tuple[Form, ...]) -> dict[str, Any]:
    if len(forms) == 1:
        return ref(_form_name(kind, forms[0]))
    first, last = forms
    return {
        "if": {"required": [first.chosen_by]},
        "then": ref(_form_name(kind, first)),
        "else": ref(_form_name(kind, last)),
    }


def _forms(kind: str, forms: tuple[Form, ...]) -> dict[str, dict[str, Any]]:
    word = Field("type", Shape("", {"const": kind}), "the step type", required=True)
    errors = () if kind == INCLUDE else (ON_ERROR,)
    return {_form_name(kind, form): record((word, *form.fields, *errors)) for form in forms}


def _form_name(kind: str, form: Form) -> str:
    return f"{kind}_by_{form.chosen_by}_step" if form.chosen_by else f"{kind}_step"
