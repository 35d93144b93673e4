"""Where everything stands: a layered layout from top to bottom, in which every label has a place of its own.

After Sugiyama: break cycles, give each node a layer, put a bend of each edge on every layer it crosses (the one next to its source
holds the label), order the layers by barycentres, then place by least squares without changing the order.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ivr.graph.model import Edge, Graph, Node

TITLE_SIZE, LINE_SIZE, LABEL_SIZE = 13.0, 11.0, 10.5
LINE_HEIGHT = 16.0
PADDING = 10.0
GAP = 18.0
LAYER_GAP = 22.0
BEND_WIDTH = 6.0
MARGIN = 24.0
SWEEPS = 24
BEND_PULL = 8.0
"""How much harder a bend is held in line than a node is held in the middle of its neighbours: long edges run straight."""


Links = Mapping[int, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: its centre and its size, in pixels."""

    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: "Box") -> bool:
        """Return whether the two share more than an edge."""
        return (
            abs(self.x - other.x) * 2 < self.width + other.width - 0.01
            and abs(self.y - other.y) * 2 < self.height + other.height - 0.01
        )


@dataclass(frozen=True, slots=True)
class Route:
    """An edge with its label's place and the vertical pieces it goes through: (x, top, bottom), from source to target."""

    edge: Edge
    label: Box
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawn graph: boxes of nodes by id, routes of edges, and the size of it all."""

    boxes: Mapping[str, Box]
    routes: tuple[Route, ...]
    width: float
    height: float


def text_width(text: str, size: float) -> float:
    """Return about how wide a text is: Chinese characters are square, Latin letters somewhat over half as wide."""
    return sum(size if ord(letter) > 0x2E7F else size * 0.62 for letter in text)


def node_size(node: Node) -> tuple[float, float]:
    """Return width and height of a node."""
    widths = [text_width(node.title, TITLE_SIZE) * 1.06, *(text_width(line, LINE_SIZE) for line in node.lines)]
    return max(60.0, max(widths) + 2 * PADDING), LINE_HEIGHT * (1 + len(node.lines)) + PADDING


def lay_out(graph: Graph) -> Layout:
    """Return the places of everything."""
    return _Layouter(graph).result()


@dataclass(slots=True)
class _Item:
    """What stands on a layer: a node, a label or a bend."""

    layer: int
    width: float
    height: float
    x: float = 0.0
    extra: float = 0.0  #: room kept free to its right, for the label of a loop
    bend: bool = False  #: no node, no label: a place a line goes through


class _Layouter:
    """One layout under way. Items 0..n-1 are the nodes; labels and bends follow."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._index = {node.id: number for number, node in enumerate(graph.nodes)}
        self._loops = [edge for edge in graph.edges if edge.source == edge.target]
        self._edges = [edge for edge in graph.edges if edge.source != edge.target]
        self._items = [_Item(0, *node_size(node)) for node in graph.nodes]
        for edge in self._loops:
            self._items[self._index[edge.source]].extra = _label_size(edge)[0] + 34
        self._chains: list[list[int]] = []
        self._links: list[tuple[int, int]] = []

    def result(self) -> Layout:
        backward = self._backward()
        self._give_layers(backward)
        for edge in self._edges:
            self._chains.append(self._chain(edge, reverse=edge in backward))
        layers = self._ordered()
        self._place(layers)
        heights = self._levels(layers)
        return self._finish(heights)

    def _backward(self) -> set[Edge]:
        """Return the edges that lead back to a node on the way to their source (found depth first)."""
        found: set[Edge] = set()
        out: dict[str, list[Edge]] = {}
        for edge in self._edges:
            out.setdefault(edge.source, []).append(edge)
        done: set[str] = set()
        for root in self._graph.nodes:
            if root.id in done:
                continue
            stack, path = [(root.id, iter(out.get(root.id, ())))], {root.id}
            while stack:
                name, ahead = stack[-1]
                way = next(ahead, None)
                if way is None:
                    stack.pop()
                    path.discard(name)
                    done.add(name)
                elif way.target in path:
                    found.add(way)
                elif way.target not in done:
                    path.add(way.target)
                    stack.append((way.target, iter(out.get(way.target, ()))))
        return found

    def _give_layers(self, backward: set[Edge]) -> None:
        """Put every node two layers below the lowest that leads to it; labels stand between."""
        pairs = [
            (self._index[e.target], self._index[e.source]) if e in backward else (self._index[e.source], self._index[e.target])
            for e in self._edges
        ]  # fmt: skip
        for _ in self._graph.nodes:
            moved = False
            for above, below in pairs:
                if self._items[below].layer < self._items[above].layer + 2:
                    self._items[below].layer = self._items[above].layer + 2
                    moved = True
            if not moved:
                return

    def _chain(self, edge: Edge, *, reverse: bool) -> list[int]:
        """Put bends on the layers between; return all items of the edge from top to bottom."""
        ends = self._index[edge.source], self._index[edge.target]
        top, bottom = reversed(ends) if reverse else ends
        first, last = self._items[top].layer, self._items[bottom].layer
        label_at = last - 1 if reverse else first + 1
        chain = [top]
        for layer in range(first + 1, last):
            size = _label_size(edge) if layer == label_at else (BEND_WIDTH, 1.0)
            self._items.append(_Item(layer, *size, bend=layer != label_at))
            chain.append(len(self._items) - 1)
        chain.append(bottom)
        self._links.extend(pairwise(chain))
        return chain

    def _ordered(self) -> list[list[int]]:
        """Order each layer by the barycentres of its neighbours, downwards and upwards in turn; keep the order with fewest crossings."""
        layers: list[list[int]] = [[] for _ in range(max((item.layer for item in self._items), default=0) + 1)]
        for number, item in enumerate(self._items):
            layers[item.layer].append(number)
        up, down = self._neighbours()
        best, fewest = [list(layer) for layer in layers], self._crossings(layers, down)
        for sweep in range(SWEEPS):
            neighbours, order = (up, layers) if sweep % 2 == 0 else (down, layers[::-1])
            _sort(order, neighbours)
            crossings = self._crossings(layers, down)
            if crossings < fewest:
                best, fewest = [list(layer) for layer in layers], crossings
        return best

    def _neighbours(self) -> tuple[Links, Links]:
        """Return the items above and below each item."""
        up: dict[int, list[int]] = {}
        down: dict[int, list[int]] = {}
        for above, below in self._links:
            up.setdefault(below, []).append(above)
            down.setdefault(above, []).append(below)
        return up, down

    def _crossings(self, layers: Sequence[Sequence[int]], down: Links) -> int:
        place = {number: spot for layer in layers for spot, number in enumerate(layer)}
        count = 0
        for layer in layers:
            ends = [place[below] for number in layer for below in sorted(down.get(number, ()), key=place.__getitem__)]
            count += sum(left > right for index, left in enumerate(ends) for right in ends[index + 1 :])
        return count

    def _place(self, layers: Sequence[Sequence[int]]) -> None:
        """Pull everything towards its neighbours, downwards and upwards in turn."""
        up, down = self._neighbours()
        for layer in layers:
            self._spread(layer, [self._items[number].x for number in layer])
        for sweep in range(SWEEPS):
            behind, order = (up, layers) if sweep % 2 == 0 else (down, layers[::-1])
            for layer in order:
                self._spread(layer, [self._wanted(number, up, down, behind) for number in layer])
        left = min((item.x - item.width / 2 for item in self._items), default=0.0)
        for item in self._items:
            item.x += MARGIN - left

    def _wanted(self, number: int, up: Links, down: Links, behind: Links) -> float:
        """Return where an item would like to be: a bend in line with the piece just placed, all else amid its neighbours."""
        item = self._items[number]
        before = behind.get(number, ())
        if item.bend and before[0] >= len(self._graph.nodes):
            return self._items[before[0]].x
        return _middle([self._items[n].x for n in (*up.get(number, ()), *down.get(number, ()))], item.x)

    def _spread(self, layer: Sequence[int], wanted: Sequence[float]) -> None:
        """Place a layer in its order as near to the wanted places as may be (least squares, pooling those that collide)."""
        offsets, total = [], 0.0
        for index, number in enumerate(layer):
            if index:
                before = self._items[layer[index - 1]]
                total += before.width / 2 + before.extra + self._items[number].width / 2 + GAP
            offsets.append(total)
        pools: list[tuple[float, float, int]] = []
        for number, want, offset in zip(layer, wanted, offsets, strict=True):
            pools.append((want - offset, BEND_PULL if self._items[number].bend else 1.0, 1))
            while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
                (last, pull, many), (first, hold, some) = pools.pop(), pools.pop()
                pools.append(((first * hold + last * pull) / (hold + pull), hold + pull, some + many))
        places = [mean for mean, _, count in pools for _ in range(count)]
        for number, place, offset in zip(layer, places, offsets, strict=True):
            self._items[number].x = place + offset

    def _levels(self, layers: Sequence[Sequence[int]]) -> list[tuple[float, float]]:
        """Return top and bottom of each layer."""
        levels, y = [], MARGIN + 26
        for layer in layers:
            height = max((self._items[number].height for number in layer), default=0.0)
            levels.append((y, y + height))
            y += height + LAYER_GAP
        return levels

    def _finish(self, levels: Sequence[tuple[float, float]]) -> Layout:
        def box(number: int) -> Box:
            item = self._items[number]
            top, bottom = levels[item.layer]
            return Box(item.x, (top + bottom) / 2, item.width, item.height)

        boxes = {node.id: box(number) for number, node in enumerate(self._graph.nodes)}
        routes = [self._route(edge, chain, box, levels) for edge, chain in zip(self._edges, self._chains, strict=True)]
        routes.extend(_loop(edge, boxes[edge.source]) for edge in self._loops)
        right = max((item.x + item.width / 2 + item.extra for item in self._items), default=0.0)
        return Layout(boxes, tuple(routes), right + MARGIN, (levels[-1][1] if levels else 0.0) + MARGIN)

    def _route(
        self, edge: Edge, chain: Sequence[int], box: Callable[[int], Box], levels: Sequence[tuple[float, float]]
    ) -> Route:
        top, bottom = box(chain[0]), box(chain[-1])
        points = [(top.x, top.y + top.height / 2)]
        for number in chain[1:-1]:
            item = self._items[number]
            points.extend((item.x, y) for y in levels[item.layer])
        points.append((bottom.x, bottom.y - bottom.height / 2))
        reverse = chain[0] != self._index[edge.source]
        label = box(chain[-2] if reverse else chain[1])
        return Route(edge, label, tuple(reversed(points) if reverse else points))


def _label_size(edge: Edge) -> tuple[float, float]:
    return text_width(edge.label, LABEL_SIZE) + 8, LABEL_SIZE + 6


def _sort(layers: Sequence[list[int]], neighbours: Links) -> None:
    place: dict[int, float] = {}
    for layer in layers:
        spots = {number: float(spot) for spot, number in enumerate(layer)}
        keys = {
            number: _middle([place[n] for n in neighbours.get(number, ()) if n in place], spots[number])
            for number in layer
        }
        layer.sort(key=keys.__getitem__)
        place.update((number, float(spot)) for spot, number in enumerate(layer))


def _middle(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _loop(edge: Edge, box: Box) -> Route:
    width, height = _label_size(edge)
    side = box.x + box.width / 2
    points = ((side, box.y - 8), (side + 22, box.y - 8), (side + 22, box.y + 8), (side, box.y + 8))
    return Route(edge, Box(side + 26 + width / 2, box.y, width, height), points)
