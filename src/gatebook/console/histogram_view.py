"""The histogram above the rows: which series, in which buckets, with which addresses."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from msgspec import Struct

from gatebook.console import charts, filters, histogram_svg, times
from gatebook.console.address import Here
from gatebook.console.histogram_svg import Bucket, ColumnText, Layer, Mark
from gatebook.console.looks import LOOKS, OUTCOMES
from gatebook.console.times import Range
from gatebook.console.zones import Zone

GROUPS: dict[str, str] = {
    "": "Outcome",
    "status": "Status",
    "connector": "Connector",
    "tool": "Tool",
    "person": "Person",
    "client": "Client",
    "rule": "Rule",
}
"""What the columns can be stacked by; outcome is the default and has no name in the address."""

MANY = frozenset({"rule"})
"""Groups of which a call may have several, so that their sum is not the number of calls."""

_SERIES_MAX = 6
_OTHERS = "\0others"


class Series(Struct, frozen=True, kw_only=True):
    """A layer of the stack, its calls, and the address of them alone."""

    key: str
    word: str
    css: str
    count: int
    href: str


class GroupChoice(Struct, frozen=True, kw_only=True):
    """One way of stacking the columns."""

    name: str
    title: str
    on: bool


class Histogram(Struct, frozen=True, kw_only=True):
    """The chart of calls over time. `total` is how many calls it holds, None where a call may be in several series."""

    svg: Markup
    top: int
    axis: Markup
    legend: list[Series]
    buckets: list[Bucket]
    words: str
    title: str
    step: str
    zone: str
    marks: int
    total: int | None


class Frame(Struct, frozen=True, kw_only=True):
    """Where the buckets lie: from `since_us`, `step_us` wide, up to `until_us`."""

    since_us: int
    until_us: int
    step_us: int

    @property
    def count(self) -> int:
        """How many buckets there are."""
        return -(-(self.until_us - self.since_us) // self.step_us)

    @property
    def end_us(self) -> int:
        """End of the last bucket."""
        return self.since_us + self.count * self.step_us


def frame(since_us: int, until_us: int, zone: Zone) -> Frame:
    """Buckets of a round width that begin at round times of the zone's clocks."""
    step_us = times.bucket_us(since_us, until_us)
    first_us = since_us - (since_us + zone.offset_us(since_us)) % step_us
    return Frame(since_us=first_us, until_us=max(until_us, first_us + step_us), step_us=step_us)


def groups(by: str) -> list[GroupChoice]:
    """The switch of what the columns are stacked by."""
    return [GroupChoice(name=name, title=title, on=name == by) for name, title in GROUPS.items()]


def histogram(
    found: dict[int, dict[str, int]], where: Frame, here: Here, zone: Zone, marks: Sequence[tuple[int, str]], labels: Mapping[str, str]
) -> Histogram:
    """The chart of counts by bucket number and value; `marks` are times of changes, with what changed; `labels` what people read for values."""
    counts = [_grouped(found.get(number, {}), here.by) for number in range(where.count)]
    starts = [where.since_us + number * where.step_us for number in range(where.count)]
    buckets = [Bucket(since_us=at, until_us=at + where.step_us, counts=held) for at, held in zip(starts, counts, strict=True)]
    legend = _legend(buckets, here, labels)
    layers = [Layer(key=series.key, css=series.css) for series in legend]
    span_us = where.end_us - where.since_us
    lines = [
        Mark(share=(at - where.since_us) / span_us, title=f"{zone.stamp(at)} {zone.word(at)}: {text}", href=_changes(at))
        for at, text in marks
        if where.since_us <= at < where.end_us
    ]
    svg, top = histogram_svg.columns(buckets, layers, lambda bucket: _text(bucket, legend, here, zone), lines)
    ticks = [((at - where.since_us) / span_us, zone.axis(at, span_us)) for at in _ticks(where, zone)]
    return Histogram(
        svg=svg,
        top=top,
        axis=charts.axis(ticks),
        legend=legend,
        buckets=buckets,
        words=", ".join(f"{series.count:,} {series.word}" for series in legend) or "no calls",
        title=f"Calls by {GROUPS[here.by].lower()}",
        step=times.duration_words(where.step_us),
        zone=zone.word(where.since_us),
        marks=len(lines),
        total=None if here.by in MANY else sum(bucket.total for bucket in buckets),
    )


def _ticks(where: Frame, zone: Zone) -> list[int]:
    offset = zone.offset_us(where.since_us)
    return [at - offset for at in times.ticks_us(where.since_us + offset, where.end_us + offset)]


def _grouped(held: dict[str, int], by: str) -> dict[str, int]:
    """Counts by series: statuses gathered into outcomes where the stack is by outcome."""
    if by:
        return {value or _OTHERS: count for value, count in held.items()}
    counts: dict[str, int] = {}
    for status, count in held.items():
        outcome = LOOKS[status].outcome if status in LOOKS else "other"
        counts[outcome] = counts.get(outcome, 0) + count
    return counts


def _legend(buckets: list[Bucket], here: Here, labels: Mapping[str, str]) -> list[Series]:
    totals: dict[str, int] = {}
    for bucket in buckets:
        for key, count in bucket.counts.items():
            totals[key] = totals.get(key, 0) + count
    if not here.by:
        shown = [name for name in charts.OUTCOMES if totals.get(name) or name not in ("redacted", "other")]
        return [_outcome(name, totals.get(name, 0), here) for name in shown]
    keys = sorted((key for key in totals if key != _OTHERS), key=lambda key: (-totals[key], key))
    series = [_value(key, number, totals[key], here, labels) for number, key in enumerate(keys[: _SERIES_MAX + 2])]
    if totals.get(_OTHERS):
        series.append(Series(key=_OTHERS, word="All others", css="s-other", count=totals[_OTHERS], href=""))
    return series


def _outcome(name: str, count: int, here: Here) -> Series:
    names = OUTCOMES.get(name, ())
    term = "decision:redacted" if name == "redacted" else f"status:({', '.join(names)})" if len(names) > 1 else f"status:{names[0]}"
    text = filters.join([*[one for one in filters.split(here.text) if one.field != "status"], term])
    return Series(key=name, word=charts.OUTCOMES[name], css=f"s-{name}", count=count, href=here.link(text=text))


def _value(key: str, number: int, count: int, here: Here, labels: Mapping[str, str]) -> Series:
    word = LOOKS[key].word if here.by == "status" and key in LOOKS else labels.get(key, key)
    return Series(key=key, word=word, css=f"v-{number % 8}", count=count, href=here.link(text=filters.narrowed(here.text, here.by, key)))


def _text(bucket: Bucket, legend: list[Series], here: Here, zone: Zone) -> ColumnText:
    when = f"{zone.span(bucket.since_us, bucket.until_us)} {zone.word(bucket.since_us)}"
    counts = ", ".join(f"{bucket.counts[series.key]:,} {series.word}" for series in legend if bucket.counts.get(series.key))
    range_ = Range(since_us=bucket.since_us, until_us=bucket.until_us)
    return ColumnText(
        label=f"{when}: {counts or 'no calls'}",
        href=here.link(range_=range_),
        since=times.iso(bucket.since_us),
        until=times.iso(bucket.until_us),
        when=when,
    )


def _changes(at_us: int) -> str:
    around = Range(since_us=at_us - times.SECOND_US, until_us=at_us + times.SECOND_US)
    return "/records?kind=changes&" + "&".join(f"{name}={value}" for name, value in around.params.items())
