"""What a token can be good at: the addresses of the MCP endpoint, and the scopes that each offers. Pure.

Whether a connector exists is never asked here: an address that no connector has answers like one that has.
"""

import re
from typing import Final

from gatebook.identity.scopes import ALL_CONNECTORS, for_connector
from gatebook.state.connectors import NAME

PATH: Final = "/mcp"
# What OpenID Connect clients ask for out of habit. It opens nothing here, and is no reason to refuse them.
_IGNORED: Final = frozenset({"openid", "profile", "email", "offline_access"})
_SCOPE = re.compile(r"[!#-\[\]-~]+( [!#-\[\]-~]+)*")


class ScopeRefused(ValueError):
    """Nothing of what was asked for exists at that address. The text is for people."""


def connector_of(resource: str, mcp_url: str) -> str | None:
    """The connector of an address, empty for the one of all connectors; None when it is no address of this gateway."""
    rest = resource.removeprefix(mcp_url + PATH)
    if rest == resource:
        return None
    if rest == "":
        return ""
    name = rest.removeprefix("/")
    return name if name != rest and NAME.fullmatch(name) else None


def scopes_at(connector: str) -> tuple[str, ...]:
    """What is offered at an address: the scope of the connector, or that of all."""
    return (for_connector(connector),) if connector else (ALL_CONNECTORS,)


def granted(asked: str | None, connector: str) -> tuple[str, ...]:
    """The scopes that a request at an address gets: what it asks for, as far as the address offers it. Raises ScopeRefused."""
    offered = scopes_at(connector)
    wanted = [scope for scope in (asked or "").split(" ") if scope and scope not in _IGNORED]
    if not wanted:
        return offered
    if not _SCOPE.fullmatch(" ".join(wanted)):
        raise ScopeRefused("scope holds characters that it must not have")
    if ALL_CONNECTORS in wanted:
        return offered
    kept = tuple(dict.fromkeys(scope for scope in wanted if _within(scope, connector)))
    if not kept:
        raise ScopeRefused(f"nothing of the scope is offered at this address; it offers {' '.join(offered)}")
    return kept


def common(wanted: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    """What is wanted, as far as it is allowed; the scope of all connectors holds those of each. Raises ScopeRefused."""
    if ALL_CONNECTORS in allowed:
        return wanted
    kept = allowed if ALL_CONNECTORS in wanted else tuple(scope for scope in wanted if scope in allowed)
    if not kept:
        raise ScopeRefused("nothing of the scope is allowed")
    return kept


def _within(scope: str, connector: str) -> bool:
    name = scope.removeprefix(f"{ALL_CONNECTORS}:")
    return name != scope and NAME.fullmatch(name) is not None and connector in ("", name)
