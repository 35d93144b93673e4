"""The pages at /flows: the versions in use, and each flow as a picture. In both languages, for light and dark; nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import escape

from ivr.graph.svg import COLOURS, STYLE


class Version(StrEnum):
    """A version of the flows, by its part in the service."""

    CURRENT = "current"
    CANDIDATE = "candidate"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class Told:
    """A version as the pages show it: its mark, its part, and how many steps each of its flows has."""

    version: str
    part: Version
    share: float
    steps: Mapping[str, int]


_PARTS = {Version.CURRENT: "in force · 使用中", Version.CANDIDATE: "on trial · 试用", Version.PREVIOUS: "before · 上一版"}
_ABOUT = {
    "asking": "asks · 询问", "speaking": "speaks · 播报", "deciding": "decides · 判断", "backend": "backend · 后台",
    "queue": "agents · 人工", "record": "records · 录音", "end": "way out · 出口",
}  # fmt: skip
_MARKS = {"added": "added · 新增", "removed": "removed · 删除", "changed": "changed · 修改"}

_PAGE_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #0f172a; --faint: #64748b; --line: #cbd5e1; --link: #1d4ed8; --bar: #f8fafc; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f172a; --ink: #f1f5f9; --faint: #94a3b8; --line: #334155; --link: #93c5fd; --bar: #1e293b; } }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, 'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', 'WenQuanYi Micro Hei', sans-serif; background: var(--paper); color: var(--ink); }
a { color: var(--link); }
header { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; align-items: center; padding: .6rem 1rem; background: var(--bar); border-bottom: 1px solid var(--line); }
h1 { font-size: 1.15rem; margin: 0; }
h2 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
nav { display: flex; flex-wrap: wrap; gap: .2rem .9rem; }
nav [aria-current] { color: inherit; font-weight: bold; text-decoration: none; }
main.list { max-width: 60rem; margin: 0 auto; padding: 0 1rem 2rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); }
code { font: 13px ui-monospace, monospace; }
small, .faint { color: var(--faint); }
button { font: inherit; min-width: 2.2rem; padding: .1rem .6rem; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 6px; cursor: pointer; }
#view { overflow: auto; height: calc(100vh - 8.5rem); min-height: 20rem; cursor: grab; }
#view:focus-visible { outline: 2px solid var(--link); outline-offset: -2px; }
#view.held { cursor: grabbing; user-select: none; }
#view svg { display: block; margin: 0 auto; }
footer { display: flex; flex-wrap: wrap; gap: .2rem 1rem; padding: .5rem 1rem; border-top: 1px solid var(--line); font-size: 13px; }
.key::before { content: ""; display: inline-block; width: .9em; height: .9em; margin-right: .35em; border: 2px solid; border-radius: 3px; vertical-align: -.1em; }
.key.added::before { border-color: #16a34a; } .key.removed::before { border: 2px dashed #dc2626; } .key.changed::before { border-color: #d97706; }
.key.trouble::before { height: 0; border: 0; border-top: 2px dashed #f0a3a3; border-radius: 0; vertical-align: .25em; width: 1.6em; }
""" + "".join(f".key.{name}::before {{ background: {fill}; border-color: {line}; }}\n" for name, (fill, line, _) in COLOURS.items())

_SCRIPT = """
const view = document.getElementById('view'), picture = view.querySelector('svg');
const width = picture.width.baseVal.value, height = picture.height.baseVal.value;
let scale = 1, held = null;
const fit = () => Math.min(1, view.clientWidth / width, view.clientHeight / height);
function zoom(wanted, x = view.clientWidth / 2, y = view.clientHeight / 2) {
  const next = Math.min(4, Math.max(0.05, wanted)), across = (view.scrollLeft + x) / scale, along = (view.scrollTop + y) / scale;
  scale = next;
  picture.setAttribute('width', width * scale);
  picture.setAttribute('height', height * scale);
  view.scrollTo(across * scale - x, along * scale - y);
}
const deeds = { in: () => zoom(scale * 1.25), out: () => zoom(scale / 1.25), full: () => zoom(1), fit: () => zoom(fit()) };
for (const button of document.querySelectorAll('button[data-zoom]')) button.addEventListener('click', deeds[button.dataset.zoom]);
view.addEventListener('wheel', event => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  const place = view.getBoundingClientRect();
  zoom(scale * Math.exp(-event.deltaY / 400), event.clientX - place.left, event.clientY - place.top);
}, { passive: false });
view.addEventListener('keydown', event => {
  const deed = { '+': 'in', '=': 'in', '-': 'out', '0': 'fit', '1': 'full' }[event.key];
  if (deed && !event.ctrlKey && !event.metaKey) { event.preventDefault(); deeds[deed](); }
});
view.addEventListener('mousedown', event => { if (event.button === 0) { held = [event.clientX, event.clientY]; view.classList.add('held'); } });
window.addEventListener('mousemove', event => {
  if (!held) return;
  view.scrollBy(held[0] - event.clientX, held[1] - event.clientY);
  held = [event.clientX, event.clientY];
});
window.addEventListener('mouseup', () => { held = null; view.classList.remove('held'); });
zoom(Math.max(0.6, Math.min(1, view.clientWidth / width)), view.clientWidth / 2, 0);
view.scrollTo((view.scrollWidth - view.clientWidth) / 2, 0);
"""


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


