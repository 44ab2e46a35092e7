"""Give relative times their meaning at one moment."""

from gatebook.query.tree import Ago, And, Compare, Day, Node, Not, Or, Query, Relative, Scalar, Shown, Span

DAY_US = 86_400_000_000


def resolve(query: Query, now_us: int) -> Query:
    """Return the query with every relative time replaced by microseconds since 1970, counted back from `now_us`."""
    return Query(query.text, _node(query.tree, now_us))


def _node(node: Node, now_us: int) -> Node:
    match node:
        case Shown(items):
            return Shown(tuple(_node(item, now_us) for item in items))
        case And(items):
            return And(tuple(_node(item, now_us) for item in items))
        case Or(items):
            return Or(tuple(_node(item, now_us) for item in items))
        case Not(item):
            return Not(_node(item, now_us))
        case Compare(field, op, Ago() | Day() as value):
            return Compare(field, op, moment_of(value, now_us))
        case Span(field, low, high):
            return Span(field, _bound(low, now_us), _bound(high, now_us))
        case _:
            return node


def _bound(value: int | Relative | None, now_us: int) -> int | None:
    return moment_of(value, now_us) if isinstance(value, Ago | Day) else value


def moment_of(value: Relative, now_us: int) -> int:
    """Return what a relative time means at `now_us`, in microseconds since 1970."""
    if isinstance(value, Ago):
        return now_us - value.us
    return now_us - now_us % DAY_US - value.back * DAY_US


def absolute(value: Scalar | None) -> int:
    """Return a time or number that has been resolved. Raises ValueError for one that has not."""
    if not isinstance(value, int):
        raise ValueError("a relative time must be resolved before the query is run")
    return value
