"""What steps share that ask something outside: the wait for the answer, the filler sentence, the deadline."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivr.commands import CallBackend, StopPlaying
from ivr.events import BackendFailed, BackendReplied, CallerHungUp, DeadlinePassed, DigitPressed, Event, PlayEnded
from ivr.fields import Field, seconds
from ivr.moves import Move
from ivr.replies import ReplyError
from ivr.run import Run
from ivr.state import Awaiting
from ivr.steps.base import StepType
from ivr.steps.reading import StepReader
from ivr.texts import phrase_prompt

FILLER = phrase_prompt("one-moment")
#: Callers hear the sentence within a second: some hundredths go by until it is on the line.
FILLER_AFTER_SECONDS = 0.9
GRACE_SECONDS = 0.5
INVALID = "invalid"

TIMEOUT = Field("timeout_seconds", seconds(0.5, 30), "the time it has to answer", default="`defaults:`, or 5")


@dataclass(frozen=True, kw_only=True)
class OutsideStep(StepType):
    """Asks something outside. After a second a filler sentence is spoken once; failure takes `on_error`.

    Attributes:
        timeout_seconds: the time for the answer; the step allows half a second more.

    """

    timeout_seconds: float

    @abstractmethod
    def request(self, run: Run, token: str) -> CallBackend:
        """Return what is to be asked. May raise ExpressionError or SecretLostError."""

    @abstractmethod
    def answered(self, run: Run, answer: Mapping[str, Any]) -> Move:
        """Go on with an answer that `taken` let through."""

    def taken(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of an answer is kept; raises ReplyError for one that cannot be used."""
        return dict(answer)

    def enter(self, run: Run) -> Move:
        """Ask, and wait for a second."""
        token = run.token()
        run.emit(self.request(run, token))
        run.scratch["until"] = run.now + self.timeout_seconds + GRACE_SECONDS
        return run.wait(Awaiting.BACKEND, min(FILLER_AFTER_SECONDS, self.timeout_seconds), token)

    def on_event(self, run: Run, event: Event) -> Move:
        """Take the answer, or fill the time until it comes; a filler sentence is spoken to its end."""
        if isinstance(event, DigitPressed):
            run.type_ahead(event.digit)
        elif isinstance(event, BackendReplied):
            self._take(run, event.value)
        elif isinstance(event, BackendFailed):
            run.scratch["failure"] = event.reason.value
        elif isinstance(event, (PlayEnded, CallerHungUp)):
            run.scratch["filler"] = None
        elif isinstance(event, DeadlinePassed):
            return self._deadline(run)
        return self._settle(run)

    def effect_key(self, run: Run) -> str:
        """Return the key under which this visit's effect happens once, however often it is sent."""
        return f"{run.session.call.call}/{run.visit}"

    def _take(self, run: Run, answer: Mapping[str, Any]) -> None:
        try:
            run.scratch["reply"] = self.taken(answer)
        except ReplyError as error:
            run.note("error", {"error": str(error)})
            run.scratch["failure"] = INVALID

    def _settle(self, run: Run) -> Move:
        if run.scratch.get("filler") is not None:
            return run.stay()
        if "reply" in run.scratch:
            return self.answered(run, run.scratch["reply"])
        return self.fail(run, run.scratch["failure"]) if "failure" in run.scratch else run.stay()

    def _deadline(self, run: Run) -> Move:
        left = run.scratch["until"] - run.now
        filler = run.scratch.get("filler")
        if left <= 0:
            if filler is not None:
                run.emit(StopPlaying(filler))
            run.scratch["filler"] = None
            if "reply" not in run.scratch:
                run.scratch.setdefault("failure", "timeout")
            return self._settle(run)
        if "filler" not in run.scratch and not run.session.gone:
            run.scratch["filler"] = run.play((FILLER,), barge_in=False)
        return run.wait(Awaiting.BACKEND, left, run.session.token)


def read_timeout(reader: StepReader) -> float:
    """Read `timeout_seconds:`."""
    return reader.seconds("timeout_seconds", reader.context.defaults.timeout_seconds, 0.5, 30)
