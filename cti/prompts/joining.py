"""Several prompts as one sound file, to listen to without a telephone."""

from collections.abc import Iterable
from pathlib import Path

from cti.prompts.files import Spoken, prompt_file, write_atomically


def join_as_wav(prompts: Iterable[Spoken], sounds: Path, out: Path) -> float:
    """Write `out`, a 16-bit 8 kHz wav of built prompts as a caller hears them in a row. Returns its length in seconds."""
    from cti.prompts import audio  # noqa: PLC0415 - costs 0.2 s, which printing words need not pay

    samples = audio.from_ulaw(b"".join(prompt_file(sounds, prompt).read_bytes() for prompt in prompts))
    write_atomically(out, audio.to_wav(samples))
    return float(samples.size) / audio.RATE_HZ
