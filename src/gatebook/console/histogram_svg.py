"""The columns of calls over time as SVG text: pure functions of numbers, classes and geometry attributes only."""

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup
from msgspec import Struct

HEIGHT = 84
WIDTH = 1000
_PIECE_HEIGHT_MIN = 1.5


class Bucket(Struct, frozen=True, kw_only=True):
    """One column: `[since_us, until_us)` and the calls of each series in it."""

    since_us: int
    until_us: int
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """All calls in the bucket."""
        return sum(self.counts.values())


class Layer(Struct, frozen=True, kw_only=True):
    """A series of the stack: its key in the counts and the class that colours it."""

    key: str
    css: str


class Mark(Struct, frozen=True, kw_only=True):
    """A moment worth a vertical line: its share of the width, what happened, and where to read of it."""

    share: float
    title: str
    href: str


class ColumnText(Struct, frozen=True, kw_only=True):
    """What a column says and where it leads; the ends of its range as an address writes them."""

    label: str
    href: str
    since: str
    until: str
    when: str


def columns(
    buckets: Sequence[Bucket], layers: Sequence[Layer], text: Callable[[Bucket], ColumnText], marks: Sequence[Mark] = ()
) -> tuple[Markup, int]:
    """Stacked columns, each a link to its bucket, and marks above them. Returns the SVG and the value of its top line.

    A column carries its counts, so that the browser can lay the stack out again without a series.
    """
    top = round_up(max((bucket.total for bucket in buckets), default=0))
    width = WIDTH / max(1, len(buckets))
    parts = [Markup('<path class="rule" d="M0 .5H{0}M0 {1}H{0}"/>').format(WIDTH, HEIGHT / 2)]
    for number, bucket in enumerate(buckets):
        shapes = _column(bucket, layers, number * width, width, top)
        parts.append(_link(bucket, layers, text(bucket), shapes, entered=number == len(buckets) - 1))
    parts.append(Markup('<path class="rule base" d="M0 {1}H{0}"/>').format(WIDTH, HEIGHT - 0.5))
    parts += [_mark(mark) for mark in marks]
    svg = '<svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="group" aria-label="Calls over time" data-top="{}">{}</svg>'
    return Markup(svg).format(WIDTH, HEIGHT, top, Markup("").join(parts)), top


def _column(bucket: Bucket, layers: Sequence[Layer], left: float, width: float, top: int) -> Markup:
    bottom = float(HEIGHT)
    shapes = [Markup('<rect class="hit" x="{:.2f}" y="0" width="{:.2f}" height="{}"/>').format(left, width, HEIGHT)]
    for number, layer in enumerate(layers):
        count = bucket.counts.get(layer.key, 0)
        if count:
            # The smallest piece stays visible: one blocked call among thousands is what people look for.
            height = max(_PIECE_HEIGHT_MIN, count / top * HEIGHT)
            bottom -= height
            rect = '<rect class="{}" data-i="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>'
            shapes.append(Markup(rect).format(layer.css, number, left + width * 0.09, bottom, width * 0.82, height))
    return Markup("").join(shapes)


def _link(bucket: Bucket, layers: Sequence[Layer], text: ColumnText, shapes: Markup, *, entered: bool) -> Markup:
    """The column as a link. One of them is `entered` by the tab key, arrow keys lead to the others."""
    counts = " ".join(str(bucket.counts.get(layer.key, 0)) for layer in layers)
    link = '<a class="col" href="{}" tabindex="{}" aria-label="{}" data-n="{}" data-since="{}" data-until="{}" data-when="{}">{}</a>'
    return Markup(link).format(text.href, 0 if entered else -1, text.label, counts, text.since, text.until, text.when, shapes)


def _mark(mark: Mark) -> Markup:
    at = mark.share * WIDTH
    link = '<a class="mark" href="{0}" tabindex="-1" aria-label="{1}"><title>{1}</title><path class="grab" d="M{2:.2f} 0V{3}"/><path d="M{2:.2f} 0V{3}"/></a>'
    return Markup(link).format(mark.href, mark.title, at, HEIGHT)


def round_up(value: int) -> int:
    """The next of 1, 2, 4, 6, 8 times a power of ten, at least 2, so that half of it is whole."""
    scale = 1
    while value > scale * 10:
        scale *= 10
    return next((step * scale for step in (2, 4, 6, 8, 10) if step * scale >= value), 10 * scale)
