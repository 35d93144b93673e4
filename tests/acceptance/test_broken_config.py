"""A broken flow, queue, agent or backend file: file, line, column and a cure; `check` and `serve` end with status 2."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from typer.testing import CliRunner

from cti.cli.main import build_app
from tests.rig.ports import free_port
from tests.rig.server import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.acceptance


@dataclasses.dataclass(frozen=True)
class Fault:
    """In `file` the one place `old` becomes `new`; blamed is the place of `blamed` in the new text, and `cure` is offered.

    `blamed` holds a `|` where the place begins.
    """

    file: str
    old: str
    new: str
    blamed: str
    cure: str


FAULTS = {
    "a step that does not exist": Fault(
        "flows/main.yaml", '"1": balance\n', '"1": balanse\n', '"1": |balanse', "balance"
    ),
    "a language left out": Fault(
        "flows/survey.yaml",
        "      zh: 请为本次服务评分，非常满意请按五，非常不满意请按一。\n",
        "",
        '    say:\n      |en: "Please rate',
        "zh",
    ),
    "a key written twice": Fault(
        "flows/main.yaml", '"2": fault\n', '"1": fault\n', '"1": balance\n      |"1": fault', "one"
    ),
    "a tab": Fault("flows/voicemail.yaml", "    type: record\n", "\ttype: record\n", "message:\n|\ttype", "space"),
    "a star without quotes": Fault("flows/main.yaml", '"*": menu\n', "*: menu\n", "\n      |*: menu", "quote"),
    "an operation that does not exist": Fault(
        "flows/balance.yaml", "operation: balance\n", "operation: ballance\n", "operation: |ballance", "balance"
    ),
    "an expression that cannot be read": Fault(
        "flows/agent.yaml", 'when: queue != ""\n', 'when: queue != != ""\n', "when: queue != |!=", ""
    ),
    "a phrase nobody wrote": Fault(
        "flows/survey.yaml", "say: {phrase: goodbye}", "say: {phrase: good-bye}", "{phrase: |good-bye}", "goodbye"
    ),
    "a flow that does not exist": Fault("flows/main.yaml", "flow: fault\n", "flow: fautl\n", "flow: |fautl", "fault"),
    "a queue that needs an unknown skill": Fault(
        "config/queues.yaml", "needs: {billing: 2}", "needs: {biling: 2}", "needs: {|biling: 2}", "billing"
    ),
    "a time that is none": Fault(
        "config/queues.yaml", "max_wait_seconds: 480", "max_wait_seconds: soon", "|max_wait_seconds: soon", "seconds"
    ),
    "an entry nobody knows": Fault(
        "config/queues.yaml", "    weight: 10 ", "    wieght: 10 ", "    |wieght: 10", "weight"
    ),
    "an agent in an unknown queue": Fault(
        "config/agents.yaml",
        "queues: [faults, general]\n  agent04:",
        "queues: [faultz, general]\n  agent04:",
        "queues: [|faultz, general]",
        "faults",
    ),
    "an extension of letters": Fault(
        "config/agents.yaml", "extension: 1003", "extension: ten", "|extension: ten", "digits"
    ),
    "a head start below nothing": Fault(
        "config/tiers.yaml",
        "head_start_seconds: 300",
        "head_start_seconds: -300",
        "|head_start_seconds: -300",
        "from 0",
    ),
    "a backend of no known kind": Fault(
        "config/backends.yaml", "type: sql        #", "type: sqll        #", "|type: sqll", "sql"
    ),
}


def broken(folder: Path, *faults: Fault) -> None:
    """The project's flows and configuration with these faults, in this folder."""
    folder.mkdir(exist_ok=True)
    for part in ("flows", "config"):
        shutil.copytree(PROJECT / part, folder / part)
    for fault in faults:
        file = folder / fault.file
        text = file.read_text(encoding="utf-8")
        assert text.count(fault.old) >= 1, f"{fault.file} has changed: {fault.old!r} is not there any more"
        file.write_text(text.replace(fault.old, fault.new, 1), encoding="utf-8")


def place(folder: Path, fault: Fault) -> str:
    """`file:line:column` of the fault, counted from 1."""
    before, _, after = fault.blamed.partition("|")
    text = (folder / fault.file).read_text(encoding="utf-8")
    at = text.index(before + after) + len(before)
    line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
    return f"{folder / fault.file}:{line}:{column}: "


