"""Fixtures of the acceptance tests: programs, prompts, and one whole hotline for all tests of a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from cti.provision.asterisk import AsteriskInstall, find_asterisk
from cti.provision.tools import find_tool
from tests.rig.gallery import Gallery, Programs, open_gallery
from tests.rig.server import PROJECT, HotlineServer
from tests.rig.site import Site, Sound, build_sound
from tests.support.database_fixtures import database_url, empty_url, migrated, postgres

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cti.provision.programs import Tool

__all__ = ["database_url", "empty_url", "migrated", "postgres"]
RTP_TIMEOUT_SECONDS = 10  # a party that vanished is noticed sooner than in production, so that tests need not wait


@pytest.fixture(scope="session")
def asterisk_install() -> AsteriskInstall:
    return find_asterisk()


@pytest.fixture(scope="session")
def sipp() -> Tool:
    return find_tool("sipp")


@pytest.fixture(scope="session")
def sound() -> Sound:
    return build_sound()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site(
    asterisk_install: AsteriskInstall, sipp: Tool, sound: Sound, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """The project's Asterisk with the project's flows and queues, started once."""
    folder = tmp_path_factory.mktemp("site")
    site = Site(
        asterisk_install,
        sipp,
        sound,
        folder,
        config=PROJECT / "config",
        flows=PROJECT / "flows",
        rtp_timeout_seconds=RTP_TIMEOUT_SECONDS,
    )
    await site.asterisk.start()
    yield site
    await site.asterisk.stop()


@pytest.fixture(scope="session")
def programs(asterisk_install: AsteriskInstall, sipp: Tool, sound: Sound) -> Programs:
    return Programs(asterisk_install, sipp, sound)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gallery(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gallery]:
    """An Asterisk with the flows of tests/gallery, started once."""
    async with open_gallery(programs, tmp_path_factory.mktemp("gallery")) as gallery:
        yield gallery


@pytest_asyncio.fixture(loop_scope="session")
async def server(site: Site) -> AsyncIterator[HotlineServer]:
    """A ready server with an empty database; afterwards nothing is up any more, and its log has no traceback."""
    await site.clear()
    async with site.running() as server:
        yield server
    await site.clear()
    assert server.tracebacks() == []
