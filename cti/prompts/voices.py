"""The synthetic voice: espeak-ng as a program, one short process a prompt (about 10 ms each)."""

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cti.prompts.errors import PromptError
from cti.provision.errors import ProvisionError
from cti.provision.programs import Tool, probe
from cti.provision.tools import find_tool, silent

_DEADLINE_SECONDS = 60.0
_READS_CHARACTERS = (1, 52)
"""The first espeak-ng that reads Chinese characters right; older ones read many as Latin letters (its issue 1236)."""

READINGS: Mapping[str, str] = MappingProxyType(
    {
        "还款": "huan2kuan3",
        "还清": "huan2qing1",
        "重听": "chong2ting1",
        "几点": "ji3dian3",
        "#号": "井号",
        "#": "井号",
        "*号": "星号",
        "*": "星号",
    }
)
"""What espeak-ng 1.52 misreads in Chinese, in the order of replacement: words with their pinyin, signs with their names."""

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a language is spoken: espeak-ng's voice and its speed in words a minute."""

    voice: str
    words_per_minute: int


ENGLISH = Manner("en-gb", 160)
MANDARIN = Manner("cmn", 165)
PINYIN = Manner("cmn-latn-pinyin", 165)
"""Reads characters as MANDARIN does and Latin letters as pinyin."""


@dataclass(frozen=True)
class Utterance:
    """A text made ready for espeak-ng, with the manner to speak it in."""

    manner: Manner
    text: str


@dataclass(frozen=True)
class Speaker:
    """espeak-ng as found: how to start it and its version."""

    tool: Tool
    version: str
    readings: Mapping[str, str] = field(default_factory=lambda: READINGS)

    def utterance(self, text: str, language: str) -> Utterance:
        """Prepare a text. Raises PromptError for a language without a voice."""
        if language == "en" or (language == "zh" and not _HAN.search(text)):
            return Utterance(ENGLISH, text)
        if language != "zh":
            raise PromptError(f"no voice speaks {language!r}; use zh or en, or record the prompts of that language")
        if _numbers(self.version) < _READS_CHARACTERS:
            return Utterance(PINYIN, as_pinyin(_with_readings(text, self.readings)))
        if _LATIN.search(text):
            return Utterance(MANDARIN, text)
        return Utterance(PINYIN, _with_readings(text, self.readings))

    def say(self, utterance: Utterance) -> bytes:
        """Return the utterance as a wav file. Raises PromptError when espeak-ng fails."""
        return self._run(utterance, "--stdout")

    def phonemes(self, utterance: Utterance) -> str:
        """Return espeak-ng's phoneme mnemonics with tone numbers, to check a reading without listening."""
        return self._run(utterance, "-q", "-x").decode(errors="replace").strip()

    def _run(self, utterance: Utterance, *options: str) -> bytes:
        manner = utterance.manner
        command = [*self.tool.argv, "-v", manner.voice, "-s", str(manner.words_per_minute), "-b", "1", *options]
        try:
            result = subprocess.run(  # noqa: S603 - the program found by find_speaker
                [*command, "--stdin"],
                input=utterance.text.encode(),
                capture_output=True,
                env=self.tool.environment(),
                timeout=_DEADLINE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PromptError(f"espeak-ng cannot speak {utterance.text!r}: {error}") from error
        if result.returncode or not result.stdout:
            said = result.stderr.decode(errors="replace").strip()[:300]
            raise PromptError(f"espeak-ng cannot speak {utterance.text!r}: {said or 'it gave no sound'}")
        return result.stdout


def find_speaker(progress: Callable[[str], None] = silent) -> Speaker:
    """Return espeak-ng: 1.52 or newer from PATH or fetched privately, else an older one on PATH fed with pinyin.

    progress is told what is done while it takes long. Raises ProvisionError with the cure when there is none and none
    can be fetched.
    """
    try:
        tool = find_tool("espeak-ng", progress=progress)
    except ProvisionError:
        old = shutil.which("espeak-ng")
        if old is None:
            raise
        tool = Tool((old,))
    return Speaker(tool, tool.version or probe("espeak-ng", tool))


def is_pause(text: str) -> bool:
    """Tell whether a text is punctuation alone, which is a short pause and not spoken."""
    return not _WORD.search(text)


def as_pinyin(text: str) -> str:
    """Write Chinese characters as pinyin with tone numbers, the rest as it is."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - 0.1 s to load, and only an old espeak-ng needs it

    syllables = lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True)
    return " ".join(syllables)


def _with_readings(text: str, readings: Mapping[str, str]) -> str:
    for word, pinyin in readings.items():
        text = text.replace(word, f" {pinyin} ")
    return text


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
