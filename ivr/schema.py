"""The JSON Schema (2020-12) of flow files, for editors: made from the same declarations as the reference.

What a schema cannot see (targets, names, expressions) is for the checker.
"""

from collections.abc import Mapping
from typing import Any

from ivr.expressions import VariableType
from ivr.fields import (
    FLAG,
    FULL_WAY,
    FULL_WAY_SCHEMA,
    NAME,
    NAME_PATTERN,
    ON_ERROR,
    SAY_SCHEMA,
    STEP,
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
from ivr.hours import CLOSED
from ivr.hours_lint import DAYS
from ivr.steps import FORMS

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
            "properties": {"type": _TYPES, "value": {"type": [*TEXT.schema["type"], "null"]}},
            "required": ["type"],
            "additionalProperties": False,
        },
    ]
}
_SPAN = r"^([01][0-9]|2[0-3]):[0-5][0-9]\s*-\s*([01][0-9]|2[0-4]):[0-5][0-9]$"
_STEP_KEY = {"pattern": NAME_PATTERN, "not": {"const": "return"}}
_VARIABLE_KEY = {"pattern": NAME_PATTERN, "not": {"enum": ["call", "today"]}}

FLOW = (
    Field("version", VERSION, "the version of the language", default="1"),
    Field("flow", NAME, "the name of the file without .yaml", required=True),
    Field("title", TEXT, "a name for people"),
    Field("start", STEP, "the step it begins with", required=True),
    Field("safe_exit", STEP, "where it goes when something fails that has no way of its own", required=True),
    Field(
        "vars",
        Shape(
            "table of variables with their types, or `{type:, value:}`",
            {"type": "object", "propertyNames": _VARIABLE_KEY, "additionalProperties": _VARIABLE},
        ),
        "the variables of this flow",
    ),
    Field("defaults", Shape("table", ref("defaults")), "what steps need not repeat"),
    Field(
        "steps",
        Shape("table of steps", {"type": "object", "propertyNames": _STEP_KEY, "additionalProperties": ref("step")}),
        "the steps",
        required=True,
    ),
)
"""The keys of a flow file."""


def flow_schema() -> dict[str, Any]:
    """Return the schema of a flow file."""
    return {
        "$schema": DIALECT,
        "title": "A flow of the hotline",
        **record(FLOW),
        "$defs": {
            "text": dict(SAY_SCHEMA),
            "target": dict(STEP_SCHEMA),
            "way": dict(WAY_SCHEMA),
            "full_way": dict(FULL_WAY_SCHEMA),
            "defaults": record(DEFAULTS),
            "step": _step(FORMS),
            **{name: schema for kind, forms in FORMS.items() for name, schema in _forms(kind, forms).items()},
        },
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
    return {_form_name(kind, form): record((word, *form.fields, ON_ERROR)) for form in forms}


def _form_name(kind: str, form: Form) -> str:
    return f"{kind}_by_{form.chosen_by}_step" if form.chosen_by else f"{kind}_step"
