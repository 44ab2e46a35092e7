"""The facets beside the rows: fields with their most frequent values, each value three links (only, add or take away, exclude)."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from gatebook.console import filters
from gatebook.console.address import Here
from gatebook.index.counts import Count
from gatebook.reading.facets import BAND

SHOWN = 8
MORE = 50
COOKIE = "facets"


class FacetField(Struct, frozen=True, kw_only=True):
    """A facet; `open` unless somebody closed it. `field` is the one of the query that its values filter by."""

    name: str
    title: str
    field: str
    open: bool = False
    searched: bool = True


def _of(name: str, title: str, field: str = "", **more: bool) -> FacetField:
    return FacetField(name=name, title=title, field=field or name, **more)


FACETS: tuple[FacetField, ...] = (
    _of("status", "Status", open=True, searched=False),
    _of("decision", "Decision", searched=False),
    _of("connector", "Connector", open=True),
    _of("tool", "Tool", open=True),
    _of("person", "Person", open=True),
    _of("group", "Group"),
    _of("client", "Client", open=True),
    _of("rule", "Rule"),
    _of("finding", "Finding"),
    _of("severity", "Severity", searched=False),
    _of(BAND, "Latency", "duration", searched=False),
)
BY_NAME: dict[str, FacetField] = {facet.name: facet for facet in FACETS}


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

    name: str
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
    return tuple(dict.fromkeys(named)) if cookie else tuple(facet.name for facet in FACETS if facet.open)


def facet(one: FacetField, counts: Sequence[Count] | None, here: Here, *, opened: bool) -> Facet:
    """One facet; `counts` may hold one value more than is shown, to tell that there are more."""
    return Facet(
        name=one.name,
        title=one.title,
        open=opened,
        searched=one.searched,
        values=None if counts is None else values(one, counts[:SHOWN], here),
        chosen=len(filters.chosen(here.text, one.field)),
        load=here.link(facet=one.name).replace("/?", "/facet?", 1),
        more=counts is not None and len(counts) > SHOWN,
    )


def values(one: FacetField, counts: Iterable[Count], here: Here) -> list[FacetValue]:
    """The values of one field as links."""
    on, field = filters.chosen(here.text, one.field), one.field
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
