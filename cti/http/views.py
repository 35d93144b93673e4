"""From the engine's plain values to the API's models."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from acd.config import Agent, Policy, Queue
from acd.eligibility import Ineligibility
from acd.explain import Decision, Explanation, Standing
from acd.snapshot import AgentSnapshot, CallSnapshot, QueueSnapshot, Snapshot
from acd.states import AgentState
from acd.story import Line
from cti.clock import Clock
from cti.http.deps import LiveCall
from cti.http.models import (
    AgentView,
    CallPlace,
    DecisionView,
    ExplanationView,
    LiveCallView,
    QueueDetail,
    QueueView,
    StandingView,
    StoryLine,
    WaitingCall,
)


def queue_view(queue: QueueSnapshot, config: Queue) -> QueueView:
    """Return one line without its callers."""
    return QueueView(**_queue(queue, config))


def queue_detail(queue: QueueSnapshot, config: Queue) -> QueueDetail:
    """Return one line with its callers."""
    return QueueDetail(**_queue(queue, config), calls=[WaitingCall.model_validate(call) for call in queue.calls])


def _queue(queue: QueueSnapshot, config: Queue) -> dict[str, Any]:
    return {
        "name": queue.name,
        "label_zh": config.label_zh,
        "label_en": config.label_en,
        "waiting": queue.waiting,
        "longest_wait_seconds": queue.longest_wait_seconds,
        "waiting_by_tier": dict(queue.waiting_by_tier),
        "talking": queue.talking,
        "away": queue.away,
        "agents": {state: queue.agents_by_state.get(state, 0) for state in AgentState},
        "expected_wait_seconds": queue.expected_wait_seconds,
        "longest_expected_seconds": queue.longest_expected_seconds,
        "forecast_error": None if queue.forecast is None else queue.forecast.median_error,
        "forecasts_judged": 0 if queue.forecast is None else queue.forecast.calls,
        "service_level_seconds": config.service_level_seconds,
    }


def queue_views(snapshot: Snapshot, policy: Policy) -> list[QueueView]:
    """Return the configured lines in the order of the configuration."""
    known = [name for name in policy.queues if name in snapshot.queues]
    return [queue_view(snapshot.queues[name], policy.queues[name]) for name in known]


def agent_view(agent: AgentSnapshot, config: Agent) -> AgentView:
    """Return one agent."""
    now = agent.since + agent.seconds_in_state
    return AgentView(
        name=agent.name,
        label=config.label,
        extension=config.extension,
        queues=list(config.queues),
        state=agent.state,
        reason=agent.reason,
        # the engine's clock does not stand at 0 when it starts: 0 means never
        seconds_in_state=agent.seconds_in_state if agent.since > 0 else None,
        ends_in_seconds=None if agent.until is None else max(0.0, agent.until - now),
        next_state=agent.next_state,
        call=agent.call,
        offer=agent.offer,
        misses=agent.misses,
        busy_elsewhere=agent.busy_elsewhere,
        over_limit=agent.over_limit,
    )


def agent_views(snapshot: Snapshot, policy: Policy) -> list[AgentView]:
    """Return the configured agents in the order of the configuration."""
    known = [name for name in policy.agents if name in snapshot.agents]
    return [agent_view(snapshot.agents[name], policy.agents[name]) for name in known]


def live_call_views(calls: Sequence[LiveCall], snapshot: Snapshot | None) -> list[LiveCallView]:
    """Return the calls on the line with what the engine knows of them."""
    waiting: dict[str, tuple[str, CallSnapshot]] = {}
    talking: dict[str, AgentSnapshot] = {}
    if snapshot is not None:
        waiting = {call.call: (queue.name, call) for queue in snapshot.queues.values() for call in queue.calls}
        talking = {agent.call: agent for agent in snapshot.agents.values() if agent.state is AgentState.TALKING}
    return [_live_call(call, waiting.get(call.call), talking.get(call.call)) for call in calls]


def _live_call(call: LiveCall, waiting: tuple[str, CallSnapshot] | None, talking: AgentSnapshot | None) -> LiveCallView:
    place, queue, tier, agent = CallPlace.IVR, call.queue, call.tier, ""
    position: int | None = None
    waited_seconds: float | None = None
    if waiting is not None:
        place, queue, tier, agent = CallPlace.QUEUE, waiting[0], waiting[1].tier, waiting[1].agent
        position, waited_seconds = waiting[1].position, waiting[1].waited_seconds
    elif talking is not None:
        place, agent = CallPlace.TALK, talking.name
    return LiveCallView(
        call=call.call, place=place, caller=call.caller, language=call.language, tier=tier, queue=queue, position=position,
        waited_seconds=waited_seconds, agent=agent,
    )  # fmt: skip


def explanation_view(explanation: Explanation, clock: Clock) -> ExplanationView:
    """Return what the engine says of a call."""
    return ExplanationView(
        state=explanation.state,
        standing=None if explanation.standing is None else _standing(explanation.standing),
        decision=None if explanation.decision is None else _decision(explanation.decision, clock),
        story=[_line(line, clock) for line in explanation.story],
    )


def _standing(standing: Standing) -> StandingView:
    values = {
        name: getattr(standing, name) for name in StandingView.model_fields if name not in {"needs", "ineligible"}
    }
    needs = {need.skill: need.level for need in standing.needs}
    return StandingView(
        **{**values, "eligible": list(standing.eligible)}, needs=needs, ineligible=_reasons(standing.ineligible)
    )


def _decision(decision: Decision, clock: Clock) -> DecisionView:
    return DecisionView(
        at=_instant(decision.at, clock),
        offer=decision.offer,
        chosen=decision.chosen,
        also_rung=list(decision.also_rung),
        score=decision.score,
        strategy=decision.strategy,
        ranked=[name for name, _ in decision.ranked],
        ineligible=_reasons(decision.ineligible),
    )


def _reasons(ineligible: Mapping[str, Ineligibility]) -> dict[str, str]:
    return {
        name: f"{why.reason.value}: {why.detail}" if why.detail else why.reason.value
        for name, why in ineligible.items()
    }


def _line(line: Line, clock: Clock) -> StoryLine:
    return StoryLine(at=_instant(line.at, clock), what=type(line.what).__name__, details=_plain(line.what))


def _instant(engine_seconds: float, clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.to_wall_ms(engine_seconds) / 1000, UTC)


def _plain(value: object) -> Any:
    """Return JSON-like data of the engine's frozen values."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
