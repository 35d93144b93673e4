"""Pieces that several sections of a report are put together from."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from cti.kpi import Unit, kpi
from cti.kpi.catalogue import Better
from cti.report.formats import UNCHANGED, change, figure
from cti.report.words import Words, words

Document = dict[str, Any]
STATES = ("talking", "wrap_up", "offered", "connecting", "cancelling", "ready", "backoff", "paused")


class Frame:
    """What every section needs: the language and its words."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.word: Words = words(language)

    def link(self, name: str, text: str = "") -> str:
        """Return a figure's name as a link to its definition below."""
        return f'<a href="#kpi-{name}">{escape(text or kpi(name).label(self.language))}</a>'

    def value(self, name: str, value: float | None) -> str:
        """Return a figure as people read it."""
        return figure(value, kpi(name).unit, self.language)

    def judged(self, name: str, pair: Mapping[str, Any]) -> str:
        """Return this period's figure, green or red where there is a target."""
        verdict = met(name, pair["now"], pair["target"])
        text = self.value(name, pair["now"])
        if verdict is None:
            return text
        return f'<span class="{"good" if verdict else "bad"}">{text} {"✓" if verdict else "✗"}</span>'

    def moved(self, name: str, pair: Mapping[str, Any]) -> str:
        """Return how the figure has changed, green or red where one way is better."""
        text = change(pair["now"], pair["before"], kpi(name).unit, self.language)
        if not text:
            return ""
        better = kpi(name).better
        if better is Better.NEITHER or text == UNCHANGED:
            return text
        good = (pair["now"] > pair["before"]) == (better is Better.HIGHER)
        return f'<span class="{"good" if good else "bad"}">{text}</span>'

    def target(self, name: str, target: float | None) -> str:
        """Return a target as `≥ 90 %`."""
        if target is None:
            return ""
        text = figure(target, kpi(name).unit, self.language).replace(".0", "")
        return self.word("at_least" if kpi(name).better is Better.HIGHER else "at_most", value=text)


def met(name: str, now: float | None, target: float | None) -> bool | None:
    """Whether a figure meets its target; None without either."""
    if now is None or target is None:
        return None
    return now >= target if kpi(name).better is Better.HIGHER else now <= target


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, last_is_sum: bool = False, kind: str = "") -> str:
    """Return a table of cells that are HTML already; one that begins with `<td` is taken as it is. `kind` is a class of the style."""
    listed = list(rows)
    body = "".join(
        f'<tr{" class=sum" if last_is_sum and n == len(listed) - 1 else ""}>{"".join(_cell(cell) for cell in row)}</tr>' for n, row in enumerate(listed)
    )
    head = "".join(f'<th scope="col">{cell}</th>' for cell in heads)
    return f'<div class="scroll"><table{f" class={kind}" if kind else ""}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(inside: str) -> str:
    return inside if inside.startswith("<td") else f"<td>{inside}</td>"


def legend(entries: Iterable[tuple[str, str]]) -> str:
    """Return the key of a drawing: classes and their names."""
    keys = "".join(f'<span><svg viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" class="{kind}"/></svg>{escape(name)}</span>' for kind, name in entries)
    return f'<div class="legend">{keys}</div>'


def drawn(svg: str, caption: str) -> str:
    """Return a drawing with its caption."""
    return f"<figure><figcaption>{caption}</figcaption>{svg}</figure>"


def section(name: str, title: str, body: str, *, new_page: bool = False) -> str:
    """Return a section; `new_page` begins a sheet of paper."""
    return f'<section id="{name}"{" class=newpage" if new_page else ""}><h2>{escape(title)}</h2>{body}</section>'


def share(part: float, whole: float, language: str) -> str:
    """Return part / whole as per cent."""
    return figure(part / whole if whole else None, Unit.RATIO, language)
