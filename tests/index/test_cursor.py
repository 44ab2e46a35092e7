"""Places in the order newest first, as opaque texts."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.index import Index
from gatebook.index.cursor import CursorError, Place, decode, encode, order


@given(st.integers(0, 4_102_444_800_000_000), st.uuids())
def test_a_cursor_leads_back_to_its_place(time_us: int, id: uuid.UUID) -> None:
    """And may stand in an address as it is."""
    place = Place(time_us, str(id))
    text = encode(place)
    assert decode(text) == place
    assert text.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=40) | st.binary(max_size=30).map(lambda data: data.hex()))
def test_other_texts_are_refused(text: str) -> None:
    """Never another error than CursorError."""
    try:
        place = decode(text)
    except CursorError:
        return
    assert encode(place) == text


def test_python_orders_ids_as_the_engine_does(index: Index) -> None:
    """Calls in memory are merged with those of the engine; it compares the second half of a UUID first."""
    ids = [str(uuid.UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835) % 2**128)) for number in range(200)]
    listed = ", ".join(f"'{id}'" for id in ids)
    (found,) = [
        json.loads(line) for line in index.engine.rows(f"SELECT arraySort(arrayMap(id -> toUUID(id), [{listed}])) AS ids").splitlines()
    ]
    assert found["ids"] == sorted(ids, key=lambda id: order(Place(0, id)))


@pytest.mark.parametrize("newer", [Place(2, "00000000-0000-7000-8000-000000000000"), Place(1, "00000000-0000-7000-8000-000000000002")])
def test_time_comes_before_id(newer: Place) -> None:
    """Ids decide within a microsecond only."""
    assert order(newer) > order(Place(1, "ffffffff-ffff-7fff-8000-000000000001"))
