"""Which agents' phones are in a call that is not ours: with a caller of the fallback, dialled directly, or dialling themselves.

Such an agent is not rung meanwhile; when his phone is free he is ready as before.
"""

from collections.abc import Callable, Iterable, Mapping

from acd.events import AgentBusyElsewhere, Event
from cti.ami.messages import ChannelRow

#: A channel that is not ours by then will not become a leg or a feature call any more.
SETTLED_SECONDS = 2
_OWN = ("o", "f")


class PhoneWatch:
    """Compares the phones with each list of channels, and tells what has changed.

    Args:
        devices: agents by device, as in `PJSIP/agent01`.
        tell: takes the engine's events.

    """

    def __init__(self, devices: Callable[[], Mapping[str, str]], tell: Callable[[Event], None]) -> None:
        self._devices = devices
        self._tell = tell
        self._busy: frozenset[str] = frozenset()

    def look(self, rows: Iterable[ChannelRow]) -> None:
        """Tell of every agent whose phone has become busy or free since the last look."""
        devices = self._devices()
        busy = frozenset(devices[device] for device in map(_device, filter(_elsewhere, rows)) if device in devices)
        for agent in sorted(busy ^ self._busy):
            if agent in devices.values():
                self._tell(AgentBusyElsewhere(agent, agent in busy))
        self._busy = busy


def _elsewhere(row: ChannelRow) -> bool:
    return not row.nonce.startswith(_OWN) and row.duration_seconds >= SETTLED_SECONDS


def _device(row: ChannelRow) -> str:
    """The device of a channel: what stands before the number that Asterisk adds."""
    return row.channel.rpartition("-")[0]
