"""What the number means to which an agent leads his caller: a queue, a colleague, or somebody outside."""

from dataclasses import dataclass

from acd.config import Policy
from cti.asterisk.leading import COLLEAGUES, RING_SECONDS, TALK_SECONDS
from cti.dialing import Dialing, Purpose, Rule


@dataclass(frozen=True, slots=True)
class Target:
    """Where a caller is led: to this `queue`, or by this `rule` to this `number`."""

    queue: str = ""
    rule: Rule | None = None
    number: str = ""


def find_target(number: str, policy: Policy, dialing: Dialing) -> Target | None:
    """Return what the number means at present, or None if nobody may be led there."""
    for queue in policy.queues.values():
        if number and queue.extension == number:
            return Target(queue=queue.name)
    for agent in policy.agents.values():
        if agent.extension == number:
            rule = Rule(COLLEAGUES, (number,), frozenset({Purpose.TRANSFER}), agent.device, RING_SECONDS, TALK_SECONDS)
            return Target(rule=rule, number=number)
    listed = dialing.allows(number, Purpose.TRANSFER)
    return None if listed is None else Target(rule=listed, number=dialing.normal(number))
