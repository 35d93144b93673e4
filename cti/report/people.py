"""The sections of a report on agents and on what callers think of them."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from cti.report.charts import strip
from cti.report.formats import NOTHING, hours
from cti.report.parts import STATES, Document, Frame, legend, section, share, table
from cti.report.sums import MARKS


def agents(frame: Frame, told: Document) -> str:
    """Return a score card a line for each agent."""
    word = frame.word
    if not told["agents"]:
        return section("agents", word("agents"), f"<p>{word('none')}</p>", new_page=True)
    heads = [
        word("agent"), word("talks"), f'<span title="{word("misses_hint")}">{word("misses")}</span>', frame.link("aht", word("aht")), frame.link("occupancy_contact"), frame.link("occupancy_on_queue"),
        frame.link("occupancy_logged_in"), frame.link("satisfaction_average"), word("logged_in"), word("paused"), word("time"),
    ]  # fmt: skip
    rows = [_agent(frame, agent) for agent in told["agents"]]
    rows.append(_all(frame, told))
    key = legend([(f"s-{state}", word(f"state_{state}")) for state in STATES if state not in {"connecting", "cancelling"}])
    return section("agents", word("agents"), table(heads, rows, last_is_sum=True, kind="cards") + key + f'<p><small>{word("misses")}: {word("misses_hint")}</small></p>', new_page=True)


def _agent(frame: Frame, agent: Mapping[str, Any]) -> list[str]:
    figures = agent["figures"]
    team = f"<br><small>{escape(agent['team_label'])}</small>" if agent["team_label"] else ""
    reasons = ", ".join(f"{each['label']} {hours(each['seconds'], frame.language)}" for each in agent["pauses"])
    marks = sum(agent["marks"])
    return [
        escape(agent["label"]) + team, f"{agent['talks']['now']:,}", f"{agent['misses']} / {agent['offers']}",
        *(frame.value(name, figures[name]["now"]) for name in ("aht", "occupancy_contact", "occupancy_on_queue", "occupancy_logged_in")),
        f"{frame.value('satisfaction_average', figures['satisfaction_average']['now'])} <small>({marks})</small>" if marks else NOTHING,
        hours(agent["logged_in_seconds"], frame.language), f'<span title="{escape(reasons, quote=True)}">{hours(agent["seconds"]["paused"], frame.language)}</span>',
        _time_strip(frame, agent["label"], agent["seconds"]),
    ]  # fmt: skip


def _all(frame: Frame, told: Document) -> list[str]:
    figures, cards = told["figures"], told["agents"]
    marks = [sum(card["marks"][n] for card in cards) for n in range(len(MARKS))]
    seconds = {state: sum(card["seconds"][state] for card in cards) for state in STATES}
    talks = sum(card["talks"]["now"] for card in cards)
    handled = sum((card["figures"]["aht"]["now"] or 0) * card["talks"]["now"] for card in cards)
    return [
        frame.word("total"), f"{talks:,}", f"{sum(card['misses'] for card in cards):,} / {sum(card['offers'] for card in cards):,}",
        frame.value("aht", handled / talks if talks else None), *(frame.value(name, figures[name]["now"]) for name in ("occupancy_contact", "occupancy_on_queue", "occupancy_logged_in")),
        f"{frame.value('satisfaction_average', _average(marks))} <small>({sum(marks):,})</small>", hours(sum(seconds.values()), frame.language),
        hours(seconds["paused"], frame.language), _time_strip(frame, frame.word("total"), seconds),
    ]  # fmt: skip


def _time_strip(frame: Frame, label: str, seconds: Mapping[str, float]) -> str:
    parts = [(f"s-{state}", f"{frame.word(f'state_{state}')} {hours(seconds[state], frame.language)}", seconds[state]) for state in STATES]
    return strip(f"{label}: {frame.word('time')}", parts)


def satisfaction(frame: Frame, told: Document) -> str:
    """Return the marks by queue, tier and agent."""
    groups = (("queue", told["queues"]), ("tier", told["tiers"]), ("agent", told["agents"]))
    tables = "".join(_marks_table(frame, name, entries) for name, entries in groups if any(sum(entry["marks"]) for entry in entries))
    key = legend([(f"m{mark}", str(mark)) for mark in MARKS])
    return section("satisfaction", frame.word("satisfaction"), key + tables if tables else f"<p>{frame.word('none')}</p>", new_page=bool(tables))


def _marks_table(frame: Frame, name: str, entries: Sequence[Mapping[str, Any]]) -> str:
    heads = [frame.word(name), frame.link("satisfaction_average", frame.word("average")), frame.word("change"), frame.link("satisfaction_share", frame.word("satisfied")), frame.word("marks"), ""]
    rows = []
    for entry in entries:
        marks, figures = entry["marks"], entry["figures"]
        if not sum(marks):
            continue
        bar = strip(
            f"{entry['label']}: {frame.word('marks')}",
            [(f"m{mark}", f"{mark}: {marks[n]:,} ({share(marks[n], sum(marks), frame.language)})", marks[n]) for n, mark in enumerate(MARKS)], 420,
        )  # fmt: skip
        average = figures["satisfaction_average"]
        rows.append(
            [escape(entry["label"]), frame.value("satisfaction_average", average["now"]), frame.moved("satisfaction_average", average),
             frame.value("satisfaction_share", figures["satisfaction_share"]["now"]), f"{sum(marks):,}", bar]
        )  # fmt: skip
    return table(heads, rows, kind="marks")


def _average(marks: Sequence[int]) -> float | None:
    return sum(mark * marks[n] for n, mark in enumerate(MARKS)) / sum(marks) if sum(marks) else None
