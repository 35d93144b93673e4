"""The examples of docs/flows.md are flows that load: together they are one flow without a finding."""

import re
import textwrap

import pytest

from cti.backends.catalogue import known_operations
from ivr.flows import Known, load_flows
from ivr.speech import Kind
from ivr.steps import FORMS, READERS
from tests.unit.ivr.ivr_room import PHRASES, ROOT, Room

TEXT = (ROOT / "docs/flows.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml ?(\w*)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
OTHER = """
version: 1
flow: identify
start: a
safe_exit: a
vars: {account: text, tier: text}
steps: {a: {type: say, say: {zh: 好, en: Good}, next: return}}
"""
HOURS = "version: 1\nplans: {agents: {weekly: {mon-sun: '00:00-24:00'}}}"


def blocks(kind: str) -> str:
    return "\n".join(textwrap.dedent(text) for name, text in BLOCKS if name == kind)


def all_blocks(kind: str) -> list[str]:
    return [text for name, text in BLOCKS if name == kind]


def documented_flow() -> str:
    steps = blocks("steps")
    names = re.findall(r"^([a-z_]+):$", steps, re.MULTILINE)
    choices = ", ".join(f"'{10 + number}': {name}" for number, name in enumerate(names))
    index = f"index: {{type: menu, say: {{zh: 好, en: Good}}, choices: {{{choices}}}}}\n"
    sections = {"vars": blocks("vars"), "defaults": blocks("defaults"), "steps": index + steps}
    body = "".join(f"{name}:\n{textwrap.indent(text, '  ')}\n" for name, text in sections.items())
    return f"version: 1\nflow: main\nstart: index\nsafe_exit: goodbye\n{body}"


def documented_files() -> dict[str, str]:
    """Return all files of the documented hotline: the flow, the fragment, and what the page only mentions."""
    fragments = {re.search("^fragment: ([a-z_]+)", text, re.MULTILINE)[1]: text for text in all_blocks("fragment")}
    others = {"identify": OTHER, "hours": HOURS, "phrases": PHRASES}
    files = {"main": documented_flow(), **{name: textwrap.dedent(text) for name, text in fragments.items()}, **others}
    return {f"{name}.yaml": text for name, text in files.items()}


def test_all_examples_load_together():
    known = Known(
        queues=frozenset({"billing"}),
        skills=frozenset({"lang_zh", "lang_en"}),
        tiers=frozenset({"basic"}),
        backends=dict.fromkeys(("accounts", "tickets"), known_operations()),
        services=frozenset({"parcels"}),
        gateways=frozenset({"sms"}),
    )
    flows = load_flows(documented_files(), known)
    assert flows.warnings == ()
    assert {step.kind for step in flows.flows["main"].steps.values()} == set(READERS)


def test_the_smallest_flow_is_a_flow():
    smallest = blocks("")
    flows = load_flows({"hello.yaml": smallest, "phrases.yaml": PHRASES}, entry="hello")
    room = Room(flows, entry="hello")
    assert room.plays == ["hello/greeting-1"]
    room.played()
    assert room.step.ended.reason == "greeted"


@pytest.mark.parametrize("word", [*FORMS, *Kind, "phrase"])
def test_every_step_type_and_kind_of_speech_is_told(word):
    assert f"`{word}`" in TEXT or f"type: {word}" in TEXT
