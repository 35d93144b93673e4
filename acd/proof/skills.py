"""Skills, and agents of unequal pace, to whoever has been idle longest: the exact product form of Adan and Weiss."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from acd.config import Agent, Policy, SkillNeed, Tier
from acd.proof.experiment import WARM_UP_SHARE, Experiment, Played, fate, plain_queue, talks_in_order, waits
from acd.simulation.callers import Caller
from acd.simulation.draws import Draws
from acd.theory.product_form import ProductForm
from acd.theory.recursion import single_agent_waits

if TYPE_CHECKING:
    from collections.abc import Mapping


def skills(
    name: str,
    calls_a_talk: Mapping[str, float],
    talks_a_talk: Mapping[str, float],
    serves: Mapping[str, frozenset[str]],
    calls: int,
) -> Experiment:
    """Kinds of caller that need a skill of that name, before agents who have some of them.

    `talks_a_talk` is each agent's speed: how many of his talks fit into a mean talk. Control: one agent as fast as all.
    """
    formula = ProductForm(calls_a_talk, talks_a_talk, serves)
    arriving, speed = sum(calls_a_talk.values()), sum(talks_a_talk.values())

    def play(seed: int, count: int) -> Played:
        drawn = fate(seed, count, arriving)
        kinds_drawn = Draws(seed, "proof kinds")
        names, weights = list(calls_a_talk), list(calls_a_talk.values())
        kinds = [kinds_drawn.weighted(names, weights) for _ in range(count)]
        callers = [
            Caller(str(number), at, "line", "any", 0.0, needs=(SkillNeed(kind),))
            for number, (at, kind) in enumerate(zip(drawn.arrivals, kinds, strict=True))
        ]
        pace = {agent: 1.0 / rate for agent, rate in talks_a_talk.items()}
        skip = int(count * WARM_UP_SHARE)
        waited = waits(_policy(serves), callers, talks_in_order(drawn.talks, pace))[0]
        alone = single_agent_waits(drawn.arrivals, [talk / speed for talk in drawn.talks])
        values = {
            f"mean wait of {kind}": fmean(
                wait for wait, own in zip(waited[skip:], kinds[skip:], strict=True) if own == kind
            )
            for kind in calls_a_talk
        }
        return Played(values, fmean(alone[skip:]))

    used = arriving / speed
    return Experiment(
        name=name,
        source="I. Adan, G. Weiss 2014",
        agents=len(talks_a_talk),
        calls=calls,
        formulas={f"mean wait of {kind}": formula.mean_wait_seconds(kind) for kind in calls_a_talk},
        control_mean=used / (1.0 - used) / speed,
        play=play,
    )


def _policy(serves: Mapping[str, frozenset[str]]) -> Policy:
    staff = [Agent(agent, queues=("line",), skills=dict.fromkeys(sorted(kinds), 1)) for agent, kinds in serves.items()]
    return Policy({"line": plain_queue()}, {"any": Tier("any")}, {one.name: one for one in staff})
