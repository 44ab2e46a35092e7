"""Give relative times their meaning at one moment."""

from gatebook.query.tree import Ago, And, Compare, Node, Not, Or, Query, Scalar, Span


def resolve(query: Query, now_us: int) -> Query:
    """Return the query with every relative time replaced by microseconds since 1970, counted back from `now_us`."""
    return Query(query.text, _node(query.tree, now_us))


def _node(node: Node, now_us: int) -> Node:
    match node:
        case And(items):
            return And(tuple(_node(item, now_us) for item in items))
        case Or(items):
            return Or(tuple(_node(item, now_us) for item in items))
        case Not(item):
            return Not(_node(item, now_us))
        case Compare(field, op, Ago(us)):
            return Compare(field, op, now_us - us)
        case Span(field, low, high):
            return Span(field, _bound(low, now_us), _bound(high, now_us))
        case _:
            return node


def _bound(value: int | Ago | None, now_us: int) -> int | None:
    return now_us - value.us if isinstance(value, Ago) else value


def absolute(value: Scalar | None) -> int:
    """Return a time or number that has been resolved. Raises ValueError for one that has not."""
    if not isinstance(value, int):
        raise ValueError("a relative time must be resolved before the query is run")
    return value
