"""Small charts of block characters: sparklines, columns over time with an axis, bars beside numbers. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from gatebook.cli import look
from gatebook.cli.width import clean, pad, width

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_PARTS: Final = " ▏▎▍▌▋▊▉█"
_ROWS: Final = 4
_DAY_US: Final = 86_400_000_000
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "ok": ("ok",),
    "redacted": ("redacted",),
    "blocked": ("blocked",),
    "failed": ("tool_error", "protocol_error", "upstream_error", "timeout", "unknown"),
    "other": ("cancelled", "pending", "open"),
}
"""Outcomes as they are told apart in a histogram."""


def spark(counts: Sequence[int], most: int | None = None) -> str:
    """One character for each number; anything above nothing can be seen."""
    top = max(most or 0, *counts, 1) if counts else 1
    return "".join(_EIGHTHS[_level(count, top, 8)] for count in counts)


def shrink(counts: Sequence[int], room: int) -> list[int]:
    """The numbers added up to at most `room` of them."""
    if len(counts) <= room:
        return list(counts)
    each = -(-len(counts) // room)
    return [sum(counts[at : at + each]) for at in range(0, len(counts), each)]


def bar(share: float, room: int) -> str:
    """A bar of a share of `room` columns."""
    eighths = round(max(0.0, min(share, 1.0)) * room * 8)
    if share > 0 and not eighths:
        eighths = 1
    whole, part = divmod(eighths, 8)
    return "█" * whole + (_PARTS[part] if part else "")


def columns(counts: Sequence[int], rows: int = _ROWS) -> list[str]:
    """Columns over several lines, the top line first."""
    top = max([*counts, 1])
    levels = [_level(count, top, rows * 8) for count in counts]
    return ["".join(_EIGHTHS[max(0, min(8, level - row * 8))] for level in levels) for row in reversed(range(rows))]


def histogram(answer: dict[str, Any], *, colour: bool, terminal: int | None = None) -> Iterator[str]:
    """Calls over time: columns with both axes, then one sparkline for each outcome that there is, with its number."""
    since, step = answer["since_us"], answer["step_us"]
    spans = max(1, -(-(answer["until_us"] - since) // step))
    room = max(10, min(terminal or 100, 100) - 22)
    found = {(bucket["start_us"] - since) // step: bucket["by"] for bucket in answer["buckets"]}
    series = {name: [sum(found.get(at, {}).get(state, 0) for state in states) for at in range(spans)] for name, states in GROUPS.items()}
    total = [sum(counts) for counts in zip(*series.values(), strict=True)]
    each = -(-spans // room)
    drawn = shrink(total, room)
    most = look.number(max([*drawn, 0]))
    head = max(8, width(most))
    for at, text in enumerate(columns(drawn)):
        yield f"{pad(most if not at else '', head, right=True)} {'┤' if not at else '│'}{text}".rstrip()
    yield f"{pad('0', head, right=True)} ┼{'─' * len(drawn)}"
    yield " " * (head + 2) + _ticks(since, step * each, len(drawn))
    yield ""
    for name, counts in series.items():
        if sum(counts):
            text = spark(shrink(counts, room))
            yield f"{look.status(name, pad(name, head), colour=colour)}  {look.status(name, pad(text, len(drawn)), colour=colour)}  {look.number(sum(counts))}"
    yield f"{pad('all', head)}  {' ' * len(drawn)}  {look.number(sum(total))}"
    yield look.dim(f"{span(step * each)} a column, UTC; each line to its own scale", colour)


def facet(field: str, counts: Sequence[dict[str, Any]], total: int, *, colour: bool, terminal: int | None = None) -> Iterator[str]:
    """Values of a field with their numbers and bars."""
    names = [clean(item["label"] or item["value"] or "(none)") for item in counts]
    room = terminal or 100
    first = min(max([len(field), *map(width, names)]), max(12, room - 40))
    numbers = max([5, *(len(look.number(item["count"])) for item in counts)])
    yield look.dim(f"{pad(field.upper(), first)}  {pad('CALLS', numbers, right=True)}   SHARE", colour)
    most = max([item["count"] for item in counts], default=1) or 1
    for name, item in zip(names, counts, strict=True):
        share = item["count"] / total if total else 0.0
        drawn = bar(item["count"] / most, max(4, min(40, room - first - numbers - 13)))
        painted = look.status(item["value"], drawn, colour=colour) if field == "status" else look.paint(drawn, "34", colour)
        yield f"{pad(name, first)}  {pad(look.number(item['count']), numbers, right=True)}  {share * 100:5.1f} %  {painted}".rstrip()


def span(us: int) -> str:
    """A length of time in its largest whole unit."""
    for unit, length in (("d", _DAY_US), ("h", 3_600_000_000), ("min", 60_000_000)):
        if us >= length and us % length == 0:
            return f"{us // length} {unit}"
    return f"{us / 1e6:g} s"


def _level(count: int, top: int, steps: int) -> int:
    return max(1, round(count / top * steps)) if count > 0 else 0


def _ticks(since_us: int, step_us: int, count: int) -> str:
    """Times below the axis: as many as there is room for, the first at the left end."""
    length = step_us * count
    form = "%H:%M" if length <= _DAY_US else "%m-%d %H:%M" if length <= 5 * _DAY_US else "%Y-%m-%d"
    label = len(datetime.fromtimestamp(0, UTC).strftime(form))
    every = label + 6
    text = ""
    for at in range(0, max(1, count - label + 1), every):
        moment = datetime.fromtimestamp((since_us + at * step_us) / 1e6, UTC)
        text = text.ljust(at) + "╵" + moment.strftime(form)
    return text