async def run(*arguments: str, folder: Path) -> tuple[int, str]:
    """`hotline …`; returns status and everything printed."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cti.cli.main", *arguments,
        cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={"PYTHONPATH": str(PROJECT), "PATH": "", "COLUMNS": "400"},
    )  # fmt: skip
    async with asyncio.timeout(60):
        output, _ = await child.communicate()
    assert child.returncode is not None
    return child.returncode, output.decode()


async def check(folder: Path) -> tuple[int, str]:
    return await run("check", str(folder / "flows"), "--config", str(folder / "config"), folder=folder)


async def serve(folder: Path) -> tuple[int, str]:
    """The server with these files; its Asterisk is a port where nobody listens."""
    secret = {"events_secret": "secret-of-events", "actions_secret": "secret-of-actions"}
    settings = {
        "ami": {"port": free_port(), **secret},
        "http": {"port": free_port(), "token": "a-token-nobody-guesses"},
        "database_url": f"sqlite:///{folder / 'hotline.db'}",
        "store_url": "memory:",
        **{
            name: str(folder / part)
            for name, part in (("flows_dir", "flows"), ("config_dir", "config"), ("run_dir", "run"))
        },
    }
    (folder / "hotline.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return await run("serve", "--settings", str(folder / "hotline.yaml"), folder=folder)


def blames(output: str, folder: Path, fault: Fault) -> None:
    """Assert that one line names the place and offers the cure, and that no traceback is shown."""
    wanted = place(folder, fault)
    lines = [line for line in output.splitlines() if wanted in line]
    assert lines, f"{wanted} is not blamed:\n{output}"
    assert any(fault.cure in line.partition(wanted)[2].partition("(")[2] for line in lines), lines
    assert "Traceback" not in output


@pytest.mark.parametrize("name", FAULTS)
def test_check_blames_the_place_and_offers_a_cure(tmp_path: Path, name: str) -> None:
    broken(tmp_path, FAULTS[name])
    result = CliRunner().invoke(build_app(), ["check", str(tmp_path / "flows"), "--config", str(tmp_path / "config")])
    assert result.exit_code == 2, result.output
    blames(result.output, tmp_path, FAULTS[name])


@pytest.mark.asyncio
async def test_serve_refuses_to_start_for_the_same_reasons(tmp_path: Path) -> None:
    """One fault of each file."""
    faults = list({fault.file if "config" in fault.file else "flows": fault for fault in FAULTS.values()}.values())
    assert len(faults) == 5
    folders = [tmp_path / str(number) for number in range(len(faults))]
    for folder, fault in zip(folders, faults, strict=True):
        broken(folder, fault)
    for folder, fault, (status, output) in zip(
        folders, faults, await asyncio.gather(*map(serve, folders)), strict=True
    ):
        assert status == 2, output
        blames(output, folder, fault)


@pytest.mark.asyncio
async def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    names = ("a step that does not exist", "a phrase nobody wrote", "an expression that cannot be read")
    of_config = ("an entry nobody knows", "an extension of letters", "a head start below nothing")
    faults = [FAULTS[name] for name in (*names, *of_config)]
    broken(tmp_path, *faults)
    (status, output), (serve_status, serve_output) = await asyncio.gather(check(tmp_path), serve(tmp_path))
    assert (status, serve_status) == (2, 2)
    for fault in faults:
        blames(output, tmp_path, fault)
    assert re.search(r"\b6 errors\b", output), output
    assert any(place(tmp_path, fault) in serve_output for fault in faults)


@pytest.mark.asyncio
async def test_files_that_are_not_there_or_not_text(tmp_path: Path) -> None:
    broken(tmp_path)
    (tmp_path / "config" / "agents.yaml").unlink()
    (tmp_path / "flows" / "survey.yaml").write_bytes(b"version: 1\nflow: \xff\xfe\n")
    for status, output in await asyncio.gather(check(tmp_path), serve(tmp_path)):
        assert status == 2
        assert "agents.yaml" in output or "survey.yaml" in output
        assert "Traceback" not in output
    _, output = await check(tmp_path)
    assert "agents.yaml" in output
    assert "survey.yaml:1:1: " in output


@pytest.mark.asyncio
async def test_the_project_itself_is_not_blamed(tmp_path: Path) -> None:
    broken(tmp_path)
    status, output = await check(tmp_path)
    assert status == 0, output
