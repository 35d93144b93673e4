"""The wallboard's page in a real browser, with floors of any size: what must be readable, reachable and quiet on it."""

from __future__ import annotations

import asyncio
import itertools
import json
import re

import pytest
import pytest_asyncio

from tests.rig.waiting import eventually
from tests.support.board_stub import BoardStub, document
from tests.support.browser import browser
from tests.support.page_measures import BEYOND, CONTRASTS, CUT_OFF, DIGIT_HEIGHTS, SPILT

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

WALLS = [(1920, 1080), (1366, 768), (3840, 2160), (1280, 800)]
SECONDS = "Array.from(document.querySelectorAll('[data-queue=faults] [data-figure=longest] .digits')).map(e => e.innerText.split(':').reduce((m, s) => m * 60 + +s, 0))[0]"


@pytest.fixture(scope="module")
def stub():
    return BoardStub(document())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(stub):
    async with stub.served() as address:
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(tmp_path_factory):
    async with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page
    assert page.complaints == []


async def shown(page, address, size=(1920, 1080), **asked):
    """Open the board on a screen of this size, and wait for the first figures."""
    await page.sized(*size)
    await page.open(f"{address}/wallboard?" + "&".join(f"{key}={value}" for key, value in asked.items()))
    await page.until("document.querySelectorAll('.queue .digits').length > 0 && document.querySelectorAll('canvas').length === 3")


@pytest.mark.parametrize(("size", "theme", "language"), [(size, theme, language) for (size, language), theme in itertools.product(zip(WALLS, ["zh", "en", "zh", "en"], strict=True), ["dark", "light"])])
async def test_a_wall_shows_six_queues_and_twenty_agents_whole_large_and_clear(stub, page, address, size, theme, language):
    stub.document = document(6, 20)
    await shown(page, address, size, theme=theme, language=language)
    assert await page.value("[document.querySelectorAll('.queue').length, document.querySelectorAll('[data-agent]').length]") == [6, 20]
    heights = await page.value(DIGIT_HEIGHTS)
    assert len(heights) == 30
    assert min(heights) >= 0.05
    assert await page.value(CUT_OFF) == []
    assert await page.value(SPILT) == []
    across, down = await page.value(BEYOND)
    assert across <= 0
    assert down <= 0
    poor = [(text, round(contrast, 1)) for text, contrast in await page.value(CONTRASTS) if contrast < 7]
    assert poor == []


async def test_a_large_floor_turns_its_pages_until_all_was_seen(stub, page, address):
    stub.document = document(50, 60)
    await shown(page, address, language="en")
    assert await page.value(SPILT) == []
    assert max(await page.value(BEYOND)) <= 0
    names = "[...document.querySelectorAll('.queue, [data-agent]')].map(e => e.dataset.queue ?? e.dataset.agent)"
    first = await page.value("document.querySelector('.queue').dataset.queue")
    await page.until(f"document.querySelector('.queue').dataset.queue !== {json.dumps(first)}")  # by itself
    await page.value("[...document.querySelectorAll('header button')].find(b => b.innerText === 'Stop turning pages').click()")
    seen = set()
    for _ in range(9):
        seen |= set(await page.value(names))
        await page.value("document.querySelectorAll('.pager button:last-child').forEach(button => button.click())")
    there = {agent["name"] for agent in stub.document["agents"] if agent["state"] != "logged_out"}
    assert seen == there | {queue["name"] for queue in stub.document["queues"]}
    assert len(stub.document["agents"]) > len(there)
    assert await page.value("+document.querySelector('.counts [data-state=logged_out] b').innerText") == len(stub.document["agents"]) - len(there)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_a_phone_shows_everything_below_one_another(stub, page, address, theme, language):
    stub.document = document(50, 60)
    await shown(page, address, (390, 844), theme=theme, language=language)
    assert await page.value("[document.querySelectorAll('.queue').length, document.querySelectorAll('[data-agent]').length]") == [50, 60]
    assert (await page.value(BEYOND))[0] <= 0
    assert await page.value("[...document.querySelectorAll('main *, aside *')].filter(e => e.getBoundingClientRect().right > 390.5 && !e.closest('.unseen')).map(e => e.outerHTML)") == []
    assert [(text, contrast) for text, contrast in await page.value(CONTRASTS) if contrast < 7] == []
    assert await page.value("document.querySelectorAll('.pager').length") == 0


