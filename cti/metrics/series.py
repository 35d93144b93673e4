"""Counters, gauges and histograms that remember the text they were last written as.

A scrape of a large floor has tens of thousands of lines of which few changed since the last one. So each series keeps
its lines until it changes, and a page is mostly joined, not made. Two forms are kept: Prometheus' text, and OpenMetrics
with an exemplar (the last call that fell into a bucket).
"""

import re
import time
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections.abc import Callable, Container, Iterable, Sequence
from enum import IntEnum
from typing import Generic, TypeVar

from cti.metrics.catalogue import Definition

_CALL = re.compile(r"[0-9A-Za-z._:-]{1,64}")  # what an exemplar may hold; no parser trips over it


class Form(IntEnum):
    """The two ways to write a page."""

    TEXT = 0
    OPEN = 1  #: OpenMetrics 1.0


class Series(ABC):
    """One combination of label values; `head` is the metric's name, `labels` are written `a="b",c="d"`."""

    __slots__ = ("head", "labels", "texts")

    def __init__(self, head: str, labels: str) -> None:
        self.head = head
        self.labels = labels
        self.texts: list[str | None] = [None, None]

    def text(self, form: Form) -> str:
        """Its lines, made anew only after a change."""
        made = self.texts[form]
        if made is None:
            made = self.texts[form] = self.write(form)
        return made

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return 1

    @abstractmethod
    def write(self, form: Form) -> str:
        """Make the lines."""


class Number(Series):
    """A counter or a gauge: one line."""

    __slots__ = ("value",)

    def __init__(self, head: str, labels: str) -> None:
        super().__init__(head, labels)
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        """Count so many more."""
        self.value += amount
        self.texts = [None, None]

    def set(self, value: float) -> None:
        """Show this value; one that stands already costs nothing."""
        if value != self.value:
            self.value = value
            self.texts = [None, None]

    def write(self, form: Form) -> str:
        """See Series."""
        del form
        return f"{self.head}{_braced(self.labels)} {_number(self.value)}\n"


class Distribution(Series):
    """A histogram's lines: cumulated buckets, count, sum. `bounds` are its upper bounds, ascending, without +Inf."""

    __slots__ = ("_bounds", "_counts", "_exemplars", "_sum")

    def __init__(self, head: str, labels: str, bounds: Sequence[float]) -> None:
        super().__init__(head, labels)
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._exemplars: dict[int, str] = {}

    @property
    def lines(self) -> int:
        """Its buckets with +Inf, the count and the sum."""
        return len(self._counts) + 2

    def observe(self, value: float, call: str = "") -> None:
        """Count one value; `call` becomes the exemplar of its bucket."""
        place = bisect_left(self._bounds, value)
        self._counts[place] += 1
        self._sum += value
        if _CALL.fullmatch(call):
            self._exemplars[place] = f' # {{call_id="{call}"}} {_number(value)} {time.time():.3f}'
        self.texts = [None, None]

    def write(self, form: Form) -> str:
        """See Series."""
        lines = []
        total = 0
        comma = "," if self.labels else ""
        for place, count in enumerate(self._counts):
            total += count
            bound = _number(self._bounds[place]) if place < len(self._bounds) else "+Inf"
            exemplar = self._exemplars.get(place, "") if form is Form.OPEN else ""
            lines.append(f'{self.head}_bucket{{{self.labels}{comma}le="{bound}"}} {total}.0{exemplar}\n')
        lines.append(f"{self.head}_count{_braced(self.labels)} {total}.0\n")
        lines.append(f"{self.head}_sum{_braced(self.labels)} {_number(self._sum)}\n")
        return "".join(lines)


Kept = TypeVar("Kept", bound=Series)


class Family(Generic[Kept]):
    """All series of one metric. `make` builds a series from its name and its written labels."""

    def __init__(self, definition: Definition, make: Callable[[str, str], Kept]) -> None:
        self.definition = definition
        self._make = make
        self._series: dict[tuple[str, ...], Kept] = {}

    def labels(self, *values: str) -> Kept:
        """The series of these label values, at zero if it is new."""
        found = self._series.get(values)
        return self._new(values) if found is None else found

    def _new(self, values: tuple[str, ...]) -> Kept:
        names = self.definition.labels
        if len(values) != len(names):
            raise ValueError(f"{self.definition.name} has the labels {names}, not {values}")
        written = ",".join(f'{name}="{escaped(value)}"' for name, value in zip(names, values, strict=True))
        made = self._series[values] = self._make(self.definition.name, written)
        return made

    def begin(self, combinations: Iterable[tuple[str, ...]]) -> None:
        """Make these series, so that a rate sees their first event."""
        for values in combinations:
            self.labels(*values)

    def keep_only(self, wanted: Container[tuple[str, ...]]) -> None:
        """Drop all other series."""
        self._series = {values: kept for values, kept in self._series.items() if values in wanted}

    def drop(self, *values: str) -> None:
        """Drop one series, if it is there."""
        self._series.pop(values, None)

    def restart(self, make: Callable[[str, str], Kept]) -> None:
        """Forget all series; new ones are made otherwise."""
        self._make = make
        self._series = {}

    def series(self) -> list[Kept]:
        """Every series, in the order they came."""
        return list(self._series.values())

    def head(self, form: Form) -> str:
        """The lines above the series."""
        definition = self.definition
        name = definition.name.removesuffix("_total") if form is Form.OPEN else definition.name
        words = definition.help.replace("\\", "\\\\").replace("\n", "\\n")
        if form is Form.OPEN:
            words = words.replace('"', '\\"')
        return f"# HELP {name} {words}\n# TYPE {name} {definition.kind.value}\n"


def escaped(value: str) -> str:
    """A label value as it is written between quotes."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _braced(labels: str) -> str:
    return f"{{{labels}}}" if labels else ""


def _number(value: float) -> str:
    """A value as Go reads it; whole numbers keep their fraction, `20.0`, for that is how rules write bounds."""
    return repr(float(value))
