"""Lock-out with a growing delay: who guesses is soon kept waiting, who mistypes hardly."""

from collections import OrderedDict
from dataclasses import dataclass

#: a delay grows to this at most, seconds
LONGEST_SECONDS = 300.0
#: failures are forgotten after so long without another, seconds
FORGOTTEN_SECONDS = 3600.0
_KEYS_LIMIT = 10_000


@dataclass(slots=True)
class _Failures:
    number: int = 0
    last: float = 0.0


class Patience:
    """Counts failures by key (a name, an address). Times are monotonic seconds.

    After `free` failures the next try has to wait 1 s, then 2, 4 … up to LONGEST_SECONDS. Counts are kept for the newest
    10,000 keys.
    """

    def __init__(self, free: int) -> None:
        self._free = free
        self._known: OrderedDict[str, _Failures] = OrderedDict()

    def wait_seconds(self, key: str, now: float) -> float:
        """Return how long the next try has to wait; 0 when it may come now."""
        known = self._known.get(key)
        if known is None or known.number < self._free:
            return 0.0
        delay = min(LONGEST_SECONDS, 2.0 ** (known.number - self._free))
        return max(0.0, known.last + delay - now)

    def failed(self, key: str, now: float) -> None:
        """Count a failure."""
        known = self._known.pop(key, None)
        if known is None or now - known.last > FORGOTTEN_SECONDS:
            known = _Failures()
        known.number, known.last = known.number + 1, now
        self._known[key] = known
        while len(self._known) > _KEYS_LIMIT:
            self._known.popitem(last=False)

    def take_back(self, key: str) -> None:
        """Take the last failure back: it was none."""
        known = self._known.get(key)
        if known is not None:
            known.number -= 1

    def succeeded(self, key: str) -> None:
        """Forget the key's failures."""
        self._known.pop(key, None)
