"""The bytes of a record."""

import hashlib
import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.record import body as records
from gatebook.record.base import Body
from gatebook.record.codec import FIRST_PREV, RecordError, decode_body, decode_header, encode_core, leaf_hash
from gatebook.record.parts import Actor, Client, Outcome, Source, Timing, Trace
from tests.record.cast import any_body

ID = "01931b0f-2c00-7000-8000-000000000001"
STARTED = records.CallStarted(
    method="tools/call",
    endpoint="/mcp/crm",
    actor=Actor(subject="5f" * 12, kind="person", auth="token", token="t1"),
    client=Client(name='Zoë\'s "editor"', version="1.0"),
    source=Source(ip="::1", port=50000),
    trace=Trace(id="a" * 32, parent="b" * 16),
)


def encode(body: Body, **header: Any) -> bytes:
    """Encode with a header that a test need not care for."""
    return encode_core(body, **({"id": ID, "stream": "node1-w0", "seq": 1, "prev": FIRST_PREV, "time_us": 1_763_860_000_000_000} | header))


def changed(core: bytes, **fields: object) -> bytes:
    """Return the core with some fields replaced, as JSON."""
    return json.dumps(json.loads(core) | fields).encode()


@given(any_body(), st.integers(1, 2**63 - 1), st.integers(0, 2**53))
def test_a_record_is_read_back_as_it_was_written(body: records.AnyBody, seq: int, time_us: int) -> None:
    """For every record type: decoding what was encoded gives the same body and the same header."""
    core = encode(body, seq=seq, time_us=time_us)
    assert decode_body(core) == body
    header = decode_header(core)
    assert (header.v, header.id, header.stream, header.seq, header.prev, header.time) == (1, ID, "node1-w0", seq, FIRST_PREV, time_us)
    assert header.type == body.__struct_config__.tag


@given(any_body())
def test_a_core_is_one_line_of_plain_json(body: records.AnyBody) -> None:
    """Any JSON reader can read a core: one line, no key twice, header first."""
    core = encode(body)
    assert b"\n" not in core
    pairs: list[tuple[str, object]] = json.loads(core, object_pairs_hook=list)
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys))
    assert keys[:7] == ["v", "id", "stream", "seq", "prev", "time", "type"]


@given(any_body())
def test_the_same_record_has_the_same_bytes(body: records.AnyBody) -> None:
    """Encoding is a function: two encodings, or one of the decoded value, are equal byte for byte."""
    core = encode(body)
    assert encode(body) == core
    assert encode(decode_body(core)) == core


def test_absent_and_default_are_the_same() -> None:
    """A field that holds its default takes no room in the core."""
    core = encode(STARTED)
    assert b"connector" not in core and b"null" not in core
    assert decode_body(changed(core, connector=None)) == STARTED


def test_the_leaf_hash_is_that_of_rfc_6962() -> None:
    """SHA-256 over a zero byte and the bytes."""
    assert leaf_hash(b"") == hashlib.sha256(b"\x00").digest()
    assert leaf_hash(b"abc") == hashlib.sha256(b"\x00abc").digest()


@pytest.mark.parametrize("kind", get_args(records.AnyBody), ids=lambda kind: str(kind.__struct_config__.tag))
def test_a_record_without_a_required_field_is_refused(kind: type[msgspec.Struct]) -> None:
    """No field that a record type requires may be missing."""
    core = json.dumps({"v": 1, "type": kind.__struct_config__.tag}).encode()
    required = [field for field in msgspec.structs.fields(kind) if field.required]
    if required:
        with pytest.raises(RecordError, match="required field"):
            decode_body(core)
    else:
        assert decode_body(core) == kind()


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "call.imagined"},
        {"method": 7},
        {"actor": {"subject": "x", "kind": "robot", "auth": "token"}},
        {"actor": "somebody"},
        {"source": {"ip": "::1", "port": "80"}},
        {"decision": {"effect": "maybe", "rule": "r", "bundle": "b"}},
    ],
)
def test_a_body_outside_the_schema_is_refused(fields: dict[str, object]) -> None:
    """An unknown type, a wrong kind of value or a word outside a closed set is not a record."""
    with pytest.raises(RecordError):
        decode_body(changed(encode(STARTED), **fields))


@pytest.mark.parametrize("fields", [{"seq": "1"}, {"seq": 1.5}, {"v": None}, {"time": "now"}, {"prev": 0}, {"type": None}])
def test_a_header_outside_the_schema_is_refused(fields: dict[str, object]) -> None:
    """The header's fields have one kind of value each."""
    with pytest.raises(RecordError):
        decode_header(changed(encode(STARTED), **fields))


@pytest.mark.parametrize("core", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b'{"v":1}', b'{"v":1,"type":"call.started"'])
def test_bytes_that_are_no_record_are_refused(core: bytes) -> None:
    """Neither reader takes something that is not a record."""
    with pytest.raises(RecordError):
        decode_header(core)
    with pytest.raises(RecordError):
        decode_body(core)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_readers_fail_otherwise(core: bytes) -> None:
    """Whatever the bytes are, a reader returns or raises RecordError."""
    for read in (decode_header, decode_body):
        try:
            read(core)
        except RecordError:
            continue


def test_a_later_version_may_add_fields() -> None:
    """A field that this version does not know is passed over, so old readers read new records."""
    core = encode(STARTED)
    assert decode_body(changed(core, added_later={"x": 1})) == STARTED
    assert decode_header(changed(core, added_later=1)) == decode_header(core)


def test_the_three_levels_of_an_outcome_stay_apart() -> None:
    """Transport, protocol and tool level are fields of their own beside the derived status."""
    outcome = Outcome(status="tool_error", transport="ok", http_status=200, is_error=True)
    finished = records.CallFinished(call=ID, started_seq=1, outcome=outcome, timing=Timing(total_us=5))
    stored = json.loads(encode(finished))["outcome"]
    assert stored == {"status": "tool_error", "transport": "ok", "http_status": 200, "is_error": True}
