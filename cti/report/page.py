"""The report as one page that needs nothing else: no script, no picture, no other file."""

from dataclasses import dataclass
from datetime import date
from html import escape

from cti.report.calls import glance, hours, lines, service_level, trend, waits
from cti.report.parts import Document, Frame
from cti.report.paths import callbacks, definitions, flows
from cti.report.people import agents, satisfaction
from cti.report.periods import PeriodKind, period_of
from cti.report.style import STYLE


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a report stands among others on the server: its kind of period, a day of it, its queue or ""."""

    kind: str
    day: date
    queue: str


def page(told: Document, among: Surroundings | None = None) -> str:
    """Return the document (see `cti.report.document`) as an HTML page in its language.

    `among` adds links to the reports beside it; a file of its own has none.
    """
    about = told["report"]
    frame = Frame(about["language"])
    body = _body(frame, told) if not about["empty"] else ""
    title = _title(frame, told)
    links = _links(frame, among) if among is not None else ""
    return framed(title, frame.language, "\n".join([_head(frame, told, title, links), body, definitions(frame)]))


def framed(title: str, language: str, body: str) -> str:
    """Return a page with the look of reports; title and body are HTML already."""
    return (
        f'<!doctype html>\n<html lang="{"zh-CN" if language == "zh" else "en"}">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n<style>{STYLE}</style>\n</head>\n'
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def link(kind: str, day: date, language: str, words: str, queue: str = "") -> str:
    """Return a link to a report on the server; `words` are HTML already."""
    of_queue = f"&amp;queue={escape(queue, quote=True)}" if queue else ""
    return f'<a href="/reports/{kind}?date={day.isoformat()}&amp;language={language}{of_queue}">{words}</a>'


def _links(frame: Frame, among: Surroundings) -> str:
    period = period_of(PeriodKind(among.kind), among.day)
    others = [link(each.kind.value, each.first, frame.language, f"{arrow}", among.queue) for arrow, each in ((f"← {period.before().name}", period.before()), (f"{period.after().name} →", period.after()))]
    kinds = [link(kind.value, among.day, frame.language, frame.word(kind.value), among.queue) for kind in PeriodKind if kind is not period.kind]
    other = link(among.kind, among.day, "en" if frame.language == "zh" else "zh", frame.word("other_language"), among.queue)
    every = f'<a href="/reports?language={frame.language}">{frame.word("reports")}</a>'
    return f"<nav>{''.join([*others, *kinds, every, other])}</nav>"


def _body(frame: Frame, told: Document) -> str:
    of_calls = [
        glance(frame, told), trend(frame, told), service_level(frame, told), lines(frame, told, "queues"), lines(frame, told, "tiers"),
        hours(frame, told), waits(frame, told), agents(frame, told), satisfaction(frame, told), callbacks(frame, told),
    ]  # fmt: skip
    return "\n".join([*of_calls, flows(frame, told)])


def _title(frame: Frame, told: Document) -> str:
    about = told["report"]
    return escape(f"{frame.word('hotline')} · {frame.word(about['period'])} · {about['name']}")


def _head(frame: Frame, told: Document, title: str, links: str) -> str:
    about, word = told["report"], frame.word
    days = about["first_day"] if about["first_day"] == about["last_day"] else f"{about['first_day']} – {about['last_day']}"
    scope = word("queue_only", queue=about["queue_label"]) if about["queue"] else word("all_queues")
    at = about["made_at"][:16].replace("T", " ")
    line = " · ".join([days, about["time_zone"], scope, word("compared", before=about["before"]), word("made", at=at)])
    notes = []
    if not about["begun"]:
        notes.append(word("not_begun"))
    elif not about["over"]:
        notes.append(word("not_over", at=at))
    if about["empty"]:
        notes.append(word("empty"))
    if about["open_calls"] or about["open_entries"] or about["open_callbacks"]:
        notes.append(word("open", calls=about["open_calls"], entries=about["open_entries"], callbacks=about["open_callbacks"]))
    alarm = "".join(f'<p class="alarm">{escape(note)}</p>' for note in notes)
    return f'<header><h1>{title}</h1><p class="faint">{escape(line)}</p>{links}</header>{alarm}<p><small>{escape(word("belongs", zone=about["time_zone"]))}</small></p>'
