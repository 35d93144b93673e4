"""What the hotline itself says beside the flows: in the line, to agents, at the gate. Prompt ids out, nothing played here."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from cti.callbacks.ringing import Greeting
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

    def holding(self, language: str, keys: Mapping[str, str], tier: str = "") -> tuple[str, ...]:
        """What a caller hears as he enters a line: a greeting for his tier, that he waits, and which keys lead out."""
        words = self._known(f"greeting-tier-{tier}", "please-hold", *(("keys-while-waiting",) if keys else ()))
        digits = [digit for digit, reason in keys.items() if reason == "callback" and digit.isdigit()]
        if not digits or "callback-key" not in self._phrases:
            return words
        return (*words, *self._known("callback-key"), *speak("digits", digits[0], self._language(language)))

    def announce(
        self, language: str, position: int, expected_wait_seconds: float | None, longest_wait_seconds: float | None = None
    ) -> tuple[str, ...]:
        """Position in the line, how long it will take when that can be said (as a range where likely and longest wait
        differ in whole minutes), and thanks."""
        spoken = self._language(language)
        if position == 1:
            words = self._known("queue-next")
        else:
            words = (*self._known("queue-position"), *speak("number", position, spoken), *self._known("queue-position-end"))
        wait = () if expected_wait_seconds is None else self._wait(spoken, expected_wait_seconds, longest_wait_seconds or expected_wait_seconds)
        return (*words, *wait, *self._known("queue-thanks"))

    def _wait(self, language: str, likely_seconds: float, longest_seconds: float) -> tuple[str, ...]:
        if longest_seconds < MINUTE_SECONDS:
            return self._known("queue-wait-under-minute")
        least, most = max(1, round(likely_seconds / MINUTE_SECONDS)), math.ceil(longest_seconds / MINUTE_SECONDS)
        if least >= most:
            return (*self._known("queue-wait-about"), *self._minutes(least, language))
        return (*self._known("queue-wait-from"), *self._minutes(least, language), *self._known("queue-wait-to"), *self._minutes(most, language))

    def _minutes(self, minutes: int, language: str) -> tuple[str, ...]:
        return speak("duration", minutes * MINUTE_SECONDS, language)

    def whisper_callback(self, tier: str, queue: str, language: str, waited_seconds: float) -> tuple[str, ...]:
        """What the agent hears before the customer is dialled: that it is a callback, and for whom."""
        return (*self._known("whisper-callback"), *self.whisper(tier, queue, language, waited_seconds))

    def greeting(self) -> Greeting:
        """What a customer hears who is called back: who calls, and the key by which he takes the call."""
        return Greeting(self._known("callback-hello"), self._known("callback-press"))

    def whisper(self, tier: str, queue: str, language: str, waited_seconds: float) -> tuple[str, ...]:
        """What the agent hears before the caller: tier, queue, language, wait."""
        waited = max(1, round(waited_seconds))
        return (
            *self._known(f"whisper-tier-{tier}", f"whisper-queue-{queue}", f"whisper-language-{language}", "whisper-waited"),
            *speak("duration", waited, self._default),
        )
