"""Stacked columns over time, alone and as small multiples on one scale."""

from collections.abc import Sequence

from markupsafe import Markup
from msgspec import Struct

from gatebook.charts import frame
from gatebook.charts.frame import Note, Tick

_LEFT, _RIGHT, _TOP = 40, 6, 16
_AXIS = 20
_HEIGHT_MIN = 1.5
_GAP = 0.12


class Piece(Struct, frozen=True, kw_only=True):
    """One layer of a column: class of its colour, how many, what it says and where it leads."""

    name: str
    count: int
    label: str
    href: str = ""


class Column(Struct, frozen=True, kw_only=True):
    """One span of time. `label` and `href` are those of the whole column; `pieces` stand on each other, the first at the bottom."""

    label: str
    pieces: tuple[Piece, ...]
    href: str = ""

    @property
    def total(self) -> int:
        """All of the column."""
        return sum(piece.count for piece in self.pieces)


class Plot(Struct, frozen=True, kw_only=True):
    """How a chart of columns is laid out. `top` is the value of its top line; 0 makes one that fits."""

    label: str
    width: int = 720
    height: int = 150
    top: float = 0
    ticks: tuple[Tick, ...] = ()
    notes: tuple[Note, ...] = ()


def columns(columns: Sequence[Column], plot: Plot) -> Markup:
    """Columns of counts, each piece a link of its own."""
    top = plot.top or frame.rounded_up(max((column.total for column in columns), default=0))
    right, floor = plot.width - _RIGHT, plot.height - _AXIS
    parts = [
        frame.baseline(_LEFT, right, _TOP),
        frame.baseline(_LEFT, right, (_TOP + floor) / 2),
        frame.text("scale", _LEFT - 6, _TOP + 4, frame.counted(top)),
        frame.text("scale", _LEFT - 6, (_TOP + floor) / 2 + 4, frame.counted(top / 2)),
        frame.text("scale", _LEFT - 6, floor + 4, "0"),
    ]
    width = (right - _LEFT) / max(1, len(columns))
    parts += [_column(column, _LEFT + number * width, width, (_TOP, floor), top) for number, column in enumerate(columns)]
    parts.append(frame.baseline(_LEFT, right, floor, "rule base"))
    parts.append(frame.time_axis(plot.ticks, _LEFT, right, floor))
    parts += [_note(note, _LEFT + note.share * (right - _LEFT), floor) for note in plot.notes]
    return frame.svg(plot.width, plot.height, plot.label, parts, name="columns")


def multiple(columns: Sequence[Column], plot: Plot) -> Markup:
    """One of several small charts that share a scale: no words but the last and first of its axis, which are the same in all of them."""
    floor = plot.height - 2.0
    width = plot.width / max(1, len(columns))
    parts = [_column(column, number * width, width, (2.0, floor), plot.top or 1) for number, column in enumerate(columns)]
    parts.append(frame.baseline(0, plot.width, floor, "rule base"))
    return frame.svg(plot.width, plot.height, plot.label, parts, name="multiple", stretched=True)


def sparkline(counts: Sequence[int], label: str, *, width: int = 96, height: int = 20) -> Markup:
    """A line without axes for the cell of a table."""
    top = max(counts, default=0) or 1
    step = width / max(1, len(counts) - 1)
    points = " ".join(f"{number * step:.1f},{height - 1 - count / top * (height - 3):.1f}" for number, count in enumerate(counts))
    line = Markup('<polyline class="spark" points="{}"/>').format(points)
    return Markup('<svg class="chart sparkline" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(width, height, label, line)


def _column(column: Column, left: float, width: float, span: tuple[float, float], top: float) -> Markup:
    ceiling, floor = span
    inner, gap = width * (1 - 2 * _GAP), width * _GAP
    hit = frame.mark(frame.rect("hit", left, ceiling, width, floor - ceiling), column.label, column.href)
    pieces, bottom = [], floor
    for piece in column.pieces:
        if piece.count:
            # The smallest piece stays visible: one blocked call among thousands is what people look for.
            height = max(_HEIGHT_MIN, piece.count / top * (floor - ceiling))
            bottom -= height
            pieces.append(frame.mark(frame.rect(f"s-{piece.name}", left + gap, bottom, inner, height), piece.label, piece.href))
    return Markup('<g class="column">{}{}</g>').format(hit, Markup("").join(pieces))


def _note(note: Note, at: float, floor: float) -> Markup:
    shape = '<path class="note-line" d="M{0:.1f} 8V{1:.1f}"/><path class="note-head" d="M{0:.1f} 2l5 5-5 5-5-5z"/>'
    return frame.mark(Markup(shape).format(at, floor), note.label, note.href)
