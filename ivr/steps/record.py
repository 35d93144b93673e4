"""`record`: the caller speaks and is recorded: a voicemail, or a message with a fault report."""

from dataclasses import dataclass
from typing import Self

from ivr.commands import Record
from ivr.events import DigitPressed, Event, RecordEnded
from ivr.expressions import VariableType
from ivr.fields import NEXT, SAY, VARIABLE, WAY, Field, Form, Shape, phone_key, seconds
from ivr.moves import End, Go, Move, Way
from ivr.run import Run
from ivr.state import Awaiting, Ended
from ivr.steps.base import StepType, prompt_is_over
from ivr.steps.reading import StepReader
from ivr.texts import Text

GRACE_SECONDS = 10.0
_KEY = phone_key("", "^[0-9*#]*$", most=9999999999).schema
_FINISH_KEYS = Shape("a key, or a list of keys", {"anyOf": [*_KEY["anyOf"], {"type": "array", "items": _KEY}]})


@dataclass(frozen=True, kw_only=True)
class RecordStep(StepType):
    """Says what to do, records, and keeps the recording's name and length in variables.

    Attributes:
        say: the invitation, or None.
        into: text variable for the name of the recording.
        seconds_into: number variable for its length in whole seconds, or empty.
        max_seconds: longest recording.
        min_seconds: shorter ones count as nothing said.
        silence_seconds: silence that ends it.
        finish_keys: keys that end it.
        next: where to go with a recording.
        on_timeout: sentence and way on when nothing was said.

    """

    kind = "record"
    forms = (
        Form(
            (
                Field("into", VARIABLE, "text variable for the name of the recording", required=True),
                NEXT,
                Field("say", SAY, "the invitation"),
                Field("seconds_into", VARIABLE, "number variable for its length in whole seconds"),
                Field("max_seconds", seconds(1, 600), "longest recording", default="60"),
                Field("min_seconds", seconds(0, 60), "shorter counts as nothing said", default="1"),
                Field("silence_seconds", seconds(1, 60), "silence that ends it", default="5"),
                Field("finish_keys", _FINISH_KEYS, "keys that end it", default='`"#"`'),
                Field("on_timeout", WAY, "the way on when nothing was said", default="`defaults:`"),
            )
        ),
    )
    say: Text | None
    into: str
    seconds_into: str
    max_seconds: float
    min_seconds: float
    silence_seconds: float
    finish_keys: str
    next: str
    on_timeout: Way

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read the invitation, the bounds, the variables and the ways on."""
        keys = "".join(scalar.text for scalar in reader.texts("finish_keys")) or "#"
        if keys.strip("0123456789*#"):
            reader.report(reader.at("finish_keys"), "bad-key", f'"{keys}" are no keys', 'write e.g. ["#", "*"]')
        on_timeout = reader.way("on_timeout", reader.context.defaults.on_timeout)
        return cls(
            say=reader.say(required=False),
            into=reader.variable("into", VariableType.TEXT),
            seconds_into=reader.variable("seconds_into", VariableType.NUMBER, required=False),
            max_seconds=reader.seconds("max_seconds", 60, 1, 600),
            min_seconds=reader.seconds("min_seconds", 1, 0, 60),
            silence_seconds=reader.seconds("silence_seconds", 5, 1, 60),
            finish_keys=keys,
            next=reader.target("next"),
            on_timeout=on_timeout or Way(""),
            **reader.common(),
        )

    def enter(self, run: Run) -> Move:
        """Speak the invitation, then record."""
        if run.session.gone:
            return End(Ended("abandoned", "the caller hung up"), hang_up=False)
        run.session.type_ahead = ""
        if self.say is None:
            return self._record(run)
        return run.play_and_wait(run.words(self.say), Awaiting.PLAY, barge_in=True)

    def on_event(self, run: Run, event: Event) -> Move:
        """Start recording after the invitation, and go on after the recording."""
        if run.session.awaiting is Awaiting.PLAY:
            over = prompt_is_over(run, event)
            run.session.type_ahead = ""
            return self._record(run) if over else run.stay()
        if isinstance(event, DigitPressed):
            return run.stay()
        return self._recorded(run, event) if isinstance(event, RecordEnded) else self.fail(run, "no recording came")

    def _record(self, run: Run) -> Move:
        token = run.token()
        name = f"{run.session.call.call}-{run.visit.replace('/', '-')}-{token}"
        run.emit(Record(token, name, self.max_seconds, self.silence_seconds, self.finish_keys))
        return run.wait(Awaiting.RECORD, self.max_seconds + GRACE_SECONDS, token)

    def _recorded(self, run: Run, event: RecordEnded) -> Move:
        run.session.gone = run.session.gone or event.hung_up
        if not event.ok:
            return self.fail(run, "the recording failed")
        if event.seconds < self.min_seconds:
            return run.leave(self.on_timeout, "nothing said")
        run.assign(self.into, event.name)
        if self.seconds_into:
            run.assign(self.seconds_into, round(event.seconds))
        return Go(self.next, "recorded", {"seconds": round(event.seconds)})
