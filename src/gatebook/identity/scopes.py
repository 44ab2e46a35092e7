"""What a token is good for. A token without scopes is good for all that its person may do; a scope never gives what the person does not have.

`mcp` all connectors · `mcp:<connector>` one connector · `book:read` reading in the API. Pure.
"""

from collections.abc import Iterable
from typing import Final

from gatebook.state.connectors import NAME

ALL_CONNECTORS: Final = "mcp"
READ_BOOK: Final = "book:read"
SCOPES_MAX: Final = 50
"""A token with more of them is refused when it is made; by then `mcp` is meant."""
_EVERYTHING: Final = (ALL_CONNECTORS, READ_BOOK)
"""What a token without scopes is good for, said in scopes."""
_CONNECTOR_PREFIX: Final = f"{ALL_CONNECTORS}:"


def for_connector(name: str) -> str:
    """The scope of one connector."""
    return _CONNECTOR_PREFIX + name


def is_scope(text: str) -> bool:
    """Whether a text is a scope at all; whether the connector exists is not asked."""
    return text in _EVERYTHING or (text.startswith(_CONNECTOR_PREFIX) and NAME.fullmatch(text[len(_CONNECTOR_PREFIX) :]) is not None)


def tidied(scopes: Iterable[str]) -> tuple[str, ...]:
    """The same scopes, each once, in order, without those that another one holds already. Raises ValueError naming the first that is none."""
    wanted = set(scopes)
    for scope in sorted(wanted):
        if not is_scope(scope):
            raise ValueError(f"{scope[:80]!r} is not a scope: write mcp, mcp:<connector> or book:read")
    if ALL_CONNECTORS in wanted:
        wanted = {scope for scope in wanted if not scope.startswith(_CONNECTOR_PREFIX)}
    return tuple(sorted(wanted))


def reaches(scopes: tuple[str, ...], connector: str | None) -> bool:
    """Whether scopes reach a connector; None is the aggregate of all, which any one connector's scope opens, for that connector alone."""
    if not scopes or ALL_CONNECTORS in scopes:
        return True
    if connector is None:
        return any(scope.startswith(_CONNECTOR_PREFIX) for scope in scopes)
    return _CONNECTOR_PREFIX + connector in scopes


def reads_book(scopes: tuple[str, ...]) -> bool:
    """Whether scopes let a program read in the API."""
    return not scopes or READ_BOOK in scopes


def covers(held: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether everything that the wanted scopes are good for, the held ones are good for too."""
    if not held:
        return True
    every = ALL_CONNECTORS in held
    return all(scope in held or (every and scope.startswith(_CONNECTOR_PREFIX)) for scope in wanted or _EVERYTHING)


def needed(held: tuple[str, ...], scope: str) -> tuple[str, ...]:
    """All scopes that a token must have to do what it could and this: what one challenge names, so that a client that asks anew loses nothing."""
    return tidied((*held, scope))
