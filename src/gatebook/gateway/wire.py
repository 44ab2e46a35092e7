"""JSON-RPC 2.0 messages as bytes: read just enough to route and record them, change as little as possible.

Pure. Parts that are not needed stay `msgspec.Raw`, so they are relayed byte for byte.
"""

import json
import re
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
MISSING_CAPABILITY = -32021
UNSUPPORTED_VERSION = -32022
# Implementation-defined server errors (JSON-RPC 2.0 section 5.1), the gateway's own.
AUDIT_UNAVAILABLE = -32050
UPSTREAM_FAILED = -32051
BLOCKED = -32052
OVERLOADED = -32053
NOT_BRIDGED = -32054
CANCELLED = -32055
STATE_UNAVAILABLE = -32056
NOT_CONNECTED = -32057

Kind = Literal["request", "notification", "response", "error", "other"]

_ENVELOPE_KEYS = frozenset({"jsonrpc", "id", "method", "params", "result", "error"})
_PARAMS_KEYS = frozenset({"name", "uri", "arguments", "_meta", "requestState", "inputResponses"})
_WATCHED = sorted(_ENVELOPE_KEYS | _PARAMS_KEYS)
_KEYS = re.compile(rb'"(?:' + "|".join(_WATCHED).encode() + rb')"')
_KEYS_ANY_CASE = re.compile(rb'"(?:' + "|".join(_WATCHED).lower().encode() + rb')"')
# Long s and the Kelvin sign: parsers that fold case by Unicode take them for s and k.
_FOLDED = ("\u017f".encode(), "\u212a".encode())
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


class WireError(ValueError):
    """A body that is not a JSON-RPC message; `code` is the JSON-RPC error code that answers it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class _Envelope(Struct):
    jsonrpc: str | None = None
    id: Raw | UnsetType = UNSET
    method: str | None = None
    params: Raw | UnsetType = UNSET
    result: Raw | UnsetType = UNSET
    error: Raw | UnsetType = UNSET


class Message(Struct, frozen=True):
    """One JSON-RPC message. `raw` is the message as it came; `id`, `params`, `result` and `error` are JSON text."""

    kind: Kind
    raw: bytes
    id: bytes | None = None
    method: str = ""
    params: bytes | None = None
    result: bytes | None = None
    error: bytes | None = None


class ParamsHead(Struct):
    """What the gateway reads of a request's params."""

    name: str | None = None
    uri: str | None = None
    arguments: Raw = Raw()
    meta: Raw = msgspec.field(name="_meta", default=Raw())
    request_state: str | None = msgspec.field(name="requestState", default=None)


class _IdOfCancelled(Struct):
    request_id: Raw = msgspec.field(name="requestId", default=Raw())
    reason: str | None = None


class ResultHead(Struct):
    """What the gateway reads of a result."""

    is_error: bool = msgspec.field(name="isError", default=False)
    result_type: str | None = msgspec.field(name="resultType", default=None)
    request_state: str | None = msgspec.field(name="requestState", default=None)


class ErrorHead(Struct):
    """What the gateway reads of a JSON-RPC error."""

    code: int = INTERNAL_ERROR
    message: str = ""


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_params = msgspec.json.Decoder(ParamsHead).decode
_decode_result = msgspec.json.Decoder(ResultHead).decode
_decode_error = msgspec.json.Decoder(ErrorHead).decode
_decode_cancelled = msgspec.json.Decoder(_IdOfCancelled).decode
_decode_raw_map = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_raw_list = msgspec.json.Decoder(list[Raw]).decode
encode = msgspec.json.Encoder().encode


def parse(body: bytes, depth_max: int) -> Message:
    """Read one message. Raises WireError for anything that a careful peer would refuse, or that two parsers could read in two ways."""
    _check_text(body, depth_max)
    return _parse_one(body)


