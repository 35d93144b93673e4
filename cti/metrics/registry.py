"""All families of metrics of one server, their series from zero, and the page they make."""

from collections.abc import Iterator
from functools import partial

from cti.metrics.axes import Names, combinations
from cti.metrics.catalogue import Definition
from cti.metrics.labels import Labels
from cti.metrics.series import Distribution, Family, Form, Number

_SERIES_AT_ONCE = 100


class Registry:
    """Makes families with all their series, and keeps them in step with the configuration."""

    def __init__(self, names: Names) -> None:
        self.labels = Labels(names)
        self._distributions: list[Family[Distribution]] = []
        self._order: list[Family[Number] | Family[Distribution]] = []

    def number(self, definition: Definition) -> Family[Number]:
        """Make a counter or a gauge."""
        family = Family(definition, Number)
        self._add(family)
        return family

    def distribution(self, definition: Definition) -> Family[Distribution]:
        """Make a histogram."""
        family = Family(definition, partial(Distribution, bounds=definition.bounds(self.labels.names)))
        self._distributions.append(family)
        self._add(family)
        return family

    def _add(self, family: Family[Number] | Family[Distribution]) -> None:
        self._order.append(family)
        self._begin(family)

    def _begin(self, family: Family[Number] | Family[Distribution]) -> None:
        if not family.definition.sparse:
            family.begin(combinations(family.definition.axes, self.labels.names))

    def replace(self, names: Names) -> None:
        """Go by another configuration: new names begin at zero, names that two configurations have not had go.

        Where the thresholds of queues changed, the waits begin again with the new bounds, as after a restart.
        """
        thresholds = set(self.labels.present.waits)
        self.labels.replace(names)
        for waits in [family for family in self._distributions if family.definition.waits and thresholds != set(names.waits)]:
            waits.restart(partial(Distribution, bounds=waits.definition.bounds(names)))
        for family in self._order:
            family.keep_only(set(combinations(family.definition.axes, self.labels.names)))
            self._begin(family)

    def parts(self, form: Form) -> Iterator[str]:
        """The page in pieces, each made quickly; together they are one only if nothing changes in between."""
        for family in self._order:
            yield family.head(form)
            series = family.series()
            for start in range(0, len(series), _SERIES_AT_ONCE):
                yield "".join([one.text(form) for one in series[start : start + _SERIES_AT_ONCE]])

    def count(self) -> int:
        """How many series there are now, as `Definition.series` counts them."""
        return sum(one.lines for family in self._order for one in family.series())
