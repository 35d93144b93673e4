"""A policy in sentences, Chinese or English: what it promises, so that an operator can hold it against what he meant."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from acd.config import HeadStartRule, Needs, Policy, Queue

Texts = dict[str, str]

_EN: Texts = {
    "score": "The caller with the highest score goes first: seconds waited + head start.",
    "head": "Tier {tier}: {seconds:g} s head start.",
    "pass": "A {tier} caller passes a {other} caller only if he came less than {seconds:g} s later.",
    "grade": "Grade {grade} counts as {tier}.",
    "equals": "{attribute} = {value}: {seconds:g} s more.",
    "at_least": "{attribute} of {value:g} or more: {seconds:g} s more.",
    "any": "{attribute} known: {seconds:g} s more.",
    "return": "Who hung up and rings again within {seconds:g} s stands where he stood.",
    "queue": "Queue {queue}:",
    "bonus": "All its callers have {seconds:g} s more.",
    "first_ring": "First {who} are asked.",
    "ring": "After {seconds:g} s {who}.",
    "anybody": "all agents of the queue",
    "skilled": "its agents with {needs}",
    "need": "{skill} at level {level} or more",
    "and": " and ",
    "strategy": "Of several who are free: {name}.",
    "together": "For one caller up to {count} phones ring at once; the first to answer gets him.",
    "only": "Agents with {skill} serve only {tiers}.",
    "first": "Agents with {skill} serve {tiers} before anybody else.",
    "last_agent": "Who asks for an agent he knows waits {seconds:g} s for him, if he is at work; then for anybody.",
    "guarantee": "Who has waited {seconds:g} s goes before all who have waited less, the oldest first.",
    "max_wait": "After {seconds:g} s in this queue: {overflow}.",
    "for_ever": "Nobody is let out because of his wait.",
    "length": "With {count} callers in line newcomers go on: {overflow}.",
    "empty": "With all agents {states} for {seconds:g} s callers go on: {overflow}.",
    "to_queue": "queue {overflow}, with the same age",
    "weight": "For agent {agent} a call of {queue} counts {seconds:g} s more.",
}
_ZH: Texts = {
    "score": "得分最高的来电者最先接通：得分 = 已等候秒数 + 提前量。",
    "head": "等级 {tier}：提前 {seconds:g} 秒。",
    "pass": "{tier} 客户只有在比 {other} 客户晚到不足 {seconds:g} 秒时才会排到他前面。",
    "grade": "级别 {grade} 视同 {tier}。",
    "equals": "{attribute} = {value}：再提前 {seconds:g} 秒。",
    "at_least": "{attribute} 不低于 {value:g}：再提前 {seconds:g} 秒。",
    "any": "有 {attribute}：再提前 {seconds:g} 秒。",
    "return": "挂断后 {seconds:g} 秒内再次来电，回到原来的位置。",
    "queue": "队列 {queue}：",
    "bonus": "本队列所有来电再提前 {seconds:g} 秒。",
    "first_ring": "首先找{who}。",
    "ring": "{seconds:g} 秒后找{who}。",
    "anybody": "本队列任意坐席",
    "skilled": "{needs}的坐席",
    "need": "{skill} 不低于 {level} 级",
    "and": "且",
    "strategy": "多名坐席空闲时：{name}。",
    "together": "每位来电者最多同时振铃 {count} 部话机，先接听者接通。",
    "only": "具备 {skill} 的坐席只接 {tiers}。",
    "first": "具备 {skill} 的坐席优先接 {tiers}。",
    "last_agent": "指定熟悉坐席的来电者，若该坐席在岗则等他 {seconds:g} 秒，之后不限。",
    "guarantee": "等候满 {seconds:g} 秒者排到所有等候较短者之前，先到先得。",
    "max_wait": "在本队列等候 {seconds:g} 秒后：{overflow}。",
    "for_ever": "不因等候时间长而转出。",
    "length": "已有 {count} 人排队时，新来电转：{overflow}。",
    "empty": "所有坐席均为 {states} 达 {seconds:g} 秒时，来电转：{overflow}。",
    "to_queue": "队列 {overflow}（等候时间不变）",
    "weight": "在坐席 {agent} 看来，{queue} 的来电再提前 {seconds:g} 秒。",
}
_TEXTS: Mapping[str, Texts] = {"en": _EN, "zh": _ZH}


def sentences(policy: Policy, language: str) -> list[str]:
    """Say what a policy promises, one sentence an item; those about a queue follow its name, indented.

    Args:
        policy: what is routed by.
        language: zh or en.

    """
    texts = _TEXTS[language]
    lines = [*_customers(policy, texts)]
    for queue in policy.queues.values():
        lines.append(texts["queue"].format(queue=queue.name))
        lines += [f"  {line}" for line in _queue(queue, policy, texts)]
    for agent in policy.agents.values():
        for name, seconds in agent.queue_bonus_seconds.items():
            lines.append(texts["weight"].format(agent=agent.name, queue=name, seconds=seconds))
    return lines


def _customers(policy: Policy, texts: Texts) -> Iterator[str]:
    yield texts["score"]
    tiers = sorted(policy.tiers.values(), key=lambda tier: -tier.head_start_seconds)
    for tier in tiers:
        yield texts["head"].format(tier=tier.name, seconds=tier.head_start_seconds)
    for tier, other in itertools.pairwise(tiers):
        seconds = tier.head_start_seconds - other.head_start_seconds
        yield texts["pass"].format(tier=tier.name, other=other.name, seconds=seconds)
    for grade, name in policy.grades.items():
        yield texts["grade"].format(grade=grade, tier=name)
    for rule in policy.head_starts:
        yield _head_start(rule, texts)
    if policy.return_seconds > 0:
        yield texts["return"].format(seconds=policy.return_seconds)


def _head_start(rule: HeadStartRule, texts: Texts) -> str:
    form = "at_least" if rule.at_least is not None else "any" if rule.equals is None else "equals"
    value = rule.at_least if rule.at_least is not None else str(rule.equals).lower()
    return texts[form].format(attribute=rule.attribute, value=value, seconds=rule.seconds)


def _queue(queue: Queue, policy: Policy, texts: Texts) -> Iterator[str]:
    if queue.bonus_seconds > 0:
        yield texts["bonus"].format(seconds=queue.bonus_seconds)
    for after, needs in queue.stages:
        form = "ring" if after > 0 else "first_ring"
        yield texts[form].format(seconds=after, who=_who(needs, texts))
    yield texts["strategy"].format(name=queue.strategy)
    if queue.ring_at_once > 1:
        yield texts["together"].format(count=queue.ring_at_once)
    for seats in queue.seats:
        form = "only" if seats.only else "first"
        yield texts[form].format(skill=seats.skill, tiers=", ".join(seats.tiers))
    if queue.last_agent_wait_seconds > 0:
        yield texts["last_agent"].format(seconds=queue.last_agent_wait_seconds)
    if queue.guarantee_seconds > 0:
        yield texts["guarantee"].format(seconds=queue.guarantee_seconds)
    yield from _ways_out(queue, policy, texts)


def _ways_out(queue: Queue, policy: Policy, texts: Texts) -> Iterator[str]:
    further = queue.overflow
    if further in policy.queues:
        further = texts["to_queue"].format(overflow=further)
    form = "max_wait" if queue.max_wait_seconds > 0 else "for_ever"
    yield texts[form].format(seconds=queue.max_wait_seconds, overflow=further)
    if queue.max_length > 0:
        yield texts["length"].format(count=queue.max_length, overflow=further)
    if queue.empty_when:
        states = ", ".join(sorted(state.value for state in queue.empty_when))
        yield texts["empty"].format(states=states, seconds=queue.empty_grace_seconds, overflow=further)


def _who(needs: Needs, texts: Texts) -> str:
    if not needs:
        return texts["anybody"]
    named = texts["and"].join(texts["need"].format(skill=need.skill, level=need.level) for need in needs)
    return texts["skilled"].format(needs=named)
