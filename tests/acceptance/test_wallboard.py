"""The wallboard against the server, with live calls on the real Asterisk: true figures, who sees what, a server that is killed.

`HOTLINE_TEST_PICTURES=docs/wallboard` keeps the pictures that are taken here.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from cti.users.display import make_token, revoke_token
from cti.users.file import FILE as USERS
from cti.users.file import User, changing_users
from cti.users.passwords import hash_password
from cti.users.roles import Role
from tests.rig.demo import demo_server, started
from tests.rig.floor import PAUSED, WAITING, busy_floor, seed_morning
from tests.rig.lines import agent_is
from tests.rig.waiting import eventually
from tests.support.browser import browser
from tests.support.page_measures import BEYOND, CONTRASTS, CUT_OFF, DIGIT_HEIGHTS, SPILT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.rig.floor import Floor
    from tests.rig.server import HotlineServer
    from tests.rig.site import Site
    from tests.support.browser import Page

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "correct horse battery"
PEOPLE = {
    "boss": (Role.OPERATIONS_MANAGER, ""), "sun": (Role.TEAM_LEADER, "billing_team"), "agent02": (Role.AGENT, ""),
}  # fmt: skip
#: Figures of the page by queue, as the page shows them; the longest wait in seconds, null for nobody.
SHOWN = """Object.fromEntries([...document.querySelectorAll('.queue')].map(row => {
  const figure = name => row.querySelector(`[data-figure=${name}] .digits`).innerText;
  const seconds = figure('longest') === '–' ? null : figure('longest').split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  const tiers = Object.fromEntries([...row.querySelectorAll('[data-tier]')].map(chip => [chip.dataset.tier, Number(chip.innerText.match(/\\d+$/)[0])]));
  return [row.dataset.queue, {waiting: Number(figure('waiting')), longest: seconds, now: figure('now'), today: figure('today'), abandonment: figure('abandonment'), tiers}];
}))"""
STATES = "Object.fromEntries([...document.querySelectorAll('[data-agent]')].map(tile => [tile.dataset.agent, tile.dataset.state]))"
SINCE = "Object.fromEntries([...document.querySelectorAll('[data-agent] .since')].filter(e => e.innerText).map(e => [e.closest('[data-agent]').dataset.agent, e.firstChild.data.split(':').reduce((s, p) => s * 60 + Number(p), 0)]))"
LINE = "[...document.querySelectorAll('.line [data-position]')].map(e => [e.dataset.queue, Number(e.dataset.position), e.querySelector('[data-tier]').dataset.tier])"
IDS = "document.querySelectorAll('[data-call]').length"


def percent(share: float | None, decimals: bool) -> str:
    """A share as the page should show it."""
    if share is None:
        return "–"
    if decimals and share < 0.1:
        tenths = -(-round(share * 1e6) // 1000)
        return f"{tenths / 10:g}"
    return str(-(-round(share * 1e6) // 10_000) if decimals else round(share * 1e6) // 10_000)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def hotline(site: Site) -> AsyncIterator[HotlineServer]:
    await site.clear()
    server = await demo_server(site)
    await seed_morning(str(server.settings["database_url"]), time.time_ns() // 1_000_000)
    with changing_users(_run_dir(server) / USERS) as users:
        for name, (role, team) in PEOPLE.items():
            users[name] = User(name, role, team, "zh", hash_password(PASSWORD))
    async with started(site, server):
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def floor(site: Site, hotline: HotlineServer) -> AsyncIterator[Floor]:
    async with busy_floor(site, hotline) as floor:
        yield floor


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(floor: Floor, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    async with browser(tmp_path_factory.mktemp("browser")) as page:
        await page.sized(1920, 1080)
        yield page


def _run_dir(server: HotlineServer) -> Path:
    return Path(str(server.settings["run_dir"]))


async def board(server: HotlineServer) -> dict[str, Any]:
    return dict((await server.api("GET", "/api/board")).body)


async def log_in(page: Page, server: HotlineServer, name: str, password: str = PASSWORD, address: str = "/wallboard") -> None:
    """Log in as a person does, by the form."""
    await page.send("Network.clearBrowserCookies")
    await page.open(server.url + address)
    await page.until("document.querySelector('form') !== null")
    await page.value("document.querySelector('[name=name]').focus()")
    await page.send("Input.insertText", text=name)
    await page.press("Tab")
    await page.send("Input.insertText", text=password)
    await page.press("Enter")


async def shown(page: Page) -> None:
    await page.until("document.querySelectorAll('.queue .digits').length > 0 && document.querySelectorAll('canvas').length === 3")


async def kept(page: Page, name: str, folder: Path) -> None:
    """Take a picture; where the pictures of the docs are wanted, into their folder."""
    await page.picture(Path(os.environ.get("HOTLINE_TEST_PICTURES") or folder) / f"{name}.png")


async def test_a_stranger_gets_the_form_and_nothing_else(hotline: HotlineServer, page: Page) -> None:
    await log_in(page, hotline, "boss", "not the password")
    await page.until("document.querySelector('.trouble').innerText !== ''")
    assert await page.value("document.querySelector('.trouble').innerText") in {"用户名或密码不正确。", "User or password is not right."}
    assert await page.value("document.querySelector('.board')") is None
    await log_in(page, hotline, "boss", address="/login")
    await shown(page)
    assert await page.value("location.pathname") == "/wallboard"


async def test_the_figures_are_those_of_the_floor_and_of_the_api(hotline: HotlineServer, page: Page, floor: Floor) -> None:
    async def same() -> bool:
        """All figures of the page are those of the API, asked at nearly the same time."""
        told, figures, states, since, line = await board(hotline), await page.value(SHOWN), await page.value(STATES), await page.value(SINCE), await page.value(LINE)
        for queue in told["queues"]:
            on_page = figures[queue["name"]]
            longest = queue["longest_wait_seconds"] if queue["waiting"] else None
            assert on_page["waiting"] == queue["waiting"]
            assert (on_page["longest"] is None) == (longest is None)
            assert longest is None or abs(on_page["longest"] - longest) <= 2
            assert (on_page["now"], on_page["today"]) == (percent(queue["service_level_now"], False), percent(queue["service_level_today"], False))
            assert on_page["abandonment"] == percent(queue["abandonment_today"], True)
            assert on_page["tiers"] == {tier["tier"]: tier["waiting"] for tier in queue["tiers"] if tier["waiting"]}
        assert states == {agent["name"]: agent["state"] for agent in told["agents"]}
        assert all(abs(since[agent["name"]] - agent["since_seconds"]) <= 2 for agent in told["agents"] if agent["state"] != "logged_out")
        places = sorted(told["line"], key=lambda place: -place["waited_seconds"])
        assert line == [[place["queue"], place["position"], place["tier"]] for place in places[:6]]
        assert await page.value("Number(document.querySelector('[data-total=ivr]').innerText)") == told["ivr"]["active"]
        return True

    await eventually(lambda: _holds(same), 20, "page and API agree")
    figures, states = await page.value(SHOWN), await page.value(STATES)
    assert {queue: figures[queue]["waiting"] for queue in figures} == floor.waiting
    assert {agent: states[agent] for agent in floor.states if agent != "agent08"} == {agent: state for agent, state in floor.states.items() if agent != "agent08"}
    assert figures["billing"]["tiers"] == {"diamond": 1, "gold": 1}
    assert figures["faults"]["abandonment"] not in {"–", "0"}, "one gave up, after as long as counts"
    assert {row["offered_today"] > 20 for row in (await board(hotline))["queues"]} == {True}, "the hours before the start are remembered"


async def _holds(check: Any) -> bool:
    """Whether a check holds now: page and API are asked one after the other, and calls go on between."""
    try:
        return bool(await check())
    except (AssertionError, KeyError):
        return False


@pytest.mark.parametrize(("language", "theme"), [("zh", "dark"), ("en", "light")])
async def test_on_a_wall_it_is_large_clear_and_whole(hotline: HotlineServer, page: Page, tmp_path: Path, language: str, theme: str) -> None:
    await page.open(f"{hotline.url}/wallboard?language={language}&theme={theme}")
    await shown(page)
    assert min(await page.value(DIGIT_HEIGHTS)) >= 0.05
    assert (await page.value(CUT_OFF), await page.value(SPILT)) == ([], [])
    assert max(await page.value(BEYOND)) <= 0
    assert [(text, contrast) for text, contrast in await page.value(CONTRASTS) if contrast < 7] == []
    await kept(page, f"wall-{theme}-{language}", tmp_path)


async def test_on_a_phone_it_is_all_there(hotline: HotlineServer, page: Page, tmp_path: Path) -> None:
    for language, theme in (("zh", "light"), ("en", "dark")):
        await page.sized(390, 844)
        await page.open(f"{hotline.url}/wallboard?language={language}&theme={theme}")
        await shown(page)
        assert (await page.value(BEYOND))[0] <= 0
        assert await page.value("document.querySelectorAll('[data-agent]').length") == len((await board(hotline))["agents"])
        await kept(page, f"phone-{theme}-{language}", tmp_path)
    await page.sized(1920, 1080)


async def test_a_click_on_a_caller_tells_his_way_and_why_he_waits(hotline: HotlineServer, page: Page, floor: Floor, tmp_path: Path) -> None:
    for language, words in (("zh", ("为什么", "语音菜单轨迹")), ("en", ("Why", "Trail through the menu"))):
        await page.open(f"{hotline.url}/wallboard?language={language}&theme=dark")
        await shown(page)
        call = next(place["call"] for place in (await board(hotline))["line"] if (place["queue"], place["tier"]) == WAITING["13800138001"])
        await page.value(f"document.querySelector('[data-call=\"{call}\"]').click()")
        await page.until("document.querySelectorAll('dialog .trail li').length > 2 && document.querySelectorAll('dialog .sentences li').length > 0")
        told = str(await page.value("document.querySelector('dialog').innerText"))
        reasons = (await hotline.api("GET", f"/api/calls/{call}/reasons")).body["sentences"][language]
        trail = (await hotline.api("GET", f"/api/calls/{call}")).body["record"]["trail"]
        assert all(word in told for word in words)
        assert reasons[0].split("：")[0].split(":")[0] in told
        assert all(f"{step['flow']}/{step['step']}" in told for step in trail)
        whole = str(await page.value("document.documentElement.outerHTML"))
        assert all(number not in whole for number in floor.numbers)
        await kept(page, f"call-{language}", tmp_path)
        await page.press("Escape")
        await page.until("document.querySelector('dialog') === null")


async def test_a_leader_steers_his_team_and_sees_no_other(hotline: HotlineServer, page: Page) -> None:
    await log_in(page, hotline, "sun")
    await shown(page)
    team = {agent["name"] for agent in (await board(hotline))["agents"] if agent["team"] == "billing_team"}
    assert set(await page.value(STATES)) == team
    assert "agent01" in team
    await page.value("document.querySelector('[data-agent=agent01] button').click()")
    await page.until("document.querySelector('[data-deed=unpause]') !== null")
    await page.value("[...document.querySelector('[name=reason]').options].find(o => o.value === 'break').selected = true; document.querySelector('[name=reason]').dispatchEvent(new Event('change', {bubbles: true}))")
    await page.value("document.querySelector('[data-deed=pause]').click()")

    async def changed() -> bool:
        return (await agent_is(hotline, "agent01", "paused"))["reason"] == "break"

    await eventually(changed, 10, "the leader's word is done")
    await page.until("/小休|Break/.test(document.querySelector('[data-agent=agent01] .doing').innerText)")


async def test_an_agent_sees_his_own_call_and_no_other(hotline: HotlineServer, page: Page) -> None:
    await log_in(page, hotline, "agent02")
    await shown(page)
    assert await page.value("document.querySelectorAll('.line button').length") == 0
    await page.value("document.querySelector('[data-agent=agent02] button').click()")
    await page.until("document.querySelector('[data-deed=pause]') !== null")
    await page.press("Escape")
    colleague = next(name for name in await page.value(STATES) if name != "agent02")
    await page.value(f"document.querySelector('[data-agent={colleague}] button').click()")
    await page.until("document.querySelector('dialog[open] .facts') !== null")
    assert await page.value("document.querySelectorAll('[data-deed]').length") == 0


async def test_the_wall_has_figures_but_no_buttons_and_no_calls(hotline: HotlineServer, page: Page) -> None:
    token = make_token(_run_dir(hotline), anew=True)
    await page.send("Network.clearBrowserCookies")
    await page.open(f"{hotline.url}/wallboard?token={token}&language=en&theme=light")
    await shown(page)
    assert token not in await page.value("location.href")
    assert await page.value("[document.documentElement.lang, document.documentElement.dataset.theme]") == ["en", "light"]
    assert await page.value(IDS) == 0
    assert await page.value("document.querySelectorAll('main button, aside button').length") == 0
    assert set(PAUSED) <= set(await page.value(STATES))
    revoke_token(_run_dir(hotline))
    await page.until("document.querySelector('form') !== null && document.querySelector('.board') === null")
    await log_in(page, hotline, "boss")
    await shown(page)


async def test_a_killed_server_is_said_to_be_gone_and_comes_back_by_itself(hotline: HotlineServer, page: Page) -> None:
    await page.open(f"{hotline.url}/wallboard?language=en")
    await shown(page)
    before = await page.value(SHOWN)
    await hotline.kill9()
    await page.until("document.querySelector('.banner')?.innerText.includes('Connection lost') === true")
    first = await page.value("document.querySelector('.age').innerText")
    await page.until(f"document.querySelector('.age').innerText !== '{first}'")
    assert (await page.value(SHOWN)).keys() == before.keys(), "the last figures stay, and say how old they are"
    await hotline.start()
    await page.until("document.querySelector('.board').dataset.connection === 'live' && !document.querySelector('.banner')")

    async def as_before() -> bool:
        now = await page.value(SHOWN)
        return all(now[queue][name] == before[queue][name] for queue in before for name in ("today", "abandonment"))

    await eventually(as_before, 20, "the day's figures are what they were before the kill")

    async def who_waits() -> bool:
        told = {queue["name"]: queue["waiting"] for queue in (await board(hotline))["queues"]}
        return sum(told.values()) > 0 and {queue: figures["waiting"] for queue, figures in (await page.value(SHOWN)).items()} == told

    await eventually(who_waits, 20, "the callers who waited are on the page again")
