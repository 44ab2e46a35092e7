"""Clauses as sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.reading.wording import as_sentence


@pytest.mark.parametrize(
    ("said", "read"),
    [("nothing waits", "Nothing waits."), (ValueError("it is Over..."), "It is Over."), ("The log ended.", "The log ended.")],
)
def test_a_clause_becomes_a_sentence(said: str | Exception, read: str) -> None:
    """The rest of it stays as it is."""
    assert as_sentence(said) == read


@given(st.text())
def test_a_sentence_stays_one(text: str) -> None:
    """There is one full stop at the end, and doing it again changes nothing."""
    read = as_sentence(text)
    assert read.endswith(".") and not read.endswith("..") and as_sentence(read) == read
