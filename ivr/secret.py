"""A value that must not be shown: PINs and the like."""

from __future__ import annotations


class Secret:
    """Hold a text that no log, trace, repr or JSON may show.

    Args:
        text: the value itself. It is only handed out by `reveal()`.

    """

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        self.__text = text

    def reveal(self) -> str:
        """Return the value. Call it only at the very place that needs it."""
        return self.__text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.__text

    def __hash__(self) -> int:
        return hash((Secret, self.__text))

    def __reduce__(self) -> str:
        raise TypeError("a Secret cannot be pickled: it must not leave memory")
