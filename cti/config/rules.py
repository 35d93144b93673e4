"""Rules of routing that cannot hold: guarantees that contradict head starts, rings that narrow, overflow in circles."""

from collections.abc import Iterator, Mapping

from cti.config.models import AgentEntry, AgentsFile, QueueEntry, QueuesFile, SeatsEntry, TiersFile
from cti.config.reading import Source
from ivr.document import Finding, Position, Severity, did_you_mean

_Path = tuple[str | int, ...]


def check_tiers(tiers: Source[TiersFile]) -> Iterator[Finding]:
    """Check tiers.yaml in itself."""
    for grade, tier in tiers.model.grades.items():
        place = tiers.at("grades", grade)
        if grade in tiers.model.tiers:
            yield place.finding(
                "grade-is-tier", f'"{grade}" is a tier itself', "remove the grade, or give it another name"
            )
        yield from _known_tier(place, tier, tiers.model.tiers)
    for number, rule in enumerate(tiers.model.head_starts):
        if rule.equals is not None and rule.at_least is not None:
            yield tiers.at("head_starts", number, "at_least").finding(
                "head-start-twice", "the rule asks for a value and for at least a value", "keep one, or write two rules"
            )


def check_rules(queues: Source[QueuesFile], tiers: Source[TiersFile], agents: Source[AgentsFile]) -> Iterator[Finding]:
    """Check the rules of all queues against tiers and agents."""
    for name, entry in queues.model.queues.items():
        yield from _check_rings(queues, name, entry)
        yield from _check_guarantee(queues, tiers.model, name)
        yield from _check_targets(queues, name)
        yield from _check_seats(queues, tiers.model, agents.model, name)
        yield from _check_overflow(queues, name)
        yield from _check_empty(queues, name)
    for name, agent in agents.model.agents.items():
        for queue in agent.queue_bonus_seconds:
            if queue not in agent.queues:
                cure = did_you_mean(queue, agent.queues) or "add it to the queues of the agent, or remove it here"
                place = agents.at("agents", name, "queue_bonus_seconds", queue)
                yield place.finding("unknown-queue", f'"{queue}" is no queue of this agent', cure)


def _setting(queues: Source[QueuesFile], name: str, field: str) -> tuple[object, _Path]:
    """A queue's own setting or the default for all, and where it is written."""
    entry = queues.model.queues[name]
    if field in entry.model_fields_set:
        return getattr(entry, field), ("queues", name, field)
    return getattr(queues.model.defaults, field), ("defaults", field)


def _check_rings(queues: Source[QueuesFile], name: str, entry: QueueEntry) -> Iterator[Finding]:
    """A later ring must ask for less: an agent who may be asked stays one who may be asked."""
    before: Mapping[str, int] = entry.needs
    for number, ring in enumerate(entry.rings):
        for skill, level in ring.needs.items():
            if level > before.get(skill, 0):
                asked = f"at level {before[skill]}" if skill in before else "not at all"
                yield queues.at("queues", name, "rings", number, "needs", skill).finding(
                    "ring-narrows",
                    f"{skill} is asked at level {level} after {ring.after_seconds:g} seconds and {asked} before: "
                    "who could be asked until then no longer can",
                    "let each ring ask for no more than the one before",
                )
        before = ring.needs


def _check_guarantee(queues: Source[QueuesFile], tiers: TiersFile, name: str) -> Iterator[Finding]:
    guarantee, path = _setting(queues, name, "guarantee_seconds")
    max_wait, _ = _setting(queues, name, "max_wait_seconds")
    assert isinstance(guarantee, float | int)
    assert isinstance(max_wait, float | int)
    if guarantee > 0 and 0 < max_wait <= guarantee:
        yield queues.at(*path).finding(
            "guarantee-never",
            f"callers of {name} leave after {max_wait:g} seconds: nobody waits as long as the {guarantee:g} guaranteed",
            f"guarantee less than {max_wait:g} seconds, or raise max_wait_seconds",
        )
    most, of = _greatest_head_start(tiers)
    if 0 < guarantee <= most:
        yield queues.at(*path).finding(
            "guarantee-impossible",
            f"{of} may pass whoever came up to {most:g} seconds before; {guarantee:g} seconds guaranteed deny it",
            f"guarantee more than {most:g} seconds, or lower the head starts",
        )


