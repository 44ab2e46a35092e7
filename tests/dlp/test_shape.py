"""The shape of a value tells how it is written, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.dlp.shape import shape


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("DE89 3704 0044 0532 0130 00", "**## #### #### #### #### ##"),
        ("ann.smith@corp.example", "***.*****@****.*******"),
        ("+49 (30) 901820", "+## (##) ######"),
        ("pass$word", "*********"),
        ("١٢٣é", "###*"),
        ("-----", "(5 characters)"),
        ("x" * 60, "*" * 48 + "…"),
    ],
)
def test_letters_and_digits_are_masked(value: str, wanted: str) -> None:
    """Punctuation stays, so that one kind of number can be told from another."""
    assert shape(value) == wanted


@given(st.text(min_size=1))
def test_a_shape_holds_no_letter_or_digit_of_its_value(value: str) -> None:
    """But for the length that stands for punctuation alone, and it never is the value."""
    found = shape(value)
    if any(char.isalnum() for char in value):
        assert not any(char.isalnum() for char in found) and found != value
    else:
        assert found == f"({len(value)} characters)"
