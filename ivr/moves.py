"""What a step decides: to wait, to go on, or to end the call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ivr.state import Ended
from ivr.texts import Text

RETURN = "return"
"""The target that leaves a flow: back to the step that called it, or the end of the call."""


@dataclass(frozen=True, slots=True)
class Wait:
    """The step waits; what for stands in the session."""


@dataclass(frozen=True, slots=True)
class Go:
    """Go on at the step `target` of the same flow. `result` and `values` go into the trace."""

    target: str
    result: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Enter:
    """Go on at the start of another flow. With `returning` the caller comes back to this step; else he never does."""

    flow: str
    variables: Mapping[str, Any]
    returning: bool


@dataclass(frozen=True, slots=True)
class Fail:
    """The step cannot do its work and has no way of its own for that: the flow's safe exit."""

    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """The call is over. `hang_up`: the caller is still there and is to be disconnected."""

    ended: Ended
    hang_up: bool


Move = Wait | Go | Enter | Fail | End


@dataclass(frozen=True, slots=True)
class Way:
    """A way on after something went wrong: an optional sentence, then the step `next`."""

    next: str
    say: Text | None = None
