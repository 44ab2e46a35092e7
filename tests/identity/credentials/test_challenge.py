"""The challenge of a connector, in the forms that servers write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.credentials.challenge import Challenge, read_challenge

URL = "https://c.example/.well-known/oauth-protected-resource"
FORMS = [
    (None, Challenge()),
    ("", Challenge()),
    ("Bearer", Challenge()),
    ('Basic realm="x"', Challenge()),
    (f'Bearer resource_metadata="{URL}"', Challenge(URL)),
    (f"bearer resource_metadata={URL}, scope=read", Challenge(URL, ("read",))),
    (f'Bearer error="insufficient_scope", scope="a b  a", resource_metadata="{URL}"', Challenge(URL, ("a", "b"), "insufficient_scope")),
    (f'Basic realm="no, Bearer error=\\"x\\"", Bearer scope="a" , resource_metadata="{URL}"', Challenge(URL, ("a",))),
    ('Bearer realm="say \\"hi\\", scope=\\"all\\"", scope="one"', Challenge(None, ("one",))),
    ('Bearer scope="a", scope="b"', Challenge(None, ("a",))),
    ('Digest qop="auth", Bearer error = "invalid_token"', Challenge(None, (), "invalid_token")),
]


@pytest.mark.parametrize(("header", "challenge"), FORMS)
def test_each_form_is_read(header: str | None, challenge: Challenge) -> None:
    """Quoted or not, several schemes, quotation marks within, repeats: the first counts."""
    assert read_challenge(header) == challenge


@given(st.text(max_size=300))
def test_any_header_is_read(header: str) -> None:
    """A header is hostile text: nothing is raised, and scopes are words."""
    found = read_challenge(f"Bearer {header}")
    assert all(scope and not any(character.isspace() for character in scope) for scope in found.scopes)


@given(st.lists(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20), max_size=5, unique=True))
def test_what_is_written_in_quotation_marks_is_read_back(scopes: list[str]) -> None:
    """Also with quotation marks and backslashes in it."""
    text = " ".join(scopes).replace("\\", "\\\\").replace('"', '\\"')
    assert read_challenge(f'Bearer error="insufficient_scope", scope="{text}"').scopes == tuple(scopes)