def parse_batch(body: bytes, depth_max: int, messages_max: int) -> list[Message]:
    """Read a JSON-RPC batch (MCP 2025-03-26 only). Raises WireError."""
    _check_text(body, depth_max)
    try:
        items = _decode_raw_list(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise WireError(PARSE_ERROR, "the batch is not a JSON array") from error
    if not 0 < len(items) <= messages_max:
        raise WireError(INVALID_REQUEST, f"a batch holds 1 to {messages_max} messages, this one holds {len(items)}")
    messages = [_parse_one(bytes(item)) for item in items]
    ids = [message.id for message in messages if message.kind == "request"]
    if len(set(ids)) < len(ids):
        raise WireError(INVALID_REQUEST, "two requests of the batch have the same id")
    return messages


def is_batch(body: bytes) -> bool:
    """Tell whether the body begins like a JSON array."""
    return body[:64].lstrip(b" \t\r\n")[:1] == b"["


def _check_text(body: bytes, depth_max: int) -> None:
    if depth_exceeds(body, depth_max):
        raise WireError(INVALID_REQUEST, f"the body is nested deeper than {depth_max} levels")
    if not body.isascii():
        try:
            body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise WireError(PARSE_ERROR, f"the body is not UTF-8 at byte {error.start}") from error


def _parse_one(body: bytes) -> Message:
    try:
        envelope = _decode_envelope(body)
    except msgspec.ValidationError as error:
        raise WireError(INVALID_REQUEST, f"not a JSON-RPC message: {error}") from error
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise WireError(PARSE_ERROR, f"the body is not valid JSON: {error}") from error
    _refuse_ambiguous(body, b"" if envelope.params is UNSET else bytes(envelope.params))
    return _message(body, envelope)


def _message(body: bytes, envelope: _Envelope) -> Message:
    if envelope.jsonrpc != "2.0":
        raise WireError(INVALID_REQUEST, 'not a JSON-RPC message: "jsonrpc" must be "2.0"')
    id_text = None if envelope.id is UNSET else _plain_id(bytes(envelope.id))
    if envelope.method is not None:
        if envelope.result is not UNSET or envelope.error is not UNSET:
            raise WireError(INVALID_REQUEST, 'not a JSON-RPC message: "method" and an answer in one')
        return _request(body, envelope, id_text)
    if (envelope.result is UNSET) == (envelope.error is UNSET):
        raise WireError(INVALID_REQUEST, 'not a JSON-RPC message: "method", or one of "result" and "error", must be there')
    kind: Kind = "error" if envelope.result is UNSET else "response"
    return Message(
        kind,
        body,
        id_text,
        result=None if envelope.result is UNSET else bytes(envelope.result),
        error=None if envelope.error is UNSET else bytes(envelope.error),
    )


def _plain_id(text: bytes) -> bytes:
    """Return an id without needless escapes: the other side may write the same id with others."""
    if text[:1] != b'"' or (b"\\" not in text and text.isascii()):
        return text
    return encode(msgspec.json.decode(text, type=str))


def _request(body: bytes, envelope: _Envelope, id_text: bytes | None) -> Message:
    params = None if envelope.params is UNSET else bytes(envelope.params)
    method = envelope.method or ""
    if not method:
        raise WireError(INVALID_REQUEST, '"method" must not be empty')
    if params is not None and params[:1] not in b"{[n":
        raise WireError(INVALID_REQUEST, '"params" must be an object')
    if id_text is None:
        return Message("notification", body, None, method, params)
    if id_text[:1] != b'"' and not re.fullmatch(rb"-?[0-9]{1,30}", id_text):
        raise WireError(INVALID_REQUEST, '"id" must be a string or an integer')
    if len(id_text) > 512:
        raise WireError(INVALID_REQUEST, '"id" is longer than 512 bytes')
    return Message("request", body, id_text, method, params)


def _refuse_ambiguous(body: bytes, params: bytes) -> None:
    """Refuse repeated keys, and keys that differ from the known ones by case only: parsers disagree on which one counts.

    The gateway decides on what it reads, so the connector must not be able to read anything else.
    """
    escaped = b"\\" in body and b"\\u" in body
    if not escaped and (body.isascii() or not any(sign in body for sign in _FOLDED)) and _plainly_keyed(body, params):
        return
    try:
        pairs = json.loads(body, object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        raise WireError(PARSE_ERROR, f"the body is not valid JSON: {error}") from error
    if not isinstance(pairs, _Pairs):
        return
    _refuse_repeated(pairs, _ENVELOPE_KEYS, "the message")
    for key, value in pairs:
        if key == "params" and isinstance(value, _Pairs):
            _refuse_repeated(value, _PARAMS_KEYS, "params")


class _Pairs(list[tuple[str, Any]]):
    """The members of one object, in order, repeats included."""


def _pairs(members: list[tuple[str, Any]]) -> _Pairs:
    return _Pairs(members)


def _plainly_keyed(body: bytes, params: bytes) -> bool:
    """Tell, without reading all of it, whether message and params have each known key once. False means: look closely.

    Values of no interest here are cut out first, once each. Their text begins with a brace and, when it holds a key, with a quotation
    mark behind it, so it is found as a value and never inside a string; an equal value elsewhere may be cut in its place.
    """
    if params[:1] != b"{":
        return _each_once(body)
    members = raw_map(params)
    inner = params
    for key in ("arguments", "_meta"):
        value = bytes(members.get(key, b""))
        if value[:1] == b"{":
            inner = inner.replace(value, b"", 1)
    return _each_once(body.replace(params, b"", 1)) and _each_once(inner)


def _each_once(text: bytes) -> bool:
    """Tell whether each known key is there at most once, and as it should be written."""
    lower = text.lower()
    found = _KEYS_ANY_CASE.findall(lower)
    return len(found) == len(set(found)) and (lower == text or len(_KEYS.findall(text)) == len(found))


def _refuse_repeated(pairs: _Pairs, known: frozenset[str], where: str) -> None:
    seen: set[str] = set()
    folded = {key.casefold(): key for key in known}
    for key, _ in pairs:
        if key in seen:
            raise WireError(INVALID_REQUEST, f"{where} has the key {key!r} twice")
        seen.add(key)
        if key not in known and folded.get(key.casefold()):
            raise WireError(INVALID_REQUEST, f"{where} has the key {key!r}; did you mean {folded[key.casefold()]!r}?")


def depth_exceeds(body: bytes, depth_max: int) -> bool:
    """Tell whether arrays and objects nest deeper than `depth_max`; brackets inside strings do not count."""
    if body.count(b"[") + body.count(b"{") <= depth_max:
        return False
    depth = 0
    for match in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if match.group() in b"[{" else -1
        if depth > depth_max:
            return True
    return False


def params_head(params: bytes | None) -> ParamsHead:
    """Read the head of a request's params. Raises WireError when a known member has the wrong type."""
    if params is None or params[:1] != b"{":
        return ParamsHead()
    try:
        return _decode_params(params)
    except msgspec.MsgspecError as error:
        raise WireError(INVALID_PARAMS, f"invalid params: {error}") from error


def result_head(result: bytes) -> ResultHead:
    """Read the head of a result; a result of an unknown shape reads as an ordinary one."""
    try:
        return _decode_result(result)
    except msgspec.MsgspecError:
        return ResultHead()


def error_head(error: bytes) -> ErrorHead:
    """Read code and message of a JSON-RPC error; one of an unknown shape reads as an internal error."""
    try:
        return _decode_error(error)
    except msgspec.MsgspecError:
        return ErrorHead()


def cancelled_id(params: bytes | None) -> bytes | None:
    """Return the id, JSON text, that a notifications/cancelled names."""
    try:
        request_id = _decode_cancelled(params or b"{}").request_id
    except msgspec.MsgspecError:
        return None
    return bytes(request_id) or None


def raw_map(text: bytes | None) -> dict[str, Raw]:
    """Read one level of an object; anything that is not an object reads as an empty one."""
    try:
        return _decode_raw_map(text or b"{}")
    except msgspec.MsgspecError:
        return {}


def raw_list(text: bytes | Raw | None) -> list[Raw]:
    """Read one level of an array; anything that is not an array reads as an empty one."""
    try:
        return _decode_raw_list(bytes(text or b"[]"))
    except msgspec.MsgspecError:
        return []


def request(id_text: bytes, method: str, params: bytes | None) -> bytes:
    """Write a request."""
    tail = b"" if params is None else b',"params":' + params
    return b'{"jsonrpc":"2.0","id":' + id_text + b',"method":' + encode(method) + tail + b"}"


def notification(method: str, params: bytes | None = None) -> bytes:
    """Write a notification."""
    tail = b"" if params is None else b',"params":' + params
    return b'{"jsonrpc":"2.0","method":' + encode(method) + tail + b"}"


def response(id_text: bytes, result: bytes) -> bytes:
    """Write a response with a result."""
    return b'{"jsonrpc":"2.0","id":' + id_text + b',"result":' + result + b"}"


def error(id_text: bytes | None, code: int, message: str, data: Any = None) -> bytes:
    """Write a response with an error; the id is null where the request's could not be read."""
    body: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        body["data"] = data
    return b'{"jsonrpc":"2.0","id":' + (id_text or b"null") + b',"error":' + encode(body) + b"}"


def tool_error(id_text: bytes, text: str, *, modern: bool) -> bytes:
    """Write a tools/call result with `isError`, which the model reads, unlike a JSON-RPC error."""
    result: dict[str, Any] = {"content": [{"type": "text", "text": text}], "isError": True}
    if modern:
        result["resultType"] = "complete"
    return response(id_text, encode(result))


def with_id(message: Message, id_text: bytes) -> bytes:
    """Write the message with another id; everything else is relayed as it came."""
    if message.kind == "request":
        return request(id_text, message.method, message.params)
    key = b"result" if message.kind == "response" else b"error"
    return b'{"jsonrpc":"2.0","id":' + id_text + b',"' + key + b'":' + (message.result or message.error or b"null") + b"}"


def parse_answer(text: bytes) -> Message:
    """Read a message from a connector. Repeated keys and depth are the client's affair; the shape must be right. Raises WireError."""
    try:
        envelope = _decode_envelope(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise WireError(PARSE_ERROR, f"not a JSON-RPC message: {error}") from error
    return _message(text, envelope)


def raw(text: bytes) -> Raw:
    """Mark JSON text as such, for use inside a structure that is encoded."""
    return Raw(text)


def text_of(value: Raw | None) -> str | None:
    """Read a JSON string; anything else reads as None."""
    try:
        return None if value is None else msgspec.json.decode(value, type=str)
    except msgspec.MsgspecError:
        return None


def loads(text: bytes) -> Any:
    """Read JSON of the gateway's own making."""
    return msgspec.json.decode(text)
