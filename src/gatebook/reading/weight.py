"""Which queries may have to read every payload: those wait in the small queue, so that everybody else's do not. Pure."""

from gatebook.query import Query
from gatebook.query.tree import And, ArgPattern, Node, Not, Or, Substring, WordPattern


def is_heavy(query: Query) -> bool:
    """Say whether no list of words can answer a resolved query: it looks for parts of words, or patterns, inside payloads."""
    return _heavy(query.tree)


def _heavy(node: Node) -> bool:
    match node:
        case And(items) | Or(items):
            return any(_heavy(item) for item in items)
        case Not(item):
            return _heavy(item)
        case _:
            return isinstance(node, Substring | WordPattern | ArgPattern)
