"""What a reader does not see is found, shown and folded away."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.definitions.characters import folded, hidden, visible


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a\u200bb", "invisible"),
        ("a\U000e0041b", "tag"),
        ("a\u202eb", "bidi"),
        ("a\u2066b", "bidi"),
        ("a\x07b", "control"),
        ("a\x1b[8mb", "control"),
        ("a\u2028b", "control"),
        ("a\u00adb", "format"),
        ("a\u200fb", "format"),
        ("a\u3164b", "invisible"),
        ("a\u2800b", "invisible"),
        ("a\ufeffb", "invisible"),
        ("a\U000e0100b", "invisible"),
        ("a\u200db", "invisible"),
        ("a\ufe0fb", "invisible"),
        ("\u2764\ufe0f\ufe0e", "invisible"),
        ("\u2764\u200d\u200d", "invisible"),
    ],
)
def test_hidden_characters_are_found(text: str, kind: str) -> None:
    """Each with its kind, and written out where it is shown."""
    (found,) = hidden(text)
    assert found.kind == kind and ord(text[found.position]) == found.code_point
    assert f"<U+{found.code_point:04X}>" in visible(text)


@pytest.mark.parametrize(
    "text",
    ["plain\ttext\r\nwith lines", "caf\u00e9 \u65e5\u672c\u8a9e", "\u2764\ufe0f", "1\ufe0f\u20e3", "\U0001f468\u200d\U0001f469", "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"],
)  # fmt: skip
def test_characters_with_an_honest_use_are_not(text: str) -> None:
    """Emoji, keycaps and scripts that join letters need what is hidden elsewhere."""
    assert hidden(text) == []


def test_the_list_is_bounded() -> None:
    """A text of nothing else gives the first hundred."""
    assert len(hidden("\u200b" * 1000)) == 100
    assert len(hidden("\u200b" * 1000, found_max=3)) == 3


@given(st.text())
def test_what_is_shown_hides_nothing(text: str) -> None:
    """No hidden character and no half of a surrogate pair is left, and folding twice is folding once where nothing is cut in two."""
    assert hidden(visible(text)) == []
    visible(text).encode()
    assert hidden(folded(text)) == []


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("You MUST", "you must"),
        ("y\u043eu mu\u0455t", "you must"),
        ("\uff39\uff4f\uff55 \uff4d\uff55\uff53\uff54", "you must"),
        ("yo\u200bu m\u00adust", "you must"),
        ("\U0001d432\U0001d428\U0001d42e must", "you must"),
        ("yo\u0308u m\u00fast", "you must"),
        ("\uff1cIMPORTANT\uff1e", "<important>"),
        ("don\u2019t", "don't"),
    ],
)
def test_folding_undoes_disguises(text: str, plain: str) -> None:
    """Fullwidth and mathematical letters, look-alikes, accents and hidden characters are plain afterwards."""
    assert folded(text) == plain


def test_folding_takes_linear_time() -> None:
    """A long run of combining marks, which takes seconds to normalize at once, takes a moment, and nothing of a long text is lost."""
    assert folded("\u00c9t\u0435 " * 100) == "ete " * 100
    start = time.perf_counter()
    assert folded("a" + "\u0323\u0301" * 100_000) == "a"
    assert time.perf_counter() - start < 2
