"""What ID tokens have to say. Every check of claims is seen from outside in test_sign_ins.py and test_signals.py."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.oidc.tokens import Expected, check_id_token
from gatebook.identity.signed_tokens import BadToken

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=5)  # fmt: skip
CLAIMS = st.dictionaries(st.sampled_from(["iss", "sub", "aud", "azp", "exp", "iat", "nbf", "nonce"]), JSON | st.sampled_from(["i", "c", "n", ["c"], 2_000_000_000, 1_000_000_000]))  # fmt: skip


@given(CLAIMS)
def test_claims_of_an_id_token_are_good_or_refused(claims: dict[str, Any]) -> None:
    """Whatever their types; what passes says exactly what was expected."""
    try:
        check_id_token(claims, Expected(issuer="i", audience="c", nonce="n", now_s=1_700_000_000))
    except BadToken:
        return
    assert claims["iss"] == "i" and claims["nonce"] == "n" and ("c" == claims["aud"] or "c" in claims["aud"])
    assert claims["exp"] > 1_699_999_900 > 0 and claims["iat"] < 1_700_000_100 and isinstance(claims["sub"], str)


def test_without_an_expected_nonce_no_id_token_is_good() -> None:
    """A caller who forgets it lets nobody in."""
    now = time.time()
    with pytest.raises(BadToken, match="does not belong"):
        check_id_token({"iss": "i", "aud": "c", "sub": "s", "exp": now + 9, "iat": now}, Expected(issuer="i", audience="c", now_s=now))
