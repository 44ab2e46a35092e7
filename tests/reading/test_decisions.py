"""What a reason may be."""

import re

from hypothesis import given
from hypothesis import strategies as st

from gatebook.reading.decisions import REASON_CHARACTERS_MAX, one_line
from gatebook.reading.saved import VISIBLE_PATTERN


@given(st.text(max_size=700))
def test_a_reason_is_one_visible_line(text: str) -> None:
    """Whatever somebody types, what is kept has no line breaks, nothing hidden, at most 500 characters, and stays the same a second time."""
    kept = one_line(text)
    assert len(kept) <= REASON_CHARACTERS_MAX and re.fullmatch(VISIBLE_PATTERN, kept) and one_line(kept) == kept


def test_what_people_type_is_kept() -> None:
    """Lines become one, words stay as they are."""
    assert one_line("  Agreed with Åsa,\n\tticket OPS-12 ✓ ") == "Agreed with Åsa, ticket OPS-12 ✓"
    assert one_line("a" * 499 + "  b") == "a" * 499
