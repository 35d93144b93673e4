"""Simple expressions are looked up without the library: what they give, and when they fail, is what the library says."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.document import Position
from ivr.expressions import ExpressionError, Scope, VariableType

SCOPE = Scope(
    {
        "name": VariableType.TEXT, "count": VariableType.NUMBER, "share": VariableType.DECIMAL, "on": VariableType.FLAG,
        "found": VariableType.DATA, "call.language": VariableType.TEXT, "call.id": VariableType.TEXT,
    }
)  # fmt: skip
PATHS = ["name", "count", "share", "on", "found", "found.a", "found.a.b", "found.b", "call.language", "found.a.b.c"]
leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text("ab1é", max_size=3)
data = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=6,
)


def outcome(expression, values):
    try:
        value = expression.evaluate(values)
    except ExpressionError:
        return "fails"
    return type(value), value


@given(
    st.sampled_from(PATHS), st.text("ab", max_size=3), st.integers(-9, 9), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), data
)  # fmt: skip
def test_a_plain_path_gives_what_the_library_gives(path, name, count, share, on, found):
    values = {
        "name": name, "count": count, "share": share, "on": on, "found": found, "call.language": "zh", "call.id": "c1",
    }  # fmt: skip
    place = Position(path="f", line=1, column=1)
    findings = []
    direct = SCOPE.compile(path, place, findings)
    through_the_library = SCOPE.compile(f"true ? ({path}) : ({path})", place, findings)
    assert findings == []
    assert outcome(direct, values) == outcome(through_the_library, values)


def test_an_expression_reads_only_what_it_names():
    place = Position(path="f", line=1, column=1)
    findings = []
    expression = SCOPE.compile("name == 'found.a' && has(found.b) && call.language == 'zh'", place, findings)
    assert findings == []
    assert expression.names == {"name", "found", "call.language"}
    assert expression.evaluate({"name": "found.a", "found": {"b": 1}, "call.language": "zh"}) is True
