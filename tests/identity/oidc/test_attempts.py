"""Sign-ins under way."""

import base64
import secrets

from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.oidc.attempts import ATTEMPT_LIFE_S, Attempt, challenge, derive, is_browser_secret, open_attempt, seal_attempt

KEY = bytes(range(32))
BROWSER = secrets.token_urlsafe(32)
LIFE_US = ATTEMPT_LIFE_S * 1_000_000


def test_an_attempt_is_opened_by_its_browser_in_time() -> None:
    """Another browser, none, another key, and too late: nothing."""
    state = seal_attempt(KEY, BROWSER, "corp", "/calls/1?a=b", 5)
    assert open_attempt(KEY, state, BROWSER, 5 + LIFE_US - 1) == Attempt("corp", "/calls/1?a=b", 5 + LIFE_US)
    assert open_attempt(KEY, state, BROWSER, 5 + LIFE_US) is None
    assert open_attempt(KEY, state, secrets.token_urlsafe(32), 6) is None and open_attempt(KEY, state, "", 6) is None
    assert open_attempt(bytes(32), state, BROWSER, 6) is None


def test_a_state_tells_nothing_and_differs_each_time() -> None:
    """Neither where somebody goes afterwards nor through which provider stands in the address."""
    first, second = (seal_attempt(KEY, BROWSER, "corp", "/oauth/authorize?state=abc", 0) for _ in range(2))
    assert first != second
    bare = base64.urlsafe_b64decode(first + "=" * (-len(first) % 4))
    assert b"corp" not in bare and b"authorize" not in bare


def test_the_longest_way_back_fits_into_an_address() -> None:
    """A path of 2,000 characters makes an address that servers and browsers take."""
    state = seal_attempt(KEY, BROWSER, "p" * 32, "/" + "x" * 1999, 0)
    assert len(state) < 3000 and open_attempt(KEY, state, BROWSER, 1) is not None


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_state_that_was_changed_anywhere_is_not_ours(place: int, flip: int) -> None:
    """Not even where the text differs and the bytes do not: each is good once, so there must be one text for it."""
    state = seal_attempt(KEY, BROWSER, "corp", "/", 0)
    bare = bytearray(base64.urlsafe_b64decode(state + "=" * (-len(state) % 4)))
    bare[place % len(bare)] ^= flip
    assert open_attempt(KEY, base64.urlsafe_b64encode(bytes(bare)).rstrip(b"=").decode(), BROWSER, 1) is None
    for other in (f"{state}=", f"{state} ", f"{state}A", state[:-1], state[:-1] + chr(ord(state[-1]) ^ 1)):
        assert open_attempt(KEY, other, BROWSER, 1) is None


@given(st.text(max_size=200))
def test_any_text_as_state_is_nothing(text: str) -> None:
    """Whatever comes in the address."""
    assert open_attempt(KEY, text, BROWSER, 0) is None


def test_what_is_derived_differs_in_everything_it_is_derived_of() -> None:
    """Key, purpose, state and browser; and each is a secret as a cookie is."""
    made = {
        derive(key, purpose, state, browser)
        for key in (b"1", b"2")
        for purpose in ("a", "b")
        for state in ("s", "t")
        for browser in ("x", "y")
    }
    assert len(made) == 16 and all(is_browser_secret(one) for one in made)
    assert derive(b"1", "a", "s\0x", "y") != derive(b"1", "a", "s", "x\0z")


def test_the_challenge_is_that_of_the_standard() -> None:
    """RFC 7636, appendix B."""
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
