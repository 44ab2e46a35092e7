"""What all charts share: the outer element, marks that are links, round scales, and words that fit."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup
from msgspec import Struct

INK_WIDTH = 6.4
"""Width of a character of the 11 px labels, on average and on the safe side."""


class Tick(Struct, frozen=True, kw_only=True):
    """A word below the time axis, at a share (0 to 1) of its length."""

    share: float
    word: str


class Note(Struct, frozen=True, kw_only=True):
    """Something that happened at a moment, drawn as a vertical line: share (0 to 1) of the axis, what it says, and where it leads."""

    share: float
    label: str
    href: str = ""


def svg(width: int, height: int, label: str, parts: Iterable[Markup], *, name: str, stretched: bool = False) -> Markup:
    """The outer element. `label` says in one sentence what a person sees; `name` becomes a class; `stretched` for what holds no words."""
    ratio = Markup(' preserveAspectRatio="none"') if stretched else ""
    outer = '<svg class="chart {}" viewBox="0 0 {} {}"{} role="group" aria-label="{}">{}</svg>'
    return Markup(outer).format(name, width, height, ratio, label, Markup("").join(parts))


def mark(shapes: Markup, label: str, href: str = "") -> Markup:
    """Shapes with their words; a link when there is an address. The table beside a chart is what the keyboard walks, so that it is not walked twice."""
    if href:
        return Markup('<a href="{}" tabindex="-1" aria-label="{}"><title>{}</title>{}</a>').format(href, label, label, shapes)
    return Markup("<g><title>{}</title>{}</g>").format(label, shapes)


def rect(name: str, left: float, top: float, width: float, height: float) -> Markup:
    """A rectangle of a class."""
    shape = '<rect class="{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>'
    return Markup(shape).format(name, left, top, max(0.0, width), max(0.0, height))


def text(name: str, left: float, baseline: float, words: str) -> Markup:
    """A line of words of a class."""
    return Markup('<text class="{}" x="{:.2f}" y="{:.2f}">{}</text>').format(name, left, baseline, words)


def shortened(words: str, width: float) -> str:
    """The words cut in their middle, so that they fit into a width: how names begin and end tells them apart."""
    room = max(3, int(width / INK_WIDTH))
    if len(words) <= room:
        return words
    head = -(-(room - 1) * 3 // 5)
    return f"{words[:head]}…{words[len(words) - (room - 1 - head) :]}" if room - 1 > head else f"{words[:head]}…"


def rounded_up(value: float) -> float:
    """The next of 1, 2, 4, 6, 8 times a power of ten, at least 2: half of it is whole for counts."""
    scale = 1.0
    while value > scale * 10:
        scale *= 10
    return next((step * scale for step in (2, 4, 6, 8, 10) if step * scale >= value), 10 * scale)


def counted(value: float) -> str:
    """A number with separators, or with k and M where it is long."""
    if value >= 10_000_000:
        return f"{value / 1_000_000:,.0f} M"
    return f"{value / 1000:,.0f} k" if value >= 100_000 else f"{value:,.0f}"


def baseline(left: float, right: float, at: float, name: str = "rule") -> Markup:
    """A horizontal line."""
    return Markup('<path class="{}" d="M{:.1f} {:.1f}H{:.1f}"/>').format(name, left, at, right)


def time_axis(ticks: Sequence[Tick], left: float, right: float, at: float) -> Markup:
    """Ticks and their words below a chart."""
    parts = []
    for tick in ticks:
        place = left + tick.share * (right - left)
        parts.append(Markup('<path class="rule base" d="M{:.1f} {:.1f}v4"/>').format(place, at))
        parts.append(text("tick", place, at + 15, tick.word))
    return Markup("").join(parts)
