"""What forms about tokens mean, and how tokens are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gatebook.console.tokens_view import Form, FormError, days_up_to, expiry_of, form_of, scopes_of, scopes_words, token_lines
from gatebook.console.zones import UTC_ZONE
from gatebook.identity.scopes import reaches, reads_book, tidied
from gatebook.reading.token_room import TokenRow

DAY_US = 86_400_000_000
ROW = TokenRow(
    id="tok_1",
    prefix="gw_pat_abcd",
    kind="personal",
    person="ana",
    person_name="Ana",
    owner=None,
    name="laptop",
    scopes=(),
    client=None,
    created_us=0,
    created_by="ana",
    expires_us=90 * DAY_US,
    last_used_us=None,
    revoked_us=None,
    state="valid",
)


@pytest.mark.parametrize(
    ("form", "scopes"),
    [
        (Form(), ("mcp",)),
        (Form(book=True), ("mcp", "book:read")),
        (Form(reach="some", connectors=("crm", "hr")), ("mcp:crm", "mcp:hr")),
        (Form(reach="some", connectors=("crm",), book=True), ("mcp:crm", "book:read")),
        (Form(reach="book"), ("book:read",)),
        (Form(reach="everything"), ()),
    ],
)
def test_a_form_asks_for_what_it_shows(form: Form, scopes: tuple[str, ...]) -> None:
    """Each choice is its scope; the form that nobody touched is good for connectors alone."""
    assert scopes_of(form) == scopes


@pytest.mark.parametrize(
    "form", [Form(reach="some"), Form(reach=""), Form(reach="mcp", connectors=("crm",)), Form(reach="everything", connectors=("crm",))]
)
def test_what_contradicts_itself_makes_no_token(form: Form) -> None:
    """Who ticked one connector does not get a token for all."""
    with pytest.raises(FormError):
        scopes_of(form)


@given(st.lists(st.tuples(st.sampled_from(["name", "reach", "connector", "book", "days", "x"]), st.text(max_size=12)), max_size=8))
def test_no_form_widens_a_token(pairs: list[tuple[str, str]]) -> None:
    """Whatever is posted: no scopes at all only for the word everything, and the book only where it was asked for."""
    form = form_of(pairs)
    try:
        scopes = tidied(scopes_of(form))
    except ValueError:
        return
    assert scopes or form.reach == "everything"
    assert not scopes or not reads_book(scopes) or form.book or form.reach == "book"
    assert not scopes or not reaches(scopes, "hr") or form.reach == "mcp" or "hr" in form.connectors


def test_lives_are_days_or_for_ever() -> None:
    """What is no number of days is refused; what is longer than allowed is not offered."""
    assert expiry_of(Form(days="7"), 5) == 5 + 7 * DAY_US and expiry_of(Form(days="never"), 5) is None
    for days in ("", "-1", "7.5", "١", "99999"):
        with pytest.raises(FormError):
            expiry_of(Form(days=days), 5)
    assert days_up_to(100) == [7, 30, 90] and days_up_to(3) == [3]


@pytest.mark.parametrize(
    ("row", "expires", "soon"),
    [
        (ROW, "in 90 days", False),
        (replace(ROW, expires_us=3 * DAY_US), "in 3 days", True),
        (replace(ROW, expires_us=5), "within a day", True),
        (replace(ROW, expires_us=None), "never", False),
        (replace(ROW, state="revoked", revoked_us=0), "–", False),
        (replace(ROW, state="expired", expires_us=0), "over", False),
    ],
)
def test_how_long_a_token_lives_is_told_in_words(row: TokenRow, expires: str, soon: bool) -> None:
    """And that it ends soon."""
    (line,) = token_lines([row], UTC_ZONE, 0, reads_people=False)
    assert (line.expires, line.soon) == (expires, soon) and line.whose_href == ""


@pytest.mark.parametrize(
    ("scopes", "words"),
    [
        ((), "Everything"),
        (("mcp",), "All connectors"),
        (("mcp:git", "mcp:time"), "git, time"),
        (("book:read", "mcp:git"), "Reading the book, git"),
    ],
)
def test_scopes_are_told_in_words_and_connectors_keep_their_names(scopes: tuple[str, ...], words: str) -> None:
    """A capital is for our words alone."""
    assert scopes_words(scopes) == words


def test_what_people_wrote_cannot_hide_anything() -> None:
    """Hidden characters are written out, and many scopes are counted."""
    scopes = tuple(f"mcp:c{number}" for number in range(9))
    (line,) = token_lines([replace(ROW, name="a\u202eb", scopes=scopes)], UTC_ZONE, 0, reads_people=True)
    assert "\u202e" not in line.name and line.scopes == "c0, c1, c2 and 6 more" and line.whose_href == "/people/ana"
