"""What a query means for one row, in Python: live tails and rules use it, and the test of the SQL compiler measures against it."""

import operator
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, TypeAlias

from gatebook.query.fields import FIELDS, ORDERED, Field
from gatebook.query.paths import SEPARATOR, number_of
from gatebook.query.resolve import absolute
from gatebook.query.text import ascii_lower, words
from gatebook.query.tree import (
    Among,
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

Row: TypeAlias = Any
"""Any object with the columns of `fields.py` and `args` as attributes."""
Test: TypeAlias = Callable[[Any], bool]


def matches(query: Query, row: Row) -> bool:
    """Say whether a row is among the query's answers. For many rows, `predicate` is asked for once. Raises ValueError."""
    return predicate(query)(row)


def predicate(query: Query) -> Callable[[Row], bool]:
    """Return what says of a row whether it is among the query's answers.

    Payload columns hold the text that `searchable` made, `args` what `paths.pairs` made. Relative times must have been resolved (ValueError).
    """
    return _node(query.tree)


def _node(node: Node) -> Test:
    match node:
        case Everything():
            return lambda row: True
        case And(items):
            return _every([_node(item) for item in items])
        case Or(items):
            return _some([_node(item) for item in items])
        case Not(item):
            test = _node(item)
            return lambda row: not test(row)
        case ArgCompare() | ArgSpan() | ArgPattern() | ArgExists():
            return _arguments(node)
        case _:
            field = FIELDS[node.field]
            return _some([_column(attrgetter(column), _value(node, field), field.many) for column in field.columns])


def _every(tests: list[Test]) -> Test:
    def every(row: Row) -> bool:
        # all() with a generator takes twice as long, and thousands of rows wait.
        for test in tests:
            if not test(row):
                return False
        return True

    return every


def _some(tests: list[Test]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def some(row: Row) -> bool:
        for test in tests:
            if test(row):
                return True
        return False

    return some


def _column(get: Callable[[Row], Any], test: Test, many: bool) -> Test:
    return (lambda row: any(test(value) for value in get(row))) if many else (lambda row: test(get(row)))


def _value(node: FieldLeaf, field: Field) -> Test:
    """A condition on one value of a field."""
    match node:
        case Exists():
            return bool if field.kind == "text" else lambda value: bool(value != field.absent and value != "")
        case Among(_, values):
            return frozenset(values).__contains__
        case Words(_, phrase):
            wanted_words = set(words(phrase))
            return lambda value: phrase in value and wanted_words <= set(words(value))
        case WordPrefix(_, prefix):
            return lambda value: any(word.startswith(prefix) for word in words(value))
        case WordPattern(_, pattern):
            return lambda value: any(like(word, pattern) for word in words(value))
        case Substring(_, part):
            return lambda value: part in value
        case Pattern(_, pattern):
            return (lambda value: like(ascii_lower(value), pattern)) if field.kind == "word" else (lambda value: like(value, pattern))
        case Span(_, low, high):
            return _between(absolute(low) if low is not None else None, absolute(high) if high is not None else None, field)
        case Compare(_, op, wanted) if field.kind in ORDERED:
            bound, compare = absolute(wanted), _COMPARE[op]
            return lambda value: _present(field, value) and compare(value, bound)
        case Compare(_, _, wanted):
            return (lambda value: ascii_lower(value) == wanted) if field.kind == "word" else (lambda value: bool(value == wanted))


def _between(low: int | None, high: int | None, field: Field) -> Test:
    return lambda value: _present(field, value) and (low is None or value >= low) and (high is None or value < high)


def _present(field: Field, value: int) -> bool:
    return field.absent is None or value != field.absent


def _arguments(node: ArgLeaf) -> Test:
    """A condition on the arguments: some plain value at a path."""
    path = node.path + SEPARATOR
    if isinstance(node, ArgExists):
        below = f"{node.path}."
        return lambda row: any(pair.startswith((path, below)) for pair in row.args)
    test = _argument(node)
    return lambda row: any(pair.startswith(path) and test(pair[len(path) :]) for pair in row.args)


def _argument(node: ArgCompare | ArgSpan | ArgPattern) -> Test:
    match node:
        case ArgPattern(_, pattern):
            return lambda value: like(value, pattern)
        case ArgCompare(_, _, str() as text):
            return lambda value: bool(value == text)
        case ArgCompare(_, op, wanted):
            bound, compare = float(wanted), _COMPARE[op]
            return _on_number(lambda number: compare(number, bound))
        case ArgSpan(_, low, high):
            return _on_number(lambda number: (low is None or number >= low) and (high is None or number < high))


def _on_number(test: Callable[[float], bool]) -> Test:
    def of(value: str) -> bool:
        number = number_of(value)
        return number is not None and test(number)

    return of


_COMPARE: Final[dict[Operator, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
