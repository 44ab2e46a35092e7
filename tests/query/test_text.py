"""What is searched inside payloads."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.query.text import fold, searchable, words


def test_a_word_behind_an_escaped_newline_is_a_word() -> None:
    """JSON writes a line break as backslash and n; without undoing that, the next word would begin with n."""
    assert words(searchable(json.dumps({"text": "first\nNeedle\tlast"}).encode())) == ["text", "first", "needle", "last"]


def test_json_inside_json_is_undone_too() -> None:
    """Tools often answer with JSON as text."""
    inner = json.dumps({"note": "one\ntwo"})
    assert "two" in words(searchable(json.dumps({"content": [{"text": inner}]}).encode()))


def test_escaped_letters_are_letters() -> None:
    """A client may send é as an escape; it is found all the same, also composed from two characters."""
    assert searchable(b'"Z\\u00fcrich"') == searchable('"Zu\u0308rich"'.encode()) == '"zürich"'


@pytest.mark.parametrize("data", [b"\xff\xfe", b'"\\ud800"', b'"\\ud83d\\ude00"', b"\\", b"\0a"])
def test_any_bytes_become_text_that_can_be_stored(data: bytes) -> None:
    """Bytes that are no UTF-8, halves of surrogate pairs and NUL neither raise nor reach the index."""
    text = searchable(data)
    assert "\0" not in text
    text.encode()


def test_a_pair_of_surrogates_is_one_character() -> None:
    """An emoji that a client sent as two escapes is searched as the emoji."""
    assert searchable(b'"\\ud83d\\ude00"') == '"\U0001f600"'


def test_words_are_ascii_letters_digits_and_everything_beyond() -> None:
    """The engine's tokenizer splits at ASCII punctuation only."""
    assert words("a-b_c 1.5 grün第七艦隊") == ["a", "b", "c", "1", "5", "grün第七艦隊"]


@given(st.text())
def test_folding_is_stable(text: str) -> None:
    """Text that has been folded is not changed by folding it again, so a query can be built from an answer."""
    assert fold(fold(text)) == fold(text)
