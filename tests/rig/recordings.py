"""What was recorded, compared byte by byte with what a caller said."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig.prompts import ulaw
from tests.rig.rtp import PACKET_BYTES, PACKET_SECONDS
from tests.rig.waiting import eventually

if TYPE_CHECKING:
    from tests.rig.listener import Party
    from tests.rig.server import HotlineServer

_ONE_ZERO = bytes(range(256)).replace(b"\x7f", b"\xff")  # both are zero in µ-law


async def speaks(who: Party, seconds: float) -> None:
    """Wait until this party has sent so much more of his voice, which never pauses."""
    until = who.media.sent + seconds / PACKET_SECONDS
    await eventually(lambda: who.media.sent >= until, seconds + 20, f"{seconds:g} s of voice sent")


def recorded(server: HotlineServer, recording: str) -> bytes:
    """The recording as µ-law, with one zero."""
    file = Path(server.settings["spool_dir"]) / "recordings" / f"{recording}.wav"
    with wave.open(str(file), "rb") as sound:
        assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (8000, 2, 1)
        return ulaw(sound.readframes(sound.getnframes())).translate(_ONE_ZERO)


def voice_seconds(server: HotlineServer, recording: str, who: Party) -> float:
    """How much of the recording is this party's voice."""
    heard = recorded(server, recording)
    voice = (who.rig.prompts.add_voice(who.who) * 2).translate(_ONE_ZERO)
    pieces = (heard[at : at + PACKET_BYTES] for at in range(0, len(heard) - PACKET_BYTES, PACKET_BYTES))
    return sum(piece in voice for piece in pieces) * PACKET_BYTES / 8000
