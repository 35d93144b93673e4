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

    def look(self, rows: Iterable[ChannelRow], *, settled_seconds: float = SETTLED_SECONDS) -> None:
        """Tell of every agent whose phone has become busy or free since the last look.

        A channel younger than `settled_seconds` may still become ours. Before this server has rung anybody none does (0):
        what rings then is the fallback's, or the last order of the server before it.
        """
        devices = self._devices()
        elsewhere = (row for row in rows if not row.nonce.startswith(_OWN) and row.duration_seconds >= settled_seconds)
        busy = frozenset(devices[device] for device in map(_device, elsewhere) if device in devices)
        for agent in sorted(busy ^ self._busy):
            if agent in devices.values():
                self._tell(AgentBusyElsewhere(agent, agent in busy))
        self._busy = busy


def _device(row: ChannelRow) -> str:
    """The device of a channel: what stands before the number that Asterisk adds."""
    return row.channel.rpartition("-")[0]
