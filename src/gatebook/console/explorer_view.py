"""What the explorer's templates show."""

from markupsafe import Markup
from msgspec import Struct

from gatebook.console import address, charts, filters, times
from gatebook.console.call_view import CallView
from gatebook.console.charts import Bucket
from gatebook.console.looks import LOOKS, OUTCOMES
from gatebook.console.rows import RowView
from gatebook.console.times import PRESETS, Range
from gatebook.query import QueryError
from gatebook.reading.summary import Count

FACETS: tuple[tuple[str, str], ...] = (
    ("status", "Status"),
    ("person", "Person"),
    ("connector", "Connector"),
    ("tool", "Tool"),
    ("client", "Client"),
)
FACET_VALUES = 7


class Chip(Struct, frozen=True, kw_only=True):
    """One filter of the query; `flip` and `remove` are addresses."""

    text: str
    field: str
    value: str
    negated: bool
    flip: str
    remove: str


class Preset(Struct, frozen=True, kw_only=True):
    """A time range that ends now."""

    name: str
    label: str
    href: str


class FacetValue(Struct, frozen=True, kw_only=True):
    """A value of a facet; `on` when the query asks for it alone."""

    value: str
    label: str
    count: int
    on: bool
    href: str
    exclude: str


class Facet(Struct, frozen=True, kw_only=True):
    """A field with its most frequent values."""

    field: str
    title: str
    values: list[FacetValue]


class LegendItem(Struct, frozen=True, kw_only=True):
    """An outcome, its calls and the address of them alone."""

    outcome: str
    word: str
    count: int
    href: str


class Histogram(Struct, frozen=True, kw_only=True):
    """The chart of calls over time."""

    svg: Markup
    top: int
    axis: Markup
    legend: list[LegendItem]
    buckets: list[Bucket]
    words: str


class WayOut(Struct, frozen=True, kw_only=True):
    """What would show something when nothing matches."""

    href: str
    text: str
    count: int | None


class QueryProblem(Struct, frozen=True, kw_only=True):
    """A query that does not parse, split at the place."""

    title: str
    text: str
    before: str
    at: str
    after: str


class View(Struct, kw_only=True):
    """The explorer. Parts that failed carry their own error; the others are shown."""

    text: str
    range: Range
    here: str
    chips: list[Chip]
    presets: list[Preset]
    clear: str
    zoom_out: str = ""
    tail: str = ""
    rows: list[RowView] = []
    total: int | None = None
    older: str = ""
    rows_error: str = ""
    histogram: Histogram | None = None
    histogram_error: str = ""
    facets: list[Facet] = []
    facets_error: str = ""
    error: QueryProblem | None = None
    ways_out: list[WayOut] = []
    first_run: bool = False
    call: CallView | None = None
    call_id: str = ""

    @property
    def summary(self) -> str:
        """What a screen reader hears."""
        if self.error is not None:
            return f"The query is not valid: {self.error.text}"
        return f"{self.total:,} results" if self.total is not None else f"{len(self.rows)} results shown"


def frame(text: str, range_: Range) -> View:
    """The view before anything has been asked."""
    terms = filters.split(text)
    return View(
        text=text,
        range=range_,
        here=address.explorer(text, range_),
        chips=[_chip(text, index, term, range_) for index, term in enumerate(terms)],
        presets=[Preset(name=name, label=label, href=address.explorer(text, Range(preset=name))) for name, (label, _) in PRESETS.items()],
        clear=address.explorer("", range_),
        zoom_out="" if range_.preset else address.explorer(text, Range(preset=times.DEFAULT_PRESET)),
    )


def _chip(text: str, index: int, term: filters.Term, range_: Range) -> Chip:
    others = filters.split(text)
    others[index] = filters.Term(text=filters.flipped(term.text))
    return Chip(
        text=term.text,
        field=term.field,
        value=term.value,
        negated=term.negated,
        flip=address.explorer(filters.join(others), range_),
        remove=address.explorer(filters.without(text, index), range_),
    )


def facet(field: str, title: str, counts: list[Count], text: str, range_: Range) -> Facet:
    """The values of one field as links."""
    chosen = {term.value.lower() for term in filters.split(text) if term.field == field and not term.negated}
    values = []
    for count in counts:
        on = bool(count.value) and count.value.lower() in chosen
        target = without_field(text, field) if on else filters.narrowed(text, field, count.value)
        values.append(
            FacetValue(
                value=count.value,
                label=count.label,
                count=count.count,
                on=on,
                href=address.explorer(target, range_),
                exclude=address.explorer(filters.excluded(text, field, count.value), range_),
            )
        )
    return Facet(field=field, title=title, values=values)


def without_field(text: str, field: str) -> str:
    """The query without what it says of one field."""
    return filters.join(term for term in filters.split(text) if term.field != field)


def histogram(found: dict[int, dict[str, int]], since_us: int, until_us: int, step_us: int, view: View) -> Histogram:
    """The chart of counts by bucket number and status."""
    buckets = []
    for number in range(-(-(until_us - since_us) // step_us)):
        counts: dict[str, int] = {}
        for status, count in found.get(number, {}).items():
            outcome = LOOKS[status].outcome if status in LOOKS else "other"
            counts[outcome] = counts.get(outcome, 0) + count
        start = since_us + number * step_us
        buckets.append(Bucket(since_us=start, until_us=start + step_us, counts=counts))
    svg, top = charts.histogram(
        buckets, lambda bucket: address.explorer(view.text, Range(since_us=bucket.since_us, until_us=bucket.until_us)), _label
    )
    legend = _legend(buckets, view)
    end_us = buckets[-1].until_us
    ticks = [((at - since_us) / (end_us - since_us), times.axis(at, end_us - since_us)) for at in times.ticks_us(since_us, end_us)]
    words = ", ".join(f"{item.count:,} {item.word.lower()}" for item in legend)
    return Histogram(svg=svg, top=top, axis=charts.axis(ticks), legend=legend, buckets=buckets, words=words)


def _legend(buckets: list[Bucket], view: View) -> list[LegendItem]:
    items = []
    for outcome, word in charts.OUTCOMES.items():
        count = sum(bucket.counts.get(outcome, 0) for bucket in buckets)
        if not count and outcome in ("redacted", "other"):
            continue
        names = OUTCOMES.get(outcome, ())
        term = "decision:redacted" if outcome == "redacted" else f"status:({', '.join(names)})" if len(names) > 1 else f"status:{names[0]}"
        text = filters.join([*[one for one in filters.split(view.text) if one.field != "status"], term])
        items.append(LegendItem(outcome=outcome, word=word, count=count, href=address.explorer(text, view.range)))
    return items


def _label(bucket: Bucket) -> str:
    counts = ", ".join(
        f"{bucket.counts[outcome]:,} {word.lower()}" for outcome, word in charts.OUTCOMES.items() if bucket.counts.get(outcome)
    )
    return f"{times.stamp(bucket.since_us)} to {times.stamp(bucket.until_us)[11:]} UTC: {counts or 'no calls'}"


def query_problem(error: QueryError, text: str) -> QueryProblem:
    """The error with its place marked."""
    place = min(error.position, len(text))
    end = next((index for index in range(place + 1, len(text)) if text[index].isspace()), len(text))
    hint = f" Did you mean “{error.nearest}”?" if error.nearest else ""
    sentence = f"{error.message[:1].upper()}{error.message[1:]} (character {error.position + 1}). Expected: {error.expected}.{hint}"
    window = max(0, place - 200)
    return QueryProblem(
        title="This query cannot be read", text=sentence, before=text[window:place], at=text[place:end][:200], after=text[end : end + 200]
    )
