"""The page and the server mean the same document: what the page's types and the page's tests say is what the server's model says."""

from __future__ import annotations

import re
import typing

import pytest

from acd.states import AgentState
from cti.board.document import AgentBoard, AlertBoard, Board, IvrCall, LinePlace, QueueBoard, TierLine, Trend
from cti.users.roles import Role
from tests.rig.server import PROJECT
from tests.support.board_stub import BoardStub, document

if typing.TYPE_CHECKING:
    from pydantic import BaseModel

TYPES = (PROJECT / "web/src/document.ts").read_text(encoding="utf-8")
MEANT: dict[str, type[BaseModel]] = {
    "Board": Board, "Queue": QueueBoard, "QueueTier": TierLine, "Agent": AgentBoard, "Waiting": LinePlace, "IvrCall": IvrCall, "Alert": AlertBoard, "Trend": Trend,
}  # fmt: skip


def interface(name: str) -> dict[str, str]:
    """The fields of a type of the page, with what it says of each."""
    (body,) = re.findall(rf"export interface {name} \{{\n(.*?)\n\}}", TYPES, re.DOTALL)
    return dict(re.findall(r"^  (\w+): (.*);$", body, re.MULTILINE))


@pytest.mark.parametrize("name", MEANT)
def test_the_page_knows_every_field_and_which_may_be_null(name):
    fields = {field.alias or own: field.annotation for own, field in MEANT[name].model_fields.items()}
    nullable = {own for own, annotation in fields.items() if type(None) in typing.get_args(annotation)}
    said = interface(name)
    assert said.keys() == fields.keys()
    assert {own for own, text in said.items() if text.endswith("| null")} == nullable


def test_the_page_knows_every_state_and_role():
    (states,) = re.findall(r"AGENT_STATES = \[(.*?)\]", TYPES)
    (roles,) = re.findall(r"type Role = (.*);", TYPES)
    assert set(re.findall(r"'(\w+)'", states)) == {state.value for state in AgentState}
    assert set(re.findall(r"'(\w+)'", roles)) == {role.value for role in Role}


@pytest.mark.parametrize(("queues", "agents"), [(3, 10), (50, 60)])
def test_the_floors_of_the_pages_tests_are_documents_of_the_server(queues, agents):
    told = BoardStub(document(queues, agents)).now()
    assert Board.model_validate(told).model_dump(mode="json", by_alias=True).keys() == told.keys()
