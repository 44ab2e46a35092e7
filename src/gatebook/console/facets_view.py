"""The facets beside the rows: fields with their most frequent values, each value three links (only, add or take away, exclude)."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from gatebook.console import filters
from gatebook.console.address import Here
from gatebook.reading.summary import Count

SHOWN = 8
MORE = 50
COOKIE = "facets"


class FacetField(Struct, frozen=True, kw_only=True):
    """A field that has a facet; `open` unless somebody closed it."""

    name: str
    title: str
    open: bool = False


FIELDS: tuple[FacetField, ...] = (
    FacetField(name="status", title="Status", open=True),
    FacetField(name="decision", title="Decision"),
    FacetField(name="connector", title="Connector", open=True),
    FacetField(name="tool", title="Tool", open=True),
    FacetField(name="person", title="Person", open=True),
    FacetField(name="group", title="Group"),
    FacetField(name="client", title="Client", open=True),
    FacetField(name="rule", title="Rule"),
    FacetField(name="finding", title="Finding"),
    FacetField(name="severity", title="Severity"),
    FacetField(name="duration", title="Latency"),
)
BY_NAME: dict[str, FacetField] = {field.name: field for field in FIELDS}
BANDS: tuple[tuple[str, str], ...] = (
    ("..100ms", "Below 100 ms"),
    ("100ms..1s", "100 ms to 1 s"),
    ("1s..5s", "1 s to 5 s"),
    ("5s..30s", "5 s to 30 s"),
    ("30s..", "30 s and more"),
)
SEARCHED = frozenset({"connector", "tool", "person", "group", "client", "rule", "finding"})
"""Facets with more values than are shown, which can be searched within."""


class FacetValue(Struct, frozen=True, kw_only=True):
    """A value of a facet; `on` when the query asks for it. `only`, `toggle` and `exclude` are addresses."""

    value: str
    label: str
    count: int
    on: bool
    only: str
    toggle: str
    exclude: str


class Facet(Struct, frozen=True, kw_only=True):
    """A field with its most frequent values; `values` is None while they have not been counted."""

    field: str
    title: str
    open: bool
    searched: bool
    values: list[FacetValue] | None
    chosen: int
    load: str
    more: bool = False


def open_fields(cookie: str) -> tuple[str, ...]:
    """The facets that are counted with the view: those that somebody left open, else those of the table above."""
    named = [name for name in cookie.split(".") if name in BY_NAME]
    return tuple(named) if cookie else tuple(field.name for field in FIELDS if field.open)


def facet(field: str, counts: Sequence[Count] | None, here: Here, *, opened: bool) -> Facet:
    """One facet; `counts` may hold one value more than is shown, to tell that there are more."""
    on = filters.chosen(here.text, field)
    return Facet(
        field=field,
        title=BY_NAME[field].title,
        open=opened,
        searched=field in SEARCHED,
        values=None if counts is None else values(field, counts[:SHOWN], here),
        chosen=len(on),
        load=here.link(facet=field),
        more=counts is not None and len(counts) > SHOWN,
    )


def values(field: str, counts: Iterable[Count], here: Here) -> list[FacetValue]:
    """The values of one field as links."""
    on = filters.chosen(here.text, field)
    return [
        FacetValue(
            value=count.value,
            label=count.label,
            count=count.count,
            on=bool(count.value) and count.value.lower() in on,
            only=here.link(text=_only(here.text, field, count.value, on)),
            toggle=here.link(text=filters.toggled(here.text, field, count.value)) if count.value else "",
            exclude=here.link(text=filters.excluded(here.text, field, count.value)),
        )
        for count in counts
    ]


def _only(text: str, field: str, value: str, on: set[str]) -> str:
    """This value alone; when it is alone already, the query without the field."""
    return filters.without_field(text, field) if on == {value.lower()} and value else filters.narrowed(text, field, value)
