"""What stands behind a colon becomes a leaf."""

import pytest

from gatebook.query import FIELDS, QueryError
from gatebook.query.leaves import PHRASE_WORDS_MAX, WILDCARDS_MAX, Written, of_argument, of_field, of_payload
from gatebook.query.paths import VALUE_CHARS_MAX
from gatebook.query.tree import ArgCompare, ArgSpan, Compare, Everything, Exists, Pattern, Span, Substring, Words


def bare(text: str, sign: str = "") -> Written:
    return Written(sign, text, False, len(sign))


def test_stars_in_quotation_marks_are_characters() -> None:
    """Only bare ones are wildcards, and several beside each other are one."""
    assert of_field(FIELDS["tool"], Written("", "a*", True, 0)) == Compare("tool", "eq", "a*")
    assert of_field(FIELDS["tool"], bare("a***b")) == Pattern("tool", "a*b")


def test_a_value_alone_says_that_there_is_one() -> None:
    """In fields, arguments and payloads; as free text it says nothing."""
    assert of_field(FIELDS["tool"], bare("*")) == Exists("tool")
    assert of_payload("response", bare("**")) == Exists("response")
    assert of_payload("text", bare("*")) == Everything()


def test_what_is_searched_in_payloads_is_folded() -> None:
    """As the index holds it."""
    assert of_payload("text", bare("*ÉT*")) == Substring("text", "ét")
    assert of_payload("text", Written("", "Two\0Words", True, 0)) == Words("text", "two words")


def test_an_argument_is_compared_as_the_index_holds_it() -> None:
    """Long values are cut on both sides; only numbers make a range."""
    assert of_argument("q", bare("X" * 500)) == ArgCompare("q", "eq", "x" * VALUE_CHARS_MAX)
    assert of_argument("q", bare("1..2")) == ArgSpan("q", 1.0, 2.0)
    assert of_argument("q", Written("", "1..2", True, 0)) == ArgCompare("q", "eq", "1..2")
    assert of_argument("q", bare("1..x")) == ArgCompare("q", "eq", "1..x")


def test_an_end_of_a_range_is_pointed_at() -> None:
    """The position is that of the end which cannot be read."""
    assert of_field(FIELDS["messages"], bare("1..2")) == Span("messages", 1, 2)
    with pytest.raises(QueryError) as caught:
        of_field(FIELDS["messages"], bare("1..many"))
    assert caught.value.position == 3


@pytest.mark.parametrize(
    "written",
    [bare("a*" * (WILDCARDS_MAX + 1)), bare("a*-b"), Written("", "a " * (PHRASE_WORDS_MAX + 1), True, 0), Written("", " ", True, 0)],
)
def test_what_cannot_be_answered_exactly_or_soon_is_refused(written: Written) -> None:
    """With what would be right."""
    with pytest.raises(QueryError) as caught:
        of_payload("text", written)
    assert caught.value.expected
