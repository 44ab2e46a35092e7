"""A row in one piece."""

import msgspec

from gatebook.index.packed import pack, unpack
from gatebook.index.rows import CALL_COLUMNS, CallRow
from tests.index.conftest import full_row


def test_a_row_comes_out_as_it_went_in() -> None:
    """Every field, with its type."""
    row = full_row(
        1, groups=("a", "b'c"), rules=("r\\1",), rpc_code=-32602, is_error=True, name='A "B"\t\\N\0é', api_statuses=(200, 404),
        fingerprints=("f",), finished=0, duration_us=2**40,
    )  # fmt: skip
    line = msgspec.json.encode({"call_id": row.call_id, "time": row.time, "row": pack(row)})
    (found,) = unpack(line)
    assert found == CallRow(**{name: getattr(row, name) for name in CALL_COLUMNS})
    assert all(type(getattr(found, name)) is type(getattr(row, name)) for name in CALL_COLUMNS)
