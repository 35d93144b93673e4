"""A voice for tests that must not need espeak-ng: says a text as a tone whose pitch and length come from the text."""

import threading
from zlib import crc32

import numpy as np

from cti.prompts.audio import to_wav
from cti.prompts.errors import PromptError
from cti.prompts.voices import Manner, Utterance


class ToneVoice:
    """Counts what it was asked to say; refuses texts in `mute`."""

    def __init__(self, version="1", mute=()):
        self.version = version
        self.mute = mute
        self.said = []
        self._lock = threading.Lock()

    def utterance(self, text, language):
        return Utterance(Manner(language, 100), text)

    def say(self, utterance):
        with self._lock:
            self.said.append(utterance.text)
        if utterance.text in self.mute:
            raise PromptError(f"cannot say {utterance.text!r}")
        number = crc32(utterance.text.encode())
        seconds = np.arange(8000 // 2 + number % 800) / 8000
        return to_wav(0.2 * np.sin(2 * np.pi * (300 + number % 997) * seconds))
