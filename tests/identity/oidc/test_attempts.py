"""Sign-ins under way."""

import pytest

from gatebook.identity.oidc import attempts
from gatebook.identity.oidc.attempts import Attempt, challenge, derive, is_browser_secret, put_attempt, take_attempt
from gatebook.state.store import Store

MINUTE_US = 60_000_000
GONE = Attempt("corp", "/calls/1")


def test_an_attempt_is_taken_once_by_its_browser_in_time(store: Store) -> None:
    """Another browser, another state, a second time and too late: nothing."""
    with store.write() as connection:
        assert put_attempt(connection, "state", "browser", GONE, 0)
        assert put_attempt(connection, "late", "browser", GONE, 0)
        assert take_attempt(connection, "state", "other", 1) is None
        assert take_attempt(connection, "other", "browser", 1) is None
        assert take_attempt(connection, "state", "browser", 1) == GONE
        assert take_attempt(connection, "state", "browser", 1) is None
        assert take_attempt(connection, "late", "browser", 10 * MINUTE_US) is None


def test_attempts_have_a_bound_and_make_room_when_they_expire(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins sign-ins without end fills a bounded table for ten minutes."""
    monkeypatch.setattr(attempts, "ATTEMPTS_MAX", 3)
    with store.write() as connection:
        assert [put_attempt(connection, f"s{number}", "b", GONE, 0) for number in range(4)] == [True, True, True, False]
        assert put_attempt(connection, "later", "b", GONE, 10 * MINUTE_US)


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
