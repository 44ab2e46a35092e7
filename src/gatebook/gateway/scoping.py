"""Whether a token is good for what it is used for here, and that none stands in an address. Costs a token without scopes nothing.

RFC 6750 section 3.1 (`insufficient_scope`), MCP authorization: one challenge names all scopes that are needed.
"""

from collections.abc import MutableMapping
from typing import Any, Final

from gatebook.gateway import wire
from gatebook.gateway.context import Context
from gatebook.gateway.refusal import Refusal
from gatebook.identity.directory import Principal
from gatebook.identity.scopes import ALL_CONNECTORS, for_connector, is_scope, needed, reaches

METADATA_PATH: Final = "/.well-known/oauth-protected-resource"
_ENDPOINT: Final = "/mcp"
_IN_ADDRESS: Final = (
    "an access token must not stand in the address, where proxies and browsers keep it: send it as `Authorization: Bearer …`, "
    "and revoke the one that was sent"
)


def holds_token(scope: MutableMapping[str, Any]) -> bool:
    """Whether the address of a request carries a token (RFC 6750 section 2.3, which we do not serve), or something that begins like one of ours."""
    query: bytes = scope.get("query_string", b"")
    return "gw_" in scope["path"] or (bool(query) and (b"access_token" in query or b"gw_" in query))


def without_token(scope: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The same request without the address that it came to, for the record."""
    return {**scope, "path": _ENDPOINT, "query_string": b""}


def token_in_address() -> Refusal:
    """The refusal of a request whose address carries a token."""
    return Refusal(wire.INVALID_REQUEST, _IN_ADDRESS, status=400, error_class="invalid_input")


def check(base_url: str, context: Context, connector: str | None) -> None:
    """Hold a connector that is named in a request to the aggregate against the token. Raises Refusal."""
    if context.principal.scopes and (refusal := missing(context.principal, connector, base_url, aggregate=True)) is not None:
        raise refusal


def missing(who: Principal, connector: str | None, base_url: str, *, aggregate: bool = False) -> Refusal | None:
    """The refusal of a token that does not reach a connector (None: the aggregate), whether the connector exists or not; None where it does."""
    scope = ALL_CONNECTORS if connector is None else for_connector(connector)
    # What can be no connector's name is left to who knows the connectors, and says that there is none.
    if reaches(who.scopes, connector) or not is_scope(scope):
        return None
    return challenge(who, scope, f"{base_url}{METADATA_PATH}{_ENDPOINT}" + ("" if connector is None or aggregate else f"/{connector}"))


def challenge(who: Principal, scope: str, metadata_url: str) -> Refusal:
    """The refusal that tells a client for which scopes to ask."""
    scopes = " ".join(needed(who.scopes, scope))
    text = f"this access token is not good for that; it needs the {'scopes' if ' ' in scopes else 'scope'} {scopes}"
    refusal = Refusal(wire.INVALID_REQUEST, text, status=403, error_class="permission")
    header = f'Bearer error="insufficient_scope", scope="{scopes}", resource_metadata="{metadata_url}", error_description="{text}"'
    refusal.headers = ((b"www-authenticate", header.encode()),)
    return refusal.with_data({"reason": "insufficient_scope", "scope": scopes})
