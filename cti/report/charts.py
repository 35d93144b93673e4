"""Small drawings as SVG text: no script, no style attribute, colours by class so that light, dark and print can differ."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH = 960
_LEFT, _RIGHT = 48, 8


@dataclass(slots=True)
class Drawing:
    """A drawing being made; sizes are its own units, shown as wide as the page."""

    width: int
    height: int
    title: str
    parts: list[str] = field(default_factory=list)

    def box(self, x: float, y: float, width: float, height: float, kind: str, hint: str = "") -> None:
        """Add a rectangle; `hint` is shown by a pointer that rests on it."""
        inside = f"><title>{escape(hint)}</title></rect>" if hint else "/>"
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width):.1f}" height="{max(0.0, height):.1f}" class="{kind}"{inside}')

    def text(self, x: float, y: float, words: str, kind: str = "axis", anchor: str = "middle") -> None:
        """Add words."""
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>')

    def rule(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """Add a straight line."""
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>')

    def path(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """Add a line through points; one alone becomes a dot."""
        for x, y in points:
            self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" class="dot {kind}"/>')
        if len(points) > 1:
            self.parts.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" class="{kind}"/>')

    def svg(self, *, stretched: bool = False) -> str:
        """Return it as an element of a page; `stretched` fills its place, whatever becomes of the proportions."""
        name = escape(self.title, quote=True)
        fill = ' preserveAspectRatio="none"' if stretched else ""
        return f'<svg viewBox="0 0 {self.width} {self.height}"{fill} role="img" aria-label="{name}">{"".join(self.parts)}</svg>'


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers to be stacked: their colour class, their name, one number a place."""

    kind: str
    name: str
    values: Sequence[float]


def ticks(highest: float) -> list[float]:
    """Return 2 to 6 round numbers from 0 that reach the highest."""
    if highest <= 1:
        return [0.0, 1.0]
    rough = highest / 5
    unit = 10 ** math.floor(math.log10(rough))
    step = max(1.0, next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough))
    step = math.ceil(step)
    return [step * n for n in range(math.ceil(highest / step) + 1)]


def columns(title: str, labels: Sequence[str], stack: Sequence[Series], height: int = 210) -> str:
    """Return stacked columns over labels."""
    drawing = Drawing(WIDTH, height, title)
    sums = [sum(series.values[n] for series in stack) for n in range(len(labels))]
    scale = ticks(max(sums, default=0))
    bottom, top, step = height - 22, 10, (WIDTH - _LEFT - _RIGHT) / max(1, len(labels))
    for tick in scale:
        y = bottom - (bottom - top) * tick / scale[-1]
        drawing.rule(_LEFT, y, WIDTH - _RIGHT, y, "grid")
        drawing.text(_LEFT - 6, y + 4, f"{tick:,.0f}", "axis", "end")
    for n, label in enumerate(labels):
        x, y = _LEFT + step * (n + 0.14), float(bottom)
        for series in stack:
            tall = (bottom - top) * series.values[n] / scale[-1]
            y -= tall
            if tall > 0:
                drawing.box(x, y, step * 0.72, tall, series.kind, f"{label}: {series.name} {series.values[n]:,.0f}")
        if len(labels) <= 31 or n % 2 == 0:
            drawing.text(_LEFT + step * (n + 0.5), height - 6, label)
    return drawing.svg()


def level(title: str, labels: Sequence[str], values: Sequence[float | None], target: float | None, target_words: str, height: int = 150) -> str:
    """Return a line of shares from 0 to 1 with its target; gaps where there is no figure."""
    drawing = Drawing(WIDTH, height, title)
    known = [value for value in values if value is not None]
    lowest = min([*known, 0.8 if target is None else target])
    floor = next(share for share in (0.9, 0.8, 0.6, 0.5, 0.2, 0.0) if lowest >= share or share == 0.0)
    bottom, top, step = height - 22, 10, (WIDTH - _LEFT - _RIGHT) / max(1, len(labels))

    def y_of(share: float) -> float:
        return bottom - (bottom - top) * (share - floor) / (1 - floor)

    between = 0.2 if floor < 0.5 else 0.1 if floor < 0.8 else 0.05
    for share in [1 - between * n for n in range(round((1 - floor) / between) + 1)]:
        drawing.rule(_LEFT, y_of(share), WIDTH - _RIGHT, y_of(share), "grid")
        drawing.text(_LEFT - 6, y_of(share) + 4, f"{share * 100:.0f}%", "axis", "end")
    run: list[tuple[float, float]] = []
    for n, value in enumerate([*values, None]):
        if value is None:
            drawing.path(run, "level")
            run = []
        else:
            run.append((_LEFT + step * (n + 0.5), y_of(value)))
    if target is not None:
        drawing.rule(_LEFT, y_of(target), WIDTH - _RIGHT, y_of(target), "target")
        drawing.text(WIDTH - _RIGHT, y_of(target) - 4, target_words, "axis", "end")
    for n, label in enumerate(labels):
        drawing.text(_LEFT + step * (n + 0.5), height - 6, label)
    return drawing.svg()


def heat(title: str, rows: Sequence[str], columns_: Sequence[str], cells: Sequence[Sequence[float | None]], words: Sequence[Sequence[str]]) -> str:
    """Return a map of cells; the darker the greater. `words` stand in the cells, a cell of None stays empty."""
    wide, tall, left = (WIDTH - 64) / max(1, len(columns_)), 24, 56
    drawing = Drawing(WIDTH, len(rows) * tall + 26, title)
    highest = max((value for row in cells for value in row if value is not None), default=0) or 1
    for y, row in enumerate(rows):
        drawing.text(left - 8, y * tall + 17, row, "axis", "end")
        for x, value in enumerate(cells[y]):
            share = 0 if value is None else min(1.0, value / highest)
            kind = "cell h0" if not value else f"cell h{1 + min(5, int(share * 6))}"
            drawing.box(left + x * wide, y * tall, wide - 2, tall - 2, kind, f"{row} {columns_[x]}: {words[y][x]}")
            if value is not None:
                strong = "cellword strong" if share >= 0.5 else "cellword"
                drawing.text(left + x * wide + wide / 2 - 1, y * tall + 15, words[y][x], strong)
    for x, label in enumerate(columns_):
        drawing.text(left + x * wide + wide / 2 - 1, len(rows) * tall + 14, label)
    return drawing.svg()


def strip(title: str, parts: Sequence[tuple[str, str, float]], width: int = 260, height: int = 16) -> str:
    """Return one bar cut into parts (class, hint, size)."""
    drawing = Drawing(width, height, title)
    whole = sum(size for _, _, size in parts)
    x = 0.0
    for kind, hint, size in parts:
        wide = width * size / whole if whole else 0
        if wide > 0:
            drawing.box(x, 0, wide, height, kind, hint)
            x += wide
    return drawing.svg(stretched=True)


def meter(title: str, share: float, kind: str, lost: float = 0.0, width: int = 260, height: int = 14) -> str:
    """Return a bar of a share of 1, at its end the part of it that is lost."""
    drawing = Drawing(width, height, title)
    drawing.box(0, 0, width, height, "track")
    drawing.box(0, 0, width * min(1.0, share), height, kind)
    if lost > 0:
        wide = max(1.0, width * min(share, lost))
        drawing.box(width * min(1.0, share) - wide, 0, wide, height, "c-abandoned")
    return drawing.svg(stretched=True)
