"""Tokens, whatever comes as one. Every check of claims is seen from outside in test_sign_ins.py and test_signals.py."""

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey

from gatebook.identity.oidc.problems import TokenFault
from gatebook.identity.oidc.tokens import TOKEN_CHARACTERS_MAX, Expected, check_id_token, read_header, unverified_issuer, verify

KEY = ECKey.generate_key("P-256")
GOOD = jwt.encode({"alg": "ES256", "typ": "JWT"}, {"iss": "i", "a": 1}, KEY)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=5)  # fmt: skip


def packed(value: Any) -> str:
    """A segment of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@given(
    st.text(max_size=60)
    | st.lists(st.text("abcAB0-_.=é", max_size=9), max_size=5).map(".".join)
    | st.tuples(JSON, JSON).map(lambda two: f"{packed(two[0])}.{packed(two[1])}.AAAA")
)
def test_nothing_that_comes_as_a_token_does_more_than_be_refused(text: str) -> None:
    """Every way in either returns or raises TokenFault."""
    for read in (lambda: verify(text, read_header(text, ["ES256", "none"]), KEY), lambda: unverified_issuer(text)):
        try:
            read()
        except TokenFault as fault:
            assert text[:40] not in str(fault) or len(text) < 12


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 63))
def test_a_token_with_one_other_character_is_refused(place: int, step: int) -> None:
    """Anywhere in it; the last one of the signature may carry bits that mean nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    if GOOD[place] == "." or place == len(GOOD) - 1:
        return
    changed = GOOD[:place] + alphabet[(alphabet.index(GOOD[place]) + step) % 64] + GOOD[place + 1 :]
    with pytest.raises(TokenFault):
        verify(changed, read_header(changed, ["ES256"]), KEY)


CLAIMS = st.dictionaries(st.sampled_from(["iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce"]), JSON | st.sampled_from(["i", "c", "n", ["c"], 2_000_000_000, 1_000_000_000]))  # fmt: skip


@given(CLAIMS)
def test_claims_of_an_id_token_are_good_or_refused(claims: dict[str, Any]) -> None:
    """Whatever their types; what passes says exactly what was expected."""
    try:
        check_id_token(claims, Expected(issuer="i", audience="c", nonce="n", now_s=1_700_000_000))
    except TokenFault:
        return
    assert claims["iss"] == "i" and claims["nonce"] == "n" and ("c" == claims["aud"] or "c" in claims["aud"])
    assert claims["exp"] > 1_699_999_900 > 0 and claims["iat"] < 1_700_000_100 and isinstance(claims["sub"], str)


def test_without_an_expected_nonce_no_id_token_is_good() -> None:
    """A caller who forgets it lets nobody in."""
    now = time.time()
    with pytest.raises(TokenFault, match="does not belong"):
        check_id_token({"iss": "i", "aud": "c", "sub": "s", "exp": now + 9, "iat": now}, Expected(issuer="i", audience="c", now_s=now))


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_both_names_of_ed25519_are_taken_where_eddsa_is_accepted(alg: str, recwarn: pytest.WarningsRecorder) -> None:
    """RFC 9864 gave it a new one; the old one causes no warning on each sign-in."""
    key = OKPKey.generate_key("Ed25519")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_args, **_more: None)
        token = jwt.encode({"alg": alg}, {"a": 1}, key, algorithms=[alg])
    assert verify(token, read_header(token, ["EdDSA"]), key) == {"a": 1}
    with pytest.raises(TokenFault):
        read_header(token, ["RS256"])
    assert not recwarn.list


def test_a_token_of_a_megabyte_is_not_looked_at() -> None:
    """The bound is on the text, before anything is decoded."""
    with pytest.raises(TokenFault, match="not a signed token"):
        unverified_issuer(f"{'A' * TOKEN_CHARACTERS_MAX}.e30.AAAA")
