"""Rows are documented, and rows and tables have the same columns."""

import msgspec
import pytest
from msgspec import Struct

from gatebook.index.rows import CALL_COLUMNS, PAYLOAD_COLUMNS, RECORD_COLUMNS, CallRow, FullRow, RecordRow
from gatebook.index.schema import CALLS, PAYLOADS, RECORDS


@pytest.mark.parametrize("kind", [CallRow, FullRow, RecordRow])
def test_every_field_is_documented(kind: type[Struct]) -> None:
    """The descriptions are those of the API."""
    (_, components) = msgspec.json.schema_components([kind])
    properties = components[kind.__name__]["properties"]
    assert [name for name, field in properties.items() if not field.get("description")] == []


def test_rows_and_tables_have_the_same_columns() -> None:
    """In the same order, because rows are inserted as arrays."""
    assert tuple(CALLS) == (*CALL_COLUMNS, "who", "outcome", "batch")
    assert tuple(RECORDS) == RECORD_COLUMNS
    assert tuple(PAYLOADS) == (*CALLS, *PAYLOAD_COLUMNS)
    assert set(FullRow.__struct_fields__) - set(CALL_COLUMNS) == {"arguments", "response", "args"}
