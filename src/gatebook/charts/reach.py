"""Who reached what: a small picture in layers, its nodes and ways both links."""

import math
from collections.abc import Mapping, Sequence

from markupsafe import Markup
from msgspec import Struct

from gatebook.charts import frame

_LAYER, _NODE_WIDTH, _ROW, _NODE_HEIGHT, _HEAD = 330, 216, 34, 26, 22
_WAY_MAX, _WAY_MIN = 12.0, 1.2


class Node(Struct, frozen=True, kw_only=True):
    """A box: `key` names it within its layer. `bad` is how many of its calls were blocked, which its edge tells."""

    key: str
    label: str
    count: int
    href: str = ""
    bad: int = 0


class Layer(Struct, frozen=True, kw_only=True):
    """A column of boxes, the most called first."""

    title: str
    nodes: tuple[Node, ...]


class Way(Struct, frozen=True, kw_only=True):
    """Calls from a box of a layer (its number) to a box of the next."""

    layer: int
    start: str
    end: str
    count: int
    href: str = ""


def reach(layers: Sequence[Layer], ways: Sequence[Way], label: str) -> Markup:
    """Draw the layers from left to right; the width of a way tells the number of calls, on a scale of its square root."""
    tallest = max((len(layer.nodes) for layer in layers), default=0)
    height = _HEAD + max(1, tallest) * _ROW
    width = max(3 * _LAYER, len(layers) * _LAYER) - (_LAYER - _NODE_WIDTH)
    gap = (width - _NODE_WIDTH) / max(1, len(layers) - 1)
    places = [_places(layer, number * gap, height) for number, layer in enumerate(layers)]
    top = max((way.count for way in ways), default=1)
    parts = [_way(way, places, layers, top) for way in sorted(ways, key=lambda way: -way.count)]
    for number, layer in enumerate(layers):
        parts.append(frame.text("layer", number * gap, 12, layer.title))
        parts += [_node(node, *places[number][node.key]) for node in layer.nodes]
    return frame.svg(width, height, label, parts, name="reach")


def _places(layer: Layer, left: float, height: float) -> dict[str, tuple[float, float]]:
    first = _HEAD + (height - _HEAD - len(layer.nodes) * _ROW) / 2
    return {node.key: (left, first + number * _ROW) for number, node in enumerate(layer.nodes)}


def _way(way: Way, places: Sequence[Mapping[str, tuple[float, float]]], layers: Sequence[Layer], top: int) -> Markup:
    if way.layer + 1 >= len(places) or way.start not in places[way.layer] or way.end not in places[way.layer + 1]:
        return Markup("")
    (x1, y1), (x2, y2) = places[way.layer][way.start], places[way.layer + 1][way.end]
    x1, y1, y2 = x1 + _NODE_WIDTH, y1 + _NODE_HEIGHT / 2, y2 + _NODE_HEIGHT / 2
    middle = (x1 + x2) / 2
    width = max(_WAY_MIN, math.sqrt(way.count / top) * _WAY_MAX)
    shape = '<path class="way" stroke-width="{:.1f}" d="M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}"/>'
    names = [{node.key: node.label for node in layers[way.layer + step].nodes} for step in (0, 1)]
    words = f"{names[0][way.start]} to {names[1][way.end]}: {way.count:,} calls"
    return frame.mark(Markup(shape).format(width, x1, y1, middle, y1, middle, y2, x2, y2), words, way.href)


def _node(node: Node, left: float, top: float) -> Markup:
    count = frame.counted(node.count)
    room = _NODE_WIDTH - 24 - len(count) * frame.INK_WIDTH
    shapes = [
        Markup('<rect class="box" x="{:.1f}" y="{:.1f}" width="{}" height="{}" rx="5"/>').format(left, top, _NODE_WIDTH, _NODE_HEIGHT),
        frame.text("name", left + 9, top + 17.5, frame.shortened(node.label, room)),
        frame.text("count", left + _NODE_WIDTH - 8, top + 17.5, count),
    ]
    if node.bad:
        shapes.append(frame.rect("s-blocked", left, top + 5, 3, _NODE_HEIGHT - 10))
    blocked = f", {node.bad:,} blocked" if node.bad else ""
    return frame.mark(Markup("").join(shapes), f"{node.label}: {node.count:,} calls{blocked}", node.href)
