"""What all records have: a `Header` that the log writes, and the base of bodies."""

from typing import Annotated

from msgspec import Meta, Struct

SCHEMA_VERSION = 1


class Header(Struct, frozen=True, kw_only=True):
    """What the log puts in front of every body."""

    v: Annotated[int, Meta(description="Version of the record schema.")]
    id: Annotated[str, Meta(description="UUIDv7 of the record; the id of a call is that of the record that opens it.")]
    stream: Annotated[str, Meta(description="The stream that the record belongs to: one writer, one order.")]
    seq: Annotated[int, Meta(description="Place in the stream: dense, from 1.")]
    prev: Annotated[str, Meta(description="RFC 6962 leaf hash of the record before it in the stream, hex; 64 zeros for the first.")]
    time: Annotated[int, Meta(description="Wall clock when the record was made, microseconds since 1970-01-01T00:00:00Z.")]
    type: Annotated[str, Meta(description="The record type.")]


class Body(Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """Base of all bodies; `type` tells them apart."""
