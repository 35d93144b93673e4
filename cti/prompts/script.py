"""The script a speaker reads in the studio: every sentence and piece with its file name, its place in the flows and how to say it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from cti.prompts.files import Spoken, name_of
from cti.prompts.pace import expected_seconds
from cti.prompts.voices import READINGS, is_pause
from ivr.flowset import FlowSet
from ivr.speech import catalogue
from ivr.texts import Fixed, Hole, Text

_HAN = re.compile(r"[\u3400-\u9fff]")
_SYLLABLE = re.compile(r"[a-zü]+[1-5]")
PHRASES = "phrases"
_PIECES = "say"
_UNITS = re.compile(r"say/(money|days|hours|minutes|seconds|am$|pm$|noon$|midnight$|sharp$|minute-of-hour$|year$)")
_IN_DATES = re.compile(r"say/(month|day|hour)-\d|say/(small-hours|morning|midday|afternoon|evening)$")
_LETTERS = re.compile(r"say/letter-")


@dataclass(frozen=True, slots=True)
class Notes:
    """How to say things, in the language of the speaker."""

    whole: str
    before_value: str
    after_value: str
    number: str
    unit: str
    date: str
    letter: str


NOTES: Mapping[str, Notes] = {
    "zh": Notes(
        whole="完整句子，自然收尾",
        before_value="后面紧接着播报数值或名称：语调不要下降，句尾不停顿",
        after_value="紧接在数值或名称之后：像句子中间一样开始，不要重读开头",
        number="数字的一部分：语调平稳，不升不降，短促清楚，前后都会接别的录音",
        unit="单位，常在数值之后：轻读，略微下降，既能收尾也能接下文",
        date="日期或时间的一部分：语调平稳，前后都会接别的录音",
        letter="逐个读出的字母：语调平稳，短促清楚",
    ),
    "en": Notes(
        whole="a whole sentence: end it naturally",
        before_value="a value or name follows at once: keep the voice up, no pause at the end",
        after_value="comes right after a value or name: begin as in mid-sentence, without stress",
        number="a part of a number: level tone, brisk and clear; other recordings come before and after",
        unit="a unit, mostly after a number: unstressed, slightly falling, so that it may end a sentence or go on",
        date="a part of a date or time: level tone; other recordings come before and after",
        letter="a letter spelt out: level tone, brisk and clear",
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to record.

    Attributes:
        group: the flow, `phrases`, or `say` for the pieces of values.
        file: the name its file must have (with any suffix of a sound file).
        language, id, text: the prompt.
        reading: pinyin with tone marks; "" for English.
        where: places in the flows that say it, as `flow/step file:line`.
        notes: how to say it.
        seconds: about how long it takes.

    """

    group: str
    file: str
    language: str
    id: str
    text: str
    reading: str
    where: tuple[str, ...]
    notes: str
    seconds: float


def script(flows: FlowSet, prompts: Iterable[Spoken]) -> tuple[Line, ...]:
    """Return a line for each prompt that can be recorded: flows first, then phrases, then pieces of values."""
    uses = _uses(flows)
    order = [*flows.flows, PHRASES, _PIECES]
    lines = [_line(prompt, uses, order) for prompt in prompts if not is_pause(prompt.text)]
    return tuple(sorted(lines, key=lambda line: (line.language, order.index(line.group))))


def studio_name(name: str) -> str:
    """Return the file name, without suffix, of the prompt <language>/<id>: one flat folder is easiest for a studio."""
    return name.replace("/", ".")


def pinyin(text: str) -> str:
    """Return how a Chinese text is read, with tone marks; punctuation stays, words of other scripts, too."""
    if not _HAN.search(text):
        return ""
    from pypinyin import Style, lazy_pinyin, load_phrases_dict  # noqa: PLC0415 - 0.1 s to load, and only the script needs it here
    from pypinyin.contrib.tone_convert import to_tone  # noqa: PLC0415

    misread = {word: [[to_tone(one)] for one in _SYLLABLE.findall(reading)] for word, reading in READINGS.items()}
    load_phrases_dict({word: syllables for word, syllables in misread.items() if syllables})
    return " ".join(" ".join(lazy_pinyin(text, style=Style.TONE)).split())


@dataclass(frozen=True, slots=True)
class _Use:
    """A place that says a prompt, and whether values come right before and after it there."""

    where: str
    after_value: bool
    before_value: bool


def _line(prompt: Spoken, uses: Mapping[tuple[str, str], list[_Use]], order: list[str]) -> Line:
    mine = uses.get((prompt.language, prompt.id), [])
    group = prompt.id.split("/")[0]
    return Line(
        group if group in order else PHRASES,
        studio_name(name_of(prompt)),
        str(prompt.language),
        prompt.id,
        prompt.text,
        pinyin(prompt.text) if prompt.language == "zh" else "",
        tuple(dict.fromkeys(use.where for use in mine)),
        _notes(prompt, mine),
        expected_seconds(prompt.text, prompt.language),
    )


def _notes(prompt: Spoken, uses: list[_Use]) -> str:
    notes = NOTES.get(prompt.language, NOTES["en"])
    if (prompt.language, prompt.id) in _pieces():
        return _about_piece(prompt.id, notes)
    found = [notes.after_value] if any(use.after_value for use in uses) else []
    found += [notes.before_value] if any(use.before_value for use in uses) else []
    return "; ".join(found) or notes.whole


def _about_piece(id_: str, notes: Notes) -> str:
    if _UNITS.match(id_):
        return notes.unit
    if _IN_DATES.match(id_):
        return notes.date
    return notes.letter if _LETTERS.match(id_) else notes.number


@cache
def _pieces() -> frozenset[tuple[str, str]]:
    return frozenset((prompt.language, prompt.id) for prompt in catalogue())


def _uses(flows: FlowSet) -> Mapping[tuple[str, str], list[_Use]]:
    """Return the places of each (language, prompt id)."""
    found: dict[tuple[str, str], list[_Use]] = defaultdict(list)
    for flow in flows.flows.values():
        for step in flow.steps.values():
            where = f"{flow.name}/{step.name} {Path(step.place.path).name}:{step.place.line}"
            for text in _texts_in(step):
                for language, id_, use in _in_text(text, where):
                    found[language, id_].append(use)
    return found


def _texts_in(value: object) -> Iterator[Text]:
    """Yield every text below a step, wherever its type keeps it."""
    if isinstance(value, Text):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _texts_in(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts_in(item)
    elif isinstance(value, tuple | list | frozenset):
        for item in value:
            yield from _texts_in(item)


def _in_text(text: Text, where: str) -> Iterator[tuple[str, str, _Use]]:
    for language, segments in text.segments.items():
        around = [None, *segments, None]
        for (before, segment), (_, after) in pairwise(pairwise(around)):
            if isinstance(segment, Fixed):
                yield language, segment.prompt, _Use(where, isinstance(before, Hole), isinstance(after, Hole))
