"""Tests of a policy, written by operators: given these callers and agents, who goes first, to whom, after how long."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from acd.config import Policy, SkillNeed
from acd.facts import CallAnswered, CallEnded, Fact, OfferMade, Outcome
from acd.simulation.callers import Caller
from acd.simulation.runner import Simulation
from acd.simulation.staff import Shift
from cti.config import read_policy
from cti.config.models import Model, Name
from cti.config.reading import Source, read_file
from cti.simulation.models import known_name
from ivr.document import BadDocument, Finding, Position

FAILED_TEST = "policy-test"
_HOUR = 3600.0
_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$", description="a short name of letters, digits, _ and -")]
_Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False, description="seconds from 0 to 86400")]
_Level = Annotated[int, Field(ge=0, le=100, description="a level from 0 to 100")]


class GivenEntry(Model):
    """A caller who enters a queue, or an agent who logs in; `until`: he logs out, or the caller hangs up if he still waits."""

    at: _Seconds = 0.0
    caller: _Id | None = None
    queue: Annotated[Name | None, Field(description="a queue of queues.yaml")] = None
    tier: Annotated[Name | None, Field(description="a tier of tiers.yaml")] = None
    needs: Annotated[
        dict[Name, _Level], Field(default_factory=dict, description="skills with levels, like {lang_zh: 1}")
    ]
    talk_seconds: _Seconds = 60.0
    agent: Annotated[str | None, Field(max_length=64, description="an agent of agents.yaml")] = None
    until: _Seconds | None = None


class ThenEntry(Model):
    """What must come of it; give one of `first`, `order`, or `caller` with what becomes of him."""

    first: _Id | None = None
    order: Annotated[
        list[_Id] | None, Field(min_length=2, description="a list of callers, first to be answered first")
    ] = None
    caller: _Id | None = None
    agent: Annotated[str | None, Field(max_length=64, description="an agent of agents.yaml")] = None
    waits: _Seconds | None = None
    waits_at_most: _Seconds | None = None
    ends: Annotated[
        Literal["answered", "abandoned", "overflowed", "voicemail", "rejected_full", "left_queue", "closed", "waiting"]
        | None,
        Field(description="answered, abandoned, overflowed, voicemail, rejected_full, left_queue, closed, waiting"),
    ] = None


class TestEntry(Model):
    """One test."""

    __test__ = False  # for pytest, which takes every class of this name for a test of its own

    name: Annotated[str, Field(min_length=1, max_length=200, description="a sentence that says what must hold")]
    given: Annotated[list[GivenEntry], Field(min_length=1, max_length=1000, description="callers and agents")]
    then: Annotated[list[ThenEntry], Field(min_length=1, max_length=1000, description="what must come of it")]


class PolicyTestsFile(Model):
    """A file of policy tests."""

    version: Literal[1]
    config: Annotated[
        str, Field(min_length=1, max_length=200, description="the folder of queues.yaml, seen from this file")
    ] = "."
    tests: Annotated[list[TestEntry], Field(min_length=1, description="at least one test")]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one test; `failures` is empty if all was as written. `virtual_seconds`: how long it lasted for the engine."""

    name: str
    place: Position
    failures: tuple[Finding, ...]
    virtual_seconds: float


@dataclass(slots=True)
class _Course:
    """What happened to each caller: offers in order, who answered after how long, how the entry ended."""

    offers: list[tuple[float, str, str]] = field(default_factory=list)
    answers: dict[str, tuple[str, float]] = field(default_factory=dict)
    ends: dict[str, Outcome] = field(default_factory=dict)
    last_at: float = 0.0

    def told(self, facts: tuple[Fact, ...], now: float) -> None:
        """Take in what the engine established."""
        for fact in facts:
            match fact:
                case OfferMade():
                    self.offers.append((now, fact.call, fact.agent))
                    self.last_at = now
                case CallAnswered():
                    self.answers[fact.call] = (fact.agent, fact.wait_seconds)
                case CallEnded():
                    self.ends[fact.call] = fact.outcome
                case _:
                    pass

    def words(self) -> str:
        """Tell the offers."""
        told = [f"{call} to {agent} at {at:g} s" for at, call, agent in self.offers]
        return "offers: " + ("; ".join(told) or "none")


