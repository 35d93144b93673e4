"""Every prompt speech can ask for, with its text in each language.

The texts are chosen so that a synthesiser reads each of them right without a hint (tests compare tones).
"""

# ruff: noqa: SIM905 - lists of words read best as sentences

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from ivr.speech.joining import PAUSE
from ivr.speech.kinds import Language


@dataclass(frozen=True, slots=True)
class Prompt:
    """One piece of speech in one language; its audio is <language>/hotline/<id>."""

    id: str
    language: str
    text: str
    """What is spoken; a text of punctuation alone is a short pause."""


@dataclass(frozen=True, slots=True)
class Currency:
    """Names of the money amounts are in; only the texts of prompts depend on it, never their ids."""

    zh_unit: str = "元"
    zh_tenth: str = "角"
    zh_hundredth: str = "分"
    en_unit: str = "yuan"
    en_units: str = "yuan"
    en_hundredth: str = "fen"
    en_hundredths: str = "fen"


YUAN = Currency()

_ZH_DIGITS = "零一二三四五六七八九"
_ZH_WORDS = {
    "liang": "两",
    "yao": "幺",
    "wan": "万",
    "yi": "亿",
    "minus": "负",
    "plus": "加",
    "point": "点",
    "year": "年",
    "sharp": "整",
    "minute-of-hour": "分",
    "small-hours": "凌晨",
    "morning": "上午",
    "midday": "中午",
    "afternoon": "下午",
    "evening": "晚上",
    "days": "天",
    "hours": "小时",
    "minutes": "分钟",
    "seconds": "秒",
}
_EN_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_EN_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_EN_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_EN_MONTHS = "January February March April May June July August September October November December".split()
_EN_WORDS = {
    "hundred": "hundred",
    "thousand": "thousand",
    "million": "million",
    "billion": "billion",
    "trillion": "trillion",
    "minus": "minus",
    "plus": "plus",
    "point": "point",
    "and": "and",
    "oh": "oh",
    "am": "a.m.",
    "pm": "p.m.",
    "noon": "noon",
    "midnight": "midnight",
    "days": "days",
    "hours": "hours",
    "minutes": "minutes",
    "seconds": "seconds",
    "days-one": "day",
    "hours-one": "hour",
    "minutes-one": "minute",
    "seconds-one": "second",
}
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@cache
def catalogue(currency: Currency = YUAN) -> tuple[Prompt, ...]:
    """Every prompt of both languages, each (language, id) once, sorted by language and id."""
    prompts = (*_chinese(currency), *_english(currency))
    return tuple(sorted(prompts, key=lambda prompt: (prompt.language, prompt.id)))


@cache
def texts(language: str, currency: Currency = YUAN) -> Mapping[str, str]:
    """Prompt id -> text of one language."""
    return MappingProxyType({prompt.id: prompt.text for prompt in catalogue(currency) if prompt.language == language})


def text(ids: Iterable[str], language: str, more: Mapping[str, str] | None = None, currency: Currency = YUAN) -> str:
    """Render prompt ids back to words, as a caller would hear them.

    `more` maps further prompt ids (those of flows) to their text. An id known to neither shows as <id>.
    """
    known = texts(language, currency)
    words = [known.get(spoken) or (more or {}).get(spoken) or f"<{spoken}>" for spoken in ids]
    if language == Language.ZH:
        return "".join(words)
    return " ".join(words).replace(" ,", ",")


def _chinese(currency: Currency) -> Iterator[Prompt]:
    plain = {
        **{f"n-{n}": _zh_below_hundred(n) for n in range(100)},
        **{f"teen-{n}": "一" + _zh_below_hundred(n) for n in range(10, 20)},
        **{f"{place}-{n}": _zh_count(n) + word for place, word in _ZH_PLACES for n in range(1, 10)},
        **{f"month-{n}": _zh_below_hundred(n) + "月" for n in range(1, 13)},
        **{f"day-{n}": _zh_below_hundred(n) + "日" for n in range(1, 32)},
        **{f"hour-{n}": _zh_count(n) + "点" for n in range(13)},
        **_ZH_WORDS,
        "money": currency.zh_unit,
        "money-tenth": currency.zh_tenth,
        "money-part": currency.zh_hundredth,
    }
    yield from (Prompt(f"say/{name}", Language.ZH, words) for name, words in plain.items())
    yield from (Prompt(f"say/letter-{letter}", Language.ZH, letter.upper()) for letter in _LETTERS)
    yield Prompt(PAUSE, Language.ZH, "，")


def _english(currency: Currency) -> Iterator[Prompt]:
    plain = {
        **{f"n-{n}": _en_below_hundred(n) for n in range(100)},
        **{f"hundreds-{n}": f"{_EN_ONES[n]} hundred" for n in range(1, 10)},
        **{f"month-{n}": name for n, name in enumerate(_EN_MONTHS, 1)},
        **{f"day-{n}": _en_ordinal(n) for n in range(1, 32)},
        **_EN_WORDS,
        "money": currency.en_units,
        "money-one": currency.en_unit,
        "money-part": currency.en_hundredths,
        "money-part-one": currency.en_hundredth,
    }
    yield from (Prompt(f"say/{name}", Language.EN, words) for name, words in plain.items())
    yield from (Prompt(f"say/letter-{letter}", Language.EN, letter.upper()) for letter in _LETTERS)
    yield Prompt(PAUSE, Language.EN, ",")


_ZH_PLACES = (("hundreds", "百"), ("thousands", "千"))


def _zh_below_hundred(n: int) -> str:
    tens, ones = divmod(n, 10)
    if not tens:
        return _ZH_DIGITS[ones]
    return ("" if tens == 1 else _ZH_DIGITS[tens]) + "十" + (_ZH_DIGITS[ones] if ones else "")


def _zh_count(n: int) -> str:
    return "两" if n == 2 else _zh_below_hundred(n)


def _en_below_hundred(n: int) -> str:
    if n < 20:
        return _EN_ONES[n]
    return _EN_TENS[n // 10 - 2] + (f"-{_EN_ONES[n % 10]}" if n % 10 else "")


def _en_ordinal(n: int) -> str:
    if n <= 20:
        return _EN_ORDINALS[n - 1]
    return "thirtieth" if n == 30 else f"{_EN_TENS[n // 10 - 2]}-{_EN_ORDINALS[n % 10 - 1]}"
