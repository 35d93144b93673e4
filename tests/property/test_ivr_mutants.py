"""Thousands of broken flow files from a seeded fuzzer: each is accepted or refused with a place, at once and never in part."""

import random
import re
from collections.abc import Iterator
from time import process_time

import pytest

from ivr.codes import CODES
from ivr.document import BadDocument
from ivr.events import FailReason
from ivr.flows import load_flows, read_files
from ivr.walker import Walker
from tests.unit.ivr.ivr_room import CALL, KNOWN, NOON, ROOT, demo_replies
from tests.unit.ivr.test_ivr_docs import documented_files

LOAD_SECONDS = 5.0
DEMO = {path.rsplit("/", 1)[-1]: text for path, text in read_files(ROOT / "flows").items()}
DOCUMENTED = documented_files()  # every step type, and a fragment
EXAMPLE = {path.rsplit("/", 1)[-1]: text for path, text in read_files(ROOT / "flows/examples/power").items()}
OTHERS = {"hours", "phrases", "operations"}
PIECES = (
    "", " ", "\n", "\t", ":", ": ", "#", "*", "&x ", "*x", "!t ", "{", "}", "[", "]", '"', "'", "|", ">", "%", "@", "---\n", "<<: {a: 1}\n",
    "null", "~", "yes", "12:30", "010", "+86", "1e999", "-1", "999999999999999999999", ".inf", "${", "}", "${x}", "${money(1)}", "${1/0}",
    "a.b.c", "((((((((", "$number", "$$", "$done", "type: include", "fragment: ask_number", "parameters: ", "one_of: [a]", "：", "\u3000", "😀", "\x00", "\ufeff", "\u2028", "\ud800", "return", "main", "type: say", "type: nothing", "next: ", "secret",
)  # fmt: skip


def mutant(texts: dict[str, str], rng: random.Random) -> dict[str, str]:
    """Return the files with one to three places of one file changed by hand or by cut and paste."""
    name = rng.choice(sorted(texts))
    text = texts[name]
    for _ in range(rng.randint(1, 3)):
        text = rng.choice((_piece, _cut, _swap_words, _move_line, _repeat))(text, rng)
    return {**texts, name: text}


def _piece(text: str, rng: random.Random) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + rng.choice(PIECES) + text[at + rng.choice((0, 0, 1, 3)) :]


def _cut(text: str, rng: random.Random) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + text[at + rng.choice((1, 2, 10, 100)) :]


def _swap_words(text: str, rng: random.Random) -> str:
    words = list(re.finditer(r"[\w'\"${}]+", text))
    if len(words) < 2:
        return text
    one, other = rng.choice(words), rng.choice(words)
    return text[: one.start()] + other[0] + text[one.end() :]


def _move_line(text: str, rng: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    if lines:
        line = lines.pop(rng.randrange(len(lines)))
        lines.insert(rng.randint(0, len(lines)), rng.choice(("", " ", "  ")) + line)
    return "".join(lines)


def _repeat(text: str, rng: random.Random) -> str:
    at = rng.randint(0, len(text))
    return text[:at] + text[at : at + rng.choice((1, 5, 40))] * rng.choice((2, 3, 50)) + text[at:]


def verdicts(seed: int, count: int) -> Iterator[bool]:
    """Load mutants; yield whether each was accepted. What is accepted is walked for a few keys."""
    rng = random.Random(seed)
    for number in range(count):
        texts = mutant(rng.choice((DEMO, DOCUMENTED, DOCUMENTED, EXAMPLE)), rng)
        began = process_time()
        try:
            flows = load_flows(texts, KNOWN if rng.random() < 0.3 else None)
        except BadDocument as bad:
            check_findings(bad, texts, f"seed {seed}, mutant {number}")
            yield False
        else:
            assert {*flows.flows, *flows.fragments, *OTHERS} >= {name.removesuffix(".yaml") for name in texts}
            walk(flows, rng)
            yield True
        assert process_time() - began < LOAD_SECONDS, f"seed {seed}, mutant {number}"


def check_findings(bad: BadDocument, texts: dict[str, str], where: str) -> None:
    """Each refusal says what and where: a line of the file, a column of it, a documented code."""
    assert bad.findings, where
    for finding in bad.findings:
        lines = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", texts[finding.path])
        assert 1 <= finding.line <= len(lines) + 1, (where, finding)
        assert finding.column >= 1, (where, finding)
        assert finding.code in CODES, (where, finding)
        assert finding.message, (where, finding)


def walk(flows, rng: random.Random) -> None:
    known = demo_replies()

    def backend(call):
        try:
            return known(call)
        except KeyError:  # an operation no backend has: without Known it passes the check
            return FailReason.INVALID

    walker = Walker(flows, CALL, backend, NOON)
    for _ in range(12):
        if walker.over:
            break
        rng.choice((lambda: walker.press(rng.choice("0123456789*#")), walker.wait))()


def test_some_mutants_are_refused_with_a_place_and_the_others_work():
    accepted = list(verdicts(seed=1, count=300))
    assert 20 < sum(accepted) < 280


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_mutants(seed):
    assert sum(verdicts(seed=100 + seed, count=1000)) > 50
