"""What agents do by themselves: log in and out, pause, get ready; and what becomes of them after an offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd.events import OfferCause
from acd.facts import AgentChanged, Ignored, WrapUpFinished
from acd.records import Rest
from acd.states import AgentState
from acd.timers import Timer

if TYPE_CHECKING:
    from acd.events import (
        AgentBusyElsewhere,
        AgentLegCut,
        AgentLoggedIn,
        AgentLoggedOut,
        AgentPaused,
        AgentReadied,
        AgentUnpaused,
        AgentWrapUpExtended,
    )
    from acd.records import AgentRecord
    from acd.world import World

MISSED_CALLS = "missed_calls"
PHONE_PAUSE = "break"
"""The reason of a pause asked for by phone, which has no keys for words."""

_BACKING_OFF = frozenset({OfferCause.BUSY, OfferCause.REJECTED, OfferCause.UNREACHABLE, OfferCause.ERROR})
_HIS_DOING = _BACKING_OFF | {OfferCause.NO_ANSWER, OfferCause.HUNG_UP}


# Events


def logged_in(world: World, event: AgentLoggedIn) -> None:
    """Make a logged-out agent ready; drop a log-out he asked for during his talk."""
    agent = _heard(world, event)
    if agent is None:
        return
    if agent.after is not None and agent.after.state is AgentState.LOGGED_OUT and not agent.retired:
        agent.after = None
    elif agent.state is AgentState.LOGGED_OUT:
        agent.misses = 0
        become_free(world, agent)
    else:
        world.ignore(event, Ignored.DUPLICATE)


def logged_out(world: World, event: AgentLoggedOut) -> None:
    """Log the agent out, after his offer or talk if he has one."""
    agent = _heard(world, event)
    if agent is None:
        return
    if agent.state is AgentState.LOGGED_OUT:
        world.ignore(event, Ignored.DUPLICATE)
    elif agent.offer is not None:
        agent.after = Rest(AgentState.LOGGED_OUT, "logged_out")
    else:
        leave_wrapup(world, agent)
        world.move_agent(agent, AgentState.LOGGED_OUT, "logged_out")


def paused(world: World, event: AgentPaused) -> None:
    """Pause the agent, after his offer or talk if he has one; a paused agent's reason is replaced."""
    agent = _heard(world, event)
    if agent is None:
        return
    if agent.state is AgentState.LOGGED_OUT or (agent.after and agent.after.state is AgentState.LOGGED_OUT):
        world.ignore(event, Ignored.ILLEGAL)
    elif agent.offer is not None:
        agent.after = Rest(AgentState.PAUSED, event.reason)
    elif agent.state is AgentState.PAUSED:
        _change_reason(world, agent, event)
    else:
        leave_wrapup(world, agent)
        world.move_agent(agent, AgentState.PAUSED, event.reason)


def unpaused(world: World, event: AgentUnpaused | AgentReadied) -> None:
    """End the agent's pause, or drop the one he asked for."""
    agent = _heard(world, event)
    if agent is None:
        return
    if agent.after is not None and agent.after.state is AgentState.PAUSED:
        agent.after = None
    elif agent.state is AgentState.PAUSED:
        agent.misses = 0
        become_free(world, agent)
    else:
        world.ignore(event, Ignored.ILLEGAL)


def readied(world: World, event: AgentReadied) -> None:
    """End wrap-up or any pause early. A back-off stands: it protects callers from a phone that fails."""
    agent = world.agents.get(event.agent)
    if agent is not None and agent.state is AgentState.WRAP_UP:
        agent.heard = True
        leave_wrapup(world, agent)
        become_free(world, agent)
    else:
        unpaused(world, event)


def wrapup_extended(world: World, event: AgentWrapUpExtended) -> None:
    """Let a wrap-up last longer, up to the policy's limit."""
    agent = _heard(world, event)
    if agent is None:
        return
    ends_at = world.timers.at(Timer.AGENT, agent.name)
    if agent.state is not AgentState.WRAP_UP or ends_at is None or event.seconds <= 0:
        world.ignore(event, Ignored.ILLEGAL)
        return
    latest = max(ends_at, agent.since + world.policy.wrapup_limit_seconds)
    world.timers.set(Timer.AGENT, agent.name, min(ends_at + event.seconds, latest))


def busy_elsewhere(world: World, event: AgentBusyElsewhere) -> None:
    """Note that the agent's phone is, or is no longer, in a call that is not ours."""
    agent = world.agents.get(event.agent)
    if agent is None:
        world.ignore(event, Ignored.UNKNOWN_AGENT)
    elif agent.busy_elsewhere is event.busy:
        world.ignore(event, Ignored.DUPLICATE)
    else:
        agent.busy_elsewhere = event.busy
        if not event.busy:
            agent.idle_since = world.now
        world.refresh_free(agent)


def leg_cut(world: World, event: AgentLegCut) -> None:
    """Let the agent's phone answer that a leg of no offer was hung up."""
    agent = world.agents.get(event.agent)
    if agent is None:
        world.ignore(event, Ignored.UNKNOWN_AGENT)
    else:
        rest(world, agent)


