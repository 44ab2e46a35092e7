"""Round scales, words that fit, and marks that cannot leave their attribute."""

from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from gatebook.charts import frame
from gatebook.charts.frame import INK_WIDTH


@given(st.text(max_size=80), st.floats(min_value=0, max_value=600))
def test_words_are_cut_to_their_width(words: str, width: float) -> None:
    """What is too long loses its middle, what fits is left alone."""
    cut = frame.shortened(words, width)
    assert len(cut) <= max(3, int(width / INK_WIDTH)) or cut == words
    assert cut == words or ("…" in cut and words.startswith(cut.partition("…")[0]))


@given(st.integers(min_value=0, max_value=10**12))
def test_the_top_of_a_scale_is_round_and_high_enough(value: int) -> None:
    """Half of it is whole, and it is not more than twice as high as needed."""
    top = frame.rounded_up(value)
    assert top >= value and top % 2 == 0 and top <= max(2, value * 2)


def test_marks_are_escaped() -> None:
    """A label or address cannot leave its attribute."""
    made = frame.mark(Markup("<rect/>"), '"><script>', '/?q="><script>')
    assert "<script" not in made and "<rect/>" in made
    assert "<script" not in frame.mark(Markup("<rect/>"), "<script>") and "<script" not in frame.text("x", 0, 0, "<script>")


def test_numbers_are_short() -> None:
    """A scale has room for five characters or so."""
    assert [frame.counted(value) for value in (0, 1234, 100_000, 12_345_678)] == ["0", "1,234", "100 k", "12 M"]
