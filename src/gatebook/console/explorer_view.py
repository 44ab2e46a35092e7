"""What the explorer's templates show besides histogram, facets and rows, which have modules of their own."""

from urllib.parse import urlencode

from msgspec import Struct

from gatebook.console import filters
from gatebook.console.address import Here
from gatebook.console.call_view import CallView
from gatebook.console.columns import COLUMNS, DEFAULT, Chosen
from gatebook.console.columns import address as columns_address
from gatebook.console.facets_view import Facet
from gatebook.console.histogram_view import GroupChoice, Histogram, groups
from gatebook.console.rows import RowView
from gatebook.console.times import PRESETS, Range
from gatebook.console.zones import UTC_ZONE, Zone
from gatebook.query import QueryError


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


class ColumnChoice(Struct, frozen=True, kw_only=True):
    """A column that can be shown; `width_px` is None where it fills the room."""

    name: str
    title: str
    on: bool
    width_px: int | None


class Steps(Struct, frozen=True, kw_only=True):
    """Addresses of the range before, the range after, and a wider one; empty where there is none."""

    older: str = ""
    newer: str = ""
    wider: str = ""


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


class Standing(Struct, frozen=True, kw_only=True):
    """What all parts of a view are answers about: how many records of the log are in, 0 for who may not know, and when that was."""

    records: int
    at_us: int


class View(Struct, kw_only=True):
    """The explorer. Parts that failed carry their own error; the others are shown. `waiting` names the parts that are still being asked.

    `paged`: an older page by itself. `live`: parts for a table that stands in the browser already.
    """

    here: Here
    zone: Zone = UTC_ZONE
    columns: tuple[Chosen, ...] = DEFAULT
    subjects: frozenset[str] = frozenset()
    chips: list[Chip]
    presets: list[Preset]
    steps: Steps
    groups: list[GroupChoice]
    clear: str
    range_words: str
    range_label: str
    token: str = ""
    standing: Standing | None = None
    waiting: frozenset[str] = frozenset()
    tail: str = ""
    rows: list[RowView] = []
    paged: bool = False
    live: bool = False
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
    def text(self) -> str:
        """The query."""
        return self.here.text

    @property
    def range(self) -> Range:
        """The time range."""
        return self.here.range

    @property
    def address(self) -> str:
        """The address of the whole question."""
        return self.here.link()

    @property
    def params(self) -> dict[str, str]:
        """What a form must send besides the query to stay within this range, stack and columns."""
        more = {"by": self.here.by, "columns": self.here.columns}
        return {**self.range.params, **{name: value for name, value in more.items() if value}}

    @property
    def columns_href(self) -> str:
        """Where the stylesheet of the columns is."""
        return columns_address(self.columns)

    @property
    def as_of(self) -> str:
        """The moment that all parts are answers about."""
        if self.standing is None:
            return ""
        at_us = self.standing.at_us
        record = f"record {self.standing.records:,} · " if self.standing.records else ""
        return f"As of {record}{self.zone.second(at_us)} {self.zone.word(at_us)}"

    @property
    def column_choices(self) -> list[ColumnChoice]:
        """All columns: those that are shown, in their order, then the others."""
        shown = {one.column.name: one for one in self.columns}
        others = [Chosen(column) for name, column in COLUMNS.items() if name not in shown]
        return [
            ColumnChoice(name=one.column.name, title=one.column.title, on=one.column.name in shown, width_px=one.width_px)
            for one in (*shown.values(), *others)
        ]

    @property
    def from_field(self) -> str:
        """Begin of the range as a field for local times holds it."""
        return self._field(self.range.since_us)

    @property
    def to_field(self) -> str:
        """End of the range, likewise; now for one that ends now."""
        until = self.range.until_us
        return self._field(until if until is not None or self.standing is None else self.standing.at_us)

    def _field(self, at_us: int | None) -> str:
        return "" if at_us is None else self.zone.stamp(at_us).replace(" ", "T")

    @property
    def sort(self) -> str:
        """The zone that times are shown in, as it stands in the head of the table."""
        return self.zone.word(self.standing.at_us) if self.standing else "UTC"

    def elsewhere(self, page: str) -> str:
        """The same question on another page, such as /exports."""
        params = {**({"q": self.text} if self.text else {}), **self.range.params}
        return f"{page}?{urlencode(params)}" if params else page

    def load(self, part: str) -> str:
        """Where a part of this very view can be fetched."""
        return self.here.link(view=self.token, part=part)

    @property
    def summary(self) -> str:
        """What a screen reader hears."""
        if self.error is not None:
            return f"The query is not valid: {self.error.text}"
        return f"{self.total:,} results" if self.total is not None else f"{len(self.rows)} results shown"


def frame(here: Here, zone: Zone, now_us: int) -> View:
    """The view before anything has been asked."""
    terms = filters.split(here.text)
    return View(
        here=here,
        zone=zone,
        chips=[_chip(here, index, term) for index, term in enumerate(terms)],
        presets=[Preset(name=name, label=label, href=here.link(range_=Range(preset=name))) for name, (label, _) in PRESETS.items()],
        steps=steps(here, now_us),
        groups=groups(here.by),
        clear=here.link(text=""),
        range_words=words(here.range, zone),
        range_label=label(here.range, zone),
    )


def words(range_: Range, zone: Zone) -> str:
    """The range as it stands behind a count."""
    if range_.preset:
        return range_.words
    since, until = range_.since_us, range_.until_us
    if since is not None and until is not None:
        return f"from {zone.span(since, until)} {zone.word(since)}"
    end = since if since is not None else until
    assert end is not None
    return f"{'since' if since is not None else 'before'} {zone.stamp(end)} {zone.word(end)}"


def label(range_: Range, zone: Zone) -> str:
    """The range on the button that opens the choice of another; empty for one that ends now."""
    return "" if range_.preset else words(range_, zone).removeprefix("from ").capitalize()


def steps(here: Here, now_us: int) -> Steps:
    """Where the time bar's arrows lead: by one whole range, or to one twice as wide."""
    range_ = here.range
    if range_.preset == "all":
        return Steps()
    since = range_.since_us
    until = range_.until_us if range_.until_us is not None else now_us
    if since is None:
        return Steps(wider=here.link(range_=Range(preset="all")))
    span = max(1, until - since)
    names = list(PRESETS)
    if range_.preset:
        wider = Range(preset=names[names.index(range_.preset) + 1])
    else:
        end = min(now_us, until + span // 2)
        wider = Range(since_us=max(0, since - span // 2), until_us=max(end, until))
    return Steps(
        older=here.link(range_=Range(since_us=max(0, since - span), until_us=since)) if since else "",
        newer=here.link(range_=Range(since_us=until, until_us=until + span)) if until < now_us and not range_.preset else "",
        wider=here.link(range_=wider),
    )


def _chip(here: Here, index: int, term: filters.Term) -> Chip:
    others = filters.split(here.text)
    others[index] = filters.Term(text=filters.flipped(term.text))
    return Chip(
        text=term.text,
        field=term.field,
        value=term.value,
        negated=term.negated,
        flip=here.link(text=filters.join(others)),
        remove=here.link(text=filters.without(here.text, index)),
    )


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
