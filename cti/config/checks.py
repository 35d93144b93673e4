"""What no single file can know: names that must exist elsewhere, numbers used twice, work that nobody can do."""

from collections.abc import Iterator, Mapping

from acd import strategies
from acd.agents import PHONE_PAUSE
from cti.config.models import AgentsFile, QueuesFile
from cti.config.reading import Source
from ivr.document import Finding, Position, Severity, did_you_mean


def check_queues(queues: Source[QueuesFile]) -> Iterator[Finding]:
    """Check queues.yaml in itself."""
    if queues.model.defaults.strategy not in strategies.names():
        yield _unknown_strategy(queues.at("defaults", "strategy"), queues.model.defaults.strategy)
    for name, entry in queues.model.queues.items():
        if "strategy" in entry.model_fields_set and entry.strategy not in strategies.names():
            yield _unknown_strategy(queues.at("queues", name, "strategy"), entry.strategy)
        last = 0.0
        for number, ring in enumerate(entry.rings):
            if ring.after_seconds <= last:
                place = queues.at("queues", name, "rings", number, "after_seconds")
                yield place.finding(
                    "ring-order",
                    f"this ring begins after {ring.after_seconds:g} seconds, not later than the one before",
                    "list rings by growing after_seconds",
                )
            last = ring.after_seconds


def check_agents(agents: Source[AgentsFile]) -> Iterator[Finding]:
    """Check agents.yaml in itself: skills declared, the phone's pause among the reasons, extensions and phones used once."""
    if agents.model.pause_reasons and PHONE_PAUSE not in agents.model.pause_reasons:
        yield agents.at("pause_reasons").finding(
            "pause-by-phone", f'agents who pause by phone (*46) give the reason "{PHONE_PAUSE}", which is not listed', f"add {PHONE_PAUSE}: {{zh: …, en: …}}"
        )
    extensions: dict[str, str] = {}
    devices: dict[str, str] = {}
    for name, entry in agents.model.agents.items():
        for skill in entry.skills:
            yield from _known_skill(agents.at("agents", name, "skills", skill), skill, agents.model.skills)
        first = extensions.setdefault(entry.extension, name)
        if first != name:
            yield agents.at("agents", name, "extension").finding(
                "duplicate-extension",
                f"{entry.extension} is the extension of {first} already",
                "give each agent his own",
            )
        device = entry.device or f"PJSIP/{name}"
        first = devices.setdefault(device, name)
        if first != name:
            yield agents.at("agents", name, "device").finding(
                "duplicate-device", f"{device} is the phone of {first} already", "give each agent his own phone"
            )


def check_teams(agents: Source[AgentsFile]) -> Iterator[Finding]:
    """Check the teams of agents.yaml: who leads and who belongs to them."""
    for name, team in agents.model.teams.items():
        if team.leader is not None and team.leader not in agents.model.agents:
            cure = did_you_mean(team.leader, list(agents.model.agents)) or "name one of the agents, or leave it out"
            yield agents.at("teams", name, "leader").finding("unknown-leader", f'no agent is called "{team.leader}"', cure)
        if not any(agent.team == name for agent in agents.model.agents.values()):
            yield agents.at("teams", name).finding(
                "team-nobody", f'nobody belongs to the team "{name}"', f"give an agent team: {name}", Severity.WARNING
            )
    for name, agent in agents.model.agents.items():
        if agent.team is not None and agent.team not in agents.model.teams:
            cure = did_you_mean(agent.team, list(agents.model.teams)) or "list it under teams: in agents.yaml"
            yield agents.at("agents", name, "team").finding("unknown-team", f'no team is called "{agent.team}"', cure)


def check_together(queues: Source[QueuesFile], agents: Source[AgentsFile]) -> Iterator[Finding]:
    """Check queues and agents against each other."""
    extensions = {agent.extension: name for name, agent in agents.model.agents.items()}
    for name, entry in queues.model.queues.items():
        first = extensions.setdefault(entry.extension, name) if entry.extension else name
        if first != name:
            yield queues.at("queues", name, "extension").finding(
                "duplicate-extension", f"{entry.extension} is the extension of {first} already", "give each queue and agent its own"
            )
    for name, agent in agents.model.agents.items():
        for number, queue in enumerate(agent.queues):
            place = agents.at("agents", name, "queues", number)
            if queue not in queues.model.queues:
                cure = did_you_mean(queue, list(queues.model.queues)) or "name a queue of queues.yaml"
                yield place.finding("unknown-queue", f'no queue is called "{queue}"', cure)
            elif queue in agent.queues[:number]:
                yield place.finding("duplicate-queue", f'"{queue}" is listed twice', "keep one")
    for name, entry in queues.model.queues.items():
        if not any(name in agent.queues for agent in agents.model.agents.values()):
            yield queues.at("queues", name).finding(
                "queue-nobody", f'no agent serves "{name}"', "add it to the queues of an agent", Severity.WARNING
            )
            continue
        yield from _check_needs(queues, agents, name, ("needs",), entry.needs)
        for number, ring in enumerate(entry.rings):
            yield from _check_needs(queues, agents, name, ("rings", number, "needs"), ring.needs)


def _check_needs(
    queues: Source[QueuesFile],
    agents: Source[AgentsFile],
    queue: str,
    path: tuple[str | int, ...],
    needs: Mapping[str, int],
) -> Iterator[Finding]:
    for skill, level in needs.items():
        place = queues.at("queues", queue, *path, skill)
        if skill not in agents.model.skills:
            yield from _known_skill(place, skill, agents.model.skills)
        elif not any(
            queue in agent.queues and agent.skills.get(skill, 0) >= level for agent in agents.model.agents.values()
        ):
            yield place.finding(
                "skill-nobody",
                f"no agent of this queue has {skill} at level {level}",
                "lower the level, or give an agent this skill: until then this ring is skipped",
                Severity.WARNING,
            )


def _known_skill(place: Position, skill: str, known: Mapping[str, object]) -> Iterator[Finding]:
    if skill not in known:
        cure = did_you_mean(skill, list(known)) or "declare it under skills: in agents.yaml"
        yield place.finding("unknown-skill", f'no skill is called "{skill}"', cure)


def _unknown_strategy(place: Position, name: str) -> Finding:
    cure = did_you_mean(name, strategies.names())
    return place.finding("unknown-strategy", f'no ranking is called "{name}"', cure)
