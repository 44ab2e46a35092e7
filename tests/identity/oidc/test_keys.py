"""The keys of a provider, as they change, are withdrawn and cannot be had."""

from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from gatebook.identity.oidc.keys import FLOOR_S, FRESH_S, KEPT_S, KeyRing, read_keys
from gatebook.identity.oidc.problems import ProviderFault, TokenFault

OLD, NEW = (ECKey.generate_key("P-256", {"kid": kid}) for kid in ("old", "new"))


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
        assert (await source.ring.find("old", "ES256")).kid == "old"
    assert source.fetched == 1
    source.keys, source.now_s = (OLD, NEW), source.now_s + FLOOR_S
    assert (await source.ring.find("new", "ES256")).kid == "new"
    assert source.fetched == 2


async def test_unknown_keys_do_not_make_us_ask_again_and_again() -> None:
    """Whoever sends tokens with invented keys causes one request in half a minute."""
    source = Source(OLD)
    await source.ring.find("old", "ES256")
    for number in range(50):
        source.now_s += 1
        with pytest.raises(TokenFault, match="does not publish"):
            await source.ring.find(f"invented-{number}", "ES256")
    assert source.fetched == 2


async def test_known_keys_outlive_a_provider_that_does_not_answer_for_a_day() -> None:
    """Then they are no longer believed: one of them may have been withdrawn."""
    source = Source(OLD)
    await source.ring.find("old", "ES256")
    source.down = True
    source.now_s += KEPT_S - 1
    assert (await source.ring.find("old", "ES256")).kid == "old"
    source.now_s += FLOOR_S
    for _ in range(2):
        with pytest.raises(ProviderFault):
            await source.ring.find("old", "ES256")


async def test_a_key_that_was_withdrawn_is_not_believed_for_long() -> None:
    """Keys are fetched anew after a quarter of an hour."""
    source = Source(OLD, NEW)
    await source.ring.find("old", "ES256")
    source.keys, source.now_s = (NEW,), source.now_s + FRESH_S + 1
    with pytest.raises(TokenFault):
        await source.ring.find("old", "ES256")


async def test_a_provider_that_comes_back_is_asked_again_soon() -> None:
    """Where there were never any keys, the floor is a few seconds."""
    source = Source(OLD)
    source.down = True
    for _ in range(3):
        with pytest.raises(ProviderFault):
            await source.ring.find("old", "ES256")
    assert source.fetched == 1
    source.down, source.now_s = False, source.now_s + 6
    assert (await source.ring.find("old", "ES256")).kid == "old"


async def test_without_a_name_only_a_single_key_will_do() -> None:
    """And a key of another kind than the algorithm never does."""
    assert (await Source(OLD).ring.find(None, "ES256")).kid == "old"
    for source, kid, alg in (
        (Source(OLD, NEW), None, "ES256"),
        (Source(OLD), "old", "RS256"),
        (Source(OLD), "old", "HS256"),
        (Source(), "old", "ES256"),
    ):
        with pytest.raises(TokenFault):
            await source.ring.find(kid, alg)


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
