"""Which facets there are, and the query that each of them counts by: the question without its own filter. Pure."""

from collections.abc import Iterator
from typing import Final

from gatebook.query import Query
from gatebook.query.tree import And, ArgCompare, ArgExists, ArgPattern, ArgSpan, Everything, Node, Not, Or

BAND: Final = "band"
"""The facet of durations, in bands; its filter is one of `duration`."""

FACETS: Final = ("decision", "status", "connector", "tool", "person", "group", "client", "rule", "finding", "severity", BAND)

BAND_EDGES_US: Final = (100_000, 1_000_000, 5_000_000, 30_000_000)
BANDS: Final = (
    ("..100ms", "under 100 ms"),
    ("100ms..1s", "100 ms to 1 s"),
    ("1s..5s", "1 s to 5 s"),
    ("5s..30s", "5 s to 30 s"),
    ("30s..", "30 s and more"),
)
"""Value of the filter `duration:` and words of each band."""

_OWN: Final = {BAND: {"duration"}, "person": {"person", "email", "subject"}}


def own_fields(facet: str) -> set[str]:
    """The fields of the query language that are a facet's own filter."""
    return _OWN.get(facet, {facet})


def fields_of(node: Node) -> Iterator[str]:
    """The fields that a tree asks for; arguments as `args.<path>`."""
    match node:
        case And(items) | Or(items):
            for item in items:
                yield from fields_of(item)
        case Not(item):
            yield from fields_of(item)
        case Everything():
            return
        case ArgCompare() | ArgSpan() | ArgPattern() | ArgExists():
            yield f"args.{node.path}"
        case _:
            yield node.field


def without_own(query: Query, facet: str) -> Query:
    """The query without the conditions that ask for the facet's own field alone; what mixes it with other fields stays."""
    own = own_fields(facet)
    items = query.tree.items if isinstance(query.tree, And) else (query.tree,)
    kept = tuple(item for item in items if isinstance(item, Everything) or not own.issuperset(fields_of(item)))
    if len(kept) == len(items):
        return query
    return Query(query.text, Everything() if not kept else kept[0] if len(kept) == 1 else And(kept))
