"""Messages are read in one way only, and relayed as they came."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatebook.gateway import wire

DEPTH = 64
CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"v":%s}}}'

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
envelopes = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.sampled_from(["2.0", "1.0", 2]),
        "id": json_values,
        "method": st.sampled_from(["ping", "tools/call", "", "notifications/x", 7]),
        "params": json_values | st.fixed_dictionaries({"name": st.text(max_size=4), "arguments": json_values}),
        "result": json_values,
        "error": json_values,
    },
)


def code_of(body: bytes, depth_max: int = DEPTH) -> int:
    """Return the code of the error that the body is refused with."""
    with pytest.raises(wire.WireError) as caught:
        wire.parse(body, depth_max)
    return caught.value.code


@given(st.binary(max_size=200) | envelopes.map(lambda value: json.dumps(value).encode()))
@example(b"")
@example(b"\xef\xbb\xbf{}")
@example(b'{"jsonrpc":"2.0","method":"x","id":' + b"1" * 400 + b"}")
@example(b'{"a":' * 5000)
@example(b'"' * 99)
def test_parse_returns_a_message_or_refuses(body: bytes) -> None:
    """Whatever comes in, the parser says what it is or raises its own error, and never changes a byte."""
    try:
        message = wire.parse(body, DEPTH)
    except wire.WireError as error:
        assert error.code in (wire.PARSE_ERROR, wire.INVALID_REQUEST)
        return
    loaded = json.loads(body)
    assert message.raw == body and loaded["jsonrpc"] == "2.0"
    assert message.method == loaded.get("method", "")
    for part, key in ((message.params, "params"), (message.result, "result"), (message.error, "error"), (message.id, "id")):
        assert (part is None) == (key not in loaded or (key == "params" and "method" not in loaded))
        assert part is None or json.loads(part) == loaded[key]


@given(envelopes)
def test_a_message_has_one_kind(value: dict[str, Any]) -> None:
    """A message with a method is no answer at the same time: a connector could run it as the one or the other."""
    try:
        message = wire.parse(json.dumps(value).encode(), DEPTH)
    except wire.WireError:
        return
    members = {key for key in ("method", "result", "error") if key in value}
    assert len(members) == 1
    assert message.kind in {"method": ("request", "notification"), "result": ("response",), "error": ("error",)}[members.pop()]


@pytest.mark.parametrize(
    "number", [b"9223372036854775808", b"18446744073709551616", b"-9223372036854775809", b"1e999", b"0.1000000000000000055"]
)
def test_numbers_beyond_the_machine_are_relayed_as_they_came(number: bytes) -> None:
    """2^63, 2^64 and decimals that no float holds pass without being read as numbers."""
    message = wire.parse(CALL % number, DEPTH)
    assert bytes(wire.params_head(message.params).arguments) == b'{"v":' + number + b"}"
    assert number in wire.with_id(message, b"7")


@pytest.mark.parametrize(
    "value",
    [
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"01",
        b"1.",
        b"+1",
        b"0x1",
        b'"\\ud800"',
        b'"\\udc00"',
        b'"\\ud800\\u0041"',
        b'"\x01"',
        b'"\\x"',
        b"[1,]",
        b"'a'",
        b"//",
    ],
)
def test_what_is_not_json_is_refused(value: bytes) -> None:
    """NaN, infinities, lone surrogates and the other things that lenient parsers accept are parse errors."""
    assert code_of(CALL % value) == wire.PARSE_ERROR


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + CALL % b"1",
        CALL % b'"\xff"',
        CALL % b'"\xc0\x80"',
        CALL % b'"\xed\xa0\x80"',
        b"\x00",
        (CALL % b"1").decode().encode("utf-16"),
    ],
)
def test_only_utf8_without_a_mark_is_read(body: bytes) -> None:
    """A byte order mark, overlong forms, encoded surrogates and UTF-16 are parse errors."""
    assert code_of(body) == wire.PARSE_ERROR


@pytest.mark.parametrize("identifier", [b"1", b"-1", b"0", b'"a"', b'""', b"123456789012345678901234567890", b'"' + b"x" * 500 + b'"'])
def test_ids_that_are_taken(identifier: bytes) -> None:
    """Integers and strings of a sensible size are ids, and come back as they were."""
    assert wire.parse(b'{"jsonrpc":"2.0","id":%s,"method":"ping"}' % identifier, DEPTH).id == identifier


@pytest.mark.parametrize("identifier", [b"null", b"1.0", b"1e3", b"true", b"[1]", b'{"a":1}', b"1" * 31, b'"' + b"x" * 600 + b'"'])
def test_ids_that_are_refused(identifier: bytes) -> None:
    """null, floats, booleans, containers and huge ids are invalid requests."""
    assert code_of(b'{"jsonrpc":"2.0","id":%s,"method":"ping"}' % identifier) == wire.INVALID_REQUEST


@pytest.mark.parametrize(("one", "other"), [(b'"caf\\u00e9"', '"café"'.encode()), (b'"a\\/b"', b'"a/b"'), (b'"\\u0041"', b'"A"')])
def test_an_id_is_the_same_however_it_is_escaped(one: bytes, other: bytes) -> None:
    """A connector may write an id with other escapes than the client did; it is still the same id."""
    asked = wire.parse(b'{"jsonrpc":"2.0","id":%s,"method":"ping"}' % one, DEPTH)
    answered = wire.parse_answer(b'{"jsonrpc":"2.0","id":%s,"result":{}}' % other)
    assert asked.id == answered.id and json.loads(asked.id or b"") == json.loads(one)


@pytest.mark.parametrize(
    "members",
    [
        b'"method":"tools/call","method":"ping"',
        b'"method":"tools/call","Method":"ping"',
        b'"method":"tools/call","METHOD":"ping"',
        b'"method":"tools/call","\\u006dethod":"ping"',
        b'"method":"tools/call","params":{"name":"a"},"params":{"name":"b"}',
        b'"method":"tools/call","params":{"name":"a"},"Params":{"name":"b"}',
        '"method":"tools/call","params":{"name":"a"},"paramſ":{"name":"b"}'.encode(),
        b'"method":"tools/call","params":{"name":"a"},"param\\u017f":{"name":"b"}',
        b'"method":"tools/call","params":{"name":"a","name":"b"}',
        b'"method":"tools/call","params":{"name":"a","NAME":"b"}',
        b'"method":"tools/call","params":{"name":"a","n\\u0061me":"b"}',
        b'"method":"tools/call","params":{"name":"a","arguments":{},"arguments":{"x":1}}',
        b'"method":"tools/call","params":{"name":"a","_meta":{},"_meta":{"x":1}}',
        b'"method":"tools/call","params":{"name":"a","requestState":"s","requestState":"t"}',
        b'"method":"tools/call","params":{"name":"a","inputResponses":{},"inputresponses":{}}',
        b'"method":"tools/call","id":2',
        b'"method":"tools/call","ID":2',
        b'"method":"tools/call","jsonrpc":"2.0"',
        b'"result":{},"result":{"x":1}',
        b'"result":{},"error":{}',
        b'"method":"ping","result":{}',
    ],
)
def test_ambiguous_messages_are_refused(members: bytes) -> None:
    """Repeated keys, keys of another case or escaped, and messages of two kinds could be read in two ways."""
    assert code_of(b'{"jsonrpc":"2.0","id":1,' + members + b"}") == wire.INVALID_REQUEST


def test_words_of_the_protocol_may_be_used_in_arguments() -> None:
    """Keys and texts in arguments that look like those of the envelope are nobody's business."""
    value = json.dumps({"name": "x", "ID": 1, "method": '"id" "ID"', "params": [{"Name": "\u017f"}]}).encode()
    message = wire.parse(CALL % value, DEPTH)
    assert wire.params_head(message.params).name == "t"