def run_policy_tests(path: Path, config: Path | None = None) -> tuple[Verdict, ...]:
    """Run the tests of a file.

    Args:
        path: the file.
        config: another folder of queues.yaml, tiers.yaml and agents.yaml than the file names.

    Raises:
        BadDocument: with every finding, if the tests or the configuration cannot be used.

    """
    findings: list[Finding] = []
    source = read_file(path, PolicyTestsFile, findings)
    if source is None:
        raise BadDocument(findings)
    policy = read_policy(config or path.parent / source.model.config).policy
    for number, test in enumerate(source.model.tests):
        findings.extend(_check(source, number, test, policy))
    if findings:
        raise BadDocument(findings)
    return tuple(_run(source, number, test, policy) for number, test in enumerate(source.model.tests))


def _check(source: Source[PolicyTestsFile], number: int, test: TestEntry, policy: Policy) -> Iterator[Finding]:
    skills = {skill for agent in policy.agents.values() for skill in agent.skills}
    callers = [given.caller for given in test.given if given.caller]
    for item, given in enumerate(test.given):
        here = ("tests", number, "given", item)
        if (given.caller is None) == (given.agent is None):
            yield source.at(*here).finding(
                "bad-value", "one line is one caller or one agent", "write caller: or agent:"
            )
        elif given.caller is not None:
            yield from known_name(source.at(*here, "queue"), "queue", given.queue or "", policy.queues)
            yield from known_name(source.at(*here, "tier"), "tier", given.tier or "", policy.tiers)
            for skill in given.needs:
                yield from known_name(source.at(*here, "needs", skill), "skill", skill, skills)
        else:
            yield from known_name(source.at(*here, "agent"), "agent", given.agent or "", policy.agents)
    for item, then in enumerate(test.then):
        here = ("tests", number, "then", item)
        told = [then.first is not None, then.order is not None, then.caller is not None]
        if sum(told) != 1:
            yield source.at(*here).finding(
                "bad-value", "one line says one thing", "write one of first:, order:, caller:"
            )
        for name in (then.first, *(then.order or ()), then.caller):
            if name is not None and name not in callers:
                cure = f"use one of {', '.join(callers)}"
                yield source.at(*here).finding("bad-value", f'no caller is called "{name}" here', cure)


def _run(source: Source[PolicyTestsFile], number: int, test: TestEntry, policy: Policy) -> Verdict:
    course = _Course()
    last = max(given.at for given in test.given)
    callers = sorted((_caller(given) for given in test.given if given.caller), key=lambda caller: caller.at)
    shifts = [
        Shift(given.agent, given.at, math.inf if given.until is None else given.until)
        for given in test.given
        if given.agent
    ]
    Simulation(policy, callers, watch=course.told, shifts=shifts).run(last + _HOUR)
    failures = [
        source.at("tests", number, "then", item).finding(FAILED_TEST, f"{test.name}: {wrong}", course.words())
        for item, then in enumerate(test.then)
        for wrong in _wrong(then, course)
    ]
    return Verdict(test.name, source.at("tests", number), tuple(failures), course.last_at)


def _caller(given: GivenEntry) -> Caller:
    return Caller(
        call=given.caller or "",
        at=given.at,
        queue=given.queue or "",
        tier=given.tier or "",
        talk_seconds=given.talk_seconds,
        patience_seconds=math.inf if given.until is None else given.until - given.at,
        needs=tuple(SkillNeed(skill, level) for skill, level in given.needs.items()),
    )


def _wrong(then: ThenEntry, course: _Course) -> Iterator[str]:
    """Say what is not as written."""
    if then.first is not None:
        first = course.offers[0][1] if course.offers else "nobody"
        if first != then.first:
            yield f"{then.first} should be first, {first} was"
    if then.order is not None:
        seen = [call for call in course.answers if call in then.order]
        if seen != then.order:
            yield f"should be answered in the order {', '.join(then.order)}, were in the order {', '.join(seen) or '(none)'}"
    if then.caller is not None:
        yield from _wrong_about(then, then.caller, course.answers, course.ends)


def _wrong_about(
    then: ThenEntry, caller: str, answers: Mapping[str, tuple[str, float]], ends: Mapping[str, Outcome]
) -> Iterator[str]:
    agent, waited = answers.get(caller, ("nobody", math.inf))
    if then.agent is not None and agent != then.agent:
        yield f"{caller} should talk to {then.agent}, talked to {agent}"
    told = "was not answered" if math.isinf(waited) else f"waited {waited:g} s"
    if then.waits is not None and not math.isclose(waited, then.waits, abs_tol=1e-6):
        yield f"{caller} should wait {then.waits:g} s, {told}"
    if then.waits_at_most is not None and waited > then.waits_at_most + 1e-6:
        yield f"{caller} should wait at most {then.waits_at_most:g} s, {told}"
    end = ends[caller].value if caller in ends else "waiting"
    if then.ends is not None and end != then.ends:
        yield f"{caller} should end as {then.ends}, ended as {end}"