async def test_language_and_theme_are_switched_and_remembered(stub, page, address):
    stub.document = document()
    await page.prefer("dark")
    await shown(page, address)
    paper = "[document.documentElement.dataset.theme, getComputedStyle(document.documentElement).backgroundColor]"
    assert await page.value("[document.documentElement.lang, document.title, document.querySelector('h1').innerText]") == ["zh-CN", "热线看板", "热线看板"]
    assert await page.value(paper) == ["dark", "rgb(11, 18, 32)"]
    await page.prefer("light")
    await page.until("document.documentElement.dataset.theme === 'light'")
    await page.value("['language', 'theme'].forEach(name => document.querySelector(`[data-switch=${name}]`).click())")
    for _ in range(2):
        await page.until("document.documentElement.lang === 'en' && document.documentElement.dataset.theme === 'dark'")
        assert await page.value("document.querySelector('h1').innerText") == "Hotline wallboard"
        assert "Faults" in await page.value("document.querySelector('#queues').innerText")
        await shown(page, address)
    await page.value("localStorage.clear()")


async def test_every_thing_can_be_reached_and_done_by_keys(stub, page, address):
    stub.document = document(6, 20, "team_leader")
    stub.asked.clear()
    await shown(page, address, language="en")
    assert await page.value("['header', 'main', 'aside', 'nav'].map(name => document.querySelectorAll(name).length)") == [1, 1, 1, 1]
    await page.press("Tab")
    assert await page.value("document.activeElement.className") == "skip"
    await page.press("Enter")
    assert await page.value("document.activeElement.id") == "queues"
    while await page.value("document.activeElement.closest('[data-agent]')?.dataset.agent") != "agent03":
        await page.press("Tab")
        assert await page.value("document.activeElement !== document.body"), "the way by keys ends before the agents"
        assert await page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    await page.press("Enter")
    await page.until("document.querySelector('dialog[open]') !== null")
    assert await page.value("document.querySelector('dialog').contains(document.activeElement)")
    while await page.value("document.activeElement.dataset.deed") != "pause":
        await page.press("Tab")
    await page.press("Enter")
    await page.until("document.querySelector('dialog [role=status]').innerText === 'Done'")
    assert stub.asked == [("/api/agents/agent03/pause", {"reason": "lunch"})]
    await page.press("Escape")
    await page.until("document.querySelector('dialog') === null")
    assert await page.value("document.activeElement.closest('[data-agent]').dataset.agent") == "agent03"


async def test_who_may_not_steer_is_offered_nothing_and_a_display_no_buttons_at_all(stub, page, address):
    stub.document = document(6, 20, "agent")
    await shown(page, address)
    await page.value("document.querySelector('[data-agent=agent09] button').click()")
    await page.until("document.querySelector('dialog[open]') !== null")
    assert await page.value("document.querySelectorAll('[data-deed]').length") == 0
    stub.document = document(6, 20, "display")
    await shown(page, address)
    assert await page.value("document.querySelectorAll('main button, aside button').length") == 0
    assert await page.value("[...document.querySelectorAll('header button')].map(button => button.dataset.switch)") == ["language", "theme"]


async def test_times_go_on_between_documents_and_never_jump(stub, page, address):
    stub.document, stub.every_seconds = document(), 3.0
    await shown(page, address)
    seen = []
    for _ in range(30):
        before = stub.now()["queues"][1]["longest_wait_seconds"]
        seen.append(await page.value(SECONDS))
        after = stub.now()["queues"][1]["longest_wait_seconds"]
        assert before - 2.5 <= seen[-1] <= after + 0.5
        await asyncio.sleep(0.25)  # looks again after a while; nothing is waited for
    stub.every_seconds = 1.0
    assert seen == sorted(seen)
    assert len(set(seen)) >= 6, "two documents or three, but every second is seen"


