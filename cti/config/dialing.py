"""`config/dialing.yaml`: the allow-list of what may be dialled. Without the file nothing may."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from cti.config.models import Label, Model, Name, number_as_text, seconds
from cti.config.reading import Source, read_file
from cti.dialing import PATTERN, Dialing, Numbering, Purpose, Rule
from ivr.document import BadDocument, Finding, Position, Severity

FILE = "dialing.yaml"
_Pattern = Annotated[
    str,
    BeforeValidator(number_as_text),
    Field(pattern=f"^{PATTERN}$", description='a number, with X for any digit, Z for 1-9, N for 2-9 and sets like [3-9], in quotes: "1[3-9]XXXXXXXXX"'),
]
_Digits = Annotated[str, BeforeValidator(number_as_text), Field(pattern=r"^[0-9]{1,20}$", description="digits, in quotes")]
_Device = Annotated[
    str,
    Field(pattern=r"^PJSIP/(?:\{number\}|[0-9]*\{number\}@[A-Za-z0-9_.-]{1,64})$", description="PJSIP/{number}@ and an endpoint of pjsip.conf, or PJSIP/{number} for phones"),
]
_RULE_MOST = 100


class NumberingEntry(Model):
    """How numbers are written and dialled in this country."""

    country_code: Annotated[str, BeforeValidator(number_as_text), Field(pattern=r"^[1-9][0-9]{0,3}$", description="1 to 4 digits")] = "86"
    international_prefix: _Digits = "00"
    national_prefix: Annotated[str, BeforeValidator(number_as_text), Field(pattern=r"^[0-9]{0,3}$", description='at most 3 digits, "" for none')] = "0"
    without_prefix: Annotated[tuple[_Pattern, ...], Field(max_length=_RULE_MOST, description="a list of patterns")] = Numbering().without_prefix


class RuleEntry(Model):
    """Numbers that may be dialled."""

    label: Label
    numbers: Annotated[tuple[_Pattern, ...], Field(min_length=1, max_length=_RULE_MOST, description="a list of numbers or patterns")]
    purposes: Annotated[frozenset[Purpose], Field(min_length=1, description="one or more of dial, callback, transfer: [dial]")] = frozenset({Purpose.DIAL})
    device: _Device | None = None
    ring_seconds: Annotated[int | None, seconds(3, 120, "longest ringing")] = None
    max_talk_seconds: Annotated[int | None, seconds(10, 14_400, "longest talk")] = None
    max_calls: Annotated[int, Field(ge=0, le=1000, description="most calls at once by this rule, 0 for no limit of its own")] = 0


class DialingFile(Model):
    """dialing.yaml."""

    version: Literal[1]
    device: _Device = "PJSIP/{number}@outside"
    caller_number: Annotated[str, BeforeValidator(number_as_text), Field(pattern=r"^\+?[0-9]{0,20}$", description="the number shown to whoever is called, in quotes")] = ""
    ring_seconds: Annotated[int, seconds(3, 120, "longest ringing")] = 30
    max_talk_seconds: Annotated[int, seconds(10, 14_400, "longest talk")] = 1800
    max_calls: Annotated[int, Field(ge=1, le=1000, description="most calls to the outside at once")] = 10
    numbering: NumberingEntry = NumberingEntry()
    never: Annotated[tuple[_Pattern, ...], Field(max_length=_RULE_MOST, description="a list of numbers or patterns")] = ()
    rules: Annotated[dict[Name, RuleEntry], Field(description="a table of rules, each with a name")] = Field(default_factory=dict)


def read_dialing(config_dir: Path, findings: list[Finding]) -> Dialing:
    """Read dialing.yaml of a folder; what is wrong is added to `findings`, and then nothing may be dialled."""
    path = config_dir / FILE
    if not path.exists():
        return Dialing()
    found: list[Finding] = []
    source = read_file(path, DialingFile, found)
    if source is not None:
        found.extend(_check(source))
    findings.extend(found)
    if source is None or any(finding.severity is Severity.ERROR for finding in found):
        return Dialing()
    return _dialing(source.model)


def load_dialing(config_dir: Path) -> Dialing:
    """Read dialing.yaml; raises BadDocument with every finding if one is an error."""
    findings: list[Finding] = []
    dialing = read_dialing(config_dir, findings)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise BadDocument(findings)
    return dialing


def _check(source: Source[DialingFile]) -> Iterator[Finding]:
    yield from _bad_sets(source, ("never",), source.model.never)
    yield from _bad_sets(source, ("numbering", "without_prefix"), source.model.numbering.without_prefix)
    for name, rule in source.model.rules.items():
        yield from _bad_sets(source, ("rules", name, "numbers"), rule.numbers)
        for number, pattern in enumerate(rule.numbers):
            if pattern.startswith(("X", "Z", "N")):
                yield _wide(source.at("rules", name, "numbers", number), pattern)


def _bad_sets(source: Source[DialingFile], path: tuple[str, ...], patterns: Sequence[str]) -> Iterator[Finding]:
    for number, pattern in enumerate(patterns):
        turned = next((span for span in re.findall(r"[0-9]-[0-9]", pattern) if span[0] > span[2]), None)
        if turned is not None:
            place = source.at(*path, number)
            yield place.finding("bad-value", f'"{turned}" in "{pattern}" is no range', f"write {turned[2]}-{turned[0]}")


def _wide(place: Position, pattern: str) -> Finding:
    cure = "let it begin with the digits that these numbers have in common"
    return place.finding("wide-rule", f'"{pattern}" allows numbers with any beginning', cure, Severity.WARNING)


def _dialing(file: DialingFile) -> Dialing:
    rules = tuple(
        Rule(
            name, entry.numbers, entry.purposes, entry.device or file.device, entry.ring_seconds or file.ring_seconds,
            entry.max_talk_seconds or file.max_talk_seconds, entry.max_calls, entry.label.zh, entry.label.en,
        )
        for name, entry in file.rules.items()
    )
    return Dialing(rules, file.never, Numbering(**file.numbering.model_dump()), file.caller_number, file.max_calls)
