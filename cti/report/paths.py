"""The sections of a report on callbacks and on the ways through the menus, and the definitions at its end."""

from collections.abc import Mapping
from html import escape
from typing import Any

from acd.facts import CallbackOutcome
from cti.kpi import KPIS
from cti.report.charts import meter
from cti.report.formats import seconds
from cti.report.parts import Document, Frame, section, share, table

#: steps of which callers notice nothing; they are shown only where somebody hung up in them
_UNHEARD = frozenset({"branch", "set", "lookup", "call", "goto", "return", "report", "hours", "sms", "http", "split"})


def callbacks(frame: Frame, told: Document) -> str:
    """Return what became of the callbacks that were asked for."""
    word = frame.word
    if not told["callbacks"]:
        return section("callbacks", word("callbacks"), f"<p>{word('none')}</p>")
    outcomes = [each.value for each in CallbackOutcome]
    heads = [word("queue"), word("promised"), *(word(outcome) for outcome in outcomes), word("still_open"), word("wait_average")]
    rows = [
        [
            escape(queue["label"]), f"{sum(queue['outcomes'].values()) + queue['open']:,}", *(f"{queue['outcomes'][outcome]:,}" for outcome in outcomes),
            f"{queue['open']:,}", seconds(queue["wait_average_seconds"], frame.language),
        ]
        for queue in told["callbacks"]
    ]  # fmt: skip
    return section("callbacks", word("callbacks"), table(heads, rows))


def flows(frame: Frame, told: Document) -> str:
    """Return each flow's funnel: who came to which step, and where callers hung up."""
    if not told["flows"]:
        return section("flows", frame.word("flows"), f"<p>{frame.word('none')}</p>")
    return section("flows", frame.word("flows"), "".join(_flow(frame, flow) for flow in told["flows"]), new_page=True)


def _flow(frame: Frame, flow: Mapping[str, Any]) -> str:
    word, calls = frame.word, flow["calls"]
    shown = [step for step in flow["steps"] if step["kind"] not in _UNHEARD or step["hung_up"]]
    left_out = flow["steps_left_out"] + len(flow["steps"]) - len(shown)
    told = word("flow_calls", calls=f"{calls:,}", hung_up=f"{flow['hung_up']:,}", share=share(flow["hung_up"], calls, frame.language))
    heads = [word("step"), word("kind"), word("calls"), word("reached"), "", word("hung_up"), "", word("keys")]
    rows = [_step(frame, step, calls) for step in shown]
    more = f"<p><small>{word('steps_left_out', number=left_out)}</small></p>" if left_out else ""
    return f"<h3><code>{escape(flow['name'])}</code> <small>{told}</small></h3>{table(heads, rows, kind='funnel') if rows else ''}{more}"


def _step(frame: Frame, step: Mapping[str, Any], calls: int) -> list[str]:
    lost = step["hung_up"]
    keys = "".join(f"<span><code>{escape(key)}</code> {number:,}</span>" for key, number in step["keys"].items())
    return [
        f"<code>{escape(step['name'])}</code>", f"<small>{escape(step['kind'])}</small>", f"{step['calls']:,}", share(step["calls"], calls, frame.language),
        meter(step["name"], step["calls"] / calls if calls else 0, "c-answered", lost / calls if calls else 0),
        f"{lost:,}" if lost else "", share(lost, step["calls"], frame.language) if lost else "", f'<td class="keys">{keys}</td>',
    ]  # fmt: skip


def definitions(frame: Frame) -> str:
    """Return what each figure means, so that the report needs no other page."""
    chinese = frame.language == "zh"
    entries = "".join(
        f'<dt id="kpi-{each.name}">{escape(each.label(frame.language))} <small><code>{each.name}</code></small></dt>'
        f"<dd><code>{escape(each.formula)}</code> — {escape(each.words_zh if chinese else each.words_en)} <small>{frame.word('same_elsewhere')}{escape(each.source)}</small></dd>"
        for each in KPIS
    )
    return section("definitions", frame.word("definitions"), f'<p>{frame.word("letters")}</p><dl class="kpis">{entries}</dl>', new_page=True)
