"""The keys of a provider, as they change, are withdrawn and cannot be had."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from gatebook.identity.issuers.fetching import ProviderFault
from gatebook.identity.issuers.keys import FLOOR_S, FRESH_S, KEPT_S, IssuerKeys, KeyRing, read_keys
from gatebook.identity.signed_tokens import BadToken, TokenHeader
from tests.identity.oauth.deployment import Provider

CLAIMS = {"iss": "https://idp.example", "aud": "a", "exp": 1000}
OLD, NEW = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("old", "new"))


def header(kid: str | None, alg: str = "ES256") -> TokenHeader:
    """What a token says of its signature."""
    return TokenHeader(alg, kid, None)


class Source:
    """A key set that changes, and a clock."""

    def __init__(self, *keys: Any) -> None:
        self.keys = keys
        self.down = False
        self.fetched = 0
        self.now_s = 1000.0
        self.ring = KeyRing(self.fetch, lambda: self.now_s)

    async def fetch(self) -> dict[str, Any]:
        """The JWKS, or what happens instead."""
        self.fetched += 1
        if self.down:
            raise ProviderFault("it does not answer", down=True)
        return {"keys": [key.as_dict(private=False) for key in self.keys]}


async def test_keys_are_fetched_once_and_again_for_one_that_is_new() -> None:
    """A rotation is noticed at once, if the floor has passed."""
    source = Source(OLD)
    for _ in range(3):
        assert getattr(await source.ring.find(header("old")), "kid", None) == "old"
    assert source.fetched == 1
    source.keys, source.now_s = (OLD, NEW), source.now_s + FLOOR_S
    assert getattr(await source.ring.find(header("new")), "kid", None) == "new"
    assert source.fetched == 2


async def test_unknown_keys_do_not_make_us_ask_again_and_again() -> None:
    """Whoever sends tokens with invented keys causes one request in half a minute."""
    source = Source(OLD)
    await source.ring.find(header("old"))
    for number in range(50):
        source.now_s += 1
        assert await source.ring.find(header(f"invented-{number}")) is None
    assert source.fetched == 2


async def test_known_keys_outlive_a_provider_that_does_not_answer_for_a_day() -> None:
    """Then they are no longer believed: one of them may have been withdrawn."""
    source = Source(OLD)
    await source.ring.find(header("old"))
    source.down = True
    source.now_s += KEPT_S - 1
    assert getattr(await source.ring.find(header("old")), "kid", None) == "old"
    source.now_s += FLOOR_S
    for _ in range(2):
        with pytest.raises(ProviderFault):
            await source.ring.find(header("old"))


async def test_a_key_that_was_withdrawn_is_not_believed_for_long() -> None:
    """Keys are fetched anew after ten minutes."""
    source = Source(OLD, NEW)
    await source.ring.find(header("old"))
    source.keys, source.now_s = (NEW,), source.now_s + FRESH_S + 1
    assert await source.ring.find(header("old")) is None


async def test_a_provider_that_comes_back_is_asked_again_soon() -> None:
    """Where there were never any keys, the floor is a few seconds."""
    source = Source(OLD)
    source.down = True
    for _ in range(3):
        with pytest.raises(ProviderFault):
            await source.ring.find(header("old"))
    assert source.fetched == 1
    source.down, source.now_s = False, source.now_s + 6
    assert getattr(await source.ring.find(header("old")), "kid", None) == "old"


async def test_without_a_name_only_a_single_key_will_do() -> None:
    """And a key of another kind than the algorithm never does."""
    assert getattr(await Source(OLD).ring.find(header(None)), "kid", None) == "old"
    for source, kid, alg in (
        (Source(OLD, NEW), None, "ES256"),
        (Source(OLD), "old", "RS256"),
        (Source(OLD), "old", "HS256"),
        (Source(), "old", "ES256"),
    ):
        assert await source.ring.find(header(kid, alg)) is None


def test_keys_that_verify_nothing_are_left_out() -> None:
    """Symmetric ones, those for encryption, and what is no key; the rest of the set is good."""
    public = [
        OLD.as_dict(private=False),
        OKPKey.generate_key("Ed25519").as_dict(private=False),
        RSAKey.generate_key(2048).as_dict(private=False),
    ]
    others = [OctKey.generate_key(256).as_dict(), {**public[0], "use": "enc"}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256", "x": "A", "y": 1}, {**public[0], "kid": 7}, "x", None, {}]  # fmt: skip
    assert [key.key_type for key in read_keys({"keys": [*others, *public]})] == ["EC", "OKP", "RSA"]
    for wrong in ({}, {"keys": {}}, {"keys": None}, {"keys": public * 50}):
        with pytest.raises(ProviderFault):
            read_keys(wrong)


async def test_keys_are_read_once_and_anew_for_a_key_that_is_not_known() -> None:
    """At most every thirty seconds, whatever tokens ask for; a key that was rotated is found."""
    provider = Provider()
    now_s = [1000.0]
    keys = IssuerKeys(provider.get, lambda: now_s[0])
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


async def test_keys_outlive_their_provider_for_a_day() -> None:
    """Then nothing is believed any more."""
    provider = Provider()
    now_s = [1000.0]
    keys = IssuerKeys(provider.get, lambda: now_s[0])
    text = provider.sign(CLAIMS)
    await keys.claims(text, provider.issuer, ["ES256"])
    provider.down = True
    now_s[0] += 80_000
    assert await keys.claims(text, provider.issuer, ["ES256"]) == CLAIMS
    now_s[0] += 10_000
    with pytest.raises(BadToken, match="cannot be read now") as refused:
        await keys.claims(text, provider.issuer, ["ES256"])
    assert refused.value.reason == "keys"


@pytest.mark.parametrize(
    "answers",
    [
        {"/.well-known/openid-configuration": {"issuer": "https://other.example", "jwks_uri": "https://idp.example/k"}},
        {"/.well-known/openid-configuration": {"issuer": "https://idp.example", "jwks_uri": "http://127.0.0.1/k"}},
        {"/.well-known/openid-configuration": {"issuer": "https://idp.example", "jwks_uri": "https://idp.example/k"}, "/k": {"keys": {}}},
        {"/.well-known/openid-configuration": {}},
    ],
)
async def test_metadata_that_does_not_fit_gives_no_keys(answers: dict[str, Any]) -> None:
    """Another issuer, keys over plain http, no keys."""

    async def get(url: str) -> Any:
        return answers[url.removeprefix("https://idp.example")]

    with pytest.raises(BadToken) as refused:
        await IssuerKeys(get).claims(Provider().sign(CLAIMS), "https://idp.example", ["ES256"])
    assert refused.value.reason == "keys"
