"""The doctor asks everything that backends.yaml names for a sign of life."""

import socket
from pathlib import Path

import pytest

from cti.database import migrate
from cti.doctor.backends import examine_backends
from cti.settings import Settings
from tests.rig.ports import free_port
from tests.support.any_service import AnyService

pytestmark = pytest.mark.asyncio
CONFIG = """
version: 1
backends: {accounts: {type: sql}}
services: {up: {url: "http://127.0.0.1:%d/v2"}, down: {url: "http://127.0.0.1:%d"}, own: {url: "hotline:/demo"}}
gateways: {sms: {type: outbox}, carrier: {type: http, url: "http://127.0.0.1:%d", fields: {to: "${number}", text: "${text}"}}}
"""


def settings(folder: Path, http_port: int) -> Settings:
    ami = {"events_secret": "x", "actions_secret": "x"}
    http = {"token": "x" * 16, "port": http_port}
    return Settings(ami=ami, http=http, config_dir=folder, database_url=f"sqlite:///{folder}/hotline.db")


async def test_what_answers_is_well_and_what_does_not_is_named_with_a_cure(tmp_path):
    up, down = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_STREAM)
    (tmp_path / "backends.yaml").write_text(CONFIG % (up, down, down), encoding="utf-8")
    known = settings(tmp_path, up)
    await migrate(known.database_url)
    async with AnyService().running(up):
        found = {finding.subject: finding for finding in await examine_backends(known)}
    assert {subject: finding.well for subject, finding in found.items()} == {
        "backend accounts": True,
        "service up": True,
        "service down": False,
        "service own": True,
        "gateway sms": True,
        "gateway carrier": False,
    }
    assert "backends.yaml" in found["service down"].cure


@pytest.mark.parametrize("text", ["version: 1\nbackends: {}\n", None])
async def test_a_file_that_cannot_be_used_is_one_finding(tmp_path, text):
    if text is not None:
        (tmp_path / "backends.yaml").write_text(text, encoding="utf-8")
    (finding,) = await examine_backends(settings(tmp_path, 1))
    assert not finding.well
    assert "backends.yaml" in finding.detail
