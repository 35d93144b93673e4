"""Expressions: types at load, errors as exceptions, nothing but JSON out."""

import pytest

from ivr.document import Position
from ivr.expressions import ExpressionError, Scope, VariableType, fit, paths

PLACE = Position(path="f.yaml", line=7, column=10)
SCOPE = Scope(
    {
        "n": VariableType.NUMBER,
        "x": VariableType.DECIMAL,
        "t": VariableType.TEXT,
        "f": VariableType.FLAG,
        "d": VariableType.DATA,
    }
)
VALUES = {"n": 3, "x": 1.5, "t": "余额", "f": True, "d": {"list": [1, {"a": None}], "text": "q"}}


def evaluate(source: str):
    findings = []
    expression = SCOPE.compile(source, PLACE, findings)
    assert findings == []
    return expression.evaluate(VALUES)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("n * 2 + 1", 7),
        ("x / 2.0", 0.75),
        ("size(t)", 2),
        ("f && n > 2", True),
        ("t + '元'", "余额元"),
        ("d.list[1].a == null", True),
        ("has(d.nothing)", False),
        ("d.list", [1, {"a": None}]),
        ("{'a': [n]}", {"a": [3]}),
        ("f ? 'yes' : 'no'", "yes"),
        ("t.startsWith('余')", True),
        ("null", None),
    ],
)
def test_values(source, value):
    result = evaluate(source)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    "source",
    [
        "n / 0",
        "x / 0.0",
        "d.nothing",
        "d.text + 1",
        "d.list[9]",
        "int(t)",
        "9223372036854775807 + n",
        "timestamp('2026-11-21T00:00:00Z')",
        "[duration('1s')]",
        "d.list[0].deeper",
    ],
)
def test_what_cannot_be_computed_is_an_error_and_shows_no_values(source):
    with pytest.raises(ExpressionError) as caught:
        evaluate(source)
    assert "余额" not in str(caught.value)


def test_types_are_known_at_load():
    types = {source: SCOPE.compile(source, PLACE, []).type for source in ("n", "x", "t", "f", "d", "d.text", "[n]")}
    assert list(types.values()) == ["number", "decimal", "text", "flag", "data", "data", "data"]


def test_faults_point_into_the_expression():
    findings = []
    assert SCOPE.compile("n + 1 ==\n  m", PLACE, findings) is None
    assert [(f.line, f.column, f.cure) for f in findings] == [(8, 3, "declare it under vars:")]
    findings.clear()
    assert SCOPE.compile("n + t", PLACE, findings) is None
    assert (findings[0].line, findings[0].column) == (7, 12)


@pytest.mark.parametrize(
    ("value", "kind", "good"),
    [
        (3, VariableType.NUMBER, True),
        (True, VariableType.NUMBER, False),
        (3.0, VariableType.NUMBER, False),
        (3, VariableType.DECIMAL, True),
        (True, VariableType.DECIMAL, False),
        ("3", VariableType.TEXT, True),
        (None, VariableType.TEXT, False),
        (1, VariableType.FLAG, False),
        ({"a": 1}, VariableType.DATA, True),
        ("1234", VariableType.SECRET, False),
    ],
)
def test_a_value_must_fit_its_variable(value, kind, good):
    if good:
        assert fit(value, kind, "v") == value
    else:
        with pytest.raises(ExpressionError, match="v is a"):
            fit(value, kind, "v")


def test_paths_are_found_outside_of_texts_and_calls():
    assert paths("d.a.b == 'x.y' && has(e.f) && t.startsWith(\"g.h\") || d.list.size() > 1") == [
        ("d", "a.b"),
        ("e", "f"),
        ("d", "list"),
    ]


@pytest.mark.parametrize(
    "source", ["(" * 5000 + "1" + ")" * 5000, "d" + ".a" * 5000, "1" * 5000, '"' + "x" * 200_000 + '"', "", "\x00"]
)
def test_monstrous_expressions_are_findings_of_bearable_length(source):
    findings = []
    assert SCOPE.compile(source, PLACE, findings) is None
    assert findings
    assert all(len(str(finding)) < 700 for finding in findings)
