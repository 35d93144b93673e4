"""From the configuration folder to the engine's policy."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from acd.config import (
    Agent,
    Backoff,
    CallbackRules,
    ForecastRules,
    HeadStartRule,
    PauseReason,
    Policy,
    Queue,
    Ring,
    Seats,
    SkillNeed,
    Team,
    Tier,
)
from acd.states import AgentState
from cti.config.checks import check_agents, check_queues, check_teams, check_together
from cti.config.models import AgentsFile, Label, QueueEntry, QueueSettings, QueuesFile, TiersFile
from cti.config.reading import Source, read_file
from cti.config.rules import check_rules, check_tiers
from ivr.document import BadDocument, Finding, Position, Severity, did_you_mean


@dataclass(frozen=True, slots=True)
class Loaded:
    """A usable configuration: the policy, the labels of all declared skills, what to think about, and the plans of hours it
    names, each with its place."""

    policy: Policy
    skills: Mapping[str, Label]
    warnings: tuple[Finding, ...]
    plans: tuple[tuple[str, Position], ...] = ()


def missing_plans(plans: Iterable[tuple[str, Position]], known: Collection[str]) -> Iterator[Finding]:
    """Find the plans of hours that queues name and hours.yaml does not have."""
    for plan, place in plans:
        if plan not in known:
            cure = did_you_mean(plan, sorted(known)) or "name a plan of hours.yaml, or leave it out for always"
            yield place.finding("unknown-plan", f'no plan is called "{plan}"', cure)


def load_policy(config_dir: Path) -> Policy:
    """Read the policy; see `read_policy`, which also returns the warnings."""
    return read_policy(config_dir).policy


def read_policy(config_dir: Path) -> Loaded:
    """Read queues.yaml, tiers.yaml and agents.yaml of a folder and check them together.

    Raises:
        BadDocument: with every finding of all three files (warnings too), if one of them is an error.

    """
    findings: list[Finding] = []
    queues = read_file(config_dir / "queues.yaml", QueuesFile, findings)
    tiers = read_file(config_dir / "tiers.yaml", TiersFile, findings)
    agents = read_file(config_dir / "agents.yaml", AgentsFile, findings)
    if queues is not None:
        findings.extend(check_queues(queues))
    if agents is not None:
        findings.extend(check_agents(agents))
        findings.extend(check_teams(agents))
    if queues is not None and agents is not None:
        findings.extend(check_together(queues, agents))
    if tiers is not None:
        findings.extend(check_tiers(tiers))
    if queues is not None and tiers is not None and agents is not None:
        findings.extend(check_rules(queues, tiers, agents))
    if any(finding.severity is Severity.ERROR for finding in findings) or not (queues and tiers and agents):
        raise BadDocument(findings)
    policy = _policy(queues.model, tiers.model, agents.model)
    return Loaded(policy, MappingProxyType(agents.model.skills), tuple(findings), tuple(_plans(queues)))


def _plans(queues: Source[QueuesFile]) -> Iterator[tuple[str, Position]]:
    sections: list[tuple[tuple[str, ...], QueueSettings]] = [(("defaults",), queues.model.defaults)]
    sections += [(("queues", name), entry) for name, entry in queues.model.queues.items()]
    for path, entry in sections:
        if entry.callback is not None and entry.callback.plan:
            yield entry.callback.plan, queues.at(*path, "callback", "plan")


def _policy(queues: QueuesFile, tiers: TiersFile, agents: AgentsFile) -> Policy:
    dispatch = queues.dispatch
    return Policy(
        queues=MappingProxyType({name: _queue(name, entry, queues.defaults) for name, entry in queues.queues.items()}),
        tiers=MappingProxyType(
            {
                name: Tier(name, entry.head_start_seconds, entry.label.zh, entry.label.en)
                for name, entry in tiers.tiers.items()
            }
        ),
        agents=MappingProxyType(_agents(agents)),
        backoff=Backoff(**dispatch.backoff.model_dump()),
        away_seconds=dispatch.away_seconds,
        forecast=ForecastRules(**queues.forecast.model_dump()),
        offer_grace_seconds=dispatch.offer_grace_seconds,
        connect_deadline_seconds=dispatch.connect_deadline_seconds,
        cancel_deadline_seconds=dispatch.cancel_deadline_seconds,
        cancelled_rest_seconds=dispatch.cancelled_rest_seconds,
        grades=MappingProxyType(dict(tiers.grades)),
        head_starts=tuple(
            HeadStartRule(rule.attribute, rule.seconds, rule.equals, rule.at_least) for rule in tiers.head_starts
        ),
        return_seconds=dispatch.return_seconds,
        last_agent_seconds=dispatch.last_agent_seconds,
        wrapup_limit_seconds=dispatch.wrapup_limit_seconds,
        seed=dispatch.seed,
        pause_reasons=MappingProxyType(
            {
                name: PauseReason(name, entry.zh, entry.en, entry.limit_seconds, entry.productive)
                for name, entry in agents.pause_reasons.items()
            }
        ),
        teams=MappingProxyType({name: Team(name, entry.zh, entry.en, entry.leader or "") for name, entry in agents.teams.items()}),
    )


def _queue(name: str, entry: QueueEntry, defaults: QueueSettings) -> Queue:
    own = entry.model_dump(include=set(QueueSettings.model_fields) & entry.model_fields_set)
    settings = {**defaults.model_dump(), **own}
    callback, empty, seats = settings.pop("callback"), settings.pop("empty"), settings.pop("seats")
    if empty is not None:
        settings["empty_when"] = frozenset(AgentState(state) for state in empty["when"])
        settings["empty_grace_seconds"] = empty["grace_seconds"]
    return Queue(
        name=name,
        label_zh=entry.label.zh,
        label_en=entry.label.en,
        extension=entry.extension,
        needs=_needs(entry.needs),
        rings=tuple(Ring(ring.after_seconds, _needs(ring.needs)) for ring in entry.rings),
        callback=None if callback is None else CallbackRules(**callback),
        seats=tuple(Seats(entry["skill"], tuple(entry["tiers"]), entry["only"]) for entry in seats),
        **settings,
    )


def _agents(agents: AgentsFile) -> dict[str, Agent]:
    return {
        name: Agent(
            name=name,
            label=entry.label,
            extension=entry.extension,
            device=entry.device or f"PJSIP/{name}",
            skills=MappingProxyType(dict(entry.skills)),
            queues=tuple(entry.queues),
            wrapup_seconds=entry.wrapup_seconds,
            max_misses=entry.max_misses,
            queue_bonus_seconds=MappingProxyType(dict(entry.queue_bonus_seconds)),
            weight=entry.weight,
            team=entry.team or "",
        )
        for name, entry in agents.agents.items()
    }


def _needs(skills: Mapping[str, int]) -> tuple[SkillNeed, ...]:
    return tuple(SkillNeed(skill, level) for skill, level in skills.items())
