"""A changed configuration taken into the running engine: nobody loses his place, no talk is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acd import strategies
from acd.agents import retire
from acd.callbacks import rules_changed
from acd.calls import leave
from acd.commands import ReleaseReason
from acd.errors import UnknownStrategy
from acd.exits import end_call, start_waiting
from acd.facts import CallbackOutcome, Ignored, Outcome
from acd.states import CallState
from acd.timers import Timer

if TYPE_CHECKING:
    from acd.config import Policy
    from acd.events import PolicyReplaced
    from acd.records import Call
    from acd.world import World

_IN_LINE = frozenset({CallState.WAITING, CallState.OFFERED, CallState.CONNECTING, CallState.LEAVING})


def check_policy(policy: Policy) -> None:
    """Refuse a policy the engine cannot route by.

    Raises:
        UnknownStrategy: if a queue names a ranking that is not registered.

    """
    for queue in policy.queues.values():
        strategies.find(queue.strategy)


def policy_replaced(world: World, event: PolicyReplaced) -> None:
    """Route by the new policy from now on; callers of a queue that is gone are let out to its old overflow."""
    try:
        check_policy(event.policy)
    except UnknownStrategy:
        world.ignore(event, Ignored.ILLEGAL)
        return
    old, world.policy = world.policy, event.policy
    world.forecast.remember(event.policy.forecast.window_calls)
    world.lines.clear(world.calls.values())
    world.matching.start_anew()
    _replace_agents(world)
    world.staffing.recount(world.policy.queues, world.agents.values())
    for name in {**old.queues, **world.policy.queues}:
        world.watch_empty(name)
    for call in list(world.calls.values()):
        _replace_queue(world, call)


def _replace_agents(world: World) -> None:
    configured = world.policy.agents
    for name, config in configured.items():
        agent = world.agents.get(name) or world.add_agent(config)
        agent.config = config
        if agent.retired:
            agent.retired, agent.after = False, None
    for name in [name for name in world.agents if name not in configured]:
        retire(world, world.agents[name])


def _replace_queue(world: World, call: Call) -> None:
    call.head_start_seconds = world.head_start_seconds(call.tier, call.attributes)
    queue = world.policy.queues.get(call.queue.name)
    if queue is not None:
        call.queue = queue
        if call.state in _IN_LINE:
            world.timers.cancel(Timer.MAX_WAIT, call.id)
            start_waiting(world, call)
        world.index_call(call)
        if call.callback is not None:
            rules_changed(world, call)
    elif call.state is CallState.AWAY:
        end_call(world, call, Outcome.LEFT_QUEUE, ReleaseReason.NO_QUEUE.value)
    elif call.state in _IN_LINE and call.leave is None:
        if call.callback is not None:
            call.callback.ending = CallbackOutcome.FAILED
        leave(world, call, ReleaseReason.NO_QUEUE, call.queue.overflow)
    else:
        world.index_call(call)
