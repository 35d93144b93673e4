"""From a scenario's file to streams of callers and shifts of agents."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from acd.config import Policy, SkillNeed
from acd.simulation.callers import CallbackWish, Rate, Stream
from acd.simulation.staff import Break, Manner, Shift
from acd.simulation.times import FOR_EVER
from cti.config import read_policy
from cti.config.models import Label
from cti.config.reading import Source, read_file
from cti.simulation.models import CLOCK, ScenarioFile, SpanEntry, StaffEntry, StreamEntry, clock_seconds, known_name
from cti.simulation.recorded import RecordedCallers
from ivr.document import BadDocument, Finding, did_you_mean


@dataclass(frozen=True, slots=True)
class Scenario:
    """A day to be simulated. Times are seconds from `opens_at_seconds` (from midnight), when the simulation starts.

    `recorded`: the callers of a recorded day come instead of the streams.
    """

    label: Label
    policy: Policy
    streams: tuple[Stream, ...]
    shifts: tuple[Shift, ...]
    manners: Mapping[str, Manner]
    opens_at_seconds: float
    seconds: float
    interval_seconds: float
    recorded: RecordedCallers | None = None


def read_scenario(path: Path, config: Path | None = None) -> Scenario:
    """Read a scenario and the configuration it is for.

    Args:
        path: the file.
        config: another folder of queues.yaml, tiers.yaml and agents.yaml than the file names, to try a change.

    Raises:
        BadDocument: with every finding of the scenario, or of the configuration.

    """
    findings: list[Finding] = []
    source = read_file(path, ScenarioFile, findings)
    if source is None:
        raise BadDocument(findings)
    policy = read_policy(config or path.parent / source.model.config).policy
    findings.extend(_check(source, policy))
    if findings:
        raise BadDocument(findings)
    return _scenario(source.model, policy)


def _check(source: Source[ScenarioFile], policy: Policy) -> Iterator[Finding]:
    model = source.model
    if not _opens(model.hours) < _closes(model.hours):
        yield source.at("hours").finding(
            "bad-hours", "the day ends before it begins", 'write {from: "08:00", to: "20:00"}'
        )
    skills = {skill for agent in policy.agents.values() for skill in agent.skills}
    for name, stream in model.callers.items():
        yield from _check_rates(source, name, stream)
        yield from known_name(source.at("callers", name, "queue"), "queue", stream.queue, policy.queues)
        yield from _check_wish(source, name, stream, policy)
        for tier in stream.tiers:
            yield from known_name(source.at("callers", name, "tiers", tier), "tier", tier, policy.tiers)
        if not any(stream.tiers.values()):
            yield source.at("callers", name, "tiers").finding(
                "bad-value", "no tier calls at all", "give one a share above 0"
            )
        for number, kind in enumerate(stream.needs):
            for skill in kind.needs:
                yield from known_name(
                    source.at("callers", name, "needs", number, "needs", skill), "skill", skill, skills
                )
    for number, group in enumerate(model.staff):
        for place, pattern in enumerate(group.agents):
            if not any(fnmatchcase(agent, pattern) for agent in policy.agents):
                where = source.at("staff", number, "agents", place)
                cure = did_you_mean(pattern, list(policy.agents)) or "name an agent of agents.yaml, or a pattern"
                yield where.finding("unknown-agent", f'no agent is called "{pattern}"', cure)


def _check_rates(source: Source[ScenarioFile], name: str, stream: StreamEntry) -> Iterator[Finding]:
    for clock in stream.calls_per_hour if isinstance(stream.calls_per_hour, dict) else ():
        if not re.match(CLOCK, clock):
            place = source.at("callers", name, "calls_per_hour", clock)
            yield place.finding("bad-hours", f'"{clock}" is no time of the day', 'write it like "08:30"')


def _check_wish(source: Source[ScenarioFile], name: str, stream: StreamEntry, policy: Policy) -> Iterator[Finding]:
    queue = policy.queues.get(stream.queue)
    if stream.callback is not None and queue is not None and queue.callback is None:
        place = source.at("callers", name, "callback")
        yield place.finding("bad-value", f'the queue "{queue.name}" promises no callbacks', "write callback: into its entry in queues.yaml, or leave it out here")


def _scenario(model: ScenarioFile, policy: Policy) -> Scenario:
    opens = _opens(model.hours)
    seconds = _closes(model.hours) - opens
    shifts, manners = _staff(model, policy, opens, seconds)
    return Scenario(
        label=model.label,
        policy=policy,
        streams=tuple(_stream(name, entry, opens) for name, entry in model.callers.items()),
        shifts=shifts,
        manners=manners,
        opens_at_seconds=opens,
        seconds=seconds,
        interval_seconds=60.0 * model.interval_minutes,
    )


def _stream(name: str, entry: StreamEntry, opens: float) -> Stream:
    rates = entry.calls_per_hour if isinstance(entry.calls_per_hour, dict) else {"00:00": entry.calls_per_hour}
    known = sorted((clock_seconds(clock) - opens, calls) for clock, calls in rates.items())
    begun = [calls for at, calls in known if at <= 0]
    first = Rate(0.0, begun[-1] if begun else 0.0)
    wish = entry.callback
    needs = {tuple(SkillNeed(skill, level) for skill, level in kind.needs.items()): kind.share for kind in entry.needs}
    return Stream(
        name=name,
        queue=entry.queue,
        rates=(first, *(Rate(at, calls) for at, calls in known if at > 0)),
        tiers=entry.tiers,
        talk=entry.talk.times(),
        patience=FOR_EVER if entry.patience is None else entry.patience.times(),
        wrapup=None if entry.wrapup is None else entry.wrapup.times(),
        needs=needs or {(): 1.0},
        wish=CallbackWish(wish.after, wish.reached, wish.rings.times()) if wish is not None else None,
        wishing=wish.share if wish is not None else 0.0,
    )


def _staff(
    model: ScenarioFile, policy: Policy, opens: float, seconds: float
) -> tuple[tuple[Shift, ...], dict[str, Manner]]:
    """Each agent works as the first group says that names him; without any group all work all day."""
    groups = model.staff or [StaffEntry(agents=["*"], breaks=[])]
    shifts, manners = [], {}
    for agent in policy.agents:
        group = next((one for one in groups if any(fnmatchcase(agent, pattern) for pattern in one.agents)), None)
        if group is None:
            continue
        start, end = (0.0, seconds)
        if group.shift is not None:
            start, end = _opens(group.shift) - opens, _closes(group.shift) - opens
        pauses = tuple(
            Break(clock_seconds(one.at) - opens, clock_seconds(one.at) - opens + 60.0 * one.minutes, one.reason)
            for one in group.breaks
        )
        shifts.append(Shift(agent, max(0.0, start), end, tuple(one for one in pauses if one.start >= 0)))
        manners[agent] = Manner(group.answer.times(), group.misses, group.pace)
    return tuple(shifts), manners


def _opens(span: SpanEntry) -> float:
    return clock_seconds(span.start)


def _closes(span: SpanEntry) -> float:
    return clock_seconds(span.end)
