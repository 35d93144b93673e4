"""Sounds and music where Asterisk looks for them."""

import sys
import wave
from array import array
from functools import cache
from pathlib import Path

from cti.provision.asterisk import AsteriskInstall

_BIAS = 0x84
_CLIP = 32635


def link_sounds(data: Path, install: AsteriskInstall, prompts: Path) -> None:
    """Link documentation, Asterisk's English core sounds and the hotline's prompts below Asterisk's data folder.

    Core sounds are also linked without a language: a Chinese caller needs the beep, too.
    """
    _link(data / "documentation", install.datadir / "documentation")
    sounds = data / "sounds"
    for folder in (sounds, sounds / "en"):
        folder.mkdir(parents=True, exist_ok=True)
        for file in install.sounds.iterdir() if install.sounds else ():
            _link(folder / file.name, file)
    for language in prompts.iterdir() if prompts.is_dir() else ():
        if (language / "hotline").is_dir():
            (sounds / language.name).mkdir(exist_ok=True)
            _link(sounds / language.name / "hotline", language / "hotline")


def _link(link: Path, target: Path) -> None:
    target = target.absolute()
    if link.is_symlink():
        if link.readlink() == target:
            return
        link.unlink()
    link.symlink_to(target)


def prepare_music(source: Path | None, target: Path) -> None:
    """Put the music into `target` as µ-law, which a µ-law caller gets without any work for Asterisk.

    Takes 16-bit 8 kHz mono `.wav` and ready `.ulaw`; others are left out, since Asterisk would play silence for them.
    Work done before is not repeated.
    """
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()) if source and source.is_dir() else ():
        ready = target / f"{file.stem}.ulaw"
        if ready.exists() and ready.stat().st_mtime >= file.stat().st_mtime:
            continue
        audio = file.read_bytes() if file.suffix == ".ulaw" else _wav_as_ulaw(file) if file.suffix == ".wav" else None
        if audio:
            fresh = target / f".{file.stem}.part"
            fresh.write_bytes(audio)
            fresh.replace(ready)


def _wav_as_ulaw(file: Path) -> bytes | None:
    try:
        with wave.open(str(file), "rb") as sound:
            if (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) != (1, 2, 8000):
                return None
            return linear_to_ulaw(sound.readframes(sound.getnframes()))
    except (wave.Error, EOFError):
        return None


def linear_to_ulaw(samples: bytes) -> bytes:
    """Encode 16-bit little-endian samples as G.711 µ-law, one byte a sample (ITU-T G.711)."""
    values = array("H", samples)
    if sys.byteorder == "big":
        values.byteswap()
    table = _ulaw_table()
    return bytes(map(table.__getitem__, values))


@cache
def _ulaw_table() -> bytes:
    """µ-law byte by the sample's 16 bits taken as unsigned."""
    return bytes(_encode(value - 0x10000 if value & 0x8000 else value) for value in range(0x10000))


def _encode(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), _CLIP) + _BIAS
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | (magnitude >> (exponent + 3)) & 0x0F) & 0xFF
