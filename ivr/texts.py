"""What a step says: fixed pieces, each a prompt of its own, and holes `${money(x)}` that are spoken at run time."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.document import Finding, Node, Position, Scalar, Table, did_you_mean
from ivr.expressions import Expression, Scope, VariableType
from ivr.speech import Kind, Language, Prompt

LANGUAGES = tuple(language.value for language in Language)
PHRASE = "phrase"
_HOLE = re.compile(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*\Z", re.DOTALL)
_SPOKEN = re.compile(r"[^\W_]")
_ACCEPTED: Mapping[str, tuple[VariableType, ...]] = {
    Kind.NUMBER: (VariableType.NUMBER, VariableType.DECIMAL),
    Kind.DIGITS: (VariableType.TEXT, VariableType.NUMBER),
    Kind.MONEY: (VariableType.NUMBER,),
    Kind.DATE: (VariableType.TEXT,),
    Kind.TIME: (VariableType.TEXT,),
    Kind.DURATION: (VariableType.NUMBER, VariableType.DECIMAL),
    Kind.PHONE: (VariableType.TEXT,),
    Kind.TICKET: (VariableType.TEXT,),
    PHRASE: (VariableType.TEXT,),
}


@dataclass(frozen=True, slots=True)
class Fixed:
    """A piece that never changes: one prompt."""

    prompt: str


@dataclass(frozen=True, slots=True)
class Hole:
    """A value to be spoken as `kind` says (a kind of speech, or `phrase`: the value is the id of a phrase)."""

    kind: str
    expression: Expression


Segment = Fixed | Hole


@dataclass(frozen=True, slots=True)
class Text:
    """What is said, in each language."""

    segments: Mapping[str, tuple[Segment, ...]]


@dataclass(slots=True)
class Prompts:
    """Collects, while flows are read, the prompts they bring and the phrases they want."""

    made: list[tuple[Prompt, Position]]
    wanted: list[tuple[str, Position]]


def phrase_prompt(phrase: str) -> str:
    """Return the prompt id of a phrase of the phrase file."""
    return f"phrases/{phrase}"


def phrase_text(phrase: str) -> Text:
    """Return the text that is one phrase of the phrase file."""
    return Text({language: (Fixed(phrase_prompt(phrase)),) for language in LANGUAGES})


def read_text(node: Node, prefix: str, scope: Scope, prompts: Prompts, findings: list[Finding]) -> Text:
    """Read `{zh: …, en: …}` or `{phrase: id}`.

    Args:
        node: what stands under `say:`.
        prefix: beginning of the prompt ids; each fixed piece gets `<prefix>-<n>`, counted from 1 in each language.
        scope: variables that holes may use.
        prompts: collects what was made and wanted.
        findings: collects what is wrong.

    """
    if not isinstance(node, Table):
        cure = "write one text per language: {zh: …, en: …}"
        findings.append(node.finding("bad-text", "a text must be given by language", cure))
        return Text(dict.fromkeys(LANGUAGES, ()))
    if PHRASE in node.entries:
        return _read_phrase(node, prompts, findings)
    findings.extend(_language_findings(node))
    segments: dict[str, tuple[Segment, ...]] = {}
    for language in LANGUAGES:
        scalar = node.entries.get(language)
        if isinstance(scalar, Scalar):
            segments[language] = tuple(_segments(scalar, language, prefix, scope, prompts, findings))
    return Text({language: segments.get(language, ()) for language in LANGUAGES})


def _read_phrase(node: Table, prompts: Prompts, findings: list[Finding]) -> Text:
    scalar = node.entries[PHRASE]
    if not isinstance(scalar, Scalar) or len(node.entries) > 1:
        findings.append(node.finding("bad-text", "phrase: must name one phrase and stand alone", "write {phrase: id}"))
        return Text(dict.fromkeys(LANGUAGES, ()))
    prompts.wanted.append((scalar.text, scalar))
    return phrase_text(scalar.text)


def _language_findings(node: Table) -> Iterator[Finding]:
    for key, scalar in node.keys.items():
        if key not in LANGUAGES:
            cure = did_you_mean(key, LANGUAGES)
            yield scalar.finding("unknown-language", f'no language "{key}"', cure)
    for language in LANGUAGES:
        value = node.entries.get(language)
        if value is None or not isinstance(value, Scalar) or value.empty or not value.text.strip():
            yield node.at(language).finding("missing-language", f'no text for "{language}"', f'add {language}: "…"')


def _segments(
    scalar: Scalar, language: str, prefix: str, scope: Scope, prompts: Prompts, findings: list[Finding]
) -> Iterator[Segment]:
    count = 0
    for piece, is_hole in split_holes(scalar.text):
        if is_hole:
            hole = _hole(piece, scalar, scope, prompts, findings)
            if hole is not None:
                yield hole
        elif "${" in piece:
            findings.append(scalar.inside("${").finding("bad-hole", "${ without its }", "close it with }"))
        elif _SPOKEN.search(piece):
            count += 1
            prompt = Prompt(f"{prefix}-{count}", language, " ".join(piece.split()))
            prompts.made.append((prompt, scalar))
            yield Fixed(prompt.id)


def _hole(inside: str, scalar: Scalar, scope: Scope, prompts: Prompts, findings: list[Finding]) -> Hole | None:
    place = scalar.inside("${" + inside + "}")
    found = _HOLE.match(inside)
    if not found or found[1] not in _ACCEPTED:
        cure = (
            did_you_mean(found[1], sorted(_ACCEPTED))
            if found
            else "say how to speak it, e.g. ${money(x)} or ${date(x)}"
        )
        findings.append(place.finding("bad-hole", "cannot speak ${" + inside + "}", cure))
        return None
    kind, source = found[1], found[2].strip()
    expression = scope.compile(source, scalar.inside(source), findings)
    if expression is None:
        return None
    if expression.type not in (*_ACCEPTED[kind], VariableType.DATA):
        cure = f"{kind}() wants {' or '.join(_ACCEPTED[kind])}"
        findings.append(place.finding("bad-hole", f"{source} is a {expression.type}", cure))
    if kind == PHRASE and (constant := re.fullmatch(r"'([^']*)'|\"([^\"]*)\"", source)):
        prompts.wanted.append((constant[1] or constant[2], place))
    return Hole(kind, expression)


def split_holes(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text in order, each with whether it is the inside of `${…}`.

    Braces and quoted texts inside a hole are respected. A hole that never ends comes as a fixed piece that begins with `${`.
    """
    start = 0
    while (begin := text.find("${", start)) >= 0:
        end = _end_of_hole(text, begin + 2)
        if end < 0:
            break
        if begin > start:
            yield text[start:begin], False
        yield text[begin + 2 : end], True
        start = end + 1
    if start < len(text):
        yield text[start:], False


def _end_of_hole(text: str, start: int) -> int:
    depth, quote = 0, ""
    for index in range(start, len(text)):
        letter = text[index]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "{":
            depth += 1
        elif letter == "}":
            if depth == 0:
                return index
            depth -= 1
    return -1
