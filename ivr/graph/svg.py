"""A graph as SVG: rounded nodes coloured by what a step does, curved edges, each with its label."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from ivr.graph.layout import LABEL_SIZE, LINE_HEIGHT, LINE_SIZE, PADDING, TITLE_SIZE, Box, Layout, Route, lay_out
from ivr.graph.model import Graph, Mark, Node

FONT = "'Noto Sans CJK SC', 'Noto Sans SC', 'Microsoft YaHei', 'PingFang SC', 'WenQuanYi Micro Hei', 'DejaVu Sans', sans-serif"
_ASKING, _SPEAKING, _DECIDING, _BACKEND, _QUEUE, _RECORD, _END = "asking", "speaking", "deciding", "backend", "queue", "record", "end"
_KINDS = {
    "menu": _ASKING, "collect": _ASKING, "confirm": _ASKING, "survey": _ASKING, "language": _ASKING,
    "say": _SPEAKING, "play": _SPEAKING, "branch": _DECIDING, "set": _DECIDING, "hours": _DECIDING, "goto": _DECIDING, "call": _DECIDING,
    "lookup": _BACKEND, "report": _BACKEND, "http": _BACKEND, "sms": _BACKEND, "queue": _QUEUE, "callback": _QUEUE, "dial": _QUEUE,
    "record": _RECORD, "voicemail": _RECORD, "hangup": _END, "out": _END,
}  # fmt: skip
"""What a type of step is about, which gives it its colour."""

COLOURS = {
    _ASKING: ("#dbeafe", "#2563eb", "#172554"),
    _SPEAKING: ("#dcfce7", "#16a34a", "#052e16"),
    _DECIDING: ("#fef9c3", "#ca8a04", "#362006"),
    _BACKEND: ("#f3e8ff", "#9333ea", "#3b0764"),
    _QUEUE: ("#ffedd5", "#ea580c", "#431407"),
    _RECORD: ("#ccfbf1", "#0d9488", "#042f2e"),
    _END: ("#f1f5f9", "#64748b", "#1e293b"),
}
"""Fill, border, and the fill in the dark."""

STYLE = "@media (prefers-color-scheme: dark) {{ {} }}".format(
    " ".join(
        [
            ".paper, .label rect { fill: #0f172a; }",
            ".title, .step .name { fill: #f1f5f9; }",
            ".step .line, .label text { fill: #cbd5e1; }",
            ".label.trouble text { fill: #fca5a5; }",
            ".label.added text { fill: #4ade80; } .label.removed text { fill: #f87171; } .label.changed text { fill: #fbbf24; }",
            *(f".step.{name} rect {{ fill: {dark}; }}" for name, (_, _, dark) in COLOURS.items()),
        ]
    )
)
"""The style element of every picture: it is drawn for the light, and this changes it for whoever prefers the dark."""

_MARKS = {Mark.ADDED: "#16a34a", Mark.REMOVED: "#dc2626", Mark.CHANGED: "#d97706"}


def svg(graph: Graph) -> str:
    """Return the picture as a text that stands alone: no scripts, no links, no fonts from elsewhere; for light and dark."""
    layout = lay_out(graph)
    width, height = round(layout.width), round(layout.height)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="{FONT}">',
            f"<title>{escape(graph.title)}</title>",
            f"<style>{STYLE}</style>",
            '<rect class="paper" width="100%" height="100%" fill="#ffffff"/>',
            f'<text class="title" x="24" y="32" font-size="18" font-weight="bold" fill="#0f172a">{escape(graph.title)}</text>',
            *(_line(route) for route in layout.routes),
            *(_label(route) for route in layout.routes),
            *_nodes(graph, layout),
            "</svg>\n",
        ]
    )


def _nodes(graph: Graph, layout: Layout) -> Iterator[str]:
    for number, node in enumerate(graph.nodes):
        yield _node(node, layout.boxes[node.id], first=number == 0)


def _node(node: Node, box: Box, *, first: bool) -> str:
    about = _KINDS.get(node.kind, _END)
    fill, stroke, _ = COLOURS[about]
    thick = 3 if first or node.mark is not Mark.SAME else 1.4
    dash = ' stroke-dasharray="6 4"' if node.mark is Mark.REMOVED else ""
    left, top = box.x - box.width / 2, box.y - box.height / 2
    radius = box.height / 2 if node.kind in ("hangup", "out") else 9
    look = f'fill="{fill}" stroke="{_MARKS.get(node.mark, stroke)}" stroke-width="{thick}"{dash}'
    size = f'width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius:.1f}"'
    rows = [f'<rect x="{left:.1f}" y="{top:.1f}" {size} {look}/>']
    for row, text in enumerate((node.title, *node.lines)):
        y = top + PADDING / 2 + LINE_HEIGHT * row + 12
        look = (
            f'class="name" font-size="{TITLE_SIZE}" font-weight="bold" fill="#0f172a"'
            if row == 0
            else f'class="line" font-size="{LINE_SIZE}" fill="#334155"'
        )
        rows.append(f'<text x="{box.x:.1f}" y="{y:.1f}" text-anchor="middle" {look}>{escape(text)}</text>')
    return f'<g class="step {about} {node.mark}">{"".join(rows)}</g>'


def _line(route: Route) -> str:
    colour = _MARKS.get(route.edge.mark, "#f0a3a3" if route.edge.trouble else "#94a3b8")
    dash = ' stroke-dasharray="4 3"' if route.edge.trouble or route.edge.mark is Mark.REMOVED else ""
    line = f'<path d="{_path(route)}" fill="none" stroke="{colour}" stroke-width="1.5"{dash}/>'
    return f'<g class="edge">{line}{_head(route, colour)}</g>'


def _path(route: Route) -> str:
    (x, y), *rest = route.points
    pieces = [f"M{x:.1f} {y:.1f}"]
    for next_x, next_y in rest:
        middle = (y + next_y) / 2
        straight = abs(next_x - x) < 0.5 or route.edge.source == route.edge.target
        pieces.append(
            f"L{next_x:.1f} {next_y:.1f}"
            if straight
            else f"C{x:.1f} {middle:.1f} {next_x:.1f} {middle:.1f} {next_x:.1f} {next_y:.1f}"
        )
        x, y = next_x, next_y
    return "".join(pieces)


def _head(route: Route, colour: str) -> str:
    """Return the arrow's head, pointing the way the line comes in."""
    (_, before_y), (x, y) = route.points[-2:]
    if route.edge.source == route.edge.target:
        return f'<path d="M{x:.1f} {y:.1f}l8 -4v8z" fill="{colour}"/>'
    rise = -8 if before_y < y else 8
    return f'<path d="M{x:.1f} {y:.1f}l-4 {rise}h8z" fill="{colour}"/>'


def _label(route: Route) -> str:
    box = route.label
    colour = _MARKS.get(route.edge.mark, "#b91c1c" if route.edge.trouble else "#1e293b")
    return (
        f'<g class="label{" trouble" if route.edge.trouble else ""} {route.edge.mark}"><rect x="{box.x - box.width / 2:.1f}" y="{box.y - box.height / 2:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="4" '
        f'fill="#ffffff" fill-opacity="0.94"/><text x="{box.x:.1f}" y="{box.y + LABEL_SIZE / 2 - 1.5:.1f}" text-anchor="middle" '
        f'font-size="{LABEL_SIZE}" fill="{colour}">{escape(route.edge.label)}</text></g>'
    )
