"""Columns that people choose, and the stylesheet that lays them out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.console import columns
from gatebook.index.rows import CallRow


def names(text: str) -> list[str]:
    """What a text names."""
    return [one.column.name for one in columns.read(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [one.column.name for one in columns.DEFAULT]),
        ("time,tool,ip", ["time", "tool", "ip"]),
        ("tool,person", ["time", "tool", "person"]),
        ("nonsense,}", [one.column.name for one in columns.DEFAULT]),
        ("tool,tool,time", ["tool", "time"]),
    ],
)
def test_columns_are_read_and_time_is_always_there(text: str, expected: list[str]) -> None:
    """What is no column is left out."""
    assert names(text) == expected


@given(st.text(max_size=200))
def test_nothing_in_an_address_leaves_the_stylesheet(text: str) -> None:
    """Whatever the address says, the stylesheet holds names and numbers of ours only."""
    chosen = columns.read(text)
    assert columns.read(columns.written(chosen)) == chosen
    sheet = columns.stylesheet(chosen)
    assert re.fullmatch(r"[\w\s.,:;{}()@\-]+", sheet)


def test_columns_give_way_from_the_least_important() -> None:
    """The narrower the table, the fewer columns; time, status and tool stay."""
    sheet = columns.stylesheet(columns.DEFAULT)
    assert re.findall(r"\.c-(\w+) \{ display", sheet) == ["summary", "client", "connector", "duration", "person"]
    widths = [int(width) for width in re.findall(r"max-width: (\d+)px", sheet)]
    assert widths == sorted(widths, reverse=True)


def test_a_choice_of_ones_own_is_shown_whole() -> None:
    """Who chose columns sees them all; the table scrolls where there is no room."""
    sheet = columns.stylesheet(columns.read("time,tool,ip,session,trace"))
    assert "display: none" not in sheet and "min-width" in sheet


def test_a_width_is_kept_within_bounds() -> None:
    """No column can be made so narrow that it is lost, or so wide that the others are."""
    assert [one.width_px for one in columns.read("time:1,tool:9999,ip:200")] == [48, 900, 200]


def test_every_column_can_be_written() -> None:
    """No column fails on a row that has nothing."""
    row = CallRow(call_id="x", time=0)
    assert all(column.text(row) is not None for column in columns.COLUMNS.values() if column.text)
