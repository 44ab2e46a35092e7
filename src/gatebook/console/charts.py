"""Charts as SVG text: pure functions of numbers. Shapes carry classes and geometry attributes only, so the strict CSP holds."""

import math
from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup
from msgspec import Struct

OUTCOMES: dict[str, str] = {"ok": "OK", "redacted": "Redacted", "blocked": "Blocked", "failed": "Failed", "other": "Open or cancelled"}
HEIGHT = 84
_WIDTH = 1000
_BAR_HEIGHT_MIN = 1.5
_SLOW_US = 5_000_000
_LEVEL_US_MAX = 60_000_000


class Bucket(Struct, frozen=True, kw_only=True):
    """One column: `[since_us, until_us)` and the calls of each outcome in it."""

    since_us: int
    until_us: int
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """All calls in the bucket."""
        return sum(self.counts.values())


def histogram(buckets: Sequence[Bucket], href: Callable[[Bucket], str], label: Callable[[Bucket], str]) -> tuple[Markup, int]:
    """Stacked columns, each a link to its bucket. Returns the SVG and the value of its top line."""
    top = _round_up(max((bucket.total for bucket in buckets), default=0))
    width = _WIDTH / max(1, len(buckets))
    parts = [Markup('<path class="rule" d="M0 .5H{0}M0 {1}H{0}"/>').format(_WIDTH, HEIGHT / 2)]
    for number, bucket in enumerate(buckets):
        left = number * width
        shapes = _column(bucket, left + width * 0.09, width * 0.82, top)
        hit = Markup('<rect class="hit" x="{:.2f}" y="0" width="{:.2f}" height="{}"/>').format(left, width, HEIGHT)
        text = label(bucket)
        parts.append(
            Markup('<a href="{}" tabindex="-1" aria-label="{}"><title>{}</title>{}{}</a>').format(href(bucket), text, text, hit, shapes)
        )
    parts.append(Markup('<path class="rule base" d="M0 {1}H{0}"/>').format(_WIDTH, HEIGHT - 0.5))
    svg = Markup('<svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="group" aria-label="Calls over time">{}</svg>')
    return svg.format(_WIDTH, HEIGHT, Markup("").join(parts)), top


def _column(bucket: Bucket, left: float, width: float, top: int) -> Markup:
    bottom = float(HEIGHT)
    shapes = []
    for outcome in OUTCOMES:
        count = bucket.counts.get(outcome, 0)
        if count:
            # The smallest piece stays visible: one blocked call among thousands is what people look for.
            height = max(_BAR_HEIGHT_MIN, count / top * HEIGHT)
            bottom -= height
            rect = '<rect class="s-{}" x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}"/>'
            shapes.append(Markup(rect).format(outcome, left, bottom, width, height))
    return Markup("").join(shapes)


def _round_up(value: int) -> int:
    """The next of 1, 2, 4, 6, 8 times a power of ten, at least 2, so that half of it is whole."""
    scale = 1
    while value > scale * 10:
        scale *= 10
    return next((step * scale for step in (2, 4, 6, 8, 10) if step * scale >= value), 10 * scale)


def axis(ticks: Sequence[tuple[float, str]]) -> Markup:
    """Ticks below a histogram: (share of the width, word). Shares are percentages, so that words are not stretched with the columns."""
    tick = '<line x1="{0:.3f}%" x2="{0:.3f}%" y1="0" y2="3"/><text x="{0:.3f}%" y="14">{1}</text>'
    return Markup("<svg>{}</svg>").format(Markup("").join(Markup(tick).format(share * 100, word) for share, word in ticks))


def level(us: int | None) -> Markup:
    """A small bar for a duration, on a logarithmic scale from a millisecond to a minute."""
    share = 0.0 if not us else min(1.0, math.log10(us / 1000 + 1) / math.log10(_LEVEL_US_MAX / 1000))
    name = "level slow" if us and us >= _SLOW_US else "level"
    svg = '<svg viewBox="0 0 40 6" aria-hidden="true"><rect class="track" width="40" height="6" rx="3"/><rect class="{}" width="{:.1f}" height="6" rx="3"/></svg>'
    return Markup(svg).format(name, max(2.0 if us else 0.0, 40 * share))


def split(parts: Sequence[tuple[str, str, int]]) -> Markup:
    """One bar, split by where the time went: (class, name, microseconds)."""
    total = sum(us for _, _, us in parts) or 1
    left, shapes, words = 0.0, [], []
    for name, title, us in parts:
        width = us / total * _WIDTH
        rect = '<rect class="t-{}" x="{:.2f}" width="{:.2f}" height="18"><title>{}</title></rect>'
        shapes.append(Markup(rect).format(name, left, max(0.0, width - 1.5), title))
        left += width
        words.append(f"{title} {us / total:.0%}")
    svg = '<svg viewBox="0 0 {} 18" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    return Markup(svg).format(_WIDTH, "Where the time went: " + ", ".join(words), Markup("").join(shapes))
