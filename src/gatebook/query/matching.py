"""What a query means for one row, in Python: live tails and rules use it, and the test of the SQL compiler measures against it."""

from typing import Any

from gatebook.query.fields import FIELDS, ORDERED, Field
from gatebook.query.resolve import absolute
from gatebook.query.text import words
from gatebook.query.tree import (
    And,
    Compare,
    Everything,
    Exists,
    Leaf,
    Node,
    Not,
    Operator,
    Or,
    Pattern,
    Query,
    Span,
    Substring,
    WordPrefix,
    Words,
)

_UPPER_TO_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def matches(query: Query, row: Any) -> bool:
    """Say whether a row, any object with the columns of `fields.py` as attributes, is among the query's answers.

    Payload columns hold the text that `searchable` made. Relative times must have been resolved (ValueError).
    """
    return _node(query.tree, row)


def ascii_lower(text: str) -> str:
    """Return text as fields of kind word compare it: ASCII letters in lower case, all others as they are."""
    return text.lower() if text.isascii() else text.translate(_UPPER_TO_LOWER)


def _node(node: Node, row: Any) -> bool:
    match node:
        case Everything():
            return True
        case And(items):
            return all(_node(item, row) for item in items)
        case Or(items):
            return any(_node(item, row) for item in items)
        case Not(item):
            return not _node(item, row)
        case _:
            field = FIELDS[node.field]
            return any(_leaf(node, field, value) for value in _values(field, row))


def _values(field: Field, row: Any) -> list[Any]:
    if field.many:
        return [value for column in field.columns for value in getattr(row, column)]
    return [getattr(row, column) for column in field.columns]


def _leaf(node: Leaf, field: Field, value: Any) -> bool:
    match node:
        case Exists():
            return bool(value != field.absent and value != "") if field.kind != "text" else bool(value)
        case Words(_, phrase):
            return phrase in value and set(words(phrase)) <= set(words(value))
        case WordPrefix(_, prefix):
            return any(word.startswith(prefix) for word in words(value))
        case Substring(_, part):
            return part in value
        case Pattern(_, pattern):
            return like(ascii_lower(value), pattern) if field.kind == "word" else like(value, pattern)
        case Span(_, low, high):
            return _present(field, value) and (low is None or value >= absolute(low)) and (high is None or value < absolute(high))
        case Compare(_, op, wanted):
            if field.kind in ORDERED:
                return _present(field, value) and _compare(op, value, absolute(wanted))
            return bool((ascii_lower(value) if field.kind == "word" else value) == wanted)


def _present(field: Field, value: int) -> bool:
    return field.absent is None or value != field.absent


def _compare(op: Operator, value: int, wanted: int) -> bool:
    match op:
        case "eq":
            return value == wanted
        case "lt":
            return value < wanted
        case "le":
            return value <= wanted
        case "gt":
            return value > wanted
        case "ge":
            return value >= wanted


def like(value: str, pattern: str) -> bool:
    """Match `*` wildcards from left to right; greedy search of each piece is enough for `*`, so time is linear in the pieces."""
    first, *rest = pattern.split("*")
    if not rest:
        return value == first
    last = rest.pop()
    if not value.startswith(first) or len(value) < len(first) + len(last) or not value.endswith(last):
        return False
    start, end = len(first), len(value) - len(last)
    for piece in rest:
        found = value.find(piece, start, end)
        if found < 0:
            return False
        start = found + len(piece)
    return True
