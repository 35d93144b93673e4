"""Speaking values: numbers, money, dates and the like as lists of prompt ids, in Chinese and English."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from ivr.speech import en, zh
from ivr.speech.catalogue import YUAN, Currency, Prompt, catalogue, text, texts
from ivr.speech.guessing import guess
from ivr.speech.kinds import Ids, Kind, Language, SpeechError

__all__ = [
    "YUAN",
    "Currency",
    "Ids",
    "Kind",
    "Language",
    "Prompt",
    "SpeechError",
    "catalogue",
    "guess",
    "speak",
    "text",
    "texts",
]

_SPEAKERS: Mapping[Language, Mapping[Kind, Callable[[object], Ids]]] = MappingProxyType(
    {
        Language.ZH: zh.SPEAKERS,
        Language.EN: en.SPEAKERS,
    }
)

Choice = TypeVar("Choice", Kind, Language)


def speak(kind: Kind | str, value: object, language: Language | str) -> Ids:
    """Prompt ids that read `value` aloud, each of them in `catalogue()`.

    Raises SpeechError for a kind or language that does not exist and for a value that has no such reading.
    The units of `value` by kind: money in whole cents, duration in seconds; date and time in ISO form.
    """
    return _SPEAKERS[_one_of(Language, language)][_one_of(Kind, kind)](value)


def _one_of(choices: type[Choice], name: str) -> Choice:
    try:
        return choices(name)
    except ValueError:
        known = ", ".join(choices)
        raise SpeechError(f"{name!r} is no {choices.__name__.lower()} of speech; use one of: {known}") from None
