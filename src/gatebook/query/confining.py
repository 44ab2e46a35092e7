"""Confine a query to what its asker may see, leaf by leaf: a condition on a field holds only for rows in which that field is visible.

The result is plain boolean logic, so that NOT, OR and nesting tell nothing of what is hidden: two books that differ in hidden values only answer alike.
"""

from collections.abc import Callable
from typing import TypeAlias

from gatebook.query.errors import QueryError
from gatebook.query.fields import ARGS
from gatebook.query.tree import (
    Among,
    And,
    ArgCompare,
    ArgExists,
    ArgPattern,
    ArgSpan,
    Compare,
    Everything,
    Leaf,
    Node,
    Not,
    Or,
    Shown,
    Substring,
    WordPattern,
    WordPrefix,
    Words,
)

Rows: TypeAlias = frozenset[str] | None
"""In whose rows something is visible: pseudonyms; None: in all."""
SubjectsOf: TypeAlias = Callable[[str], Rows]
"""The rows in which a field is visible."""


class HiddenField(QueryError):
    """The query asks for a field that the asker may see nowhere. That depends on the role alone, never on what is stored."""

    def __init__(self, field: str) -> None:
        super().__init__(f"your role does not show {field}", position=0, expected="a field that your role shows")
        self.field = field


def rows_of(subjects: Rows) -> Node:
    """Return the condition for the rows of these people."""
    if subjects is None:
        return Everything()
    return Compare("subject", "eq", *subjects) if len(subjects) == 1 else Among("subject", tuple(sorted(subjects)))


def confine(tree: Node, whole: Rows, subjects_of: SubjectsOf) -> Node:
    """Return the tree for rows of `whole`, each leaf confined. Raises HiddenField.

    A tree is returned as it is where everything is visible.
    """
    inner = _node(tree, whole, subjects_of)
    return inner if whole is None else Shown((rows_of(whole), inner))


def _node(node: Node, whole: Rows, subjects_of: SubjectsOf) -> Node:
    match node:
        case Everything():
            return node
        case And(items):
            return And(tuple(_node(item, whole, subjects_of) for item in items))
        case Or(items):
            return Or(tuple(_node(item, whole, subjects_of) for item in items))
        case Not(item):
            return Not(_node(item, whole, subjects_of))
        case Words("text") | WordPrefix("text") | WordPattern("text") | Substring("text"):
            return _text(node, whole, subjects_of)
        case ArgCompare() | ArgSpan() | ArgPattern() | ArgExists():
            return _leaf(node, ARGS, whole, subjects_of)
        case _:
            return _leaf(node, node.field, whole, subjects_of)


def _leaf(node: Leaf, field: str, whole: Rows, subjects_of: SubjectsOf) -> Node:
    seen = subjects_of(field)
    if seen is None or seen == whole:
        return node
    if not seen:
        raise HiddenField(field)
    return Shown((rows_of(seen), node))


def _text(node: Words | WordPrefix | WordPattern | Substring, whole: Rows, subjects_of: SubjectsOf) -> Node:
    """Words anywhere in a payload: in arguments or in a response, each where it is visible."""
    seen = {name: subjects_of(name) for name in ("arguments", "response")}
    if all(rows is None or rows == whole for rows in seen.values()):
        return node
    shown = [name for name, rows in seen.items() if rows is None or rows]
    if not shown:
        raise HiddenField("text")
    parts = [_leaf(_of(node, name), name, whole, subjects_of) for name in shown]
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _of(node: Words | WordPrefix | WordPattern | Substring, field: str) -> Leaf:
    match node:
        case Words(_, phrase):
            return Words(field, phrase)
        case WordPrefix(_, prefix):
            return WordPrefix(field, prefix)
        case WordPattern(_, pattern):
            return WordPattern(field, pattern)
        case Substring(_, part):
            return Substring(field, part)
