"""JSON Web Tokens of others, and the keys of their issuers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from gatebook.identity import signed_tokens
from gatebook.identity.signed_tokens import BadToken, IssuerKeys, KeysMissing, check_claims, looks_signed, peek, verify
from tests.identity.oauth.deployment import Provider

KEY = ECKey.generate_key("P-256", {"kid": "k1"})
RSA = RSAKey.generate_key(2048, {"kid": "r1"})
KEYS: dict[str, Any] = dict(KeySet([KEY, RSA]).as_dict())
CLAIMS = {"iss": "https://idp.example", "aud": "a", "exp": 1000}


def signed(key: Any = KEY, alg: str = "ES256", **header: Any) -> str:
    """A signed token."""
    return jwt.encode({"alg": alg, "kid": "k1"} | header, CLAIMS, key, algorithms=[alg])


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
        ("x" * 20_000, "malformed"),
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


async def test_keys_are_read_once_and_anew_for_a_key_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most every thirty seconds, whatever tokens ask for; a key that was rotated is found."""
    provider = Provider()
    keys, now_s = IssuerKeys(provider.get), [1000.0]
    monkeypatch.setattr(signed_tokens.time, "monotonic", lambda: now_s[0])
    for _ in range(3):
        await keys.claims(provider.sign(CLAIMS), provider.issuer, ["ES256"])
    assert len(provider.asked) == 2
    provider.key = ECKey.generate_key("P-256", {"kid": "k2"})
    rotated = jwt.encode({"alg": "ES256", "kid": "k2"}, CLAIMS, provider.key, algorithms=["ES256"])
    for _ in range(5):
        with pytest.raises(BadToken):
            await keys.claims(rotated, provider.issuer, ["ES256"])
    assert len(provider.asked) == 2
    now_s[0] += 31
    assert await keys.claims(rotated, provider.issuer, ["ES256"]) == CLAIMS
    assert len(provider.asked) == 4


async def test_keys_outlive_their_provider_for_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is believed any more."""
    provider = Provider()
    keys, now_s = IssuerKeys(provider.get), [1000.0]
    monkeypatch.setattr(signed_tokens.time, "monotonic", lambda: now_s[0])
    text = provider.sign(CLAIMS)
    await keys.claims(text, provider.issuer, ["ES256"])
    provider.down = True
    now_s[0] += 80_000
    assert await keys.claims(text, provider.issuer, ["ES256"]) == CLAIMS
    now_s[0] += 10_000
    with pytest.raises(KeysMissing):
        await keys.claims(text, provider.issuer, ["ES256"])


@pytest.mark.parametrize(
    "answers",
    [
        {"/.well-known/openid-configuration": {"issuer": "https://other.example", "jwks_uri": "https://idp.example/k"}},
        {"/.well-known/openid-configuration": {"issuer": "https://idp.example", "jwks_uri": "http://127.0.0.1/k"}},
        {"/.well-known/openid-configuration": {"issuer": "https://idp.example", "jwks_uri": "https://idp.example/k"}, "/k": []},
        {"/.well-known/openid-configuration": "x"},
    ],
)
async def test_metadata_that_does_not_fit_gives_no_keys(answers: dict[str, Any]) -> None:
    """Another issuer, keys over plain http, no keys."""

    async def get(url: str) -> Any:
        return answers[url.removeprefix("https://idp.example")]

    with pytest.raises(KeysMissing):
        await IssuerKeys(get).claims(signed(), "https://idp.example", ["ES256"])


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: "eyJ" + raw.hex() + ".eyJ.x"))
def test_no_text_breaks_the_reader(text: str) -> None:
    """It is peeked into or refused."""
    try:
        header, claims = peek(text)
        assert isinstance(header, dict) and isinstance(claims, dict)
    except BadToken:
        assert looks_signed(text) in (True, False)
