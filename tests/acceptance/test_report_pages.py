"""A report in a real browser: whole on a screen, on a phone and on A4, silent, and printed as PDF."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from cti.report.page import page as page_of
from cti.report.pdf import print_pdf
from cti.report.periods import PeriodKind
from tests.support.browser import browser
from tests.unit.report.room import full_day, told

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

A4_PIXELS = 703  # 186 mm between the margins, at 96 dots an inch
TOO_WIDE = "[...document.querySelectorAll('table, svg, .tile')].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.closest('section').id)"
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
DEAD_LINKS = "[...document.querySelectorAll('a')].filter(a => !document.getElementById(a.hash.slice(1))).map(a => a.href)"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(tmp_path_factory):
    async with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page
    assert page.complaints == []


@pytest.fixture(scope="module", params=["zh", "en"])
def address(request, tmp_path_factory):
    file = tmp_path_factory.mktemp("report") / "report.html"
    file.write_text(page_of(told(full_day(), kind=PeriodKind.MONTH, language=request.param)), encoding="utf-8")
    return file.as_uri()


async def sized(page, width, media=""):
    await page.send("Emulation.setDeviceMetricsOverride", width=width, height=1000, deviceScaleFactor=1, mobile=False)
    await page.send("Emulation.setEmulatedMedia", media=media)


@pytest.mark.parametrize(("width", "media"), [(1400, ""), (A4_PIXELS, "print")])
async def test_it_is_whole_on_a_screen_and_on_a4(page, address, width, media):
    await sized(page, width, media)
    await page.open(address)
    assert await page.value(TOO_WIDE) == []
    assert await page.value(BEYOND) == 0
    assert await page.value(DEAD_LINKS) == []


async def test_on_a_phone_only_its_tables_scroll(page, address):
    await sized(page, 390)
    await page.open(address)
    assert await page.value(BEYOND) == 0


async def test_it_is_printed_as_pdf(tmp_path):
    await asyncio.to_thread(print_pdf, page_of(told(full_day())), tmp_path / "report.pdf")
    printed = (tmp_path / "report.pdf").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert len(printed) > 20_000
