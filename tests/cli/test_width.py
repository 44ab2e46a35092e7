"""Text in terminal columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import wcswidth

from gatebook.cli.width import clean, cut, pad, width

HOSTILE = ("\x1b]0;title\x07", "a\rb", "\u202eevil", "\x9b31m", "a\x00b", "\u200bx", "\U000e0041", "a\nb", "\u2028", "\ud800")


@pytest.mark.parametrize("text", HOSTILE)
def test_what_steers_a_terminal_is_written_out(text: str) -> None:
    """Control characters, turned directions, what cannot be seen: as escapes that can be read."""
    assert all(char.isprintable() for char in clean(text)) and "\\" in clean(text)
    clean(text).encode()


def test_text_of_the_world_is_left_alone() -> None:
    """Letters, marks, joiners and emoji are no danger."""
    for text in ("Größe", "日本語", "नमस्ते", "👩\u200d💻", "e\u0301", "שלום"):
        assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("abc", 3), ("日本語", 6), ("e\u0301", 1), ("ｆｕｌｌ", 8), ("한글", 4), ("💩", 2), ("Größe", 5)]
)
def test_width(text: str, columns: int) -> None:
    """Wide characters take two columns, marks none."""
    assert width(text) == columns == wcswidth(text)


@pytest.mark.parametrize(("columns", "cut_to"), [(6, "日本語"), (5, "日本…"), (4, "日…"), (3, "日…"), (2, "…"), (1, "…"), (0, "")])
def test_a_wide_character_is_not_halved(columns: int, cut_to: str) -> None:
    """It goes whole, or not."""
    assert cut("日本語", columns) == cut_to


@given(st.text(max_size=40), st.integers(0, 30))
def test_a_padded_text_is_exactly_as_wide(text: str, columns: int) -> None:
    """On either side, whatever it holds."""
    for right in (False, True):
        assert width(pad(clean(text), columns, right=right)) == columns
