"""Horizontal bars: one for the cell of a table, one that is split into shares, and the waterfall of requests."""

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from gatebook.charts import frame
from gatebook.charts.columns import Piece

_SHARE_WIDTH = 1000
_SHARE_HEIGHT = 22


class Step(Struct, frozen=True, kw_only=True):
    """One request of a waterfall: microseconds after the call began, and how long it took; `name` is the class of its colour."""

    label: str
    started_us: int
    duration_us: int
    name: str = "upstream"


def bar(pieces: Sequence[Piece], top: float, label: str, *, width: int = 160, height: int = 10) -> Markup:
    """A bar for the cell of a table, as long as its pieces are of `top`."""
    left, parts = 0.0, [frame.rect("track", 0, 0, width, height)]
    for piece in pieces:
        if piece.count:
            length = max(1.5, piece.count / (top or 1) * width)
            parts.append(frame.mark(frame.rect(f"s-{piece.name}", left, 0, min(length, width - left), height), piece.label, piece.href))
            left = min(width, left + length)
    return frame.svg(width, height, label, parts, name="bar-cell", stretched=True)


def share(pieces: Sequence[Piece], label: str, *, prefix: str = "s") -> Markup:
    """One bar, split into the shares of a whole, each a link. `prefix` begins the classes of its colours."""
    total = sum(piece.count for piece in pieces) or 1
    left, parts = 0.0, []
    for piece in pieces:
        width = piece.count / total * _SHARE_WIDTH
        if piece.count:
            parts.append(
                frame.mark(frame.rect(f"{prefix}-{piece.name}", left, 0, max(2.0, width - 2), _SHARE_HEIGHT), piece.label, piece.href)
            )
        left += width
    return frame.svg(_SHARE_WIDTH, _SHARE_HEIGHT, label, parts, name="share", stretched=True)


def waterfall(steps: Sequence[Step], total_us: int, label: str, *, width: int = 480) -> Markup:
    """A line for each request, from its start to its end within the time of the call."""
    row, top = 22, max([total_us, *(step.started_us + step.duration_us for step in steps), 1])
    parts = []
    for number, step in enumerate(steps):
        left = step.started_us / top * width
        length = max(2.0, step.duration_us / top * width)
        parts.append(frame.baseline(0, width, number * row + 16.5))
        parts.append(
            frame.mark(frame.rect(f"t-{step.name}", min(left, width - 2), number * row + 5, min(length, width - left), 12), step.label)
        )
    return frame.svg(width, max(1, len(steps)) * row, label, parts, name="waterfall")
