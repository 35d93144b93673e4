"""The page of a report: whole in itself, in both languages, safe with any name, and true to its document."""

import re
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser

import pytest

from cti.kpi import KPIS
from cti.report.page import page
from cti.report.periods import PeriodKind
from tests.unit.report.room import call, full_day, gathered, leg, told


class Outline(HTMLParser):
    """What a page consists of: tags in balance, ids, links."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.tags = [], set(), [], set()
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.add(tag)
        self.links += [values["href"]] if "href" in values else []
        self.ids |= {values["id"]} if "id" in values else set()
        assert "style" not in values
        assert not any(name.startswith("on") for name in values)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.tags.add(tag)


def words_of(text):
    return unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL))


@pytest.mark.parametrize("kind", PeriodKind)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_needs_nothing_else_and_every_link_leads_somewhere(kind, language):
    outline = Outline(page(told(full_day(), kind=kind, language=language)))
    assert not outline.tags & {"script", "img", "link", "iframe", "object"}
    assert outline.links
    assert {link.removeprefix("#") for link in outline.links} <= outline.ids


def test_every_figure_is_defined_in_it():
    outline = Outline(page(told(full_day())))
    assert {f"kpi-{each.name}" for each in KPIS} <= outline.ids


def test_names_cannot_carry_anything_into_it():
    text = page(told(full_day()))
    assert "Anna &lt;script&gt;" in text
    assert "Billing &amp; &lt;b&gt;bills" in text
    assert "<script" not in text


def test_its_figures_are_those_of_the_document():
    document = told(full_day())
    text = words_of(page(document))
    assert document["figures"]["offered"]["now"] == 5
    assert "Callers asked for a person 5 times; 2 (40.0 %) were answered." in text
    assert "Most callers hung up in the menus at  main/menu  (1 calls)." in text
    assert "Red team" in text
    assert "1 calls, 1 queue entries, 1 callbacks." in text


def test_labels_are_those_of_the_language():
    assert "红班" in page(told(full_day(), language="zh"))
    assert "账单" in page(told(full_day(), language="zh"))
    assert "Lunch 0.5 h" in page(told(full_day()))


def test_a_period_without_calls_says_so_and_shows_no_figures():
    text = page(told(gathered()))
    assert "No calls were recorded in this period." in text
    assert 'id="glance"' not in text


def test_a_period_that_goes_on_says_until_when():
    text = page(told(full_day(), made_at=datetime(2026, 11, 21, 4, tzinfo=UTC)))
    assert "This period is not over: figures up to 2026-11-21 12:00" in text
    assert "not over" not in page(told(full_day()))


def test_a_figure_is_held_against_its_target_and_the_period_before():
    now = gathered([leg(n, "answered", 5_000) for n in range(19)] + [leg(20, "abandoned", 60_000)])
    before = gathered([leg(n, "answered", 5_000) for n in range(9)] + [leg(20, "abandoned", 60_000)])
    document = told(now, before)
    billing = document["queues"][0]
    assert billing["figures"]["abandonment_offered"] == {"now": pytest.approx(0.05), "before": pytest.approx(0.1), "target": 0.05}
    assert '<span class="good">5.0 % ✓</span>' in page(document)
    assert '<span class="good">−5.0 pp</span>' in page(document)


def test_queues_with_different_targets_have_none_together():
    assert told(full_day())["figures"]["sl_offered"]["target"] is None
    assert told(full_day())["figures"]["abandonment_offered"]["target"] == 0.05


def test_one_queue_alone_counts_only_what_is_its_own():
    legs = [leg(1, "answered"), leg(2, "abandoned", queue="repair")]
    calls = [call(1, "answered", queue="billing"), call(2, "abandoned", queue="repair")]
    document = told(gathered(legs, calls, queue="repair"), queue="repair")
    assert [line["name"] for line in document["queues"]] == ["repair"]
    assert (document["figures"]["offered"]["now"], document["figures"]["loss_rate_connected"]["now"]) == (1, 1.0)
    assert document["figures"]["sl_offered"]["target"] == 0.8
    assert "Queue Repair only" in page(document)


def test_a_queue_that_is_configured_no_more_is_still_told():
    document = told(gathered([leg(1, "answered", queue="closed_last_year", tier="platinum")]))
    assert [(line["name"], line["label"]) for line in document["queues"] + document["tiers"]] == [("closed_last_year",) * 2, ("platinum",) * 2]


def test_who_hangs_up_after_his_talk_is_not_lost_in_the_menus():
    ended = {"at_ms": 1, "flow": "main", "step": "wait", "type": "queue", "result": "ended"}
    document = told(gathered(calls=[call(1, "answered", [ended], queue="billing"), call(2, "abandoned", [ended], queue="billing")]))
    (flow,) = document["flows"]
    assert (flow["calls"], flow["hung_up"]) == (2, 1)


def test_a_call_over_midnight_belongs_to_the_day_it_came():
    late = leg(1, "answered", 2_000_000, hour=23)
    (offered,) = [slot for slot in told(gathered([late]), kind=PeriodKind.WEEK)["trend"] if slot["offered"]]
    assert offered["from"] == "2026-11-21"
