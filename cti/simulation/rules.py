"""What each rule of a policy does: days with it and without it, the very same callers, each tier's wait beside the other."""

import html
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from acd.config import Agent, Policy, Queue
from cti.simulation.playing import Day, play_day
from cti.simulation.plot import COLOURS, new_figure, page, svg
from cti.simulation.report import report
from cti.simulation.scenario import Scenario

_EXPLAINED = (
    "simulated days by the engine that routes real calls, each rule switched off in turn; the same callers every time. "
    "Green where the tier is better off <em>because of</em> the rule, red where it is worse off. "
    "±: half the 95 % interval of the days with all rules."
)
DATA, PAGE = "rules.json", "rules.html"


def measure(scenario: Scenario, seeds: Sequence[int], progress: Callable[[str], None]) -> dict[str, Any]:
    """Play the days with all rules, then without each rule that changes this policy; `progress` is told what comes next."""
    progress("all rules")
    told = {"": _figures(_days(scenario, seeds, scenario.policy), scenario)}
    for name, (english, _, off) in RULES.items():
        without = off(scenario.policy)
        if without != scenario.policy:
            progress(f"without: {english}")
            told[name] = _figures(_days(scenario, seeds, without), scenario)
    return {
        "label": scenario.label.model_dump(),
        "seeds": list(seeds),
        "tiers": list(scenario.policy.tiers),
        "days": told,
    }


def render(measured: dict[str, Any]) -> str:
    """Return the page."""
    tiers = measured["tiers"]
    title = f"{measured['label']['en']} · {measured['label']['zh']}"
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{len(measured['seeds'])} {_EXPLAINED}</p>",
        f"<p>用实际路由引擎模拟 {len(measured['seeds'])} 天，逐条关闭规则，来电完全相同。单位：秒；绿色表示该规则缩短了此等级的等候，红色表示延长。</p>",
        svg_part(measured),
        _table(measured, "asa_seconds", "Mean wait of the answered (s) · 平均等候", tiers),
        _table(measured, "sl_offered", "Answered in time / offered (%) · 服务水平", tiers),
        _table(measured, "abandonment", "Given up / offered (%) · 放弃率", tiers),
        "<p>Made by <code>hotline acd rules config/examples/telecom/scenario.yaml --docs docs</code>.</p>",
    ]
    return page(title, "\n".join(parts))


