"""`say`: speaks and goes on. `hangup`: speaks, if it has something to say, and ends the call."""

from dataclasses import dataclass
from typing import Self

from ivr.events import DigitPressed, Event
from ivr.fields import FLAG, NEXT, SAY, TEXT, Field, Form
from ivr.moves import End, Go, Move
from ivr.run import Run
from ivr.state import Awaiting, Ended
from ivr.steps.base import StepType, prompt_is_over
from ivr.steps.reading import StepReader
from ivr.texts import Text


@dataclass(frozen=True, kw_only=True)
class Say(StepType):
    """Speaks a text.

    A key stops it and counts for the next question, and keys typed ahead skip it. `clear` drops keys typed ahead, so that the text is
    heard at least until a new key comes; without `barge_in` it is always heard to its end.
    """

    kind = "say"
    forms = (
        Form(
            (
                Field("say", SAY, "what the caller hears", required=True),
                NEXT,
                Field("barge_in", FLAG, "a key stops it", default="`true`"),
                Field("clear", FLAG, "keys pressed before are dropped, so that it is heard", default="`false`"),
            )
        ),
    )
    say: Text
    barge_in: bool
    clear: bool
    next: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the text and `next:`."""
        return cls(
            say=reader.say() or Text({}),
            barge_in=reader.flag("barge_in", default=True),
            clear=reader.flag("clear", default=False),
            next=reader.target("next"),
            **reader.common(),
        )

    def enter(self, run: Run) -> Move:
        """Speak, unless nobody is there or the caller has typed ahead."""
        if self.clear:
            run.session.type_ahead = ""
        if run.session.gone or (self.barge_in and run.session.type_ahead):
            return Go(self.next, "skipped")
        return run.play_and_wait(run.words(self.say), Awaiting.PLAY, barge_in=self.barge_in)

    def on_event(self, run: Run, event: Event) -> Move:
        """Go on when the text is over, however it ended."""
        if isinstance(event, DigitPressed) and not self.barge_in:
            run.type_ahead(event.digit)
            return run.stay()
        return Go(self.next, "said") if prompt_is_over(run, event) else run.stay()


@dataclass(frozen=True, kw_only=True)
class HangUp(StepType):
    """Ends the call, after a last sentence if there is one. `reason` goes into the call's record."""

    kind = "hangup"
    forms = (
        Form(
            (
                Field("say", SAY, "a last sentence"),
                Field("reason", TEXT, "goes into the record of the call", default="`done`"),
            )
        ),
    )
    say: Text | None
    reason: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the sentence and the reason, both optional."""
        return cls(say=reader.say(required=False), reason=reader.text("reason", "done"), **reader.common())

    def enter(self, run: Run) -> Move:
        """Speak the last sentence, or end."""
        if self.say is None or run.session.gone:
            return self._end(run)
        return run.play_and_wait(run.words(self.say), Awaiting.PLAY, barge_in=False)

    def on_event(self, run: Run, event: Event) -> Move:
        """End when the sentence is over; keys change nothing any more."""
        if isinstance(event, DigitPressed) or not prompt_is_over(run, event):
            return run.stay()
        return self._end(run)

    def _end(self, run: Run) -> Move:
        outcome = "abandoned" if run.session.gone else "completed"
        return End(Ended(outcome, self.reason), hang_up=not run.session.gone)
