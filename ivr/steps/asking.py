"""Asking the caller for keys: prompt, digits, time-outs, wrong keys and tries, shared by menu, collect, confirm, survey, language."""

from abc import abstractmethod
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from ivr.events import DeadlinePassed, DigitPressed, Event
from ivr.fields import FLAG, SAY, WAY, Field, integer, seconds
from ivr.moves import End, Move, Way
from ivr.run import Run
from ivr.state import Awaiting, Ended
from ivr.steps.base import StepType
from ivr.steps.reading import StepReader
from ivr.texts import Text

PROMPT, SORRY, LISTEN = "prompt", "sorry", "listen"
Part = tuple[str | None, tuple[str, ...]]
"""One piece of the question: its language (None: the caller's) and its prompts."""


ASKING = (
    Field("say", SAY, "the question", required=True),
    Field("retries", integer(0, 9), "how often it is asked again", default="`defaults:`, or 2"),
    Field("first_digit_seconds", seconds(1, 60), "how long to wait for the first key", default="`defaults:`, or 5"),
    Field(
        "inter_digit_seconds", seconds(0.5, 30), "how long to wait for each further key", default="`defaults:`, or 3"
    ),
    Field("barge_in", FLAG, "a key stops the question", default="`true`"),
    Field("clear", FLAG, "keys pressed before the question are dropped", default="`false`"),
    Field("on_timeout", WAY, "the way on when no key came", default="`defaults:`"),
    Field("on_invalid", WAY, "sentence and way on after wrong keys", default="`defaults:`"),
)
"""The keys all asking steps share."""


class Verdict(Enum):
    """What the digits so far are worth."""

    MORE = auto()
    ACCEPT = auto()
    REJECT = auto()


