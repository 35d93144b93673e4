"""Which prompt is this? µ-law audio as received, matched with the prompt files.

Asterisk passes a µ-law file to a µ-law caller unchanged, in packets that need not start where the file's do. The index
holds a 32-byte window for every 160 bytes of each file; a stream is searched at all 160 alignments until a window
fits, and from then on compared byte by byte. Several files may fit for a while (same start, same words): every one that
disagrees later is dropped.
"""

from __future__ import annotations

import random
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig.rtp import PACKET_BYTES, QUIET_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WINDOW_BYTES = 32
_DISTINCT_BYTES = 8  # a window with fewer different values is a pause or a steady tone: it names nothing
_SKIP_BYTES = 8 * 400  # a prompt that goes on so little later is the same one: a packet was lost
_SURE_BYTES = 480  # so much must fit, once some audio was lost or cut, before a name is given


@dataclass(frozen=True, order=True)
class PromptName:
    """A prompt as the flows name it. `language` is "" for music and voices."""

    language: str
    id: str

    def __str__(self) -> str:
        return f"{self.language}:{self.id}" if self.language else self.id


@dataclass
class Heard:
    """One prompt as it was heard: monotonic times, offsets in bytes (8 a millisecond)."""

    names: tuple[PromptName, ...]
    first_offset: int
    next_offset: int
    length: int
    started_at: float
    last_at: float
    ended: bool = False

    @property
    def name(self) -> PromptName:
        """The name, the first one in order when files are identical."""
        return self.names[0]

    @property
    def whole(self) -> bool:
        """True when it was played to its end (the last 60 ms may be a pause that was not sent)."""
        return self.next_offset >= self.length - 3 * PACKET_BYTES

    @property
    def seconds(self) -> float:
        """How much of it was heard."""
        return (self.next_offset - self.first_offset) / 8000


class PromptIndex:
    """All audio that may be heard, by name."""

    def __init__(self) -> None:
        self.audio: dict[PromptName, bytes] = {}
        self._windows: dict[bytes, list[tuple[PromptName, int]]] = {}

    @classmethod
    def of_folder(cls, sounds: Path, folder: str = "hotline") -> PromptIndex:
        """Index `<sounds>/<language>/<folder>/**/*.ulaw`; ids are the paths below `folder` without suffix."""
        index = cls()
        for file in sorted(sounds.glob(f"*/{folder}/**/*.ulaw")):
            language = file.relative_to(sounds).parts[0]
            index.add(
                PromptName(language, file.relative_to(sounds / language / folder).with_suffix("").as_posix()),
                file.read_bytes(),
            )
        return index

    def add_music(self, folder: Path) -> None:
        """Index hold music (`.ulaw`, or 16-bit 8 kHz `.wav`, `.sln`) under the names `music/<file>`."""
        readers: dict[str, Callable[[Path], bytes]] = {
            ".ulaw": Path.read_bytes,
            ".wav": _wav_as_ulaw,
            ".sln": lambda file: ulaw(file.read_bytes()),
        }
        for file in sorted(folder.iterdir()):
            if file.suffix in readers:
                self.add(PromptName("", f"music/{file.stem}"), readers[file.suffix](file))

    def add_voice(self, who: str) -> bytes:
        """Make, index and return 4 s of sound that nobody else makes, under the name `voice/<who>`."""
        name = PromptName("", f"voice/{who}")
        if name not in self.audio:
            self.add(name, random.Random(who).randbytes(4 * 8000))
        return self.audio[name]

    def add(self, name: PromptName, audio: bytes) -> None:
        """Index µ-law `audio` as `name`."""
        self.audio[name] = audio
        for offset in range(0, len(audio) - WINDOW_BYTES + 1, PACKET_BYTES):
            window = audio[offset : offset + WINDOW_BYTES]
            if _is_distinct(window):
                self._windows.setdefault(window, []).append((name, offset))

    def find(self, stream: bytes) -> tuple[int, list[tuple[PromptName, int]]] | None:
        """The first position in `stream` where a known window starts, with all (name, offset) that begin so and fit to the end."""
        for position in range(len(stream) - WINDOW_BYTES + 1):
            found = self._windows.get(stream[position : position + WINDOW_BYTES])
            fits = [at for at in found or () if self.fits(at, stream[position:])]
            if fits:
                return position, fits
        return None

    def fits(self, at: tuple[PromptName, int], stream: bytes) -> bool:
        """True when `stream` agrees with the audio at `at` for as long as both last."""
        rest = self.audio[at[0]][at[1] : at[1] + len(stream)]
        return len(rest) > 0 and stream.startswith(rest)


