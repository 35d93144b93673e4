"""The pages at /flows in a real browser: everything can be read, whatever the flow, light and dark."""

from __future__ import annotations

import dataclasses

import pytest
import pytest_asyncio

from cti.flow_versions import FlowStatus
from cti.http import make_app, serving
from ivr.flows import load_flows
from ivr.graph import graph_of
from tests.rig.server import PROJECT
from tests.support.browser import browser
from tests.unit.ivr.test_ivr_graph import sixty_steps
from tests.unit.web.hotline import Hotline

pytestmark = [pytest.mark.acceptance, pytest.mark.asyncio(loop_scope="module")]

CHANGED = {"sorry:": "sorry_now:", "safe_exit: sorry": "safe_exit: sorry_now", "欢迎致电": "您好，欢迎致电"}
MEASURED = """(() => {
  const box = element => { const b = element.getBBox(); return {left: b.x, top: b.y, right: b.x + b.width, bottom: b.y + b.height, words: element.textContent}; };
  const all = query => [...document.querySelectorAll('#view ' + query)];
  const apart = (a, b) => a.right <= b.left + 0.5 || b.right <= a.left + 0.5 || a.bottom <= b.top + 0.5 || b.bottom <= a.top + 0.5;
  const within = (a, b) => a.left >= b.left - 0.5 && a.right <= b.right + 0.5 && a.top >= b.top - 0.5 && a.bottom <= b.bottom + 0.5;
  const steps = all('g.step'), labels = all('g.label');
  const things = [...steps, ...labels].map(box), paper = box(document.querySelector('#view .paper'));
  const over = [];
  things.forEach((a, i) => things.slice(i + 1).forEach(b => { if (!apart(a, b)) over.push([a.words, b.words]); }));
  const spilt = [...steps, ...labels].flatMap(group => {
    const rect = box(group.querySelector('rect'));
    return [...group.querySelectorAll('text')].map(box).filter(text => !within(text, rect)).map(text => text.words);
  });
  return {
    steps: steps.length, edges: all('g.edge').length, labels: labels.filter(label => label.textContent.trim()).length,
    over, spilt, off: things.filter(thing => !within(thing, paper)).map(thing => thing.words),
    fetched: performance.getEntriesByType('resource').map(entry => entry.name),
  };
})()"""


def texts(folder):
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}


def changed(main: str) -> str:
    for before, after in CHANGED.items():
        main = main.replace(before, after)
    return main


@pytest.fixture(scope="module")
def hotline():
    """Our own flows before, a version of them with changes in force, and a flow of sixty steps on trial."""
    own = texts(PROJECT / "flows")
    before, now, trial = load_flows(own), load_flows({**own, "main.yaml": changed(own["main.yaml"])}), sixty_steps()
    hotline = Hotline()
    hotline.flows.sets = {flows.version: flows for flows in (before, now, trial)}
    hotline.flows.status = FlowStatus(now.version, trial.version, 0.1, before.version, "main.yaml:3:1: no step <b>")
    return hotline


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address(hotline):
    async with serving(make_app(hotline.deps), "127.0.0.1", 0) as port:
        yield f"http://127.0.0.1:{port}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(tmp_path_factory):
    async with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page
    assert page.complaints == []


@pytest.mark.parametrize(("path", "version"), [("/flows/main?version=candidate", "candidate"), ("/flows/main", "current"), ("/flows/agent", "current")])
async def test_no_words_lie_on_others_or_leave_their_box_and_every_way_has_a_label(hotline, page, address, path, version):
    flows = hotline.flows.sets[dataclasses.asdict(hotline.flows.status)[version]]
    graph = graph_of(flows, path.split("/")[2].partition("?")[0])
    await page.open(address + path)
    found = await page.value(MEASURED)
    assert (found["steps"], found["edges"], found["labels"]) == (len(graph.nodes), len(graph.edges), len(graph.edges))
    assert (found["over"], found["spilt"], found["off"], found["fetched"]) == ([], [], [], [])


async def test_what_changed_is_drawn_and_told(page, address, tmp_path):
    await page.open(f"{address}/flows/main?against=previous")
    found = await page.value(MEASURED)
    assert (found["over"], found["spilt"]) == ([], [])
    marks = await page.value("['added','removed','changed'].map(mark => [...document.querySelectorAll('g.step.' + mark + ' .name')].map(text => text.textContent))")
    assert marks == [["sorry_now"], ["sorry"], ["welcome"]]
    told = await page.value("document.querySelector('main ul').innerText")
    assert "step main/sorry_now was added (say)" in told
    assert "the text of main/welcome changed (zh)" in told


async def test_it_is_drawn_for_light_and_dark(page, address, tmp_path):
    colours = "['#view .paper', '#view g.asking rect', '#view .title'].map(query => getComputedStyle(document.querySelector(query)).fill)"
    seen = {}
    for scheme in ("light", "dark"):
        await page.prefer(scheme)
        await page.open(f"{address}/flows/main")
        seen[scheme] = await page.value(colours), await page.value("getComputedStyle(document.body).backgroundColor")
        await page.picture(tmp_path / f"{scheme}.png")
    assert seen["light"] == (["rgb(255, 255, 255)", "rgb(219, 234, 254)", "rgb(15, 23, 42)"], "rgb(255, 255, 255)")
    assert seen["dark"] == (["rgb(15, 23, 42)", "rgb(23, 37, 84)", "rgb(241, 245, 249)"], "rgb(15, 23, 42)")


async def test_it_is_made_larger_smaller_and_moved(page, address):
    await page.open(f"{address}/flows/main?version=candidate")
    width = "document.querySelector('#view svg').getBoundingClientRect().width"
    full = await page.value("document.querySelector('#view svg').viewBox.baseVal.width")
    await page.value("document.querySelector('[data-zoom=full]').click()")
    assert await page.value(width) == pytest.approx(full)
    await page.value("document.querySelector('[data-zoom=in]').click()")
    assert await page.value(width) == pytest.approx(full * 1.25)
    at = await page.value("[document.querySelector('#view').scrollLeft, document.querySelector('#view').scrollTop]")
    for kind, x, y in (("mousePressed", 700, 500), ("mouseMoved", 640, 420), ("mouseReleased", 640, 420)):
        await page.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)
    moved = await page.value("[document.querySelector('#view').scrollLeft, document.querySelector('#view').scrollTop]")
    assert (moved[0] - at[0], moved[1] - at[1]) == (60, 80)
    await page.value("document.querySelector('[data-zoom=fit]').click()")
    assert await page.value("document.querySelector('#view').scrollHeight <= document.querySelector('#view').clientHeight + 1")


async def test_the_list_leads_to_every_flow_and_shows_what_was_refused(hotline, page, address, tmp_path):
    await page.open(f"{address}/docs")
    await page.open(await page.value("document.querySelector('a[href=\"/flows\"]').href"))
    words = await page.value("document.body.innerText")
    for told in ("使用中", "试用", "10% of new calls", "上一版", "main.yaml:3:1: no step <b>"):
        assert told in words
    links = await page.value("[...document.querySelectorAll('td a')].map(link => link.href)")
    assert len(links) == len(set(links)) >= 2 * len(hotline.flows.sets[hotline.flows.status.current].flows)
    for link in links:
        await page.open(link)
        assert await page.value("document.querySelectorAll('#view g.step').length") > 0, link