@dataclass(frozen=True, kw_only=True)
class AskingStep(StepType):
    """A step that asks a question and takes keys.

    Attributes:
        say: the question.
        retries: how often it is asked again after no key or a wrong one.
        first_digit_seconds: how long to wait for the first key after the question.
        inter_digit_seconds: how long to wait for each further key.
        barge_in: a key stops the question; without it keys count only after the question.
        clear: keys pressed before the question are dropped.
        on_timeout: sentence and way on when no key came.
        on_invalid: sentence and way on after a wrong key.

    """

    say: Text
    retries: int
    first_digit_seconds: float
    inter_digit_seconds: float
    barge_in: bool
    clear: bool
    on_timeout: Way
    on_invalid: Way

    @abstractmethod
    def judge(self, digits: str, *, final: bool) -> Verdict:
        """Return what these digits are worth; with `final` no more will come (the result is then never MORE)."""

    @abstractmethod
    def accept(self, run: Run, digits: str) -> Move:
        """Go on with digits that were judged ACCEPT."""

    def parts(self, run: Run) -> list[Part]:
        """Return what is played as the question, one piece after the other."""
        return [(None, run.words(self.say))]

    def enter(self, run: Run) -> Move:
        """Ask, or take what was typed ahead."""
        if run.session.gone:
            return End(Ended("abandoned", "the caller hung up"), hang_up=False)
        run.scratch.update(tries=0, digits="", phase=LISTEN)
        run.session.secure_digits = ""
        if self.clear or not self.barge_in:
            run.session.type_ahead = ""
        return self._take_ahead(run) if run.session.type_ahead else self._ask(run)

    def reissue(self, run: Run) -> Move:
        """Ask again with the tries that are left."""
        tries = run.scratch.get("tries", 0)
        run.scratch.clear()
        run.scratch.update(tries=tries, digits="")
        return self._ask(run)

    def on_event(self, run: Run, event: Event) -> Move:
        """Take a key, the end of a prompt, or a time-out."""
        playing = run.scratch["phase"] != LISTEN
        if isinstance(event, DigitPressed):
            if playing and not self.barge_in:
                return run.stay()
            if playing:
                run.stop_playing()
            return self._digit(run, event.digit) or self._listen(run)
        if not playing:
            return self._time_out(run)
        if isinstance(event, DeadlinePassed):
            run.stop_playing()
        return self._ask(run) if run.scratch["phase"] == SORRY else self._play_part(run, run.scratch["part"] + 1)

    def _ask(self, run: Run) -> Move:
        return self._play_part(run, 0)

    def _play_part(self, run: Run, number: int) -> Move:
        parts = self.parts(run)
        if number >= len(parts):
            return self._listen(run)
        run.scratch.update(phase=PROMPT, part=number)
        language, prompts = parts[number]
        return run.play_and_wait(prompts, Awaiting.INPUT, barge_in=self.barge_in, language=language)

    def _listen(self, run: Run) -> Move:
        run.scratch["phase"] = LISTEN
        return run.wait(Awaiting.INPUT, self.inter_digit_seconds if self._digits(run) else self.first_digit_seconds)

    def _take_ahead(self, run: Run) -> Move:
        session = run.session
        while session.type_ahead:
            digit, session.type_ahead = session.type_ahead[0], session.type_ahead[1:]
            move = self._digit(run, digit)
            if move is not None:
                return move
        return self._listen(run)

    def _digit(self, run: Run, digit: str) -> Move | None:
        """Take one more digit; None when more are needed."""
        digits = self._digits(run) + digit
        self._keep_digits(run, digits)
        verdict = self.judge(digits, final=False)
        if verdict is Verdict.MORE:
            return None
        return self._accept(run, digits) if verdict is Verdict.ACCEPT else self._wrong(run, self.on_invalid, "invalid")

    def _time_out(self, run: Run) -> Move:
        digits = self._digits(run)
        if not digits:
            return self._wrong(run, self.on_timeout, "timeout")
        if self.judge(digits, final=True) is Verdict.ACCEPT:
            return self._accept(run, digits)
        return self._wrong(run, self.on_invalid, "invalid")

    def _accept(self, run: Run, digits: str) -> Move:
        self._keep_digits(run, "")
        return self.accept(run, digits)

    def _wrong(self, run: Run, way: Way, result: str) -> Move:
        self._keep_digits(run, "")
        run.session.type_ahead = ""
        run.scratch["tries"] += 1
        if run.scratch["tries"] > self.retries:
            return run.leave(way, result)
        run.note(result)
        if way.say is None:
            return self._ask(run)
        run.scratch["phase"] = SORRY
        return run.play_and_wait(run.words(way.say), Awaiting.INPUT, barge_in=self.barge_in)

    def _digits(self, run: Run) -> str:
        return run.session.secure_digits if self.secure else str(run.scratch["digits"])

    def _keep_digits(self, run: Run, digits: str) -> None:
        if self.secure:
            run.session.secure_digits = digits
        else:
            run.scratch["digits"] = digits


def asking(reader: StepReader, *, silent_way: Way | None = None) -> dict[str, Any]:
    """Read what all asking steps share.

    Args:
        reader: the step.
        silent_way: the way on after no key and wrong keys when neither the step nor the flow's defaults name one.

    """
    defaults = reader.context.defaults
    on_timeout = reader.way("on_timeout", silent_way or defaults.on_timeout)
    invalid_default = (
        Way(silent_way.next, defaults.on_invalid.say if defaults.on_invalid else None)
        if silent_way
        else defaults.on_invalid
    )
    on_invalid = reader.way("on_invalid", invalid_default)
    if on_invalid is not None and on_invalid.say is None:
        cure = "add a say: under on_invalid, here or under defaults:"
        reader.report(
            reader.at("on_invalid"), "missing-sentence", f"{reader.what} says nothing after a wrong key", cure
        )
    return {
        "say": reader.say() or Text({}),
        "retries": reader.integer("retries", defaults.retries, 0, 9),
        "first_digit_seconds": reader.seconds("first_digit_seconds", defaults.first_digit_seconds, 1, 60),
        "inter_digit_seconds": reader.seconds("inter_digit_seconds", defaults.inter_digit_seconds, 0.5, 30),
        "barge_in": reader.flag("barge_in", default=True),
        "clear": reader.flag("clear", default=False),
        "on_timeout": on_timeout or Way(""),
        "on_invalid": on_invalid or Way(""),
    }
