"""One whole hotline for tests: the project's own Asterisk configuration, its server, callers and agents."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import socket
from typing import TYPE_CHECKING, Any

from cti.asterisk.runtime import render_runtime
from cti.prompts.build import build_music, build_prompts
from cti.prompts.voices import find_speaker
from cti.prompts.wanted import wanted_prompts
from cti.provision.folders import cache_folder
from cti.supervisor.plan import CALLER, asterisk_options, server_settings
from cti.supervisor.settings import RunSettings
from tests.rig.agents import RINGS, AgentFarm, Behaviour
from tests.rig.asterisk import RTP_PORTS, AsteriskServer, Ports
from tests.rig.callee import Callee, open_callee
from tests.rig.listener import Rig
from tests.rig.ports import LOOPBACK, free_port
from tests.rig.prompts import PromptIndex
from tests.rig.server import PROJECT, HotlineServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from cti.asterisk.options import RuntimeOptions
    from cti.provision.asterisk import AsteriskInstall
    from cti.provision.programs import Tool


@dataclasses.dataclass(frozen=True)
class Sound:
    """Rendered prompts, hold music, and their index."""

    prompts: Path
    music: Path
    index: PromptIndex


def build_sound(flows: Path = PROJECT / "flows") -> Sound:
    """Render what is missing into the user's cache folder, where the next run finds it, and index everything."""
    folder = cache_folder() / "test-sound"
    prompts, music = folder / "sounds", folder / "music"
    build_music(music)
    build_prompts(wanted_prompts(flows), prompts, find_speaker())
    index = PromptIndex.of_folder(prompts)
    index.add_music(music)
    return Sound(prompts, music, index)


class Site:
    """Asterisk as the project configures it, and servers, callers and agents to go with it.

    `carrier`: calls to the outside come to `callee`; else to this Asterisk itself, as in the demo.
    """

    def __init__(
        self,
        install: AsteriskInstall,
        sipp: Tool,
        sound: Sound,
        folder: Path,
        *,
        config: Path,
        flows: Path,
        rtp_timeout_seconds: int,
        carrier: bool = True,
    ) -> None:
        ports = Ports()
        self.outside_port = free_port()
        self._settings = RunSettings(
            run_dir=folder / "run", config_dir=config, flows_dir=flows, sip_port=ports.sip, ami_port=ports.ami,
            rtp_start=ports.rtp, rtp_count=RTP_PORTS, rtp_timeout_seconds=rtp_timeout_seconds, http_port=free_port(socket.SOCK_STREAM), outside=f"{LOOPBACK}:{self.outside_port}" if carrier else "",
        )  # fmt: skip
        self.options: RuntimeOptions = dataclasses.replace(
            asterisk_options(self._settings), prompts=sound.prompts, music=sound.music
        )
        layout = self._settings.layout
        render_runtime(install, layout, self.options)
        self.asterisk = AsteriskServer(install, layout.etc, layout.log, ports)
        self.rig = Rig(self.asterisk.sip_address, sipp, folder / "sipp", sound.index)
        self.phones = {phone.name: phone.password for phone in self.options.phones}
        self.passwords = {name: password for name, password in self.phones.items() if name != CALLER}
        self._folder = folder
        self._servers = 0

    def server(
        self, name: str = "", *, ami_port: int = 0, like: HotlineServer | None = None, **changes: Any
    ) -> HotlineServer:
        """A server, not started yet, with database and store of its own (those of `like`, to take its place).

        ami_port: reach Asterisk there (a FaultProxy). changes: settings to replace.
        """
        self._servers += 1
        name = name or f"server{self._servers}"
        settings = copy.deepcopy(like.settings) if like else server_settings(self._settings, self.options)
        settings["http"]["port"] = free_port(socket.SOCK_STREAM)
        settings["sounds_dir"] = str(self.options.prompts)
        if like is None:
            settings["database_url"] = f"sqlite+aiosqlite:///{self._folder / name}.db"
            settings["store_url"] = f"sqlite:///{self._folder / name}-store.db"
        if ami_port:
            settings["ami"]["port"] = ami_port
        return HotlineServer(settings | changes, self._folder, name)

    @contextlib.asynccontextmanager
    async def running(self, *arguments: str, **changes: Any) -> AsyncIterator[HotlineServer]:
        """A server that is ready; stopped at the end, however the test left it."""
        server = self.server(**changes)
        try:
            await server.start(*arguments)
            yield server
        finally:
            await server.stop()

    @contextlib.asynccontextmanager
    async def agents(self, *names: str, behaviour: Behaviour = RINGS) -> AsyncIterator[AgentFarm]:
        """Registered phones of these agents; taken off at the end."""
        async with AgentFarm.open(self.rig, dict.fromkeys(names, 0), behaviour) as farm:
            passwords = {name: self.passwords[name] for name in names}
            await farm.register(passwords)
            try:
                yield farm
            finally:
                await farm.register(passwords, expires_seconds=0)

    @contextlib.asynccontextmanager
    async def callee(self, behaviour: Behaviour = RINGS) -> AsyncIterator[Callee]:
        """The far end of the hotline's way out; without it nobody is there."""
        async with open_callee(self.rig, self.outside_port, behaviour) as callee:
            yield callee

    async def clear(self) -> None:
        """Hang up whatever a test left, so that the next one starts on an empty switch."""
        await self.asterisk.cli("channel request hangup all")
        await self.asterisk.no_channels(10)
        await self.asterisk.cli("database deltree hotline-ended")  # ends that another server's database knows nothing of
