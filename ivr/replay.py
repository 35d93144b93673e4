"""What a caller went through, told from the trail of his call."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ivr.flowset import FlowSet
from ivr.moves import Way
from ivr.steps.base import StepType
from ivr.steps.choosing import Branch
from ivr.steps.sms import SmsOutcome, SmsStep
from ivr.texts import Fixed, Text

_WAYS = {"timeout": "on_timeout", "nothing said": "on_timeout", "invalid": "on_invalid"}


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a trail.

    Attributes:
        at_ms: when, in UTC milliseconds.
        flow, step, type: as the trail has them.
        result: likewise, with the key that was pressed or the condition that held.
        texts: what the step says, by language, with … for values; empty for steps that say nothing or are no longer there.

    """

    at_ms: int
    flow: str
    step: str
    type: str
    result: str
    texts: Mapping[str, str]


def retell(trail: Iterable[Mapping[str, Any]], flows: FlowSet) -> tuple[Told, ...]:
    """Return the entries of a trail with the texts of their steps; entries that cannot be read are left out.

    Args:
        trail: entries `{at_ms, flow, step, type, result}`, some with `key`, as the call's record keeps them.
        flows: the flows, best of the version the call went through.

    """
    words = {(prompt.language, prompt.id): prompt.text for prompt in flows.prompts()}
    return tuple(_told(entry, flows, words) for entry in trail if _sound(entry))


def _sound(entry: Mapping[str, Any]) -> bool:
    return isinstance(entry.get("at_ms"), int) and isinstance(entry.get("flow"), str)


def _told(entry: Mapping[str, Any], flows: FlowSet, words: Mapping[tuple[str, str], str]) -> Told:
    flow, step, kind, result = (str(entry.get(key, "")) for key in ("flow", "step", "type", "result"))
    found = flows.flows[flow].steps.get(step) if flow in flows.flows else None
    texts = _texts(found, result, flows.languages, words) if found and result not in ("skipped", "ended") else {}
    why = condition(found, result)
    full = f"{result}: {why}" if why else f"{result}, key {entry['key']}" if "key" in entry else result
    return Told(int(entry["at_ms"]), flow, step, kind, full, texts)


def _texts(
    step: StepType, result: str, languages: Iterable[str], words: Mapping[tuple[str, str], str]
) -> dict[str, str]:
    """Return what a step said, or wrote, on the way to this result."""
    if isinstance(step, SmsStep):
        return {language: step.text.shown(language) for language in languages if result == SmsOutcome.SENT}
    said = list(_said(step, result))
    return {language: " / ".join(_words(text, language, words) for text in said) for language in languages if said}


def condition(step: StepType | None, result: str) -> str:
    """Return the condition that held when a branch ended with this result; "" for every other step and result."""
    word, _, number = result.partition(" ")
    if not isinstance(step, Branch) or word != "case" or not number.isdecimal() or not 0 < int(number) <= len(step.cases):
        return ""
    held = step.cases[int(number) - 1].when
    return held.source if held else ""


def _said(step: StepType, result: str) -> Iterator[Text]:
    """Return the texts a step says on the way to this result."""
    question = getattr(step, "say", None)
    if isinstance(question, Text):
        yield question
    name = _WAYS.get(result, "on_error" if result in ("unavailable", "error") else "")
    way = getattr(step, name, None) if name else None
    if isinstance(way, Way) and way.say is not None:
        yield way.say


def _words(text: Text, language: str, words: Mapping[tuple[str, str], str]) -> str:
    parts = [
        words.get((language, part.prompt), "…") if isinstance(part, Fixed) else "…" for part in text.segments[language]
    ]
    return ("" if language == "zh" else " ").join(parts)
