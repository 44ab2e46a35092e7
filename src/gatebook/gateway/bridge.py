"""Between the eras: a client of one era and a connector of the other (MCP 2026-07-28 against the handshake revisions).

Pure. Plain requests and answers only. What needs a conversation (elicitation, sampling, subscriptions) is refused with a clear error.
"""

from typing import Any

from msgspec import Raw

from gatebook import __version__
from gatebook.gateway import headers, wire

_LISTED = ("tools/list", "prompts/list", "resources/list", "resources/templates/list", "resources/read", "server/discover")
_HANDSHAKE_ONLY = ("resources/subscribe", "resources/unsubscribe")
_STATELESS_ONLY = ("subscriptions/listen",)
GATEWAY_INFO = {"name": "gatebook", "title": "Gatebook", "version": __version__}


class NotBridged(Exception):
    """This cannot be carried between the eras; the text says why."""


def params_for_modern(params: bytes | None, client_info: bytes, capabilities: bytes) -> bytes:
    """Add the request envelope that a stateless connector requires."""
    members = wire.raw_map(params)
    meta = wire.raw_map(bytes(members.get("_meta", b"{}")))
    meta[headers.META_VERSION] = Raw(wire.encode(headers.LATEST_MODERN))
    meta[headers.META_CLIENT] = Raw(client_info)
    meta[headers.META_CAPABILITIES] = Raw(capabilities)
    members["_meta"] = Raw(wire.encode(meta))
    return wire.encode(members)


def params_for_legacy(params: bytes | None) -> bytes | None:
    """Take the request envelope out, which a handshake connector does not know."""
    if params is None:
        return None
    members = wire.raw_map(params)
    meta = {
        key: value
        for key, value in wire.raw_map(bytes(members.get("_meta", b"{}"))).items()
        if not key.startswith("io.modelcontextprotocol/")
    }
    members.pop("_meta", None)
    if meta:
        members["_meta"] = Raw(wire.encode(meta))
    return wire.encode(members)


def headers_for_modern(method: str, name: str | None) -> list[tuple[bytes, bytes]]:
    """Return the routing headers of a stateless request."""
    routing = [(b"mcp-protocol-version", headers.LATEST_MODERN.encode()), (b"mcp-method", headers.encode_value(method))]
    if method in headers.NAME_KEYS and name is not None:
        routing.append((b"mcp-name", headers.encode_value(name)))
    return routing


def check_method(method: str, *, client_modern: bool, leg_modern: bool) -> None:
    """Raise NotBridged for a method that only one of the two eras has."""
    if client_modern and not leg_modern and method in _STATELESS_ONLY:
        raise NotBridged(f"{method} needs a connector of MCP 2026-07-28; this one speaks an earlier revision")
    if not client_modern and leg_modern and method in _HANDSHAKE_ONLY:
        raise NotBridged(f"{method} needs a connector of MCP 2025-11-25 or earlier; this one speaks 2026-07-28 only")


def answer_for_modern(method: str, message: wire.Message) -> bytes:
    """Write a handshake connector's answer in the shape of the stateless era."""
    if message.result is None or message.result[:1] != b"{":
        return message.raw
    members = wire.raw_map(message.result)
    members.setdefault("resultType", Raw(b'"complete"'))
    if method in _LISTED:
        members.setdefault("ttlMs", Raw(b"0"))
        members.setdefault("cacheScope", Raw(b'"private"'))
    return wire.response(message.id or b"null", wire.encode(members))


def answer_for_legacy(message: wire.Message) -> bytes:
    """Write a stateless connector's answer in the shape of the handshake era. Raises NotBridged when the connector asks back."""
    if message.result is None or message.result[:1] != b"{":
        return message.raw
    if wire.result_head(message.result).result_type == "input_required":
        raise NotBridged("the connector asks for input in the way of MCP 2026-07-28, which this client's revision cannot answer")
    members = wire.raw_map(message.result)
    for key in ("resultType", "ttlMs", "cacheScope"):
        members.pop(key, None)
    return wire.response(message.id or b"null", wire.encode(members))


def discovered(hello: bytes) -> dict[str, Any]:
    """Make the result of server/discover from that of an initialize."""
    members = wire.raw_map(hello)
    kept: dict[str, Any] = {key: members[key] for key in ("capabilities", "instructions") if key in members}
    kept.setdefault("capabilities", {})
    kept |= {"supportedVersions": list(headers.MODERN_VERSIONS), "resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    if "serverInfo" in members:
        kept["serverInfo"] = members["serverInfo"]
        kept["_meta"] = {"io.modelcontextprotocol/serverInfo": members["serverInfo"]}
    return kept


def initialized(discovery: bytes, asked_version: str | None) -> dict[str, Any]:
    """Make the result of initialize from that of a server/discover."""
    members = wire.raw_map(discovery)
    meta = wire.raw_map(bytes(members.get("_meta", b"{}")))
    kept: dict[str, Any] = {key: members[key] for key in ("capabilities", "instructions") if key in members}
    kept.setdefault("capabilities", {})
    kept["protocolVersion"] = negotiated(asked_version)
    kept["serverInfo"] = members.get("serverInfo") or meta.get("io.modelcontextprotocol/serverInfo") or GATEWAY_INFO
    return kept


def negotiated(asked_version: str | None) -> str:
    """Return the version that an initialize is answered with: the one that was asked for where it is served, else the newest."""
    return asked_version if asked_version in headers.HANDSHAKE_VERSIONS else headers.LATEST_LEGACY
