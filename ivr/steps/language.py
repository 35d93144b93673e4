"""`language`: the caller chooses a language by key, each question spoken in its own; or `to:` sets the language at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ivr.commands import SetLanguage
from ivr.expressions import ExpressionError
from ivr.fields import NAMED, NEXT, Field, Form, Shape, table
from ivr.moves import Go, Move
from ivr.run import Run
from ivr.steps.asking import ASKING, AskingStep, Part, Verdict, asking
from ivr.steps.base import StepType
from ivr.steps.menu import check_keys
from ivr.steps.reading import Argument, StepReader
from ivr.texts import LANGUAGES

_CHOICES = Shape("table of keys to languages", table({"enum": list(LANGUAGES)}, "^[0-9*#]{1,6}$", minProperties=1))


@dataclass(frozen=True, kw_only=True)
class LanguageMenu(AskingStep):
    """Asks for the language: the text of each language is spoken in it, one after the other."""

    kind = "language"
    forms = (
        Form((Field("to", NAMED, "the language, without asking", required=True), NEXT), chosen_by="to"),
        Form((Field("choices", _CHOICES, "the language each key chooses", required=True), NEXT, *ASKING)),
    )
    languages: Mapping[str, str]
    next: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read `choices:` (key to language) and `next:`."""
        child = reader.child("choices", required=True)
        entries = child.entries() if child else []
        languages = {key.text: reader.choice_of(node, key, LANGUAGES) for key, node in entries}
        check_keys(reader, [key for key, _ in entries])
        if child is not None and not entries:
            reader.report(child.place, "no-choices", f"{reader.what} offers no key", 'add "1": zh')
        return cls(languages=languages, next=reader.target("next"), **asking(reader), **reader.common())

    def parts(self, run: Run) -> list[Part]:
        """Return the question once in each language on offer."""
        return [(language, run.words(self.say, language)) for language in dict.fromkeys(self.languages.values())]

    def judge(self, digits: str, *, final: bool) -> Verdict:
        """Accept a key that is a choice."""
        del final
        return Verdict.ACCEPT if digits in self.languages else Verdict.REJECT

    def accept(self, run: Run, digits: str) -> Move:
        """Speak the chosen language from now on."""
        return set_language(run, self.languages[digits], self.next)


@dataclass(frozen=True, kw_only=True)
class LanguageSetter(StepType):
    """Sets the language to a value, such as the one remembered for a customer."""

    kind = "language"
    forms = LanguageMenu.forms
    waits = False
    to: Argument
    next: str

    @classmethod
    def read(cls, reader: StepReader) -> Self:
        """Read `to:` and `next:`."""
        to = reader.name_in("to", "language", frozenset(LANGUAGES))
        return cls(to=to, next=reader.target("next"), **reader.common())

    def enter(self, run: Run) -> Move:
        """Set it and go on."""
        language = self.to.value(run)
        if language not in LANGUAGES:
            raise ExpressionError("the hotline does not speak this language")
        return set_language(run, language, self.next)


def set_language(run: Run, language: str, following: str) -> Move:
    """Speak this language from now on."""
    run.session.language = language
    run.session.language_chosen = True
    run.emit(SetLanguage(language))
    return Go(following, "language", {"language": language})


def read_language(reader: StepReader) -> StepType:
    """Read either form of the step."""
    return LanguageSetter.read(reader) if reader.has("to") else LanguageMenu.read(reader)
