"""Keyset cursors: the place of one row in the order newest first, as an opaque text that stays valid across restarts and new rows."""

import base64
import binascii
import struct
import uuid
from typing import Final, NamedTuple

_FORM: Final = struct.Struct(">BQ16s")
_VERSION: Final = 1
_TIME_US_MAX: Final = 4_102_444_800_000_000


class CursorError(ValueError):
    """The text is not a cursor that this index gave out."""


class Place(NamedTuple):
    """Time in microseconds since 1970, and id of the call, which orders calls of the same microsecond."""

    time_us: int
    call_id: str


def encode(place: Place) -> str:
    """Return the cursor for a place, 34 characters that may stand in an address."""
    return base64.urlsafe_b64encode(_FORM.pack(_VERSION, place.time_us, uuid.UUID(place.call_id).bytes)).decode().rstrip("=")


def decode(text: str) -> Place:
    """Return the place. Raises CursorError."""
    try:
        version, time_us, raw = _FORM.unpack(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, struct.error, ValueError):
        raise CursorError("this is not a cursor") from None
    if version != _VERSION or time_us > _TIME_US_MAX:
        raise CursorError("this cursor is not of this version")
    return Place(time_us, str(uuid.UUID(bytes=raw)))


def order(place: Place) -> tuple[int, int, int]:
    """Sort key that orders places as the engine does: it compares the second half of a UUID first."""
    number = uuid.UUID(place.call_id).int
    return place.time_us, number & 0xFFFF_FFFF_FFFF_FFFF, number >> 64
