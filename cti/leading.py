"""What the number means to which an agent leads his caller: a queue, a colleague, or somebody outside."""

from dataclasses import dataclass
from enum import StrEnum

from acd.config import Agent, Policy
from cti.asterisk.leading import COLLEAGUES, RING_SECONDS, TALK_SECONDS
from cti.dialing import Dialing, Purpose, Rule


@dataclass(frozen=True, slots=True)
class Target:
    """Where a caller is led: to this `queue`, or by this `rule` to this `number`, which is the phone of `agent` or somebody's outside."""

    queue: str = ""
    rule: Rule | None = None
    number: str = ""
    agent: str = ""


class Transferred(StrEnum):
    """What became of a caller whom his agent led on."""

    LINE = "line"  #: he waits in another line
    COLLEAGUE = "colleague"  #: he talks with a colleague
    OUTSIDE = "outside"  #: he talks with somebody outside
    FAILED = "failed"  #: nobody took him: he waits in his line again, first
    REFUSED = "refused"  #: the number is not allowed (any more): the same
    ABANDONED = "abandoned"  #: he hung up before anybody took him


def agent_at(channel: str, policy: Policy) -> Agent | None:
    """Return whose phone this channel is (`PJSIP/agent01-0000002a`), None if it is no agent's."""
    device = channel.rpartition("-")[0]
    return next((agent for agent in policy.agents.values() if device and agent.device == device), None)


def find_target(number: str, policy: Policy, dialing: Dialing) -> Target | None:
    """Return what the number means at present, or None if nobody may be led there."""
    for queue in policy.queues.values():
        if number and queue.extension == number:
            return Target(queue=queue.name)
    for agent in policy.agents.values():
        if agent.extension == number:
            rule = Rule(COLLEAGUES, (number,), frozenset({Purpose.TRANSFER}), agent.device, RING_SECONDS, TALK_SECONDS)
            return Target(rule=rule, number=number, agent=agent.name)
    listed = dialing.allows(number, Purpose.TRANSFER)
    return None if listed is None else Target(rule=listed, number=dialing.normal(number))
