"""Lines over time, with a dot for each value that is a link."""

from collections.abc import Callable, Sequence

from markupsafe import Markup
from msgspec import Struct

from gatebook.charts import frame
from gatebook.charts.frame import Tick

_LEFT, _RIGHT, _TOP, _AXIS = 52, 6, 14, 20


class Dot(Struct, frozen=True, kw_only=True):
    """A value of a line: None leaves a gap."""

    value: float | None
    label: str = ""
    href: str = ""


class Series(Struct, frozen=True, kw_only=True):
    """One line; `name` becomes the class of its colour."""

    name: str
    dots: tuple[Dot, ...]


class LinePlot(Struct, frozen=True, kw_only=True):
    """How a chart of lines is laid out; `words` writes a value of its scale."""

    label: str
    words: Callable[[float], str]
    width: int = 720
    height: int = 150
    top: float = 0
    ticks: tuple[Tick, ...] = ()


def lines(series: Sequence[Series], plot: LinePlot) -> Markup:
    """Lines that share one scale, which begins at zero."""
    top = plot.top or frame.rounded_up(max((dot.value or 0 for line in series for dot in line.dots), default=0))
    right, floor = plot.width - _RIGHT, plot.height - _AXIS
    parts = [
        frame.baseline(_LEFT, right, _TOP),
        frame.baseline(_LEFT, right, (_TOP + floor) / 2),
        frame.baseline(_LEFT, right, floor, "rule base"),
        frame.text("scale", _LEFT - 6, _TOP + 4, plot.words(top)),
        frame.text("scale", _LEFT - 6, (_TOP + floor) / 2 + 4, plot.words(top / 2)),
        frame.text("scale", _LEFT - 6, floor + 4, "0"),
        frame.time_axis(plot.ticks, _LEFT, right, floor),
    ]
    for line in series:
        step = (right - _LEFT) / max(1, len(line.dots))
        places = [
            None if dot.value is None else (_LEFT + (number + 0.5) * step, floor - min(1.0, dot.value / top) * (floor - _TOP))
            for number, dot in enumerate(line.dots)
        ]
        parts.append(Markup('<path class="line l-{}" d="{}"/>').format(line.name, _path(places)))
        for dot, place in zip(line.dots, places, strict=True):
            if place is not None:
                circle = Markup('<circle class="dot l-{}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(line.name, *place)
                parts.append(frame.mark(circle, dot.label, dot.href))
    return frame.svg(plot.width, plot.height, plot.label, parts, name="lines")


def _path(places: Sequence[tuple[float, float] | None]) -> str:
    words, drawing = [], False
    for place in places:
        if place is not None:
            words.append(f"{'L' if drawing else 'M'}{place[0]:.1f} {place[1]:.1f}")
        drawing = place is not None
    return "".join(words)