async def test_a_screen_reader_is_told_what_happened_and_not_every_figure(stub, page, address):
    stub.document = document()
    await shown(page, address, language="en")
    await page.value("""(() => {
      window.told = [], window.ticked = 0;
      const live = document.querySelectorAll('[aria-live], [role=status], [role=alert]');
      live.forEach(e => new MutationObserver(() => told.push(e.innerText || e.textContent)).observe(e, {childList: true, characterData: true, subtree: true}));
      new MutationObserver(() => { ticked += 1; }).observe(document.querySelector('#queues'), {characterData: true, subtree: true, childList: true});
    })()""")
    await page.until("ticked > 5")
    assert await page.value("told") == []
    alert = {**stub.document["alerts"][0], "name": "Drift", "summary": {"zh": "漂移", "en": "The counts have drifted"}}
    stub.document = {**stub.document, "alerts": [alert, *stub.document["alerts"]]}
    await page.until("told.length > 0")
    assert await page.value("told") == ["New alert: The counts have drifted"]


async def test_a_screen_reader_finds_a_table_headings_and_a_name_for_every_button(stub, page, address):
    stub.document = document(6, 20, "team_leader")
    await shown(page, address, language="en")
    nodes = (await page.send("Accessibility.getFullAXTree"))["nodes"]
    named = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]
    assert {role for role, _ in named} >= {"banner", "main", "complementary", "navigation", "table", "rowheader", "columnheader", "cell"}
    assert [name for role, name in named if role == "heading"] == ["Hotline wallboard", "Queues", "Agents", "Alerts 2", "In line 21", "Voice menu 7", "Last three hours"]
    assert [name for role, name in named if role == "button" and not name] == []
    assert [role for role, _ in named].count("row") == 7
    words = re.sub(r"\s+", " ", str(await page.value("document.querySelector('[data-queue=faults] [data-figure=now]').textContent")))
    assert re.fullmatch(r"71 ?✖ ?% ?target missed ?target 90% in 20 s", words), words
    assert await page.value("document.querySelectorAll('svg:not([aria-hidden=true]), canvas:not([aria-hidden=true] canvas)').length") == 0


async def test_nothing_moves_for_those_who_do_not_want_it(stub, page, address):
    stub.document = document()
    moving = "[...document.querySelectorAll('.board *')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0 || getComputedStyle(e).animationName !== 'none').length"
    for wish, some in (("reduce", False), ("no-preference", True)):
        await page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": wish}])
        await shown(page, address)
        assert (await page.value(moving) > 0) is some


async def test_the_charts_are_drawn_and_told_in_words(stub, page, address):
    stub.document = document()
    await shown(page, address, language="en")
    colours = "[...document.querySelectorAll('canvas')].map(c => new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size)"
    await page.until(f"Math.min(...{colours}) > 3")
    trend = stub.document["trend"]
    told = await page.value("document.querySelector('.trends .unseen').innerText || document.querySelector('.trends .unseen').textContent")
    offered, answered, abandoned = (sum(trend[name]) for name in ("offered", "answered", "abandoned"))
    assert told == f"Last three hours: {offered} offered, {answered} answered, {abandoned} abandoned, at most {max(trend['waiting'])} waiting at once."


async def test_a_wall_takes_the_new_page_when_the_server_was_replaced(stub, page, address):
    stub.document = document()
    await shown(page, address)
    await page.value("window.old = true")
    async with page.loads():
        stub.document = {**stub.document, "version": "0.2.0"}
    await page.until("window.old === undefined && document.querySelectorAll('.queue').length === 6")


async def test_the_page_asks_nobody_else(stub, page, address):
    await shown(page, address)
    names = await page.value("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert len(names) >= 3
    assert [name for name in names if not name.startswith(address + "/")] == []


async def test_a_connection_that_falls_silent_is_noticed_and_taken_up_again(stub, page, address):
    stub.document = document()
    await shown(page, address, language="en")
    stub.every_seconds = 25.0
    await page.until("document.querySelector('.banner')?.innerText.includes('Connection lost')")
    assert await page.value("document.querySelector('.board').dataset.connection") == "lost"
    assert await page.value("document.querySelector('[aria-live]').innerText || document.querySelector('[aria-live]').textContent") == "Connection lost"
    stub.every_seconds = 1.0
    await page.until("document.querySelector('.board').dataset.connection === 'live' && !document.querySelector('.banner')")

    async def fresh() -> bool:
        return str(await page.value("document.querySelector('.age').innerText")) in {"0 s ago", "1 s ago"}

    await eventually(fresh, 10, "fresh figures")
