"""How long each of several took, from one moment: a bar for each, on one scale."""

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from gatebook.charts import frame

_NAME, _BAR, _WORDS, _ROW = 150, 430, 120, 22


class Wait(Struct, frozen=True, kw_only=True):
    """One of them: how long it took in microseconds, the same in words; `name` is the class of its colour."""

    label: str
    us: int
    words: str
    name: str = "c0"


def waits(rows: Sequence[Wait], label: str) -> Markup:
    """Draw the bars, with an axis in milliseconds below them."""
    top_ms = frame.rounded_up(max((row.us for row in rows), default=0) / 1000)
    parts = []
    for number, row in enumerate(rows):
        above = number * _ROW
        length = max(2.0, row.us / 1000 / top_ms * _BAR)
        shapes = Markup("").join(
            [
                frame.text("name", 0, above + 15, frame.shortened(row.label, _NAME - 8)),
                frame.rect(f"s-{row.name}", _NAME, above + 5, length, 12),
                frame.text("words", _NAME + length + 8, above + 15, row.words),
            ]
        )
        parts.append(frame.mark(shapes, f"{row.label}: {row.words}"))
    below = len(rows) * _ROW + 2
    parts.append(frame.baseline(_NAME, _NAME + _BAR, below, "rule base"))
    ticks = [frame.Tick(share=share, word=f"{top_ms * share:,.0f} ms" if share else "signal") for share in (0.0, 0.5, 1.0)]
    parts.append(frame.time_axis(ticks, _NAME, _NAME + _BAR, below))
    return frame.svg(_NAME + _BAR + _WORDS, below + 20, label, parts, name="waits")