def test_depth_counts_brackets_outside_of_strings() -> None:
    """The limit is exact, and brackets in strings do not count."""
    assert wire.parse(CALL % (b"[" * 10 + b"]" * 10), 13).kind == "request"
    assert code_of(CALL % (b"[" * 11 + b"]" * 11), 13) == wire.INVALID_REQUEST
    assert wire.parse(CALL % json.dumps("[{" * 99 + '"\\').encode(), 13).kind == "request"


@given(json_values.filter(lambda value: isinstance(value, (dict, list))), st.integers(8, 12))
def test_depth_is_what_it_says(value: Any, depth_max: int) -> None:
    """The fast count agrees with a walk over the tree."""

    def depth(node: Any) -> int:
        inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else None
        return 0 if inner is None else 1 + max((depth(each) for each in inner), default=0)

    assert wire.depth_exceeds(json.dumps(value).encode(), depth_max) == (depth(value) > depth_max)


@given(json_values, st.sampled_from([b"1", b'"x"', b"null"]))
def test_another_id_changes_nothing_else(value: Any, identifier: bytes) -> None:
    """with_id keeps method, params, result and error byte for byte."""
    text = json.dumps(value, ensure_ascii=False, indent=1).encode()
    for body in (b'{"jsonrpc":"2.0","id":1,"result":%s}' % text, b'{"jsonrpc":"2.0","id":1,"error":%s}' % text):
        message = wire.parse_answer(body)
        changed = wire.parse_answer(wire.with_id(message, identifier))
        assert (changed.kind, changed.id, changed.result, changed.error) == (message.kind, identifier, message.result, message.error)
    if isinstance(value, dict) and identifier != b"null":
        message = wire.parse_answer(b'{"jsonrpc":"2.0","id":1,"method":"m","params":%s}' % text)
        assert wire.parse_answer(wire.with_id(message, identifier)).params == message.params


def test_batches_have_limits() -> None:
    """An empty batch, too many messages and a broken one are refused; each message of a good one is read by itself."""
    ping = b'{"jsonrpc":"2.0","id":%d,"method":"ping"}'
    assert [message.id for message in wire.parse_batch(b"[%s,%s]" % (ping % 1, ping % 2), DEPTH, 3)] == [b"1", b"2"]
    for body in (b"[]", b"[" + b",".join([ping % 1] * 4) + b"]", b"[1]", b'[{"jsonrpc":"2.0"}]', b"[" + ping % 1):
        with pytest.raises(wire.WireError):
            wire.parse_batch(body, DEPTH, 3)


@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_helpers_take_anything(text: bytes) -> None:
    """The readers of parts give an empty reading of what they do not know, never an error of another kind."""
    assert isinstance(wire.raw_map(text), dict) and isinstance(wire.raw_list(text), list)
    assert wire.result_head(text) is not None and wire.error_head(text) is not None
    wire.cancelled_id(text)
    wire.text_of(wire.raw(text))
    try:
        wire.params_head(text)
    except wire.WireError as error:
        assert error.code == wire.INVALID_PARAMS
