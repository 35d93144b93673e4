"""Scenes: tests that spend their time listening to prompts, played side by side on one hotline.

A module whose fixture `stage` is made by `open_stage` marks such tests with `@scene`; they take the hotline's site and server.
All chosen scenes of the module start together; each test then waits for its own, and fails with its own error.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    import pytest

    from tests.rig.server import HotlineServer
    from tests.rig.site import Site

    Scene = Callable[[Site, HotlineServer], Awaitable[None]]

APART_SECONDS = 0.3  # between two scenes' starts


class Stage:
    """The scenes of one module, each running as a task."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, work: Awaitable[None], after_seconds: float) -> None:
        """Play a scene, a little later."""

        async def play() -> None:
            await asyncio.sleep(after_seconds)
            await work

        self._tasks[name] = asyncio.create_task(play(), name=f"scene {name}")

    async def end_of(self, name: str) -> None:
        """Wait for the end of a scene. Raises what it raised."""
        await self._tasks[name]

    async def close(self) -> None:
        """Break off what still plays."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


def scene(play: Scene) -> Callable[[Stage], Awaitable[None]]:
    """Make a test of a scene."""

    async def test(stage: Stage) -> None:
        await stage.end_of(play.__name__)

    test.__name__ = test.__qualname__ = play.__name__
    test.__doc__, test.__module__ = play.__doc__, play.__module__
    test.scene = play  # type: ignore[attr-defined]
    return test


@contextlib.asynccontextmanager
async def open_stage(request: pytest.FixtureRequest, site: Site, server: HotlineServer) -> AsyncIterator[Stage]:
    """Start the chosen scenes of the module that asks."""
    stage = Stage()
    module: Any = request.node.obj
    wanted = [item.obj for item in request.session.items if getattr(item, "module", None) is module]  # type: ignore[attr-defined]
    for number, test in enumerate(test for test in wanted if hasattr(test, "scene")):
        stage.start(test.__name__, test.scene(site, server), APART_SECONDS * number)
    try:
        yield stage
    finally:
        await stage.close()