def _check_targets(queues: Source[QueuesFile], name: str) -> Iterator[Finding]:
    """Figures of reports and alerts that say nothing: nothing is late, or whoever hangs up in time is no caller."""
    level, path = _setting(queues, name, "service_level_seconds")
    short, short_path = _setting(queues, name, "short_abandon_seconds")
    max_wait, _ = _setting(queues, name, "max_wait_seconds")
    assert isinstance(level, float | int)
    assert isinstance(short, float | int)
    assert isinstance(max_wait, float | int)
    if 0 < max_wait <= level:
        said = f"callers of {name} leave after {max_wait:g} seconds: whoever is answered is answered within the {level:g} of the service level"
        yield queues.at(*path).finding("service-level-never", said, f"set service_level_seconds below {max_wait:g}", Severity.WARNING)
    if short >= level:
        said = f"whoever hangs up within {short:g} seconds is left out, and {name} is to answer within {level:g}: no abandon in time would count"
        yield queues.at(*short_path).finding("short-abandon-long", said, f"set short_abandon_seconds below {level:g}", Severity.WARNING)


def _greatest_head_start(tiers: TiersFile) -> tuple[float, str]:
    """The most seconds a customer can be given before another: by tier, and by everything that attributes earn."""
    heads = {name: entry.head_start_seconds for name, entry in tiers.tiers.items()}
    best = max(heads, key=lambda name: heads[name])
    earned = sum(rule.seconds for rule in tiers.head_starts)
    of = f"a caller of tier {best}" + (" with all that head_starts give" if earned else "")
    return heads[best] - min(heads.values()) + earned, of


def _check_seats(queues: Source[QueuesFile], tiers: TiersFile, agents: AgentsFile, name: str) -> Iterator[Finding]:
    found, path = _setting(queues, name, "seats")
    kept = [seats for seats in found if isinstance(seats, SeatsEntry)] if isinstance(found, list) else []
    staff = [agent for agent in agents.agents.values() if name in agent.queues]
    for number, seats in enumerate(kept):
        place = queues.at(*path, number, "skill")
        if seats.skill not in agents.skills:
            cure = did_you_mean(seats.skill, list(agents.skills)) or "declare it under skills: in agents.yaml"
            yield place.finding("unknown-skill", f'no skill is called "{seats.skill}"', cure)
        elif staff and not any(seats.skill in agent.skills for agent in staff):
            said = f"no agent of {name} has {seats.skill}"
            yield place.finding("seats-nobody", said, "give it to an agent of this queue", Severity.WARNING)
        for index, tier in enumerate(seats.tiers):
            yield from _known_tier(queues.at(*path, number, "tiers", index), tier, tiers.tiers)
    for tier in tiers.tiers if staff else ():
        if not any(_seat_serves(agent, tier, kept) for agent in staff):
            yield queues.at(*path).finding(
                "tier-nobody",
                f"all agents of {name} are kept for other tiers: nobody serves {tier}",
                f"keep fewer seats, or add {tier} to the tiers of one",
            )


def _seat_serves(agent: AgentEntry, tier: str, kept: list[SeatsEntry]) -> bool:
    only = [seats for seats in kept if seats.only and seats.skill in agent.skills]
    return not only or any(tier in seats.tiers for seats in only)


def _check_overflow(queues: Source[QueuesFile], name: str) -> Iterator[Finding]:
    way = [name]
    while (further := str(_setting(queues, way[-1], "overflow")[0])) in queues.model.queues and further not in way:
        way.append(further)
    if further == name:
        _, path = _setting(queues, name, "overflow")
        yield queues.at(*path).finding(
            "overflow-loop",
            f"callers would go round for ever: {' -> '.join((*way, name))}",
            "let one of them overflow to voicemail",
        )


def _check_empty(queues: Source[QueuesFile], name: str) -> Iterator[Finding]:
    found, path = _setting(queues, name, "empty")
    if found is not None and "logged_out" not in getattr(found, "when", ()):
        said = "agents who are logged out count as being there: the queue is never empty"
        yield queues.at(*path, "when").finding("empty-never", said, "add logged_out")


def _known_tier(place: Position, tier: str, known: Mapping[str, object]) -> Iterator[Finding]:
    if tier not in known:
        cure = did_you_mean(tier, list(known)) or "name a tier of tiers.yaml"
        yield place.finding("unknown-tier", f'no tier is called "{tier}"', cure)
