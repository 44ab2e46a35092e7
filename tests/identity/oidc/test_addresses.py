"""Where people return to, and where providers send us: nothing gets past."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.oidc.addresses import back_to, is_local

HOST = "https://console.example"
PIECES = st.sampled_from(
    ["/", "\\", "//", "evil.example", "@", ":", "https:", "javascript:", "\t", "\n", "%2f", "%5c", "?", "#", "..", ".", "a", " ", "é"]
)


@given(st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=30))
def test_what_is_local_stays_on_this_host_whatever_it_looks_like(text: str) -> None:
    """Also as browsers read it, who drop tabs and line breaks and take a backslash for a slash."""
    if is_local(text):
        for read in (text, text.replace("\\", "/"), "".join(one for one in text if one not in "\t\r\n")):
            assert urlsplit(urljoin(f"{HOST}/login", read)).netloc == "console.example"


@pytest.mark.parametrize("path", ["/", "/calls/1", "/?q=connector%3Acrm&range=24h", "/oauth/authorize?redirect_uri=https%3A%2F%2Fclaude.ai%2Fcb&state=a%2Fb", "/people/a@b.example#sessions"])  # fmt: skip
def test_pages_of_the_console_are_local(path: str) -> None:
    """What people really come from."""
    assert is_local(path) and back_to(path) == path


@pytest.mark.parametrize("path", ["", "//evil.example", "/\\evil.example", "https://evil.example/", "javascript:alert(1)", "/\t/evil.example", "evil", "/a\nb", "/" + "a" * 2000])  # fmt: skip
def test_what_leads_elsewhere_is_not(path: str) -> None:
    """The known ways."""
    assert not is_local(path)


@pytest.mark.parametrize("path", ["/login", "/login/corp", "/logout", "/sign-in", "/sign-out", "/idp/callback?code=x"])
def test_nobody_goes_back_to_sign_in_itself(path: str) -> None:
    """That would be a circle, or a code that is used already."""
    assert back_to(path) == "/"
