"""HTTP headers of MCP: the routing rules of 2026-07-28, and what may go on to a connector.

Pure. Facts: MCP 2026-07-28, basic/transports, "Routing headers"; RFC 9110 section 5.6.2.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from gatebook.gateway import wire

LEGACY_VERSIONS = ("2025-03-26", "2025-06-18", "2025-11-25")
MODERN_VERSIONS = ("2026-07-28",)
LATEST_LEGACY = LEGACY_VERSIONS[-1]
LATEST_MODERN = MODERN_VERSIONS[-1]
# Seen in an initialize only: the transport of that revision is not served to clients, its handshake is the same.
HANDSHAKE_VERSIONS = ("2024-11-05", *LEGACY_VERSIONS)

META_VERSION = "io.modelcontextprotocol/protocolVersion"
META_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
META_CLIENT = "io.modelcontextprotocol/clientInfo"

NAME_KEYS = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
# Headers that decide something: of two copies, two readers would take a different one each.
_SINGLE = frozenset(
    {b"mcp-protocol-version", b"mcp-method", b"mcp-name", b"mcp-session-id", b"last-event-id"}
    | {b"host", b"origin", b"authorization", b"content-type", b"content-encoding"}
)
_FORWARDED = frozenset(
    {
        b"accept",
        b"content-type",
        b"mcp-protocol-version",
        b"mcp-method",
        b"mcp-name",
        b"last-event-id",
        b"traceparent",
        b"tracestate",
        b"baggage",
    }
)
PARAM_PREFIX = b"mcp-param-"
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_INTEGER_DIGITS_MAX = 4000


class HeaderError(ValueError):
    """A header that breaks the rules: 400 and `code`, with `data` for an unsupported version."""

    def __init__(self, message: str, code: int = wire.HEADER_MISMATCH, data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


def read(raw: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return the headers by lower-case name, values trimmed. Raises HeaderError for a header that decides something and appears twice."""
    headers: dict[bytes, bytes] = {}
    for name, value in raw:
        if name in headers and (name in _SINGLE or name.startswith(PARAM_PREFIX)):
            raise HeaderError(f"the header {name.decode('latin-1')} appears more than once")
        headers[name] = value.strip(b" \t")
    return headers


def decode_value(value: bytes) -> str | None:
    """Undo the base64 sentinel `=?base64?...?=`; None when what it holds is not canonical base64 of UTF-8."""
    if not (value.startswith(b"=?base64?") and value.endswith(b"?=") and len(value) >= 11):
        return value.decode("latin-1")
    payload = value[9:-2]
    try:
        decoded = base64.b64decode(payload, validate=True)
        return decoded.decode("utf-8") if base64.b64encode(decoded) == payload else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def encode_value(value: str) -> bytes:
    """Write a header value; what is not plain printable ASCII goes into the base64 sentinel."""
    plain = value.isascii() and value.isprintable() and value == value.strip() and not value.startswith("=?base64?")
    return value.encode() if plain else b"=?base64?" + base64.b64encode(value.encode()) + b"?="


def is_modern(headers: Mapping[bytes, bytes]) -> bool:
    """Tell the era by the version header: absent or a handshake version is legacy, anything else is modern."""
    version = headers.get(b"mcp-protocol-version")
    return version is not None and version.decode("latin-1") not in HANDSHAKE_VERSIONS


def check_modern(headers: Mapping[bytes, bytes], message: wire.Message, head: wire.ParamsHead) -> None:
    """Check a request of the stateless era against its headers. Raises HeaderError.

    The body decides; a header that disagrees with it is refused, so that nobody in between was misled.
    """
    meta = wire.raw_map(bytes(head.meta))
    missing = [key for key in (META_VERSION, META_CAPABILITIES) if key not in meta]
    if missing:
        raise HeaderError(f"params._meta lacks {', '.join(missing)}", wire.INVALID_PARAMS)
    version = wire.text_of(meta[META_VERSION])
    if version is None or headers.get(b"mcp-protocol-version", b"").decode("latin-1") != version:
        raise HeaderError("the header MCP-Protocol-Version is not the version in params._meta")
    if headers.get(b"mcp-method", b"").decode("latin-1") != message.method:
        raise HeaderError("the header Mcp-Method is not the method of the body")
    key = NAME_KEYS.get(message.method)
    if key is not None:
        name = head.name if key == "name" else head.uri
        value = headers.get(b"mcp-name")
        if name is not None and (value is None or decode_value(value) != name):
            raise HeaderError(f"the header Mcp-Name is not params.{key} of the body")
    check_version(version)


def check_version(version: str) -> None:
    """Raise HeaderError with the supported versions when a stateless version is not served."""
    if version not in MODERN_VERSIONS:
        data = {"supported": list(MODERN_VERSIONS), "requested": version}
        raise HeaderError("Unsupported protocol version", wire.UNSUPPORTED_VERSION, data)


def check_params(headers: Mapping[bytes, bytes], declared: Mapping[tuple[str, ...], tuple[str, str]], arguments: bytes) -> None:
    """Check the `Mcp-Param-*` headers that a tool's schema declares against its arguments. Raises HeaderError.

    `declared` maps the path of a property to its `x-mcp-header` token and its type. Headers that no schema declares are not judged.
    """
    if not declared:
        return
    tree = json.loads(arguments or b"{}", parse_int=_integer)
    for path, (token, kind) in declared.items():
        value = _at(tree, path)
        written = _written(value)
        sent = headers.get(PARAM_PREFIX + token.lower().encode())
        # A value that cannot be written into a header is left out by clients, as an absent one is.
        if written is None and sent is None:
            continue
        decoded = None if sent is None else decode_value(sent)
        if written is None or decoded is None or not (decoded == written or (kind == "integer" and _same_integer(value, decoded))):
            raise HeaderError(f"the header Mcp-Param-{token} is not the argument {'.'.join(path)}")


def mirrored(declared: Mapping[tuple[str, ...], tuple[str, str]], arguments: bytes) -> dict[bytes, bytes]:
    """Write the `Mcp-Param-*` headers that a tool's schema declares, from its arguments."""
    tree = json.loads(arguments or b"{}", parse_int=_integer)
    written = {token: _written(_at(tree, path)) for path, (token, _) in declared.items()}
    return {PARAM_PREFIX + token.lower().encode(): encode_value(text) for token, text in written.items() if text is not None}


def _integer(text: str) -> Any:
    # Longer ones Python does not read; what is no number has no form as a header either.
    return int(text) if len(text) <= _INTEGER_DIGITS_MAX else ()


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not isinstance(tree, dict):
            return None
        tree = tree.get(key)
    return tree


def _written(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def _same_integer(value: Any, sent: str) -> bool:
    """Compare as numbers, exactly: 42 is 42.0."""
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        return False
    whole, _, fraction = sent.partition(".")
    return (
        _DECIMAL.fullmatch(sent) is not None and not fraction.strip("0") and len(whole) <= _INTEGER_DIGITS_MAX and int(whole) == int(value)
    )


def forwarded(headers: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """Return the headers that may go on to a connector: a list of what may, never of what may not."""
    return [(name, value) for name, value in headers.items() if name in _FORWARDED or name.startswith(PARAM_PREFIX)]
