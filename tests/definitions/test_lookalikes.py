"""Names that could be taken for one another are told from names that are only alike."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.definitions.lookalikes import likeness, one_slip, resembling, skeleton, words

names = st.text(alphabet="abcdeI1l_\u0430\u0435", min_size=1, max_size=10)


@pytest.mark.parametrize("name", ["readTextFile", "read_text_file", "READ-TEXT-FILE", "Read.Text.File", "read__text file"])
def test_words_do_not_depend_on_style(name: str) -> None:
    """Camel case, underscores, hyphens, dots and capitals mean the same."""
    assert words(name) == ("read", "text", "file")


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        ("send_email", "send_\u0435mail", "confusable"),
        ("send_email", "send_emaiI", "confusable"),
        ("send_email", "send_emai1", "confusable"),
        ("send_email", "send_email\u200b", "confusable"),
        ("send_email", "\uff53end_email", "confusable"),
        ("get_item", "get_1tem", None),
        ("search_tickets", "search_tickest", "near"),
        ("search_tickets", "search_ticket", None),
        ("create_invoice", "create_invoise", "near"),
        ("createinvoice", "create_invioce", "near"),
        ("k_x", "\u212a_x", "confusable"),
        ("get_user", "set_user", None),
        ("read_file", "readFile", None),
        ("read_file", "read-file", None),
        ("query_v1", "query_v2", None),
        ("list_users", "list_user", None),
        ("list_files", "move_files", None),
        ("a", "a", None),
        ("a", "", None),
    ],
)
def test_likeness(one: str, other: str, kind: str | None) -> None:
    """Looks, slips, and what is only style, plural, number or another word; the order does not matter."""
    assert likeness(one, other) == likeness(other, one) == kind


@given(st.lists(names, max_size=8))
def test_all_pairs_are_found_without_trying_all(some: list[str]) -> None:
    """The quick way gives what comparing every pair gives."""
    pairs = [(one, other, likeness(one, other)) for one, other in combinations(sorted(set(some)), 2)]
    assert resembling(some) == [pair for pair in pairs if pair[2]]


def test_a_name_may_differ_in_many_letters_and_look_the_same() -> None:
    """As well as in one letter more or less."""
    assert resembling(["paypal", "\u0440\u0430\u0443\u0440al"]) == [("paypal", "\u0440\u0430\u0443\u0440al", "confusable")]
    assert resembling(["send_invoice", "send_invoicee"]) == [("send_invoice", "send_invoicee", "near")]


@given(st.text(alphabet="abc", max_size=6), st.text(alphabet="abc", max_size=6))
def test_one_slip_is_one_edit_or_one_swap(left: str, right: str) -> None:
    """The answer is that of trying every edit."""
    edits = {left}
    for place in range(len(left) + 1):
        edits |= {left[:place] + letter + left[place:] for letter in "abc"} | {left[:place] + left[place + 1 :]}
        edits |= {left[:place] + letter + left[place + 1 :] for letter in "abc" if place < len(left)}
        edits |= {left[:place] + left[place : place + 2][::-1] + left[place + 2 :]}
    assert one_slip(left, right) == one_slip(right, left) == (right in edits)


def test_skeletons_are_of_what_is_seen() -> None:
    """Digits and letters of one shape are one."""
    assert skeleton("\u0440a\u0443pa1") == skeleton("paypal") == skeleton("paypaI")


def test_many_names_take_little_time() -> None:
    """Ten thousand names, of which hundreds have one shape, are compared at once and bounded."""
    many = [f"tool_number_{number}" for number in range(9_000)] + ["l" * place + "I" * (300 - place) for place in range(1, 300)]
    assert len(resembling(many)) < 2_000