STYLE_HASHES = (_hash(_PAGE_STYLE), _hash(STYLE))
SCRIPT_HASH = _hash(_SCRIPT)


def list_page(versions: Sequence[Told], sentences: Sequence[str], refused: str) -> str:
    """Return the page that lists every flow of every version in use.

    Args:
        versions: the one in force first.
        sentences: what the version on trial changes, or else what the one in force changed.
        refused: why the last set tried was not taken, or "".

    """
    parts = "".join(_version(told, versions[0]) for told in versions)
    alarm = f"<h2>Last set refused · 最近一次更新被拒绝</h2><pre>{escape(refused)}</pre>" if refused else ""
    head = '<header><h1>Flows · 语音流程</h1><nav><a href="/docs">API · 接口</a><a href="/metrics">Metrics · 指标</a></nav></header>'
    return _document("Flows · 语音流程", f'{head}<main class="list">{alarm}{parts}{_changes(sentences)}</main>')


def flow_page(name: str, told: Told, others: Sequence[Told], against: Told | None, picture: str, sentences: Sequence[str]) -> str:
    """Return the page of one flow.

    Args:
        name: the flow.
        told: the version it is shown of.
        others: the other versions in use.
        against: the version it is compared with, if any; `picture` and `sentences` then tell the change.
        picture: the SVG.
        sentences: what changed, one sentence each.

    """
    flows = "".join(_link(flow, _address(flow, told.part, against), here=flow == name) for flow in sorted({*told.steps, name}))
    ways = "".join(_link(_PARTS[other.part], _address(name, other.part), here=False) for other in others if name in other.steps)
    compare = "".join(
        _link(f"compare with {other.part} · 对比", _address(name, told.part, other), here=against is not None and other.part is against.part)
        for other in others
    )
    plain = _link("as it is · 原图", _address(name, told.part), here=False) if against else ""
    zoom = "".join(
        f'<button type="button" data-zoom="{deed}" title="{title}" aria-label="{title}">{sign}</button>'
        for deed, sign, title in (("out", "−", "smaller · 缩小"), ("in", "+", "larger · 放大"), ("full", "1:1", "full size · 原大"), ("fit", "⤢", "all of it · 全图"))
    )
    head = (
        f'<header><h1><a href="/flows">Flows · 语音流程</a> / {escape(name)}</h1><nav>{flows}</nav></header>'
        f'<header><span>{_mark(told)}</span><nav>{ways}{compare}{plain}</nav><span>{zoom}</span></header>'
    )
    legend = "".join(f'<span class="key {about}">{words}</span>' for about, words in _ABOUT.items())
    marks = "".join(f'<span class="key {mark}">{words}</span>' for mark, words in _MARKS.items()) if against else ""
    trouble = '<span class="key trouble">no key, wrong key or error · 无按键、按错或出错</span>'
    shown = f'<div id="view" tabindex="0" aria-label="{escape(name)}">{picture}</div><footer>{legend}{trouble}{marks}</footer>'
    told_changes = f'<main class="list">{_changes(sentences or ["No change a caller could notice. 来电者听不出变化。"])}</main>' if against else ""
    return _document(f"{name} · Flows · 语音流程", f"{head}{shown}{told_changes}<script>{_SCRIPT}</script>")


def _document(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_PAGE_STYLE}</style></head><body>{body}</body></html>'
    )


def _version(told: Told, current: Told) -> str:
    rows = "".join(_row(name, count, told, current) for name, count in told.steps.items())
    return f"<h2>{_mark(told)}</h2><table><tr><th>flow · 流程</th><th>steps · 步骤</th><th></th></tr>{rows}</table>"


def _row(name: str, count: int, told: Told, current: Told) -> str:
    compare = "" if told is current else f'<a href="{_address(name, Version.CURRENT, told) if told.part is Version.PREVIOUS else _address(name, told.part, current)}">what changes · 变化</a>'
    return f'<tr><td><a href="{_address(name, told.part)}">{escape(name)}</a></td><td>{count}</td><td>{compare}</td></tr>'


def _mark(told: Told) -> str:
    share = f", {told.share:.0%} of new calls · 新来电的 {told.share:.0%}" if told.part is Version.CANDIDATE else ""
    return f"{_PARTS[told.part]} <code>{escape(told.version)}</code>{share}"


def _changes(sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<h2>What changed · 变化</h2><ul>{items}</ul>" if items else ""


def _link(words: str, address: str, *, here: bool) -> str:
    return f'<a href="{address}"{" aria-current=page" if here else ""}>{escape(words)}</a>'


def _address(name: str, part: Version, against: Told | None = None) -> str:
    query = "&amp;".join(
        [*([f"version={part}"] if part is not Version.CURRENT else []), *([f"against={against.part}"] if against is not None else [])]
    )
    return f"/flows/{escape(name)}{'?' + query if query else ''}"
