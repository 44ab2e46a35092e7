"""What a query means for one row, in Python: live tails and rules use it, and the test of the SQL compiler measures against it."""

from typing import Any

from gatebook.query.fields import FIELDS, ORDERED, Field
from gatebook.query.paths import SEPARATOR, number_of
from gatebook.query.resolve import absolute
from gatebook.query.text import ascii_lower, words
from gatebook.query.tree import (
    And,
    ArgCompare,
    ArgExists,
    ArgLeaf,
    ArgPattern,
    ArgSpan,
    Compare,
    Everything,
    Exists,
    FieldLeaf,
    Node,
    Not,
    Operator,
    Or,
    Pattern,
    Query,
    Span,
    Substring,
    WordPattern,
    WordPrefix,
    Words,
)
from gatebook.query.wildcards import like


def matches(query: Query, row: Any) -> bool:
    """Say whether a row, any object with the columns of `fields.py` and `args` as attributes, is among the query's answers.

    Payload columns hold the text that `searchable` made, `args` what `paths.pairs` made. Relative times must have been resolved (ValueError).
    """
    return _node(query.tree, row)


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
        case ArgCompare() | ArgSpan() | ArgPattern() | ArgExists():
            return any(_argument(node, *pair.split(SEPARATOR, 1)) for pair in row.args)
        case _:
            field = FIELDS[node.field]
            return any(_leaf(node, field, value) for value in _values(field, row))


def _values(field: Field, row: Any) -> list[Any]:
    if field.many:
        return [value for column in field.columns for value in getattr(row, column)]
    return [getattr(row, column) for column in field.columns]


def _leaf(node: FieldLeaf, field: Field, value: Any) -> bool:
    match node:
        case Exists():
            return bool(value != field.absent and value != "") if field.kind != "text" else bool(value)
        case Words(_, phrase):
            return phrase in value and set(words(phrase)) <= set(words(value))
        case WordPrefix(_, prefix):
            return any(word.startswith(prefix) for word in words(value))
        case WordPattern(_, pattern):
            return any(like(word, pattern) for word in words(value))
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


def _argument(node: ArgLeaf, path: str, value: str) -> bool:
    if isinstance(node, ArgExists):
        return path == node.path or path.startswith(f"{node.path}.")
    if path != node.path:
        return False
    if isinstance(node, ArgPattern):
        return like(value, node.pattern)
    if isinstance(node, ArgCompare) and isinstance(node.value, str):
        return value == node.value
    number = number_of(value)
    if number is None:
        return False
    if isinstance(node, ArgSpan):
        return (node.low is None or number >= node.low) and (node.high is None or number < node.high)
    return _compare(node.op, number, float(node.value))


def _present(field: Field, value: int) -> bool:
    return field.absent is None or value != field.absent


def _compare(op: Operator, value: float, wanted: float) -> bool:
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