def write(folder: Path, measured: dict[str, Any]) -> None:
    """Write what was measured and the page into `folder`/routing.

    Raises:
        OSError: it cannot be written.

    """
    (folder / "routing").mkdir(parents=True, exist_ok=True)
    (folder / "routing" / DATA).write_text(json.dumps(measured, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "routing" / PAGE).write_text(render(measured), encoding="utf-8")


def svg_part(measured: dict[str, Any]) -> str:
    """Return the drawing: the change of each tier's wait when a rule is switched off."""
    tiers, base = measured["tiers"], measured["days"][""]
    rules = [name for name in measured["days"] if name]
    figure, (panel,) = new_figure(1, 1, 10, 0.75 * len(rules) + 1)
    height = 0.8 / len(tiers)
    for place, tier in enumerate(tiers):
        rows = [number + place * height for number in range(len(rules))]
        saved = [
            _value(measured["days"][rule], tier, "asa_seconds") - _value(base, tier, "asa_seconds") for rule in rules
        ]
        panel.barh(rows, saved, height, color=COLOURS[place], label=tier)
    panel.set_yticks([number + 0.4 - height / 2 for number in range(len(rules))], [RULES[rule][0] for rule in rules])
    panel.invert_yaxis()
    panel.axvline(0, color="#111827", linewidth=0.8)
    panel.set_xlabel("seconds that the rule saves the tier (right), or costs it (left)")
    panel.legend(frameon=False)
    drawing = svg(figure)
    return drawing[drawing.index("<svg") :]


def _days(scenario: Scenario, seeds: Sequence[int], policy: Policy) -> list[Day]:
    return [play_day(scenario, seed, policy=policy) for seed in seeds]


def _figures(days: list[Day], scenario: Scenario) -> dict[str, Any]:
    told = report(days)
    groups = {**{tier: told["tiers"].get(tier) for tier in scenario.policy.tiers}, "all": told["total"]}
    return {
        name: {key: figures[key] for key in ("offered", "asa_seconds", "sl_offered", "abandonment")}
        for name, figures in groups.items()
        if figures
    }


def _table(measured: dict[str, Any], figure: str, title: str, tiers: Sequence[str]) -> str:
    columns = [*tiers, "all"]
    scale = 1.0 if figure == "asa_seconds" else 100.0
    rows = [f"<h2>{html.escape(title)}</h2><table><tr><th></th>", *(f"<th>{tier}</th>" for tier in columns), "</tr>"]
    base = measured["days"][""]
    for rule, figures in measured["days"].items():
        name = f"without: {RULES[rule][0]} · {RULES[rule][1]}" if rule else "with all rules · 全部规则"
        cells = (_cell(figures, base, tier, figure, scale, own=not rule) for tier in columns)
        rows.append(f"<tr><td>{html.escape(name)}</td>{''.join(cells)}</tr>")
    return "".join([*rows, "</table>"])


def _cell(figures: dict[str, Any], base: dict[str, Any], tier: str, figure: str, scale: float, *, own: bool) -> str:
    value, before = scale * _value(figures, tier, figure), scale * _value(base, tier, figure)
    if own:
        half = (base.get(tier, {}).get(figure) or {}).get("half_width")
        return f"<td>{value:.1f}{'' if half is None else f' ±{scale * half:.1f}'}</td>"
    worse = before - value if figure == "sl_offered" else value - before
    mark = "better" if worse > 0.05 else "worse" if worse < -0.05 else ""
    return f'<td class="{mark}">{value:.1f}</td>'


def _value(figures: dict[str, Any], tier: str, figure: str) -> float:
    found = figures.get(tier, {}).get(figure)
    return float("nan") if found is None else float(found["mean"])


def _tiers(policy: Policy) -> Policy:
    return replace(policy, tiers={name: replace(tier, head_start_seconds=0.0) for name, tier in policy.tiers.items()})


def _queues(policy: Policy, **changes: Any) -> Policy:
    return _each_queue(policy, lambda queue: replace(queue, **changes))


def _wide_at_once(policy: Policy) -> Policy:
    return _each_queue(
        policy, lambda queue: replace(queue, needs=queue.rings[-1].needs, rings=()) if queue.rings else queue
    )


def _each_queue(policy: Policy, change: Callable[[Queue], Queue]) -> Policy:
    return replace(policy, queues={name: change(queue) for name, queue in policy.queues.items()})


def _agents(policy: Policy, change: Callable[[Agent], Agent]) -> Policy:
    return replace(policy, agents={name: change(agent) for name, agent in policy.agents.items()})


def _one_city(policy: Policy) -> Policy:
    """Give every agent all cities; a city is a skill that is called city_…"""
    cities = {skill: 100 for agent in policy.agents.values() for skill in agent.skills if skill.startswith("city_")}
    return _agents(policy, lambda agent: replace(agent, skills={**agent.skills, **cities}))


#: rules that change a policy, by name: (English, Chinese, what is done to switch it off)
RULES: dict[str, tuple[str, str, Callable[[Policy], Policy]]] = {
    "head_starts": ("Tiers have head starts", "客户等级优先", _tiers),
    "bonus": ("Some queues go before others", "队列优先", lambda policy: _queues(policy, bonus_seconds=0.0)),
    "rings": ("The search widens with time", "逐步放宽搜索", lambda policy: _queues(policy, rings=())),
    "practised_first": ("The practised are asked first", "先找熟练坐席", _wide_at_once),
    "seats": ("Seats kept for some tiers", "专席", lambda policy: _queues(policy, seats=())),
    "guarantee": ("Nobody waits longer than the guarantee while others are served", "等候时长保证", lambda policy: _queues(policy, guarantee_seconds=0.0)),
    "cities": ("Callers stay in their city", "本地坐席接听", _one_city),
    "second_queue": ("Agents help out in a second queue", "坐席兼顾第二队列", lambda policy: _agents(policy, lambda agent: replace(agent, queues=agent.queues[:1]))),
    "strategy": ("Each queue ranks agents in its own way", "各队列坐席选择方式", lambda policy: _queues(policy, strategy="longest_idle")),
}  # fmt: skip