def rest_is_over(world: World, name: str) -> None:
    """Let the agent be rung again: his phone has answered by now."""
    agent = world.agents[name]
    agent.resting = False
    world.refresh_free(agent)


def time_is_up(world: World, name: str) -> None:
    """End the agent's wrap-up or back-off: its deadline passed."""
    agent = world.agents[name]
    leave_wrapup(world, agent)
    become_free(world, agent)


# What becomes of an agent


def become_free(world: World, agent: AgentRecord, *, fresh: bool = True) -> None:
    """Make the agent ready, or let his back-off run out first. `fresh`: his idle time starts now."""
    if fresh:
        agent.idle_since = world.now
    if agent.not_before > world.now:
        world.move_agent(agent, AgentState.BACKOFF, agent.not_before_reason, until=agent.not_before)
    else:
        world.move_agent(agent, AgentState.READY)


def after_talk(world: World, agent: AgentRecord, queue: str) -> None:
    """Let the agent wrap up, unless he asked for something else."""
    agent.offer = None
    configured = world.policy.queues.get(queue)
    seconds = agent.config.wrapup_seconds
    if seconds is None:
        seconds = configured.wrapup_seconds if configured else 0.0
    if _rest_as_asked(world, agent):
        return
    if seconds > 0:
        agent.wrapup_queue = queue
        world.move_agent(agent, AgentState.WRAP_UP, until=world.now + seconds)
    else:
        become_free(world, agent)


def after_failed_offer(world: World, agent: AgentRecord, cause: OfferCause) -> None:
    """Free the agent after an offer that came to nothing, with the miss or back-off its cause asks for."""
    agent.offer = None
    _count_failure(world, agent, cause)
    if _rest_as_asked(world, agent):
        return
    if cause is OfferCause.NO_ANSWER and 0 < agent.config.max_misses <= agent.misses:
        world.move_agent(agent, AgentState.PAUSED, MISSED_CALLS)
    else:
        become_free(world, agent, fresh=cause in _HIS_DOING)


def rest(world: World, agent: AgentRecord) -> None:
    """Do not ring a phone that was just told to stop: rung before its answer is in, it would say busy.

    No state of its own: he is as ready (and as long idle) as before, nothing is counted against him.
    """
    if world.policy.cancelled_rest_seconds > 0:
        agent.resting = True
        world.timers.set(Timer.REST, agent.name, world.now + world.policy.cancelled_rest_seconds)
        world.refresh_free(agent)


def drop_if_retired(world: World, agent: AgentRecord) -> None:
    """Forget an agent who is no longer configured, once he is logged out."""
    if agent.retired and agent.state is AgentState.LOGGED_OUT:
        world.drop_agent(agent)


def retire(world: World, agent: AgentRecord) -> None:
    """Take an agent out of service who is no longer configured, after his offer or talk if he has one."""
    agent.retired = True
    if agent.offer is not None:
        agent.after = Rest(AgentState.LOGGED_OUT, "removed")
        return
    if agent.state is not AgentState.LOGGED_OUT:
        leave_wrapup(world, agent)
        world.move_agent(agent, AgentState.LOGGED_OUT, "removed")
    drop_if_retired(world, agent)


def _heard(
    world: World,
    event: AgentLoggedIn | AgentLoggedOut | AgentPaused | AgentUnpaused | AgentReadied | AgentWrapUpExtended,
) -> AgentRecord | None:
    agent = world.agents.get(event.agent)
    if agent is None:
        world.ignore(event, Ignored.UNKNOWN_AGENT)
    else:
        agent.heard = True
    return agent


def _change_reason(world: World, agent: AgentRecord, event: AgentPaused) -> None:
    if agent.reason == event.reason:
        world.ignore(event, Ignored.DUPLICATE)
        return
    seconds = max(0.0, world.now - agent.since)
    world.facts.append(AgentChanged(agent.name, agent.state, agent.state, event.reason, seconds))
    agent.reason, agent.since = event.reason, world.now


def leave_wrapup(world: World, agent: AgentRecord) -> None:
    """Establish the end of the agent's wrap-up, if he is in one; the caller moves him on."""
    if agent.state is AgentState.WRAP_UP:
        seconds = max(0.0, world.now - agent.since)
        world.wrapped_up(WrapUpFinished(agent.name, agent.wrapup_queue, seconds))


def _rest_as_asked(world: World, agent: AgentRecord) -> bool:
    after, agent.after = agent.after, None
    if after is not None:
        world.move_agent(agent, after.state, after.reason)
        drop_if_retired(world, agent)
    return after is not None


def _count_failure(world: World, agent: AgentRecord, cause: OfferCause) -> None:
    backoff = world.policy.backoff
    seconds = 0.0
    if cause is OfferCause.NO_ANSWER:
        agent.misses += 1
        seconds = backoff.no_answer_seconds
    elif cause is OfferCause.HUNG_UP:
        seconds = backoff.hung_up_seconds
    elif cause in _BACKING_OFF:
        seconds = world.backoff_seconds(agent, cause)
    if world.now + seconds > agent.not_before:
        agent.not_before, agent.not_before_reason = world.now + seconds, cause.value
