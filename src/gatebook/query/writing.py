"""Values to query text: the way back from what was found to the query that finds it. Pure."""

import re

from gatebook.query.errors import QueryError
from gatebook.query.parser import parse
from gatebook.query.tree import Everything, Or

_BARE_VALUE = re.compile(r'[^\s\0()",*<>=:.-][^\s\0()",*]*')


def quoted(value: str) -> str:
    """The value as it is written in a query: bare where that is unambiguous."""
    if _BARE_VALUE.fullmatch(value) and ".." not in value:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def term(field: str, value: str) -> str:
    """The filter for one value of a field; for the empty value, that the field has none."""
    return f"{field}:{quoted(value)}" if value else f"-{field}:*"


def both(text: str, *more: str) -> str:
    """A query together with further filters."""
    added = " ".join(item for item in more if item)
    try:
        tree = parse(text).tree
    except QueryError:
        return f"({text}) {added}".strip()
    if isinstance(tree, Everything):
        return added
    if not added:
        return text
    return f"({text}) {added}" if isinstance(tree, Or) else f"{text} {added}"
