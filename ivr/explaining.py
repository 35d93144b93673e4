"""A walk that explains itself: what each step decided and set, and what the same caller would hear in the other language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ivr.commands import Command, Play
from ivr.events import Event
from ivr.flowset import FlowSet
from ivr.replay import condition
from ivr.speech import text
from ivr.state import CallInfo, Step, Trace
from ivr.walker import Backend, Line, LineKind, Walker

LONGEST_VALUE = 160
_UNSET = object()
_EMPTY = ("", None, 0, False)


@dataclass(frozen=True, slots=True)
class _Twin:
    """The same moment of the same call in another language: what the steps did, and what is heard."""

    path: tuple[tuple[str, str, str], ...]
    heard: tuple[tuple[str, str], ...]
    """Language and words of each sentence: a step may change the language on the way."""


class ExplainingWalker(Walker):
    """A Walker whose `lines` also tell decisions and values, and what is heard in the other languages (`Line.others`).

    The interpreter is pure, so the other language costs one more call of it, whose outcome is dropped.
    """

    def __init__(self, flows: FlowSet, call: CallInfo, backend: Backend, civil: datetime, entry: str = "main") -> None:
        self._flows = flows
        self._languages = flows.languages
        self._seen: dict[tuple[str, str], Any] = {}
        self._twins: dict[str, _Twin] = {}
        self._others: list[Mapping[str, str]] = []
        super().__init__(flows, call, backend, civil, entry)

    def _send(self, event: Event) -> None:
        session = self.session
        for language in self._languages:
            if language != session.language:
                twin = session.copy()
                twin.language = language
                self._twins[language] = self._twin(self._interpreter.resume(twin, event, self._now, self._civil))
        super()._send(event)

    def _take(self, step: Step) -> Step:
        self._others = self._heard_elsewhere(step)
        self.lines.extend(Line(LineKind.STEP, self._told(entry)) for entry in step.trace)
        changed = ", ".join(self._changed(step))
        if changed:
            self.lines.append(Line(LineKind.VALUES, changed))
        self._twins.clear()
        return super()._take(step)

    def _line(self, command: Command) -> Line | None:
        line = super()._line(command)
        return replace(line, others=self._others.pop(0)) if line is not None and isinstance(command, Play) else line

    def _heard_elsewhere(self, step: Step) -> list[Mapping[str, str]]:
        """Return for each sentence of the step what it is in the other languages, as far as that can be said."""
        plays = [command for command in step.commands if isinstance(command, Play)]
        path = _path(step.trace)
        fit = [twin.heard for twin in self._twins.values() if twin.path == path and len(twin.heard) == len(plays)]
        found: list[Mapping[str, str]] = []
        for index, play in enumerate(plays):
            elsewhere = {language: words for language, words in (heard[index] for heard in fit) if language != play.language}
            found.append({**self._fixed(play), **elsewhere})
        return found

    def _fixed(self, play: Play) -> Mapping[str, str]:
        """Return a sentence without values in the other languages: the prompts have the same ids."""
        others = [language for language in self._languages if language != play.language]
        return {
            language: text(play.prompts, language, self._words[language])
            for language in others
            if all(prompt in self._words[language] for prompt in play.prompts)
        }

    def _twin(self, step: Step) -> _Twin:
        plays = [command for command in step.commands if isinstance(command, Play)]
        return _Twin(_path(step.trace), tuple((play.language, self._said(play)) for play in plays))

    def _said(self, play: Play) -> str:
        return text(play.prompts, play.language, self._words[play.language])

    def _told(self, entry: Trace) -> str:
        reported = ", ".join(f"{name} = {_shown(value)}" for name, value in entry.values.items())
        step = self._flows.flows[entry.flow].steps.get(entry.step)
        why = condition(step, entry.result)
        result = f"{entry.result}: {why}" if why else entry.result
        kind = f"{entry.type}, {step.place.path}:{step.place.line}" if step and step.fragment else entry.type
        return f"{entry.flow}/{entry.step} ({kind}): {result}{f'; {reported}' if reported else ''}"

    def _changed(self, step: Step) -> Iterator[str]:
        """Yield the variables that have another value now, of the flow being walked; secret ones have none."""
        frame = step.session.frame
        for name, value in frame.variables.items():
            before = self._seen.get((frame.flow, name), _UNSET)
            self._seen[frame.flow, name] = value
            if value != before and (before is not _UNSET or value not in _EMPTY):
                yield f"{name} = {_shown(value)}"


def _path(trace: Sequence[Trace]) -> tuple[tuple[str, str, str], ...]:
    return tuple((entry.flow, entry.step, entry.result) for entry in trace)


def _shown(value: Any) -> str:
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    return shown if len(shown) <= LONGEST_VALUE else f"{shown[: LONGEST_VALUE - 1]}…"
