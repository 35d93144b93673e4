"""YAML as telephone people mean it: values, positions, and what is refused with which cure."""

import pytest

from ivr.document import (
    BadDocument,
    Finding,
    Items,
    Scalar,
    Severity,
    Table,
    did_you_mean,
    findings_of,
    locate,
    parse,
    plain,
)


def refused(text: str) -> list[str]:
    with pytest.raises(BadDocument) as caught:
        parse(text, "f.yaml")
    assert all(finding.path == "f.yaml" and finding.cure for finding in caught.value.findings)
    return [f"{f.line}:{f.column} {f.code}" for f in caught.value.findings]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12:30", "12:30"),
        ("010", "010"),
        ("+8613800138000", "+8613800138000"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-5", -5),
        ("1.50", 1.5),
        ("1e3", "1e3"),
        ("9" * 5000, "9" * 5000),
        ("9" * 500 + ".5", "9" * 500 + ".5"),
        ("0x1F", "0x1F"),
        ("2026-11-21", "2026-11-21"),
        ('"5"', "5"),
        ("'true'", "true"),
        ("~", None),
        ("null", None),
        ("", None),
        ('""', ""),
        ("电费 # 注释", "电费"),
    ],
)
def test_values_are_what_telephone_people_mean(written, meant):
    value = plain(parse(f"key: {written}", "f.yaml"))["key"]
    assert value == meant
    assert type(value) is type(meant)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3", ["3:1 duplicate-key"]),
        ("a: 1\na: 2\na: 3\nb: !t x", ["2:1 duplicate-key", "3:1 duplicate-key", "4:4 yaml-tag"]),
        ("a: !!int 5", ["1:4 yaml-tag"]),
        ("a: &x 1", ["1:4 yaml-anchor"]),
        ("a: &x 1\nb: *x", ["1:4 yaml-anchor", "2:4 yaml-alias"]),
        ("<<: {a: 1}", ["1:1 yaml-merge"]),
        ("choices:\n  #: x\n  '1': y", ["2:3 yaml-hash"]),
        ("choices:\n  *: x", ["2:3 yaml-star"]),
        ("finish_key: #", ["1:13 yaml-hash"]),
        ("finish_key: *", ["1:13 yaml-star"]),
        ("keys: [*, '#']", ["1:8 yaml-star"]),
        ("choices: {#: x}", ["1:11 yaml-hash"]),
        ("choices: {'1': a, #: b}\nnext: c", ["1:19 yaml-hash"]),
        ("keys: [#]", ["1:8 yaml-hash"]),
        ("caller: [press: #, hear: x]", ["1:17 yaml-hash"]),
        ("keys:\n  - #\n  - '1'", ["2:5 yaml-hash"]),
        ("press: #1", ["1:8 yaml-hash"]),
        ("press: *1", ["1:8 yaml-alias"]),
        ("say:\n  zh：您好\n  en: x", ["2:5 yaml-colon"]),
        ("a：\n  b: 1", ["1:2 yaml-colon"]),
        ("\u3000\u3000say: x\nb: 1", ["1:1 yaml-blank"]),
        ("steps:\n \u00a0a: 1", ["2:2 yaml-blank"]),
        ("a: 1\na : 2", ["2:1 duplicate-key"]),
        ("'1': x\n1: y", ["2:1 duplicate-key"]),
        ("a:\n\t- b", ["2:1 yaml-tab"]),
        ("a: [1", ["1:6 yaml-syntax"]),
        ("a: b: c", ["1:5 yaml-syntax"]),
        ("a\n  b:\nc: [", ["2:4 yaml-syntax"]),
        ("? [x]\n: y", ["1:3 yaml-key"]),
        ("a: 1\n---\nb: 2", ["2:1 yaml-documents"]),
        ("", ["1:1 yaml-empty"]),
        ("# only a comment", ["1:1 yaml-empty"]),
        ("a: b\x07c", ["1:5 yaml-character"]),
        (r'a: "b\x07c"', ["1:4 yaml-character"]),
        (r'"\ud800": 1', ["1:1 yaml-character"]),
        ("[" * 60, ["1:25 yaml-depth"]),
        ("a: " + "x" * 1_000_001, ["1:1 yaml-size"]),
    ],
)
def test_what_cannot_be_meant_is_refused_where_it_stands(text, expected):
    assert refused(text) == expected


