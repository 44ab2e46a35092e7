"""Ids of records."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.record.ids import time_us_of, uuid7

TIMES_US = st.integers(0, (2**48 - 1) * 1000)
RANDOM = st.binary(min_size=10, max_size=10)


@given(TIMES_US, RANDOM)
def test_an_id_is_a_uuid_of_version_7(time_us: int, random: bytes) -> None:
    """The standard library reads version 7 and the variant of RFC 9562."""
    text = uuid7(time_us, random)
    value = uuid.UUID(text)
    assert str(value) == text
    assert value.version == 7
    assert value.variant == uuid.RFC_4122


@given(TIMES_US, RANDOM)
def test_the_time_is_in_the_id(time_us: int, random: bytes) -> None:
    """The time comes back to the millisecond."""
    assert time_us_of(uuid7(time_us, random)) == time_us // 1000 * 1000


@given(TIMES_US, TIMES_US, RANDOM, RANDOM)
def test_ids_sort_by_time_to_the_microsecond(first_us: int, second_us: int, one: bytes, other: bytes) -> None:
    """As text, the id of the earlier microsecond is the smaller one, whatever the random bits."""
    if first_us < second_us:
        assert uuid7(first_us, one) < uuid7(second_us, other)


@given(TIMES_US, RANDOM, RANDOM)
def test_different_random_bits_make_different_ids(time_us: int, one: bytes, other: bytes) -> None:
    """62 random bits are used: ids of one microsecond differ when these differ."""
    mask = 0x3FFF_FFFF_FFFF_FFFF
    same = int.from_bytes(one[:8], "big") & mask == int.from_bytes(other[:8], "big") & mask
    assert (uuid7(time_us, one) == uuid7(time_us, other)) is same


@pytest.mark.parametrize(
    ("time_us", "expected"),
    [(0, "00000000-0000-7000-8000-000000000000"), (1_645_557_742_000_000, "017f22e2-79b0-7000-8000-000000000000")],
)
def test_known_values(time_us: int, expected: str) -> None:
    """The second time is that of the example in RFC 9562, appendix A.6."""
    assert uuid7(time_us, bytes(10)) == expected
