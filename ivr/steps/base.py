"""What all step types share when a call walks through them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ivr.document import Position
from ivr.events import DeadlinePassed, DigitPressed, Event, PlayEnded
from ivr.fields import Form
from ivr.moves import Fail, Move, Way
from ivr.run import Run
from ivr.steps.reading import Exit, StepReader


@dataclass(frozen=True, kw_only=True)
class StepType(ABC):
    """A step of a flow: what is written of it, and how it is done.

    Attributes:
        kind: the word after `type:`.
        forms: the keys it is written with, for the editor's schema and the reference.
        waits: it waits for something outside, so a loop through it is no endless loop.
        flow: the flow it belongs to.
        name: its name there.
        place: where it is written.
        exits: all ways out.
        on_error: the way on when it cannot do its work; None: the flow's safe exit.
        fragment: the fragment that brought it, or empty; `place` is then in that fragment's file.

    """

    kind: ClassVar[str]
    forms: ClassVar[tuple[Form, ...]]
    waits: ClassVar[bool] = True
    flow: str
    name: str
    place: Position
    exits: tuple[Exit, ...]
    on_error: Way | None
    fragment: str = ""

    @classmethod
    @abstractmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the step; faults become findings and never raise."""

    @abstractmethod
    def enter(self, run: Run) -> Move:
        """Begin the step; `run.scratch` is empty. May raise ExpressionError or SecretLostError."""

    def on_event(self, run: Run, event: Event) -> Move:
        """Go on after an event that belongs to this wait. May raise ExpressionError or SecretLostError."""
        del event
        return run.stay()

    def reissue(self, run: Run) -> Move:
        """Begin again after a restart, in the same visit; `run.scratch` is what was saved."""
        run.scratch.clear()
        return self.enter(run)

    def on_return(self, run: Run, variables: Mapping[str, Any]) -> Move:
        """Go on after the flow this step called; only the step `call` has to."""
        del run, variables
        return Fail("nothing was called")

    def fail(self, run: Run, reason: str) -> Move:
        """Take the way for errors, or the flow's safe exit."""
        return run.leave(self.on_error, reason) if self.on_error else Fail(reason)

    @property
    def secure(self) -> bool:
        """Whether the digits this step collects are secret."""
        return False


def prompt_is_over(run: Run, event: Event) -> bool:
    """Return whether a prompt the session waits for needs no more waiting; a digit stops it and is kept for the next step."""
    if isinstance(event, DigitPressed):
        run.type_ahead(event.digit)
        run.stop_playing()
        return True
    if isinstance(event, DeadlinePassed):
        run.stop_playing()
        return True
    return isinstance(event, PlayEnded)
