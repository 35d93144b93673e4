"""What was recorded, compared byte by byte with what a caller said."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import TYPE_CHECKING

from tests.rig.prompts import ulaw
from tests.rig.rtp import PACKET_BYTES

if TYPE_CHECKING:
    from tests.rig.listener import Party
    from tests.rig.server import HotlineServer

_ONE_ZERO = bytes(range(256)).replace(b"\x7f", b"\xff")  # both are zero in µ-law


def voice_seconds(server: HotlineServer, recording: str, who: Party) -> float:
    """How much of the recording is this party's voice."""
    file = Path(server.settings["spool_dir"]) / "recordings" / f"{recording}.wav"
    with wave.open(str(file), "rb") as sound:
        assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (8000, 2, 1)
        heard = ulaw(sound.readframes(sound.getnframes())).translate(_ONE_ZERO)
    voice = (who.rig.prompts.add_voice(who.who) * 2).translate(_ONE_ZERO)
    pieces = (heard[at : at + PACKET_BYTES] for at in range(0, len(heard) - PACKET_BYTES, PACKET_BYTES))
    return sum(piece in voice for piece in pieces) * PACKET_BYTES / 8000
