"""Charts as SVG text: pure functions of numbers. Shapes carry classes and geometry attributes only, so the strict CSP holds."""

import math
from collections.abc import Sequence

from markupsafe import Markup

OUTCOMES: dict[str, str] = {"ok": "OK", "redacted": "Redacted", "blocked": "Blocked", "failed": "Failed", "other": "Open or cancelled"}
_WIDTH = 1000
_SLOW_US = 5_000_000
_LEVEL_US_MAX = 60_000_000


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
