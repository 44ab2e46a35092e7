"""What a token is good for. A token without scopes is good for all that its person may do.

`mcp` all connectors · `mcp:<connector>` one connector · `book:read` reading in the API. Pure.
"""

from collections.abc import Iterable
from typing import Final

ALL_CONNECTORS: Final = "mcp"
READ_BOOK: Final = "book:read"


def for_connector(name: str) -> str:
    """The scope of one connector."""
    return f"{ALL_CONNECTORS}:{name}"


def is_scope(text: str) -> bool:
    """Whether a text is a scope at all; whether the connector exists is not asked."""
    return text in (ALL_CONNECTORS, READ_BOOK) or (text.startswith(f"{ALL_CONNECTORS}:") and len(text) > len(ALL_CONNECTORS) + 1)


def reaches(scopes: Iterable[str], connector: str | None) -> bool:
    """Whether scopes reach a connector; None is the aggregate of all, which any one connector's scope opens, for that connector alone."""
    held = set(scopes)
    if not held or ALL_CONNECTORS in held:
        return True
    if connector is None:
        return any(scope.startswith(f"{ALL_CONNECTORS}:") for scope in held)
    return for_connector(connector) in held


def reads_book(scopes: Iterable[str]) -> bool:
    """Whether scopes let a program read in the API."""
    held = set(scopes)
    return not held or READ_BOOK in held
