"""schemathesis against the running application: whatever is sent, the answers keep to the API's own description."""

import asyncio
import re
import shutil
import sysconfig

import pytest

from acd.config import Agent, Policy, Queue, Tier
from acd.events import AgentLoggedIn, CallQueued
from cti.http import make_app, serving
from tests.unit.web.hotline import TOKEN, Hotline

pytestmark = pytest.mark.asyncio

POLICY = Policy(
    queues={"front": Queue("front")},
    tiers={"basic": Tier("basic")},
    agents={"front": Agent("front", queues=("front",)), "back": Agent("back")},
)
REAL_NAMES = '[parameters]\n"path.name" = "front"\n"path.call" = "c1"\n'


@pytest.mark.parametrize(("config", "examples"), [(REAL_NAMES, 15), ("", 8)], ids=["real names", "any names"])
async def test_answers_keep_to_the_description(tmp_path, config, examples):
    hotline = Hotline(POLICY)
    hotline.tell(AgentLoggedIn("front"), CallQueued("c1", "front", "basic"), CallQueued("c2", "front", "basic"))
    hotline.on_the_line("c1", "c2", "c3")
    hotline.records.add("c1", started_at_ms=5, trail=({"flow": "main", "step": "menu"},))
    (tmp_path / "schemathesis.toml").write_text(config)
    command = shutil.which("st", path=sysconfig.get_path("scripts"))
    assert command, "schemathesis is missing: make setup"
    async with asyncio.timeout(150), serving(make_app(hotline.deps), "127.0.0.1", 0) as port:
        process = await asyncio.create_subprocess_exec(
            command, "run", f"http://127.0.0.1:{port}/api/openapi.json", "-H", f"Authorization: Bearer {TOKEN}",
            "--checks", "all", "--exclude-path", "/api/board/stream", "--phases", "examples,coverage,fuzzing", "--seed", "1", "-n", str(examples), "--no-color",
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    report = output.decode()
    assert process.returncode == 0, report
    selected = re.search(r"\b([1-9]\d+) selected / (\d+) total", report)
    assert selected, report
    assert int(selected[2]) - int(selected[1]) == 1, "all but the stream, which does not end"
    hotline.engine.check_invariants()
