"""What the hotline itself says beside the flows: in the line, to agents, at the gate. Prompt ids out, nothing played here."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ivr.speech import speak

BYTES_PER_SECOND = 8000.0
#: Spoken instead of a number of minutes when the wait is expected to be shorter.
MINUTE_SECONDS = 60.0
PHRASES = "phrases/"


class Durations:
    """Playing times of prompts, from the sizes of their µ-law files; a prompt that is not there counts as two seconds."""

    MISSING_SECONDS = 2.0

    def __init__(self, sounds: Path) -> None:
        self._sounds = sounds
        self._seconds: dict[tuple[str, str], float] = {}

    def __call__(self, prompts: Sequence[str], language: str) -> float:
        """Seconds that these prompts take, one after the other."""
        return sum(self._one(prompt, language) for prompt in prompts)

    def _one(self, prompt: str, language: str) -> float:
        known = self._seconds.get((prompt, language))
        if known is None:
            file = self._sounds / language / "hotline" / f"{prompt}.ulaw"
            try:
                known = file.stat().st_size / BYTES_PER_SECOND
            except OSError:
                known = self.MISSING_SECONDS
            self._seconds[prompt, language] = known
        return known


class Phrasebook:
    """The phrases of flows/phrases.yaml, joined with spoken numbers.

    `phrases` are the names that exist; a whisper for a tier or queue without a phrase of its own leaves it out.
    """

    def __init__(self, phrases: Mapping[str, Mapping[str, str]], default_language: str = "zh") -> None:
        self._phrases = phrases
        self._default = default_language

    def _known(self, *ids: str) -> tuple[str, ...]:
        return tuple(PHRASES + name for name in ids if name in self._phrases)

    def _language(self, language: str) -> str:
        return language or self._default

    def phrase(self, name: str, language: str, number: int | None = None) -> tuple[str, ...]:
        """One phrase, with a number after it if there is one."""
        spoken = () if number is None else speak("number", number, self._language(language))
        return (*self._known(name), *spoken)

    def holding(self, language: str, keys: Mapping[str, str]) -> tuple[str, ...]:
        """What a caller hears as he enters a line: that he waits, and which keys lead out."""
        del language
        return self._known("please-hold", "keys-while-waiting") if keys else self._known("please-hold")

    def announce(self, language: str, position: int, expected_wait_seconds: float | None) -> tuple[str, ...]:
        """Position in the line, and the expected wait when there is an honest estimate."""
        spoken = self._language(language)
        if position == 1:
            words = self._known("queue-next")
        else:
            words = (*self._known("queue-position"), *speak("number", position, spoken), *self._known("queue-position-end"))
        if expected_wait_seconds is None:
            return words
        if expected_wait_seconds < MINUTE_SECONDS:
            return (*words, *self._known("queue-wait-under-minute"))
        minutes = round(expected_wait_seconds / MINUTE_SECONDS)
        return (*words, *self._known("queue-wait-minutes"), *speak("number", minutes, spoken))

    def whisper(self, tier: str, queue: str, language: str, waited_seconds: float) -> tuple[str, ...]:
        """What the agent hears before the caller: tier, queue, language, wait."""
        waited = max(1, round(waited_seconds))
        return (
            *self._known(f"whisper-tier-{tier}", f"whisper-queue-{queue}", f"whisper-language-{language}", "whisper-waited"),
            *speak("duration", waited, self._default),
        )