@pytest.mark.parametrize("key", ["12:30", "010", "+8613800138000", "yes", "on", "no", "1.5", "true", "0x1F", "2026-11-21"])
def test_keys_are_what_telephone_people_mean(key):
    assert list(plain(parse(f"{key}: x", "f.yaml"))) == [key]
    assert list(plain(parse(f"{{{key}: x}}", "f.yaml"))) == [key]


@pytest.mark.parametrize(
    "text",
    [
        "a: {b: 1,  # the first\n    c: 2}",
        "a: [1, 2]  # [#]",
        "a:  # what follows\n  b: 1",
        "a: 'x #'",
        "zh: 时间：十点\nen: x",
        "a: |\n  zh：您好\n  #: x\n  \u3000缩进",
        "- 甲：乙",
        "a: {b: '#', c: [1, '#']}",
        "a: b  #",
    ],
)
def test_comments_and_texts_are_no_traps(text):
    parse(text, "f.yaml")


def test_windows_line_ends_and_a_byte_order_mark_are_no_matter():
    assert plain(parse("\ufeffa: 1\r\nb: 2\r\n", "f.yaml")) == {"a": 1, "b": 2}


def test_a_hash_within_a_text_is_no_trap():
    node = parse('a: |\n  #: as text\n  key: #\nb: "press #"  # comment: here\nc: x # : y\n# : z', "f.yaml")
    assert plain(node)["a"] == "#: as text\nkey: #\n"


def test_an_alias_bomb_is_refused_without_being_expanded():
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))]
    assert len(refused("\n".join(lines))) == 30 + 29 * 9


def test_every_node_knows_its_place():
    root = parse("a: 1\nlist:\n  - x\n  - {b: y}\n", "f.yaml")
    assert isinstance(root, Table)
    items = root.entries["list"]
    assert isinstance(items, Items)
    assert [(item.line, item.column) for item in items.items] == [(3, 5), (4, 5)]
    assert (root.at("list").line, root.at("list").column) == (2, 1)
    assert root.at("nothing") is root


def test_a_piece_of_a_value_has_a_place_of_its_own():
    root = parse("a: \"say ${x}\"\nb: |\n  one\n  two ${y}\nc: 'it''s ${z}'\n", "f.yaml")
    places = {key: node.inside("${") for key, node in root.entries.items() if isinstance(node, Scalar)}
    assert {key: (place.line, place.column) for key, place in places.items()} == {
        "a": (1, 9),
        "b": (4, 7),
        "c": (5, 11),
    }
    assert root.entries["a"].inside("not there") is root.entries["a"]


def test_validator_errors_point_at_the_document():
    root = parse("queues:\n  billing:\n    maxlen: 5\n    rings:\n      - {after: x}\n", "q.yaml")
    errors = [
        {"loc": ("queues", "billing", "maxlen"), "type": "extra_forbidden", "msg": "Extra"},
        {"loc": ("queues", "billing", "tagged-union", "rings", 0, "after"), "type": "int_parsing", "msg": "no number"},
        {"loc": ("queues", "billing", "wrapup_seconds"), "type": "missing", "msg": "Field required"},
        {"loc": ("queues", "billing", "rings", 7, "after"), "type": "value_error", "msg": "odd"},
    ]
    found = findings_of(root, errors, ["max_length"])
    assert [str(finding) for finding in found] == [
        'q.yaml:3:5: unknown-key unknown key "maxlen" (did you mean "max_length"?)',
        "q.yaml:5:10: bad-value queues.billing.tagged-union.rings.0.after: no number (see the documentation of this key)",
        'q.yaml:2:3: missing-key "queues.billing.wrapup_seconds" is missing (add "wrapup_seconds:")',
        "q.yaml:4:5: bad-value queues.billing.rings.7.after: odd (see the documentation of this key)",
    ]
    assert locate(root, ()) is root


def test_findings_are_sorted_and_shown_with_their_severity():
    bad = BadDocument([Finding("b", 1, 1, "x", "late"), Finding("a", 2, 1, "y", "early", "mend it", Severity.WARNING)])
    assert str(bad) == "a:2:1: warning y early (mend it)\nb:1:1: x late"


def test_did_you_mean_knows_when_to_keep_silent():
    assert did_you_mean("bilance", ["balance", "fault"]) == 'did you mean "balance"?'
    assert did_you_mean("xyz", ["balance", "fault"]) == "known: balance, fault"
    assert did_you_mean("xyz", [f"name{n}" for n in range(20)]) == ""
    assert did_you_mean("xyz", []) == ""
