"""What flows may name that is defined elsewhere: queues, skills, backend operations, prompts. The shell tells the loader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from ivr.expressions import VariableType


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a backend can do.

    Attributes:
        required: arguments that must be given.
        optional: arguments that may be given.
        effect: it changes something, so a `report` step must do it (a `lookup` may be repeated at will).
        secret: arguments that must be given a secure variable.
        reply: dotted names of all fields a reply may have (`customer.account`), or None when unknown.
        types: those of them that are never null and of one type, with that type.

    """

    required: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    effect: bool = False
    secret: frozenset[str] = frozenset()
    reply: frozenset[str] | None = None
    types: Mapping[str, VariableType] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """Names flows may use. None means "not known here": then nothing is checked.

    Attributes:
        queues: names of queues.
        skills: names of skills.
        staffed: those of them that some agent has.
        tiers: names of customer tiers.
        backends: operations by backend name.
        services: names of the services an `http` step may reach.
        gateways: names of the gateways an `sms` step may send by.
        may_dial: tells of a number, however written, whether a `dial` step may dial it.
        callbacks: names of the queues that call back.
        prompts: `(language, id)` of every recorded or rendered prompt.
        today: the day of the check; without it nothing is said about holes in opening hours and calendars that end soon.

    """

    queues: frozenset[str] | None = None
    skills: frozenset[str] | None = None
    staffed: frozenset[str] | None = None
    tiers: frozenset[str] | None = None
    backends: Mapping[str, Mapping[str, Operation]] | None = None
    services: frozenset[str] | None = None
    gateways: frozenset[str] | None = None
    may_dial: Callable[[str], bool] | None = None
    callbacks: frozenset[str] | None = None
    prompts: frozenset[tuple[str, str]] | None = None
    today: date | None = None