@dataclass
class Ear:
    """Follows one received stream and keeps `heard`, the prompts in order; `on_change()` tells of each new or ended one."""

    index: PromptIndex
    on_change: Callable[[], None]
    heard: list[Heard] = field(default_factory=list)
    unknown_bytes: int = 0  # sound that no file explains
    _fits: list[tuple[PromptName, int]] = field(default_factory=list)
    _tail: bytes = b""
    _pending: Heard | None = None

    def listen(self, payload: bytes, now: float) -> None:
        """Take the next audio packet."""
        stream = self._tail + payload
        self._tail = b""
        while stream:
            stream = self._follow(stream, now) if self._fits else self._search(stream, now)

    def _follow(self, stream: bytes, now: float) -> bytes:
        """Compare with the prompt being heard; returns what is left after its end or after the first disagreement."""
        assert self._pending is not None
        fits = [at for at in self._fits if self.index.fits(at, stream)]
        if not fits:
            self._end()
            return stream
        whole = [at for at in fits if len(self.index.audio[at[0]]) - at[1] >= len(stream)] or fits
        taken = min(len(stream), max(len(self.index.audio[name]) - offset for name, offset in whole))
        self._fits = [(name, offset + taken) for name, offset in whole]
        self._advance(taken, now)
        return stream[taken:]

    def _advance(self, taken: int, now: float) -> None:
        heard = self._pending
        assert heard is not None
        heard.names = tuple(sorted({name for name, _ in self._fits}))
        name, heard.next_offset = self._fits[0]
        heard.length, heard.last_at = len(self.index.audio[name]), now
        self._publish(heard)
        if heard.next_offset >= heard.length:
            self._end()

    def _publish(self, heard: Heard) -> None:
        last = self.heard[-1] if self.heard else None
        if (
            last
            and last is not heard
            and last.ended
            and last.names == heard.names
            and 0 < heard.first_offset - last.next_offset <= _SKIP_BYTES
        ):
            self._pending, last.ended = last, False
            last.next_offset, last.last_at = heard.next_offset, heard.last_at
            return
        sure = heard.next_offset - heard.first_offset >= min(_SURE_BYTES, heard.length - heard.first_offset)
        if sure and (not self.heard or self.heard[-1] is not heard):
            self.heard.append(heard)
            self.on_change()

    def _end(self) -> None:
        assert self._pending is not None
        self._pending.ended, self._pending, self._fits = True, None, []
        self.on_change()

    def _search(self, stream: bytes, now: float) -> bytes:
        """Look for the start of something known; keeps the last bytes, in which a window may have begun."""
        found = self.index.find(stream)
        if found is None:
            keep = WINDOW_BYTES - 1
            self.unknown_bytes += 0 if QUIET_BYTES.issuperset(stream) else max(0, len(stream) - keep)
            self._tail = stream[-keep:]
            return b""
        position, fits = found
        self._fits = fits
        name, offset = fits[0]
        self._pending = Heard(tuple(n for n, _ in fits), offset, offset, len(self.index.audio[name]), now, now)
        return stream[position:]


def ulaw(linear: bytes) -> bytes:
    """G.711 µ-law of signed 16-bit little-endian samples, as Asterisk's table does it (14 bits)."""
    samples = memoryview(linear[: len(linear) // 2 * 2]).cast("h")
    return bytes(_ULAW[(sample & 0xFFFF) >> 2] for sample in samples)


def _ulaw_of(sample: int) -> int:
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32635) + 0x84
    exponent = max(0, magnitude.bit_length() - 8)
    return ~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF


_ULAW = bytes(
    _ulaw_of((n << 2 | 3) - 65536 if n >= 8192 else n << 2 | 3) for n in range(16384)
)  # the last of each four wins there


def _wav_as_ulaw(file: Path) -> bytes:
    with wave.open(str(file), "rb") as sound:
        if (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) != (8000, 2, 1):
            raise ValueError(f"{file}: hold music must be 16-bit 8 kHz mono")
        return ulaw(sound.readframes(sound.getnframes()))


def _is_distinct(window: Iterable[int]) -> bool:
    return len(set(window) - QUIET_BYTES) >= _DISTINCT_BYTES
