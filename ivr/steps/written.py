"""Texts that are read, not heard: fixed words and values, `${ticket.number}` as it is or `${date(x)}` as it is written."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.document import Finding, Node, Scalar, Table, did_you_mean
from ivr.expressions import Expression, ExpressionError, VariableType
from ivr.run import Run
from ivr.speech import Kind, SpeechError
from ivr.speech.writing import LONGEST, write
from ivr.steps.reading import StepReader
from ivr.texts import LANGUAGES, PHRASE, split_holes

_HOLE = re.compile(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*\Z", re.DOTALL)
_KINDS = (*Kind, PHRASE)
_BARE = (VariableType.TEXT, VariableType.NUMBER, VariableType.DATA)
_USUAL_CHARACTERS = 12
"""Of a value whose length nobody knows beforehand."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a text: how it is written (empty: as it is) and what it is."""

    kind: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Written:
    """A text in each language."""

    pieces: Mapping[str, tuple[str | Value, ...]]

    def fill(self, run: Run, language: str) -> str:
        """Return the text now; raises ExpressionError when a value cannot be written so."""
        return "".join(
            piece if isinstance(piece, str) else _filled(piece, run, language) for piece in self.pieces[language]
        )

    def shown(self, language: str) -> str:
        """Return the text with … for values."""
        return "".join(piece if isinstance(piece, str) else "…" for piece in self.pieces[language])

    def usual(self, language: str) -> str:
        """Return the text with values of a usual length."""
        return "".join(piece if isinstance(piece, str) else _usual(piece) for piece in self.pieces[language])


def read_written(node: Node, reader: StepReader) -> Written:
    """Read `{zh: …, en: …}`; faults become findings."""
    pieces: dict[str, tuple[str | Value, ...]] = dict.fromkeys(LANGUAGES, ())
    if not isinstance(node, Table):
        cure = "write one text per language: {zh: …, en: …}"
        reader.report(node, "bad-text", "a text must be given by language", cure)
        return Written(pieces)
    for key, place in node.keys.items():
        if key not in LANGUAGES:
            reader.report(place, "unknown-language", f'no language "{key}"', did_you_mean(key, LANGUAGES))
    for language in LANGUAGES:
        scalar = node.entries.get(language)
        if isinstance(scalar, Scalar) and not scalar.empty and scalar.text.strip():
            pieces[language] = tuple(_pieces(scalar, reader))
        else:
            reader.report(node.at(language), "missing-language", f'no text for "{language}"', f'add {language}: "…"')
    return Written(pieces)


def _pieces(scalar: Scalar, reader: StepReader) -> Iterator[str | Value]:
    for piece, is_hole in split_holes(scalar.text.strip()):
        if is_hole:
            value = _value(piece, scalar, reader)
            if value is not None:
                yield value
        elif "${" in piece:
            reader.report(scalar.inside("${"), "bad-hole", "${ without its }", "close it with }")
        else:
            yield piece


def _value(inside: str, scalar: Scalar, reader: StepReader) -> Value | None:
    found = _HOLE.match(inside)
    kind = found[1] if found and found[1] in _KINDS else ""
    source = found[2].strip() if found and kind else inside.strip()
    expression = reader.context.compile(source, scalar.inside(source))
    if expression is None:
        return None
    if not kind and expression.type not in _BARE:
        cure = "say how to write it, e.g. ${number(x)}"
        findings: list[Finding] = reader.findings
        findings.append(scalar.inside(inside).finding("bad-hole", f"{source} is a {expression.type}", cure))
    return Value(kind, expression)


def _filled(piece: Value, run: Run, language: str) -> str:
    value = run.evaluate(piece.expression)
    source = piece.expression.source
    if piece.kind == PHRASE:
        if value not in run.flows.phrases:
            raise ExpressionError("there is no such phrase")
        return run.flows.phrases[value][language]
    kind = Kind(piece.kind) if piece.kind else Kind.TICKET
    try:
        return write(kind, run.local(kind, value), language)
    except SpeechError:
        raise ExpressionError(f"{source} cannot be written as {piece.kind or 'text'}") from None


def _usual(piece: Value) -> str:
    return (
        LONGEST[Kind(piece.kind)].encode("ascii", "ignore").decode()
        if piece.kind in LONGEST
        else "x" * _USUAL_CHARACTERS
    )
