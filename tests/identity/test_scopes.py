"""What scopes are good for."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatebook.identity.scopes import covers, for_connector, is_scope, needed, reaches, reads_book, tidied

NAMES = st.sampled_from(["crm", "hr", "git-2"])
SCOPES = st.lists(st.sampled_from(["mcp", "book:read", "mcp:crm", "mcp:hr", "mcp:git-2"]), max_size=5).map(tidied)
EVERYWHERE = (None, "crm", "hr", "git-2", "elsewhere")


@pytest.mark.parametrize("text", ["mcp", "book:read", "mcp:crm", "mcp:a-1"])
def test_these_are_scopes(text: str) -> None:
    """All connectors, one connector, reading."""
    assert is_scope(text) and tidied([text]) == (text,)


@pytest.mark.parametrize(
    "text", ["", "mcp:", "mcp:*", "mcp:CRM", "mcp:a__b", "MCP", "mcp ", "book", "book:write", "mcp:a b", 'mcp:"', "mcp:a\n"]
)
def test_these_are_not(text: str) -> None:
    """What could be mistaken, or break a header, is no scope, and the text says what is."""
    assert not is_scope(text)
    with pytest.raises(ValueError, match="write mcp"):
        tidied(["mcp", text])


@given(st.text(max_size=40))
def test_a_scope_can_stand_in_a_header(text: str) -> None:
    """No scope holds a character that a challenge must not hold (RFC 6749 section 3.3)."""
    if is_scope(text):
        assert all(character.isascii() and (character.isalnum() or character in ":-") for character in text)


@given(SCOPES, NAMES)
def test_a_connector_is_reached_by_its_own_scope_by_that_of_all_and_without_any(scopes: tuple[str, ...], name: str) -> None:
    """Nothing else reaches it."""
    assert reaches(scopes, name) == (not scopes or "mcp" in scopes or for_connector(name) in scopes)


@given(SCOPES)
def test_the_aggregate_is_reached_by_whoever_reaches_a_connector(scopes: tuple[str, ...]) -> None:
    """A token that only reads the book does not get in; one of a single connector does."""
    assert reaches(scopes, None) == any(reaches(scopes, name) for name in ("crm", "hr", "git-2"))


@given(SCOPES, SCOPES)
@example(held=("book:read", "mcp"), wanted=())
def test_what_covers_reaches_all_that_is_covered(held: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    """Covering is exactly: good for everything that the other is good for."""
    good = all(reaches(held, where) or not reaches(wanted, where) for where in EVERYWHERE) and (reads_book(held) or not reads_book(wanted))
    assert covers(held, wanted) == good


@given(SCOPES, SCOPES, SCOPES)
def test_covering_is_an_order(one: tuple[str, ...], two: tuple[str, ...], three: tuple[str, ...]) -> None:
    """Each covers itself; what covers what covers covers."""
    assert covers(one, one)
    if covers(one, two) and covers(two, three):
        assert covers(one, three)


@given(SCOPES.filter(bool), NAMES)
def test_one_challenge_names_all_that_is_needed(held: tuple[str, ...], name: str) -> None:
    """With what it names a token is good for what was refused and for all that it was good for before."""
    asked = needed(held, for_connector(name))
    assert reaches(asked, name) and covers(asked, held)


@given(st.lists(st.sampled_from(["mcp", "book:read", "mcp:crm", "mcp:hr"]), max_size=8))
def test_tidying_changes_nothing_that_they_are_good_for(scopes: list[str]) -> None:
    """Fewer words, the same meaning; tidying again changes nothing."""
    tidy = tidied(scopes)
    assert covers(tidy, tuple(scopes)) and covers(tuple(scopes), tidy) and tidied(tidy) == tidy
