"""A row in one piece, as the column `row` holds it: the values of a call without id and time, which are columns of their own."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from gatebook.index.rows import CALL_COLUMNS, CallRow

COLUMNS: Final = tuple(name for name in CALL_COLUMNS if name not in ("call_id", "time"))
_LISTS: Final = tuple(field.name for field in msgspec.structs.fields(CallRow) if field.default == ())

_encode = msgspec.json.Encoder().encode
_decode_values = msgspec.json.Decoder(list[Any]).decode


class _Stored(Struct):
    call_id: str
    time: int
    row: str


_decode_lines = msgspec.json.Decoder(_Stored).decode_lines


def pack(row: CallRow) -> str:
    """Return the values of a row."""
    return _encode([getattr(row, name) for name in COLUMNS]).decode()


def unpack(lines: bytes) -> list[CallRow]:
    """Return the rows of an answer that has `call_id`, `time` and `row`, JSON, one per line."""
    return [_row(stored) for stored in _decode_lines(lines)]


def _row(stored: _Stored) -> CallRow:
    values: dict[str, Any] = dict(zip(COLUMNS, _decode_values(stored.row), strict=True))
    for name in _LISTS:
        values[name] = tuple(values[name])
    return CallRow(call_id=stored.call_id, time=stored.time, **values)
