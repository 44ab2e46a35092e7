"""JSON Web Tokens of others."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, OKPKey, RSAKey

from gatebook.identity import signed_tokens
from gatebook.identity.signed_tokens import CHARACTERS_MAX, BadToken, check_claims, looks_signed, peek, pick, read_header, usable

KEY = ECKey.generate_key("P-256", {"kid": "k1"})
RSA = RSAKey.generate_key(2048, {"kid": "r1"})
KEYS: dict[str, Any] = dict(KeySet([KEY, RSA]).as_dict())
CLAIMS = {"iss": "https://idp.example", "aud": "a", "exp": 1000}


def signed(key: Any = KEY, alg: str = "ES256", **header: Any) -> str:
    """A signed token."""
    return jwt.encode({"alg": alg, "kid": "k1"} | header, CLAIMS, key, algorithms=[alg])


def verify(text: str, keys: dict[str, Any], algorithms: list[str]) -> dict[str, Any]:
    """The claims of a token that one of the keys has signed."""
    header = read_header(text, algorithms)
    return signed_tokens.verify(text, header, pick(usable(keys["keys"]), header))


def test_a_good_signature_gives_the_claims() -> None:
    """Of either type of key, also without a kid."""
    assert verify(signed(), KEYS, ["ES256"]) == CLAIMS
    assert verify(signed(RSA, "RS256", kid="r1"), KEYS, ["ES256", "RS256"]) == CLAIMS
    assert verify(jwt.encode({"alg": "ES256"}, CLAIMS, KEY, algorithms=["ES256"]), KEYS, ["ES256"]) == CLAIMS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (signed(ECKey.generate_key("P-256")), "signature"),
        (signed(kid="k2"), "signature"),
        (signed(RSA, "RS256", kid="r1"), "signature"),
        (signed(OctKey.import_key("s" * 32), "HS256"), "signature"),
        ("eyJhbGciOiJub25lIn0." + signed().split(".")[1] + ".", "signature"),
        (signed()[:-8] + "AAAAAAAA", "signature"),
        (signed() + ".x", "malformed"),
        ("x" * 40_000, "malformed"),
        ("eyJ.eyJ.x", "malformed"),
        ("", "malformed"),
    ],
)
def test_every_other_token_is_refused(text: str, reason: str) -> None:
    """Another key, an algorithm that is not pinned, a public key used as a secret, none, a changed signature, garbage."""
    with pytest.raises(BadToken) as refused:
        verify(text, KEYS, ["ES256"])
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"iss": "https://other.example"}, "issuer"),
        ({"aud": "b"}, "audience"),
        ({"aud": None}, "audience"),
        ({"aud": {"a": 1}}, "audience"),
        ({"exp": 900}, "expired"),
        ({"exp": True}, "expired"),
        ({"exp": "1000"}, "expired"),
        ({"exp": None}, "expired"),
        ({"nbf": 1000}, "expired"),
        ({"iat": 1000}, "expired"),
        ({"iat": "x"}, "expired"),
    ],
)
def test_claims_are_checked(more: dict[str, Any], reason: str) -> None:
    """Issuer, audience and times, with half a minute for clocks that are apart."""
    check_claims(CLAIMS | {"aud": ["a", "b"], "exp": 931}, "https://idp.example", ("a",), 960)
    with pytest.raises(BadToken) as refused:
        check_claims(CLAIMS | more, "https://idp.example", ("a",), 960)
    assert refused.value.reason == reason


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: "eyJ" + raw.hex() + ".eyJ.x"))
def test_no_text_breaks_the_reader(text: str) -> None:
    """It is peeked into or refused."""
    try:
        header, claims = peek(text)
        assert isinstance(header, dict) and isinstance(claims, dict)
    except BadToken:
        assert looks_signed(text) in (True, False)


PUBLIC = usable([KEY.as_dict(private=False)])[0]
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
    """Every way in either returns or raises BadToken."""
    for read in (lambda: signed_tokens.verify(text, read_header(text, ["ES256", "none"]), PUBLIC), lambda: peek(text)):
        try:
            read()
        except BadToken as fault:
            assert text[:40] not in str(fault) or len(text) < 12


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 63))
def test_a_token_with_one_other_character_is_refused(place: int, step: int) -> None:
    """Anywhere in it; the last one of the signature may carry bits that mean nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    if GOOD[place] == "." or place == len(GOOD) - 1:
        return
    changed = GOOD[:place] + alphabet[(alphabet.index(GOOD[place]) + step) % 64] + GOOD[place + 1 :]
    with pytest.raises(BadToken):
        signed_tokens.verify(changed, read_header(changed, ["ES256"]), PUBLIC)


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
def test_both_names_of_ed25519_are_taken_where_eddsa_is_accepted(alg: str, recwarn: pytest.WarningsRecorder) -> None:
    """RFC 9864 gave it a new one; the old one causes no warning on each sign-in."""
    key = OKPKey.generate_key("Ed25519")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_args, **_more: None)
        token = jwt.encode({"alg": alg}, {"a": 1}, key, algorithms=[alg])
    assert signed_tokens.verify(token, read_header(token, ["EdDSA"]), key) == {"a": 1}
    with pytest.raises(BadToken):
        read_header(token, ["RS256"])
    assert not recwarn.list


def test_a_token_of_a_megabyte_is_not_looked_at() -> None:
    """The bound is on the text, before anything is decoded."""
    with pytest.raises(BadToken, match="not a signed token"):
        peek(f"{'A' * CHARACTERS_MAX}.e30.AAAA")
