"""The page that lists which reports there are."""

from collections.abc import Mapping
from datetime import date
from html import escape

from cti.report.page import framed, link
from cti.report.periods import Period, PeriodKind, period_of
from cti.report.words import words

_SHOWN = {PeriodKind.DAY: 8, PeriodKind.WEEK: 6, PeriodKind.MONTH: 6, PeriodKind.QUARTER: 5}


def index_page(today: date, language: str, queues: Mapping[str, tuple[str, str]]) -> str:
    """Return the page.

    Args:
        today: in the hotline's time zone.
        language: `zh` or `en`.
        queues: name -> labels in both, for reports on one queue alone.

    """
    word = words(language)
    rows = "".join(
        f'<tr><td>{word(kind.value)}</td><td class="left">{" &ensp; ".join(_link(period, language) for period in _latest(kind, today))}</td></tr>' for kind in PeriodKind
    )
    single = " &ensp; ".join(
        link("month", today, language, escape(word("queue_only", queue=(zh if language == "zh" else en) or name)), name) for name, (zh, en) in queues.items()
    )
    other = "en" if language == "zh" else "zh"
    body = (
        f'<header><h1>{word("reports")}</h1><nav><a href="/reports?language={other}">{word("other_language")}</a></nav></header>'
        f'<table><tbody>{rows}</tbody></table><h2>{word("one_queue")}</h2><p>{single}</p><p><small>{word("reports_note")}</small></p>'
    )
    return framed(word("reports"), language, body)


def _latest(kind: PeriodKind, today: date) -> list[Period]:
    periods = [period_of(kind, today)]
    while len(periods) < _SHOWN[kind]:
        periods.append(periods[-1].before())
    return periods


def _link(period: Period, language: str) -> str:
    return link(period.kind.value, period.first, language, escape(period.name))
