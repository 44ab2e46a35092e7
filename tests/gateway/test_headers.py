"""Routing headers are judged as the SDK judges them, and only what may go on goes on."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared import inbound

from gatebook.gateway import catalog, headers, wire

META = {headers.META_VERSION: "2026-07-28", headers.META_CAPABILITIES: {}}
texts = st.text(max_size=12) | st.sampled_from(
    ["", " a", "a ", "=?base64?YQ==?=", "=?base64?YR==?=", "=?base64?", "é", "a\tb", "世界", "x" * 50]
)
encodable = texts.filter(lambda text: not any("\ud800" <= letter <= "\udfff" for letter in text))


@given(encodable)
def test_sentinel_codec_agrees_with_the_sdk(text: str) -> None:
    """What one side writes the other reads back."""
    ours, theirs = headers.encode_value(text), inbound.encode_header_value(text)
    assert headers.decode_value(ours) == text and inbound.decode_header_value(ours.decode()) == text
    assert headers.decode_value(theirs.encode("latin-1")) == text


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20)
    | st.sampled_from(
        ["=?base64?YQ==?=", "=?base64?YR==?=", "=?base64?/w==?=", "=?base64??=", "=?base64?Y Q==?=", "=?BASE64?YQ==?=", "=?base64?="]
    )
)
def test_sentinel_decoder_agrees_with_the_sdk(value: str) -> None:
    """Malformed and non-canonical sentinels are refused by both, everything else is read alike."""
    assert headers.decode_value(value.encode("latin-1")) == inbound.decode_header_value(value)


def sent(method: str = "tools/call", name: str | None = "t", version: str | None = "2026-07-28") -> dict[bytes, bytes]:
    """Return routing headers."""
    pairs = {b"mcp-method": method, b"mcp-name": name, b"mcp-protocol-version": version}
    return {key: value.encode("latin-1") for key, value in pairs.items() if value is not None}


def checked(given_headers: dict[bytes, bytes], body: dict[str, Any]) -> int | None:
    """Return the code that check_modern refuses with, None when it does not."""
    message = wire.parse(json.dumps({"jsonrpc": "2.0", "id": 1} | body).encode(), 64)
    try:
        headers.check_modern(given_headers, message, wire.params_head(message.params))
    except headers.HeaderError as error:
        return error.code
    return None


METHODS = ["tools/call", "prompts/get", "resources/read", "tools/list", "x"]
NAMES = ["t", "T", None, "=?base64?dA==?=", "=?base64?dB==?=", "u"]
VERSIONS = ["2026-07-28", "2099-01-01", None]
ENVELOPES = [
    META,
    META | {headers.META_VERSION: "2099-01-01"},
    META | {headers.META_VERSION: 7},
    {headers.META_VERSION: "2026-07-28"},
    None,
]


def test_envelope_and_headers_are_judged_as_the_sdk_does() -> None:
    """For every combination of method, name and version in header and body, the code is the one that the SDK gives."""
    for method, header_method, name, version, meta in itertools.product(METHODS, [*METHODS, "Tools/Call", ""], NAMES, VERSIONS, ENVELOPES):
        key = "uri" if method == "resources/read" else "name"
        body = {"method": method, "params": {key: "t"} | ({} if meta is None else {"_meta": meta})}
        given_headers = sent(header_method, name, version)
        expected = inbound.classify_inbound_request(
            body, headers={header.decode(): value.decode() for header, value in given_headers.items()}
        )
        wanted = expected.code if isinstance(expected, inbound.InboundLadderRejection) else None
        assert checked(given_headers, body) == wanted, (method, header_method, name, version, meta)


def test_meta_that_python_cannot_read_is_a_clean_error() -> None:
    """An integer of 5000 digits in _meta is relayed or refused, not a crash."""
    text = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"_meta": META | {"n": 0}}}).replace(
        '"n": 0', '"n": ' + "1" * 5000
    )
    message = wire.parse(text.encode(), 64)
    headers.check_modern(sent("x", None), message, wire.params_head(message.params))


def test_no_number_is_too_long_for_the_check() -> None:
    """An integer that Python does not read cannot switch the check off."""
    declared = {("region",): ("Region", "string"), ("n",): ("N", "integer")}
    long = b'{"region":"eu","n":' + b"1" * 5000 + b"}"
    headers.check_params({b"mcp-param-region": b"eu"}, declared, long)
    for wrong in ({b"mcp-param-region": b"us"}, {b"mcp-param-region": b"eu", b"mcp-param-n": b"1" * 5000}):
        with pytest.raises(headers.HeaderError):
            headers.check_params(wrong, declared, long)


SCHEMAS: list[dict[str, Any]] = [
    {
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}, "n": {"type": "integer", "x-mcp-header": "N"}},
    },
    {"type": "object", "properties": {"deep": {"type": "object", "properties": {"flag": {"type": "boolean", "x-mcp-header": "Flag"}}}}},
    {
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "Region"}, "n": {"type": "string", "x-mcp-header": "region"}},
    },
    {
        "type": "object",
        "properties": {"region": {"type": "number", "x-mcp-header": "Region"}, "n": {"type": "integer", "x-mcp-header": "N"}},
    },
    {
        "type": "object",
        "properties": {"region": {"type": "string", "x-mcp-header": "bad token"}, "n": {"type": "integer", "x-mcp-header": "N"}},
    },
    {
        "type": "object",
        "properties": {"n": {"type": "integer", "x-mcp-header": "N"}},
        "anyOf": [{"properties": {"region": {"type": "string", "x-mcp-header": "R"}}}],
    },
    {"type": "object", "properties": {"n": {"type": "integer", "x-mcp-header": 5}}},
    {"type": "object", "properties": {"n": {"type": "array", "items": {"type": "string", "x-mcp-header": "N"}}}},
    {"x-mcp-header": "Root"},
    {},
]
values = st.sampled_from(
    [
        "eu",
        "",
        " x",
        "é",
        1,
        0,
        -7,
        42.0,
        1.5,
        1e300,
        2**63,
        10**25,
        True,
        False,
        None,
        [],
        {"flag": True},
        {"flag": 1},
        {"flag": None},
        "true",
        "1",
    ]
)
arguments_of = st.dictionaries(st.sampled_from(["region", "n", "deep"]), values, max_size=3)
header_values = st.sampled_from(
    [
        "eu",
        "",
        "1",
        "1.0",
        "-7",
        "42",
        "42.0",
        "1e0",
        " 1",
        "0x1",
        "1_0",
        "inf",
        "nan",
        "9223372036854775808",
        "9223372036854775807",
        "10000000000000000000000000",
        "true",
        "false",
        "True",
        "=?base64?w6k=?=",
        "=?base64?IHg=?=",
        "=?base64?zz?=",
    ]
)
param_headers = st.dictionaries(st.sampled_from(["Region", "N", "Flag", "Other", "R", "Root"]), header_values, max_size=3)


@given(st.sampled_from(SCHEMAS), arguments_of, param_headers, st.booleans())
def test_param_headers_are_judged_as_the_sdk_does(
    schema: dict[str, Any], arguments: dict[str, Any], extra: dict[str, str], mirror: bool
) -> None:
    """For any schema, arguments and Mcp-Param headers, the gateway refuses exactly what the SDK refuses."""
    given_headers = {f"Mcp-Param-{token}": value for token, value in extra.items()}
    if mirror and inbound.find_invalid_x_mcp_header(schema) is None:
        given_headers |= inbound.mcp_param_headers(inbound.x_mcp_header_map(schema), arguments)
    expected = inbound.validate_mcp_param_headers(schema, arguments, given_headers)
    raw = headers.read((name.lower().encode(), value.encode("latin-1")) for name, value in given_headers.items())
    # The gateway trims values as HTTP says, before it compares.
    trimmed = inbound.validate_mcp_param_headers(schema, arguments, {name: value.strip(" \t") for name, value in given_headers.items()})
    try:
        headers.check_params(raw, catalog.declared_headers(schema), json.dumps(arguments).encode())
        refused = False
    except headers.HeaderError:
        refused = True
    assert refused == (trimmed is not None), (expected, trimmed)


@pytest.mark.parametrize(
    "name",
    [
        b"mcp-method",
        b"mcp-name",
        b"mcp-protocol-version",
        b"mcp-session-id",
        b"mcp-param-region",
        b"host",
        b"authorization",
        b"content-type",
        b"origin",
    ],
)
def test_headers_that_decide_must_not_come_twice(name: bytes) -> None:
    """Two readers would take two different copies, so a second copy is refused, even one with the same value."""
    with pytest.raises(headers.HeaderError):
        headers.read([(name, b"a"), (b"x", b"1"), (name, b"a")])


def test_values_are_trimmed_and_others_may_repeat() -> None:
    """Blanks around a value are not part of it; a header that decides nothing may come twice."""
    assert headers.read([(b"mcp-method", b" ping\t"), (b"x-a", b"1"), (b"x-a", b"2")]) == {b"mcp-method": b"ping", b"x-a": b"2"}


@pytest.mark.parametrize(
    ("version", "modern"),
    [
        (None, False),
        (b"2024-11-05", False),
        (b"2025-03-26", False),
        (b"2025-06-18", False),
        (b"2025-11-25", False),
        (b"2026-07-28", True),
        (b"2099-01-01", True),
        (b"", True),
    ],
)
def test_the_version_header_tells_the_era(version: bytes | None, modern: bool) -> None:
    """No version or one of the handshake era is legacy, anything else is modern."""
    assert headers.is_modern({} if version is None else {b"mcp-protocol-version": version}) is modern


def test_only_listed_headers_go_on() -> None:
    """The list says what may pass: credentials, cookies, addresses and unknown headers do not."""
    stay = [
        b"authorization",
        b"cookie",
        b"origin",
        b"host",
        b"referer",
        b"x-forwarded-for",
        b"forwarded",
        b"x-real-ip",
        b"proxy-authorization",
        b"user-agent",
    ]
    stay += [
        b"accept-encoding",
        b"connection",
        b"transfer-encoding",
        b"content-length",
        b"mcp-session-id",
        b"x-custom",
        b"upgrade",
        b"te",
        b"expect",
    ]
    go = [
        b"accept",
        b"content-type",
        b"mcp-protocol-version",
        b"mcp-method",
        b"mcp-name",
        b"mcp-param-x",
        b"last-event-id",
        b"traceparent",
        b"tracestate",
        b"baggage",
    ]
    assert [name for name, _ in headers.forwarded(dict.fromkeys(stay + go, b"v"))] == go
