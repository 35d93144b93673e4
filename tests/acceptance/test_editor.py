"""What somebody sees who writes a flow in an editor: the YAML language server itself, on the project's own files."""

import re

import pytest
import pytest_asyncio

from ivr.steps import FORMS
from tests.rig.server import PROJECT
from tests.support.language_server import LanguageServer

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

FLOWS = PROJECT / "flows"
WRITTEN = [path for path in sorted(FLOWS.rglob("*.yaml")) if path.parent.name not in ("tests", "try") and path.stem != "operations"]
BEGUN = """\
# yaml-language-server: $schema=flow.schema.json
version: 1
flow: begun
start: ask
safe_exit: bye
titel: A slip
steps:
  ask:
    type: menu
    say: {zh: 好, en: Good}
    retries: many
    choises: {"1": bye}
····
  bye:
    type:·
""".replace("·", " ")  # blanks at the end of a line, where the cursor is
LINES = BEGUN.splitlines()


def where(words: str) -> tuple[int, int]:
    """Return where these words of BEGUN begin."""
    line = next(number for number, text in enumerate(LINES) if words in text)
    return line, LINES[line].index(words)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def editor():
    server = await LanguageServer.started(FLOWS)
    yield server
    await server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def complaints(editor):
    return await editor.opened(FLOWS / "begun.yaml", BEGUN)


async def test_every_file_of_ours_names_its_schema_and_has_no_red_line(editor):
    assert len(WRITTEN) > 20
    for path in WRITTEN:
        text = path.read_text(encoding="utf-8")
        named = re.match(r"# yaml-language-server: \$schema=([\w./]+\.schema\.json)\n", text)
        assert named is not None, path
        assert (path.parent / named[1]).is_file(), path
        assert await editor.opened(path, text) == [], path


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("titel", "Property titel is not allowed"),
        ("choises", "Property choises is not allowed"),
        ("many", 'Expected "integer"'),
        ("ask:", 'Missing property "choices"'),
    ],
)
async def test_a_slip_has_a_red_line_where_it_stands(complaints, words, complaint):
    line, character = where(words)
    marked = [each for each in complaints if complaint in each["message"]]
    assert [(each["range"]["start"]["line"], each["range"]["start"]["character"]) for each in marked] == [(line, character)]
    assert {each["severity"] for each in marked} == {1}


async def test_every_type_of_step_is_offered(editor, complaints):
    offered = await editor.completions(FLOWS / "begun.yaml", (len(LINES) - 1, len(LINES[-1])))
    assert set(FORMS) <= set(offered)


async def test_the_keys_of_a_menu_are_offered_with_what_they_mean(editor, complaints):
    offered = await editor.completions(FLOWS / "begun.yaml", (where("choises")[0] + 1, 4))
    assert {"choices", "on_timeout", "on_invalid", "barge_in"} <= set(offered)
    assert "where each key leads" in offered["choices"]["documentation"]
    assert {"queue", "finish_key", "backend"}.isdisjoint(offered), "keys of other steps"


async def test_resting_the_mouse_on_a_key_tells_what_it_means(editor, complaints):
    assert "how often it is asked again (whole number, 0 to 9)" in await editor.hover(FLOWS / "begun.yaml", where("retries"))
    assert "the step type" in await editor.hover(FLOWS / "begun.yaml", where("type: menu"))
