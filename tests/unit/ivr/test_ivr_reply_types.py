"""Fields of replies have types, and expressions are checked against them when the flow is loaded."""

import pytest

from ivr.document import parse
from ivr.expressions import RESERVED, VariableType
from ivr.flows import Known, Operation
from ivr.replies import ReplyError, read_reply
from tests.unit.ivr.ivr_room import files, findings, flow_text

FORM = "{name: text, count: number, rate: decimal, on: flag, day: date, at: instant, all: list, in.here: text, maybe: optional text, in.day: optional date}"
GOOD = {
    "name": "x",
    "count": 3,
    "rate": 2,
    "on": True,
    "day": "2026-11-21",
    "at": "2026-11-21T10:00:00+08:00",
    "all": [{"a": [1, "b"]}],
    "in": {"here": "y"},
}


def form(text: str = FORM):
    found = []
    read = read_reply(parse(text, "r"), found)
    assert found == []
    return read


def test_what_is_declared_is_kept_and_the_rest_dropped():
    assert form().fit({**GOOD, "more": 1}) == {**GOOD, "rate": 2.0, "in": {"here": "y", "day": None}, "maybe": None}
    assert form().types["day"] is VariableType.TEXT
    assert "maybe" not in form().types
    assert {"in", "in.here", "maybe"} <= form().names


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", value) for value in (1, None, "x" * 501, [], {})),
        *(("count", value) for value in ("3", 3.0, True, 10**16, None)),
        *(("rate", value) for value in ("2", True, float("nan"), float("inf"), 10**400)),
        *(("on", value) for value in (1, "true")),
        *(("day", value) for value in ("21.11.2026", "2026-02-30", "20261121", 5)),
        *(("at", value) for value in ("2026-11-21T10:00:00", "now", 5)),
        *(("all", value) for value in ("x", {}, [0] * 101, [[0] * 99] * 12, ["x" * 501], [float("nan")])),
        ("all", [[[[[[[[1]]]]]]]]),
        ("in", "here"),
        ("in", {}),
        ("maybe", 5),
    ],
)
def test_what_differs_is_refused_without_its_value(field, value):
    with pytest.raises(ReplyError) as refused:
        form().fit({**GOOD, field: value})
    assert str(refused.value).startswith(field)


@pytest.mark.parametrize("raw", [None, [], "x", 5])
def test_an_answer_that_is_no_table_is_refused(raw):
    with pytest.raises(ReplyError, match="no JSON object"):
        form("{maybe: optional text}").fit(raw)


def test_control_characters_are_removed_everywhere():
    fitted = form("{name: text, all: list}").fit({"name": "a\x00\r\nb\u202e\ud800", "all": [{"k\x1b": "\x07c"}]})
    assert fitted == {"name": "ab", "all": [{"k": "c"}]}


@pytest.mark.parametrize(
    ("text", "code", "cure"),
    [
        ("{a: integer}", "unknown-type", "write number"),
        ("{a: optional boolean}", "unknown-type", "write flag"),
        ("{a: txet}", "unknown-type", 'did you mean "text"?'),
        ("{a: [text]}", "unknown-type", "known: "),
        ("{a-b: text}", "bad-name", "table.name"),
        ("{a: text, a.b: text}", "bad-value", "keep one"),
        ("[a]", "not-a-table", "name: text"),
    ],
)
def test_what_cannot_be_declared_is_found(text, code, cure):
    found = []
    read_reply(parse(text, "r"), found)
    assert [(finding.code, cure in finding.cure) for finding in found] == [(code, True)]


KNOWN = Known(
    backends={
        "crm": {
            "who": Operation(
                reply=frozenset({"n", "t", "t.x"}), types={"n": VariableType.NUMBER, "t.x": VariableType.TEXT}
            ),
            "other": Operation(reply=frozenset({"n"}), types={"n": VariableType.TEXT}),
        }
    }
)
STEPS = """
a: {{type: lookup, backend: crm, operation: who, into: d, next: b, on_error: bye}}
b: {{type: branch, cases: [{{when: "{when}", next: c}}], otherwise: c}}
c: {{type: say, say: {{zh: "${{{hole}}}", en: x}}, next: bye}}
"""


def codes(when: str = "d.n > 1", hole: str = "number(d.n)", more: str = "") -> list[str]:
    text = flow_text(STEPS.format(when=when, hole=hole) + more, variables="d: data")
    return [finding.code for finding in findings(files(text), KNOWN)]


@pytest.mark.parametrize(
    "when", ["d.n > 1", "d.t.x == 'y'", "d.t != null && d.t.x.startsWith('z')", "has(d.n)", "d.n in [1, 2]"]
)
def test_expressions_that_fit_the_reply_are_accepted(when):
    assert codes(when) == []


@pytest.mark.parametrize(
    ("when", "code"), [("d.n == 'x'", "bad-expression"), ("d.t.x + 1 == 2", "bad-expression"), ("d.n", "bad-type")]
)
def test_expressions_of_another_type_are_found_at_load(when, code):
    assert codes(when) == [code]


def test_a_field_of_another_type_cannot_be_spoken():
    assert codes(hole="money(d.t.x)") == ["bad-hole"]
    assert codes(hole="digits(d.t.x)") == []


@pytest.mark.parametrize(
    "more",
    [
        "a2: {type: lookup, backend: crm, operation: other, into: d, next: a, on_error: a}\nc2: {type: goto, step: a2}",
        'a2: {type: set, set: {d: "${call.id}"}, next: a}\nc2: {type: goto, step: a2}',
    ],
)
def test_a_variable_that_may_hold_something_else_is_not_judged(more):
    assert set(codes("d.n == 'x'", more=more)) <= {"unreachable-step"}


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_a_name_that_means_something_else_is_refused_where_it_is_declared(name):
    found = findings(files(flow_text("a: {type: goto, step: bye}", variables=f"'{name}': text")), KNOWN)
    assert [(finding.code, finding.line) for finding in found] == [("bad-name", 6)]
    assert "choose another name" in found[0].cure


@pytest.mark.parametrize(
    "name",
    ["size", "has", "name", "number", "text", "min", "duration", "timestamp", "not", "error", "index", "optional"],
)
def test_names_that_only_look_like_it_are_free(name):
    steps = f"a: {{type: branch, cases: [{{when: \"{name} == 'x'\", next: bye}}], otherwise: bye}}"
    assert findings(files(flow_text(steps, variables=f"{name}: text")), KNOWN) == ()
