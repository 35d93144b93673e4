"""The one place that reads clocks: monotonic seconds for the cores, UTC milliseconds for what is stored."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

JUMP_SECONDS = 5.0


class Clock:
    """Monotonic and wall time, and the conversion between them that holds for this process.

    Stored times are UTC milliseconds. They are turned into monotonic seconds once, at load, and never into the future:
    a caller cannot have entered later than now.
    """

    def __init__(self, zone: str = "Asia/Shanghai") -> None:
        self._zone = ZoneInfo(zone)

    @property
    def zone(self) -> ZoneInfo:
        """The hotline's own time zone."""
        return self._zone

    def now(self) -> float:
        """Monotonic seconds; the cores' `now`."""
        return time.monotonic()

    def wall_ms(self) -> int:
        """UTC milliseconds."""
        return time.time_ns() // 1_000_000

    def civil(self) -> datetime:
        """The wall clock in the hotline's own time zone."""
        return datetime.now(self._zone)

    def to_monotonic(self, wall_ms: int) -> float:
        """Monotonic seconds of a stored time, at most now."""
        return self.now() - max(0, self.wall_ms() - wall_ms) / 1000

    def to_wall_ms(self, monotonic: float) -> int:
        """UTC milliseconds of a monotonic time."""
        return self.wall_ms() - int((self.now() - monotonic) * 1000)
