"""The bytes of a core record: one line of JSON, header first. What is hashed is these bytes, as stored."""

import hashlib

import msgspec

from gatebook.record.base import SCHEMA_VERSION, Body, Header
from gatebook.record.body import AnyBody

FIRST_PREV = "0" * 64
_LEAF_PREFIX = b"\x00"

_encode = msgspec.json.Encoder().encode
_decode_header = msgspec.json.Decoder(Header).decode
_decode_body: "msgspec.json.Decoder[AnyBody]" = msgspec.json.Decoder(AnyBody)


class RecordError(ValueError):
    """The bytes are not a core record."""


def encode_core(body: Body, *, id: str, stream: str, seq: int, prev: str, time_us: int) -> bytes:
    """Join header and body to the bytes that are stored, hashed and proved.

    `id`, `stream` and `prev` are of the gateway's own making and hold no character that JSON would escape.
    """
    head = f'{{"v":{SCHEMA_VERSION},"id":"{id}","stream":"{stream}","seq":{seq},"prev":"{prev}","time":{time_us},'
    return head.encode() + _encode(body)[1:]


def decode_header(core: bytes) -> Header:
    """Read the header only. Raises RecordError."""
    try:
        return _decode_header(core)
    except msgspec.MsgspecError as error:
        raise RecordError(f"not a record: {error}") from error


def decode_body(core: bytes) -> AnyBody:
    """Read the body. Raises RecordError, also for a type that this version does not know."""
    try:
        return _decode_body.decode(core)
    except msgspec.MsgspecError as error:
        raise RecordError(f"not a record of schema version {SCHEMA_VERSION}: {error}") from error


def leaf_hash(core: bytes) -> bytes:
    """RFC 6962 section 2.1 leaf hash, 32 bytes: SHA-256 of 0x00 and the stored bytes. Also the next record's `prev`."""
    return hashlib.sha256(_LEAF_PREFIX + core).digest()
