"""The schemas editors read, and the reference, say what the loader does: the same declarations, the same verdicts."""

import json
import random
import re
from copy import deepcopy
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from cti.cli.main import build_app
from cti.cli.schema import Kind, schema_text
from ivr.document import BadDocument, parse, plain
from ivr.flows import load_flows
from ivr.fragments import INCLUDE
from ivr.reference import fill, marked
from ivr.schema import DEFAULTS, flow_schema
from ivr.steps import FORMS, READERS
from tests.unit.ivr.ivr_room import ROOT
from tests.unit.ivr.test_ivr_docs import documented_files, documented_flow

FILES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "flows").glob("*.yaml"))}
EXAMPLES = [path for path in sorted((ROOT / "flows/examples").glob("*/*.yaml")) if path.stem != "operations"]
FRAGMENTS = {name for name, text in FILES.items() if "\nfragment: " in text}
MINE = {"hours": Kind.HOURS, "phrases": Kind.PHRASES, **dict.fromkeys(FRAGMENTS, Kind.FRAGMENT)}
NEEDS_DEFAULTS = re.compile(r'\.on_\w+ needs "next"')  # whether the defaults have it, a schema cannot see
STRUCTURE = {"unknown-key", "missing-key", "not-a-table"}


@cache
def validator(kind: Kind) -> Draft202012Validator:
    schema = json.loads(schema_text(kind))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def documents() -> dict[str, dict]:
    texts = {**FILES, "documented": documented_flow()}
    return {name: plain(parse(text, name)) for name, text in texts.items()}


def verdict_of_loader(name: str, document: dict) -> list:
    """Return the errors in this one file; quotes around all texts keep their types, and other flows are not looked for."""
    text = json.dumps(document, ensure_ascii=False)
    if name == "documented":
        texts, path, entry = {**documented_files(), "main.yaml": text}, "main.yaml", "main"
    else:
        texts = {f"{other}.yaml": FILES[other] for other in ("survey", *MINE)} | {f"{name}.yaml": text}
        path, entry = f"{name}.yaml", "survey" if name in MINE else name
        if name in FRAGMENTS:
            texts["main.yaml"], entry = FILES["main"], "main"
    try:
        load_flows(texts, entry=entry)
    except BadDocument as bad:
        return [
            f
            for f in bad.findings
            if f.severity == "error" and f.path == path and f.code not in ("unknown-flow", "no-entry")
        ]
    return []


def mutate(document: dict, rng: random.Random) -> dict:
    """Break one place: a key goes, comes, or changes its name, or a value becomes something else."""
    document = deepcopy(document)
    tables = []
    ahead = [document]
    while ahead:
        node = ahead.pop()
        if isinstance(node, dict) and node:
            tables.append(node)
            ahead.extend(node.values())
        elif isinstance(node, list):
            ahead.extend(node)
    table = rng.choice(tables)
    key = rng.choice(list(table))
    match rng.randrange(4):
        case 0:
            del table[key]
        case 1:
            table["colour"] = "red"
        case 2:
            table[key + "x"] = table.pop(key)
        case _:
            table[key] = rng.choice([[], {}, "x", "", 5, -1, 10**6, 0.25, True, [1], {"x": 1}, {"say": "x"}])
    return document


@pytest.mark.parametrize("name", [*FILES, "documented"])
def test_what_loads_is_accepted(name):
    assert list(validator(MINE.get(name, Kind.FLOW)).iter_errors(documents()[name])) == []


@pytest.mark.parametrize("name", [*FILES, "documented"])
def test_loader_and_schema_agree_on_broken_files(name):
    rng, schema = random.Random(name), validator(MINE.get(name, Kind.FLOW))
    refused = 0
    for _ in range(12):
        document = mutate(documents()[name], rng)
        accepted, errors = schema.is_valid(document), verdict_of_loader(name, document)
        told = f"{errors} / {[(list(e.path), e.message[:200]) for e in schema.iter_errors(document)]}"
        assert accepted or errors, f"the editor would mark what loads: {told}"
        if any(error.code in STRUCTURE and not NEEDS_DEFAULTS.search(error.message) for error in errors):
            assert not accepted, f"the editor would not mark what the loader refuses: {told}"
        refused += not accepted
    assert refused > 3


