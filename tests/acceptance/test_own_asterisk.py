"""A user's own Asterisk: what `hotline asterisk config` prints, pasted where it says, is all that is needed."""

import dataclasses
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cti.asterisk.process import AsteriskProcess, start_asterisk
from cti.asterisk.runtime import render_runtime
from cti.doctor.switch import Account, examine_asterisk
from cti.prompts.build import build_music
from cti.provision.asterisk import find_asterisk
from cti.supervisor.plan import asterisk_options
from cti.supervisor.settings import RunSettings
from tests.rig.ports import free_port, free_range

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(120)]

# What such an Asterisk has of its own, as Debian ships it, shortened.
OWN = {
    "manager.conf": '[general]\nenabled = yes\nport = {ami}\nbindaddr = 127.0.0.1\n{general}\n#include "manager.d/*.conf"\n',
    "extensions.conf": '[general]\nstatic = yes\nclearglobalvars = no\n[globals]\n[default]\nexten => 1,1,NoOp()\n#include "hotline-extensions.conf"\n',
    "pjsip.conf": '[transport-udp]\ntype = transport\nprotocol = udp\nbind = 127.0.0.1:{sip}\n#include "hotline-pjsip.conf"\n',
    "queues.conf": '[general]\n#include "hotline-queues.conf"\n',
    "musiconhold.conf": '[default]\nmode = files\ndirectory = /nowhere\n#include "hotline-musiconhold.conf"\n',
}  # fmt: skip


def printed(settings: RunSettings) -> dict[str, str]:
    """Return what `hotline asterisk config` prints, by the file it is for."""
    environment = {
        "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "HOTLINE_RUN_DIR": str(settings.run_dir), "HOTLINE_AMI_PORT": str(settings.ami_port),
        "HOTLINE_CONFIG_DIR": str(settings.config_dir),
    }  # fmt: skip
    command = [sys.executable, "-m", "cti.cli.main", "asterisk", "config"]
    text = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout
    parts = re.split(r"^; ======== (\S+).*\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture(scope="module")
def own_asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskProcess]:
    folder = tmp_path_factory.mktemp("own")
    settings = RunSettings(
        run_dir=folder / "run", sip_port=free_port(), ami_port=free_port(), rtp_start=free_range(100), rtp_count=100
    )
    build_music(settings.music)
    options = asterisk_options(settings)
    install = find_asterisk()
    render_runtime(install, settings.layout, options)  # for the folders and modules; the files that count are replaced
    etc = settings.layout.etc
    parts = printed(settings)
    general = "\n".join(
        re.findall(
            r"^;\s+(channelvars = .*|timestampevents = .*)$",
            parts["/etc/asterisk/manager.d/hotline.conf"],
            re.MULTILINE,
        )
    )
    (etc / "manager.d").mkdir()
    for name, text in OWN.items():
        (etc / name).write_text(text.format(ami=settings.ami_port, sip=settings.sip_port, general=general))
    for name, text in parts.items():
        if name.startswith("/etc/asterisk/"):
            (etc / name.removeprefix("/etc/asterisk/")).write_text(text)
    running = start_asterisk(install, settings.layout, options)
    yield running
    running.stop()


@pytest.mark.asyncio
async def test_the_doctor_finds_an_asterisk_with_the_printed_parts_well(own_asterisk: AsteriskProcess) -> None:
    options = own_asterisk.options
    hearing = Account(options.ami_host, options.ami_port, "hotline-events", options.ami_secrets.events)
    acting = dataclasses.replace(hearing, username="hotline-actions", secret=options.ami_secrets.actions)
    findings = await examine_asterisk(hearing, acting)
    assert [str(finding) for finding in findings if not finding.well] == []


def test_phones_queue_and_music_are_there(own_asterisk: AsteriskProcess) -> None:
    assert "agent01" in own_asterisk.command("pjsip show endpoints")
    assert "PJSIP/agent01" in own_asterisk.command("queue show hotline-fallback")
    assert "Class: hotline" in own_asterisk.command("moh show classes")
    assert "NoOp" in own_asterisk.command("dialplan show default"), "what was there before stays"


def test_nothing_of_it_is_refused(own_asterisk: AsteriskProcess) -> None:
    log = (Path(own_asterisk.layout.log) / "messages.log").read_text()
    assert [line for line in log.splitlines() if "ERROR" in line and "/nowhere" not in line] == []


@pytest.mark.asyncio
async def test_the_doctor_names_what_is_taken_away(own_asterisk: AsteriskProcess) -> None:
    options, etc = own_asterisk.options, own_asterisk.layout.etc
    hearing = Account(options.ami_host, options.ami_port, "hotline-events", options.ami_secrets.events)
    acting = dataclasses.replace(hearing, username="hotline-actions", secret=options.ami_secrets.actions)
    users = (etc / "manager.d" / "hotline.conf").read_text()
    worse = users.replace("write = call,agi,originate,reporting", "write = call,agi,originate,reporting,command,config")
    (etc / "manager.d" / "hotline.conf").write_text(worse.replace("read = system,call,", "read = system,"))
    (etc / "hotline-extensions.conf").write_text(
        (etc / "hotline-extensions.conf").read_text().replace("[hotline-hold]", "[hotline-old]")
    )
    (etc / "manager.conf").write_text(
        (etc / "manager.conf").read_text().replace("channelvars = ACD_CALL", "channelvars = OTHER")
    )
    for what in ("manager reload", "dialplan reload", "module unload app_record.so"):
        own_asterisk.command(what)
    told = "\n".join(str(finding) for finding in await examine_asterisk(hearing, acting) if not finding.well)
    assert "surplus rights: may Command, CreateConfig, GetConfig, Reload, UpdateConfig" in told
    assert "read rights: missing: call" in told
    assert "missing contexts: hotline-hold" in told
    assert "not loaded: app_record.so" in told
    assert "events do not carry ACD_CALL" in told
    assert told.count("mend: ") == told.count("FAIL")
