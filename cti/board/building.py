"""Makes the board out of what the server knows. Pure: the same knowledge makes the same board."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from acd.config import Policy, Queue
from acd.snapshot import AgentSnapshot, CallSnapshot, QueueSnapshot, Snapshot
from acd.states import AgentState
from cti.board.document import (
    AgentBoard,
    AlertBoard,
    Board,
    FlowLoad,
    IvrBoard,
    IvrCall,
    Label,
    LinePlace,
    Links,
    NamedLabel,
    QueueBoard,
    TierLine,
    Trend,
)
from cti.board.figures import MINUTE_MS, Minute, ratio
from cti.kpi.tally import LegTally
from cti.users.roles import Role

IVR_CALLS_SHOWN = 100
LINE_SHOWN = 300


@dataclass(frozen=True, slots=True)
class CallOnBoard:
    """A call on the line: the queue it is or was in, and where in the flows ("" when in none), for how long."""

    call: str
    queue: str = ""
    flow: str = ""
    step: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What a board is made of.

    Attributes:
        at: now, in the hotline's time zone.
        version: of the program.
        ready: whether calls are served.
        links: what can be reached.
        snapshot: the engine; None while there is none: the lines are empty then.
        policy: queues, tiers, agents, teams and reasons to pause in force.
        calls: the calls on the line.
        today, recent: sums by queue, of the day and of the last 15 minutes.
        trend: when it begins, and its minutes.
        alerts: those that are on, the graver first.

    """

    at: datetime
    version: str
    ready: bool
    links: Links
    snapshot: Snapshot | None
    policy: Policy
    calls: Sequence[CallOnBoard]
    today: Mapping[str, LegTally]
    recent: Mapping[str, LegTally]
    trend: tuple[datetime, Sequence[Minute]]
    alerts: Sequence[AlertBoard]


def build(known: Knowledge) -> Board:
    """Return the whole board, as an operations manager sees it; `cti.board.viewing` cuts it down for others."""
    snapshot, policy = known.snapshot, known.policy
    queues = {} if snapshot is None else snapshot.queues
    agents = {} if snapshot is None else snapshot.agents
    places = [(name, call) for name, queue in queues.items() for call in queue.calls]
    return Board(
        at=known.at, version=known.version, language="zh", role=Role.OPERATIONS_MANAGER, name="", ready=known.ready, links=known.links,
        queues=[_queue(config, queues.get(name), known) for name, config in policy.queues.items()],
        agents=_agents(agents, known, places),
        teams=[NamedLabel(name=team.name, label=Label(zh=team.label_zh, en=team.label_en)) for team in policy.teams.values()],
        pause_reasons=[
            NamedLabel(name=reason.name, label=Label(zh=reason.label_zh, en=reason.label_en)) for reason in policy.pause_reasons.values()
        ],
        line=_line(places),
        ivr=_ivr(known.calls), alerts=list(known.alerts), trend=_trend(*known.trend),
    )  # fmt: skip


def _queue(config: Queue, queue: QueueSnapshot | None, known: Knowledge) -> QueueBoard:
    today, recent = known.today.get(config.name, LegTally()), known.recent.get(config.name, LegTally())
    states = {} if queue is None else queue.agents_by_state
    return QueueBoard(
        name=config.name, label=Label(zh=config.label_zh or config.name, en=config.label_en or config.name),
        waiting=queue.waiting if queue else 0, longest_wait_seconds=queue.longest_wait_seconds if queue else 0.0,
        talking=queue.talking if queue else 0, callbacks=queue.callbacks if queue else 0,
        estimated_wait_seconds=queue.expected_wait_seconds if queue else None,
        service_level_seconds=config.service_level_seconds, service_level_target=config.service_level_target,
        service_level_now=ratio("sl_offered", recent), service_level_today=ratio("sl_offered", today),
        abandonment_today=ratio("abandonment_offered", today), abandonment_target=config.abandonment_target,
        offered_today=today.offered, answered_today=today.answered, abandoned_today=today.abandoned, asa_today_seconds=ratio("asa", today),
        agents={state: states.get(state, 0) for state in AgentState}, tiers=_tiers(queue, known.policy),
    )  # fmt: skip


def _tiers(queue: QueueSnapshot | None, policy: Policy) -> list[TierLine]:
    waiting = {} if queue is None else queue.waiting_by_tier
    longest = {} if queue is None else queue.longest_wait_by_tier_seconds
    return [
        TierLine(
            tier=tier.name, label=Label(zh=tier.label_zh or tier.name, en=tier.label_en or tier.name),
            waiting=waiting.get(tier.name, 0), longest_wait_seconds=longest.get(tier.name, 0.0),
        )
        for tier in policy.tiers.values()
    ]  # fmt: skip


def _agents(agents: Mapping[str, AgentSnapshot], known: Knowledge, places: Sequence[tuple[str, CallSnapshot]]) -> list[AgentBoard]:
    queues = {call.call: call.queue for call in known.calls if call.queue} | {call.call: queue for queue, call in places}
    return [
        AgentBoard(
            name=name, label=config.label or name, team=config.team, state=agent.state, reason=agent.reason, next_state=agent.next_state,
            # the engine's clock does not stand at 0 when it starts: 0 means never
            since_seconds=agent.seconds_in_state if agent.since > 0 else None,
            queue=queues.get(agent.call), call=agent.call or None, over_limit=agent.over_limit, may_steer=True,
        )
        for name, config in known.policy.agents.items()
        if (agent := agents.get(name)) is not None
    ]  # fmt: skip


def _line(places: Sequence[tuple[str, CallSnapshot]]) -> list[LinePlace]:
    """Return the places by queue and position; of more than LINE_SHOWN those who have waited longest."""
    shown = sorted(places, key=lambda place: -place[1].waited_seconds)[:LINE_SHOWN]
    order = {queue: number for number, queue in enumerate(dict.fromkeys(queue for queue, _ in places))}
    shown.sort(key=lambda place: (order[place[0]], place[1].position))
    return [_place(queue, call) for queue, call in shown]


def _place(queue: str, call: CallSnapshot) -> LinePlace:
    return LinePlace(
        call=call.call, queue=queue, tier=call.tier, position=call.position, waited_seconds=call.waited_seconds, state=call.state, callback=call.callback,
    )  # fmt: skip


def _ivr(calls: Sequence[CallOnBoard]) -> IvrBoard:
    inside = sorted((call for call in calls if call.flow), key=lambda call: (-call.seconds, call.call))
    flows = Counter(call.flow for call in inside)
    return IvrBoard(
        active=len(inside),
        flows=[FlowLoad(flow=flow, calls=count) for flow, count in sorted(flows.items(), key=lambda pair: (-pair[1], pair[0]))],
        calls=[IvrCall(call=call.call, flow=call.flow, step=call.step, seconds=call.seconds) for call in inside[:IVR_CALLS_SHOWN]],
    )


def _trend(begins: datetime, minutes: Sequence[Minute]) -> Trend:
    return Trend(
        every_seconds=MINUTE_MS // 1000,
        **{"from": begins},
        offered=[minute.offered for minute in minutes], answered=[minute.answered for minute in minutes],
        abandoned=[minute.abandoned for minute in minutes], waiting=[minute.waiting for minute in minutes],
        service_level=[minute.service_level for minute in minutes],
    )  # fmt: skip
