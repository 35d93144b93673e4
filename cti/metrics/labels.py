"""Label values that stay few, whatever happens: what is not known and finds no room is counted as `other`."""

from collections.abc import Iterable

OTHER = "other"


class Vocabulary:
    """The values one label may take.

    Args:
        known: always accepted.
        room: how many values beside these are accepted, in the order they come.

    """

    def __init__(self, known: Iterable[str], room: int = 0) -> None:
        self._known = dict.fromkeys(known)
        self._limit = len(self._known) + room

    @property
    def known(self) -> tuple[str, ...]:
        """What is accepted so far, `other` not among it."""
        return tuple(self._known)

    def learn(self, known: Iterable[str]) -> None:
        """Accept these always, too: a changed configuration has them."""
        new = [value for value in known if value not in self._known]
        self._known.update(dict.fromkeys(new))
        self._limit += len(new)

    def fit(self, value: str) -> str:
        """Return the value, or `other`."""
        if value in self._known:
            return value
        if len(self._known) < self._limit:
            self._known[value] = None
            return value
        return OTHER
