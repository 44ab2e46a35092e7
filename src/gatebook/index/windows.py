"""Searching backwards in time: the newest answers are mostly in the newest rows, so those are asked first, then ever longer spans. Pure."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct

from gatebook.query.resolve import absolute
from gatebook.query.tree import Among, And, Compare, Node, Shown, Span

FIRST_ROWS: Final = 60_000
GROWTH: Final = 30
ALL_GROWTH: Final = 1_000


class Window(NamedTuple):
    """Times from `low` up to but without `high`, microseconds since 1970."""

    low: int
    high: int


class Extent(Struct, frozen=True):
    """Times of the first and last row, microseconds since 1970, and how many rows there are."""

    first: int = 0
    last: int = 0
    rows: int = 0

    def with_rows(self, first: int, last: int, rows: int) -> "Extent":
        """The extent after an insert."""
        if not self.rows:
            return Extent(first, last, rows)
        return Extent(min(self.first, first), max(self.last, last), self.rows + rows)


def windows(extent: Extent, bounds: Window, *, upwards: bool = False, growth: int = GROWTH) -> Iterator[Window]:
    """Yield the windows to ask one after the other, newest first or `upwards`, without gaps, until the extent and the bounds are covered.

    The first is as long as FIRST_ROWS rows would need if they came evenly; each next one is `growth` times as long.
    """
    low, high = max(bounds.low, extent.first), min(bounds.high, extent.last + 1)
    width = max(1, (extent.last - extent.first + 1) * FIRST_ROWS // max(1, extent.rows))
    while low < high:
        # A short rest is not worth a question of its own.
        part = high - low if high - low < 2 * width else width
        if upwards:
            yield Window(low, low + part)
            low += part
        else:
            yield Window(high - part, high)
            high -= part
        width *= growth


def bounds_of(tree: Node) -> Window:
    """The times outside of which nothing can match, as far as the conditions that hold for the whole query say so."""
    low, high = -(2**62), 2**62
    for node in tree.items if isinstance(tree, And) else (tree,):
        match node:
            case And():
                inner = bounds_of(node)
                low, high = max(low, inner.low), min(high, inner.high)
            case Compare("time", "ge" | "gt" | "eq", value):
                low = max(low, absolute(value))
                high = min(high, absolute(value) + 1) if node.op == "eq" else high
            case Compare("time", "lt" | "le", value):
                high = min(high, absolute(value) + 1)
            case Span("time", start, end):
                low = max(low, absolute(start)) if start is not None else low
                high = min(high, absolute(end)) if end is not None else high
            case _:
                pass
    return Window(low, high)


def call_of(tree: Node) -> str | None:
    """The id of the one call that a query can match; None when it names none, or only as one of several conditions."""
    for node in tree.items if isinstance(tree, And) else (tree,):
        match node:
            case And():
                if (found := call_of(node)) is not None:
                    return found
            case Compare("call", "eq", value):
                return str(value)
            case _:
                pass
    return None


def subjects_of(tree: Node) -> frozenset[str] | None:
    """In whose rows a query is confined; None where it may match in all."""
    match tree:
        case Shown((Compare("subject", "eq", subject), _)):
            return frozenset({str(subject)})
        case Shown((Among("subject", subjects), _)):
            return frozenset(subjects)
        case And(items):
            return next((found for item in items if (found := subjects_of(item)) is not None), None)
        case _:
            return None
