"""From the studio to the caller's ear: real speech, spoilt in every way studios know, and what survives on the real Asterisk."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
import pytest_asyncio
import soxr

from cti.prompts import audio, measure
from cti.prompts.build import build_music, build_prompts
from cti.prompts.files import prompt_file
from cti.prompts.studio import takes
from cti.prompts.voices import find_speaker
from cti.prompts.wanted import wanted_prompts
from tests.rig.listener import Caller
from tests.rig.prompts import PromptIndex, PromptName
from tests.rig.server import PROJECT
from tests.rig.site import Site, Sound
from tests.unit.prompts.studio_sounds import RATE, write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from cti.prompts.voices import Speaker
    from cti.provision.asterisk import AsteriskInstall
    from cti.provision.programs import Tool
    from ivr.speech import Prompt

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

COMMAND_SECONDS = 120
FLOW = """
version: 1
flow: main
start: hello
safe_exit: bye
steps:
  hello:
    type: say
    barge_in: false
    say: {zh: %s, en: Welcome to our hotline.}
    next: bye
  bye: {type: hangup}
"""
FIRST, SECOND = "欢迎致电我们的客户服务热线。", "欢迎致电我们的客户服务热线，祝您新年快乐。"
HELLO = PromptName("zh", "main/hello-1")


@pytest.fixture(scope="module")
def speaker() -> Speaker:
    return find_speaker()


def spoken(speaker: Speaker, prompt: Prompt, text: str = "") -> np.ndarray:
    """What a microphone in a quiet room gives of somebody who says the prompt, half a second before and after."""
    samples, rate = audio.read_sound(speaker.say(speaker.utterance(text or prompt.text, prompt.language)), prompt.id)
    loud = soxr.resample(samples, rate * 0.95, RATE)  # a deeper voice than the synthetic one
    quiet = np.zeros(RATE // 2)
    whole = np.concatenate([quiet, 0.5 * loud / np.abs(loud).max(), quiet])
    return whole + np.random.default_rng(1).normal(0, 1e-4, whole.size)


async def test_real_speech_is_taken_and_real_faults_are_refused(speaker: Speaker, tmp_path: Path) -> None:
    prompts = {f"{p.language}.{p.id.replace('/', '.')}": p for p in wanted_prompts(PROJECT / "flows")}
    menu, welcome = prompts["zh.main.menu-1"], prompts["en.main.welcome-1"]
    good, noise = spoken(speaker, menu), np.random.default_rng(2)
    english = spoken(speaker, welcome)
    files = {
        "good/zh.main.menu-1.flac": np.stack([good, 0.8 * good], axis=1),
        "good/en.main.welcome-1.mp3": english,
        "good/zh.say.n-7.ogg": spoken(speaker, prompts["zh.say.n-7"]),
        "clipped/zh.main.menu-1.wav": np.clip(5 * good, -1, 1),
        "quiet/zh.main.menu-1.wav": 0.004 * good,
        "noisy/zh.main.menu-1.wav": good + noise.normal(0, 0.03, good.size),
        "other/en.main.welcome-1.wav": spoken(speaker, welcome, "Yes."),
        "swapped/zh.say.n-7.wav": good,
        "phase/en.main.welcome-1.wav": np.stack([english, -english], axis=1),
    }
    for name, samples in files.items():
        write(tmp_path, name, samples)
    folders = {name.partition("/")[0] for name in files}
    told = {name: takes(tmp_path / name, prompts.values()) for name in folders}
    assert [take.problems for take in told.pop("good")] == [()] * 3
    words = {name: "".join(found[0].problems) for name, found in told.items()}
    cures = {
        "clipped": "less gain", "quiet": "too quiet", "noisy": "quieter room", "other": "other words", "swapped": "other words",
        "phase": "cancel each other",
    }  # fmt: skip
    assert {name: cure in words[name] for name, cure in cures.items()} == dict.fromkeys(cures, True), words


async def test_recordings_are_as_loud_as_the_voice_beside_them(speaker: Speaker, tmp_path: Path) -> None:
    prompts = [p for p in wanted_prompts(PROJECT / "flows") if p.id.startswith("balance/") and p.language == "zh"]
    build_prompts(prompts, tmp_path / "voice", speaker)
    for gain, prompt in zip(np.geomspace(0.12, 1.9, len(prompts)), prompts, strict=True):
        write(tmp_path / "studio", f"zh.{prompt.id.replace('/', '.')}.wav", gain * spoken(speaker, prompt))
    for take in takes(tmp_path / "studio", prompts):
        assert take.problems == ()
        (tmp_path / "kept/zh" / take.prompt.id).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "kept/zh" / f"{take.prompt.id}.wav").write_bytes(take.sound)
    build_prompts(prompts, tmp_path / "recorded", speaker, recordings=tmp_path / "kept")

    def levels(kind: str) -> list[float]:
        files = [prompt_file(tmp_path / kind, prompt) for prompt in prompts]
        return [measure.active_level_db(audio.from_ulaw(file.read_bytes()), audio.RATE_HZ) for file in files]

    recorded = levels("recorded")
    assert max(recorded) - min(recorded) < 3  # of 24 dB; what is left is high peaks
    assert np.median(recorded) == pytest.approx(np.median(levels("voice")), abs=1.5)


@dataclass
class Hotline:
    """A hotline with one sentence, and the commands of its operator."""

    site: Site
    index: PromptIndex
    folder: Path
    sounds: Path

    async def command(self, *words: str) -> tuple[int, str]:
        """Run `hotline prompts …` as the operator does; its status and all it prints."""
        folders = {"FLOWS": self.folder / "flows", "RECORDINGS": self.folder / "recordings", "RUN": self.folder / "operator"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cti.cli.main", "prompts", *words,
            env={**os.environ, **{f"HOTLINE_{name}_DIR": str(path) for name, path in folders.items()}},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=PROJECT,
        )  # fmt: skip
        async with asyncio.timeout(COMMAND_SECONDS):
            told, _ = await process.communicate()
        return process.returncode or 0, told.decode()

    def write(self, sentence: str) -> Prompt:
        """Write the flow; the prompt of its sentence."""
        (self.folder / "flows/main.yaml").write_text(FLOW % sentence, encoding="utf-8")
        return next(p for p in wanted_prompts(self.folder / "flows") if (p.language, p.id) == ("zh", "main/hello-1"))

    def learn(self, name: str) -> None:
        """Let callers know what is to be played now by this name."""
        sound = (self.sounds / "zh/hotline/main/hello-1.ulaw").read_bytes()
        assert sound not in self.index.audio.values(), "it is what was played before"
        self.index.add(PromptName("", name), sound)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(
    speaker: Speaker, asterisk_install: AsteriskInstall, sipp: Tool, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Hotline]:
    folder = tmp_path_factory.mktemp("studio")
    flows, sounds, music = folder / "flows", folder / "sounds", folder / "music"
    flows.mkdir()
    for name in ("phrases.yaml", "hours.yaml"):
        (flows / name).write_bytes((PROJECT / "flows" / name).read_bytes())
    (flows / "main.yaml").write_text(FLOW % FIRST, encoding="utf-8")
    await asyncio.to_thread(build_prompts, wanted_prompts(flows), sounds, speaker)
    build_music(music)
    sound = Sound(sounds, music, PromptIndex.of_folder(sounds))
    site = Site(asterisk_install, sipp, sound, folder, config=PROJECT / "config", flows=flows, rtp_timeout_seconds=10)
    await site.asterisk.start()
    yield Hotline(site, sound.index, folder, sounds)
    await site.asterisk.stop()


async def heard_in_a_call(hotline: Hotline, name: str) -> list[str]:
    async with Caller.call(hotline.site.rig, "95598", "13911112222") as caller:
        await caller.heard_whole(name)
        assert await caller.ended() == "asterisk"
        return caller.heard_ids


async def test_a_caller_hears_the_recording_until_its_text_changes(hotline: Hotline, speaker: Speaker, tmp_path: Path) -> None:
    """The voice, then the studio's recording from the next call on, then the voice again with the new words."""
    sounds = ("--sounds", str(hotline.sounds))
    async with hotline.site.running(watch_flows_seconds=0) as server:
        assert await heard_in_a_call(hotline, str(HELLO.id)) == [HELLO.id]

        write(tmp_path, "zh.main.hello-1.flac", np.stack([0.3 * spoken(speaker, hotline.write(FIRST))] * 2, axis=1))
        status, told = await hotline.command("import", str(tmp_path), *sounds)
        assert (status, told.partition(";")[0]) == (0, "zh.main.hello-1.flac: good")
        hotline.learn("studio/first")
        assert await heard_in_a_call(hotline, "studio/first") == ["studio/first"]

        hotline.write(SECOND)
        status, told = await hotline.command("missing", *sounds)
        assert status == 1
        assert f"zh/main/hello-1: its recording says '{FIRST}', and the text is '{SECOND}' now" in told
        status, told = await hotline.command("build", *sounds)
        assert (status, "the voice speaks those: zh/main/hello-1" in told) == (0, True)
        hotline.learn("voice/second")
        assert (await server.api("POST", "/api/flows/reload", {})).status == 200
        page = await server.api("GET", "/flows/main?against=previous", token="")
        assert (page.status, "<li>the text of main/hello changed (zh)</li>" in str(page.body)) == (200, True)
        assert await heard_in_a_call(hotline, "voice/second") == ["voice/second"]
        assert server.tracebacks() == []
