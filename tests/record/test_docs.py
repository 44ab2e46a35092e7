"""The page of the record."""

from typing import get_args

from gatebook.record.body import AnyBody
from gatebook.record.docs import bodies, groups, render, undocumented


def test_the_page_has_every_record_type_and_group() -> None:
    """Each has a section of its own."""
    lines = render().splitlines()
    for kind in bodies():
        assert f"## {kind.__struct_config__.tag}" in lines
    for group in groups():
        assert f"## {group.__name__}" in lines
    assert set(bodies()) == set(get_args(AnyBody))


def test_rows_give_the_type_and_say_what_is_optional() -> None:
    """A required string, an optional group and a closed set, as the reader sees them."""
    page = render()
    assert "| call | string | Id of the call. |" in page
    assert "| decision | [Decision](#decision) | *Optional.* What governance decided about the response, when that differs. |" in page
    assert "| effect | `allowed` · `blocked` · `pending` · `redacted` | allowed, blocked, redacted or pending. |" in page


def test_nothing_in_the_page_reads_as_a_tag() -> None:
    """Angle brackets outside code are escaped."""
    rows = [line for line in render().splitlines() if line.startswith("|")]
    assert not [row for row in rows if any("<" in piece for piece in row.split("`")[::2])]


def test_nothing_is_left_undocumented() -> None:
    """Every struct and field says what it is."""
    assert undocumented() == []