def bounds() -> list:
    """Every number a step or the defaults can have, with its bounds."""
    steps = [(kind, field) for kind, forms in FORMS.items() for form in forms for field in form.fields]
    every = [*steps, *(("defaults", field) for field in DEFAULTS)]
    return [(kind, field) for kind, field in every if "minimum" in field.shape.schema]


def test_a_fragment_may_have_marks_wherever_it_has_values_and_nothing_else_more():
    (name,) = [name for name, text in documented_files().items() if "\nfragment: " in text]
    document, schema = plain(parse(documented_files()[name], name)), validator(Kind.FRAGMENT)
    assert list(schema.iter_errors(document)) == []
    for change in ({"retries": "many"}, {"retries": "$"}, {"colour": "$x"}, {"min_digits": 99}, {"type": "$kind"}):
        wrong = deepcopy(document)
        wrong["steps"]["ask"].update(change)
        assert not schema.is_valid(wrong), change
    assert not validator(Kind.FLOW).is_valid({**document, "flow": "main"})


@pytest.mark.parametrize(("kind", "field"), bounds(), ids=lambda value: getattr(value, "name", value))
def test_numbers_have_the_bounds_the_loader_has(kind, field):
    low, high = field.shape.schema["minimum"], field.shape.schema["maximum"]
    step = 1 if field.shape.schema["type"] == "integer" else 0.25
    for value, good in ((low - step, False), (low, True), (high, True), (high + step, False)):
        document = documents()["documented"]
        for body in [document["defaults"]] if kind == "defaults" else document["steps"].values():
            if (kind == "defaults" or body["type"] == kind) and (kind == "dial" or "to" not in body):
                body[field.name] = value
        found = [e for e in verdict_of_loader("documented", document) if f'"{field.name}" is' in e.message]
        assert (found == []) is good, f"{kind}.{field.name} {value}"
        assert validator(Kind.FLOW).is_valid(document) is good, f"{kind}.{field.name} {value}"


def test_every_step_type_is_declared_and_asked_for():
    assert set(FORMS) == {*READERS, INCLUDE}
    assert set(flow_schema()["$defs"]["step"]["properties"]["type"]["enum"]) == {*READERS, INCLUDE}


@pytest.mark.parametrize("kind", list(Kind))
def test_the_committed_schemas_are_current(kind):
    assert (ROOT / f"flows/{kind}.schema.json").read_text(encoding="utf-8") == schema_text(kind)


def test_every_file_tells_the_editor_its_schema():
    for name, text in FILES.items():
        found = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
        assert found, name
        assert found[1] == f"{MINE.get(name, Kind.FLOW)}.schema.json"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_examples_name_a_schema_and_keep_to_it(path):
    text = path.read_text(encoding="utf-8")
    kind = Kind.FRAGMENT if "\nfragment: " in text else MINE.get(path.stem, Kind.FLOW)
    assert text.startswith(f"# yaml-language-server: $schema=../../{kind}.schema.json\n")
    assert list(validator(kind).iter_errors(plain(parse(text, path.name)))) == []


def test_the_reference_is_current_and_whole():
    text = (ROOT / "docs/flows.md").read_text(encoding="utf-8")
    assert fill(text) == text
    assert marked(text) >= {*FORMS, "defaults", "flow file", "fragment file", "asking"}


def test_the_command_prints_and_writes(tmp_path: Path):
    app, runner = build_app(), CliRunner()
    assert json.loads(runner.invoke(app, ["schema"]).output) == flow_schema()
    page = tmp_path / "page.md"
    page.write_text("<!-- keys: set -->\nold\n<!-- end of keys -->\n", encoding="utf-8")
    result = runner.invoke(app, ["schema", "--write", str(tmp_path), "--reference", str(page)])
    assert (result.exit_code, result.output) == (0, "")
    assert sorted(path.name for path in tmp_path.glob("*.json")) == [f"{kind}.schema.json" for kind in sorted(Kind)]
    assert "| `set` |" in page.read_text(encoding="utf-8")
    assert "old" not in page.read_text(encoding="utf-8")
