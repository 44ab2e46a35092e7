"""What an AI client is told that comes without a token: where to get one, and what for. Pure.

Sources: RFC 9728 sections 3 and 5.1, RFC 6750 section 3. A connector that does not exist gets the answer of one that does.
"""

from typing import Any, Final

from gatebook.identity.scopes import ALL_CONNECTORS, for_connector
from gatebook.state.connectors import NAME

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
_PREFIX: Final = "/mcp"


def metadata(mcp_url: str, issuer: str, rest: str) -> dict[str, Any] | None:
    """The document of an address: `rest` is the path that follows the well-known one, empty at the root. None where there can be no connector."""
    name = _connector(rest or _PREFIX)
    if name is None:
        return None
    return {
        "resource": mcp_url + _PREFIX + (f"/{name}" if name else ""),
        "authorization_servers": [issuer],
        "scopes_supported": [_scope(name)],
        "bearer_methods_supported": ["header"],
        "resource_name": "Gatebook",
    }


def challenge(mcp_url: str, endpoint: str, error: str | None) -> bytes:
    """The value of WWW-Authenticate at an address."""
    name = _connector(endpoint) or ""
    path = _PREFIX + (f"/{name}" if name else "")
    said = f', error="{error}"' if error else ""
    return f'Bearer resource_metadata="{mcp_url}{WELL_KNOWN}{path}", scope="{_scope(name)}"{said}'.encode()


def _connector(path: str) -> str | None:
    """The connector of a path, empty for all; None where it is no path of a connector."""
    if path == _PREFIX:
        return ""
    name = path.removeprefix(f"{_PREFIX}/")
    return name if name != path and NAME.fullmatch(name) else None


def _scope(name: str) -> str:
    return for_connector(name) if name else ALL_CONNECTORS
