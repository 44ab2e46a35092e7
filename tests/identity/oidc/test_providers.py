"""Providers as they come, change and go down."""

import pytest

from gatebook.identity.issuers.fetching import ProviderFault
from gatebook.identity.oidc.providers import METADATA_FRESH_S, Provider
from tests.identity.oidc.conftest import House
from tests.identity.oidc.forge import Forge


async def test_metadata_is_read_once_and_anew_when_the_resource_changes(house: House, forge: Forge) -> None:
    """A provider that is the same stays the same; another issuer is another provider."""
    first = house.providers.find("corp")
    assert first is not None and first is house.providers.find("corp")
    for _ in range(3):
        await first.metadata()
    assert forge.asked("/.well-known/openid-configuration") == 1
    house.specs["corp"] = forge.spec(title="Other")
    assert house.providers.find("corp") is not first
    del house.specs["corp"]
    assert house.providers.find("corp") is None and house.providers.all() == []


async def test_several_clients_of_one_issuer_are_told_apart(house: House, forge: Forge) -> None:
    """Signals are believed of those that say so."""
    house.specs |= {"other": forge.spec(client_id="o"), "deaf": forge.spec(logout=False), "away": forge.spec(sign_in=False)}
    assert [one.name for one in house.providers.of_issuer(forge.issuer)] == ["away", "corp", "other"]
    assert [one.name for one in house.providers.for_sign_in()] == ["corp", "deaf", "other"]
    assert house.providers.of_issuer("https://evil.example") == []


async def test_known_metadata_outlives_a_provider_that_is_down(house: House, forge: Forge) -> None:
    """It is asked again at most every few seconds, and its new endpoints are used when it is back."""
    now_s = [0.0]
    provider = Provider("corp", forge.spec(), house.fetcher, lambda: now_s[0])
    before = await provider.metadata()
    forge.down = {"/.well-known/openid-configuration"}
    now_s[0] = METADATA_FRESH_S
    for _ in range(5):
        assert await provider.metadata() == before
    assert forge.asked("/.well-known/openid-configuration") == 2
    forge.down, now_s[0] = set(), METADATA_FRESH_S + 6
    forge.metadata = {"token_endpoint": f"{forge.issuer}/token2"}
    assert (await provider.metadata()).token_endpoint == f"{forge.issuer}/token2"


async def test_a_provider_that_was_never_reached_is_not_hammered(house: House, forge: Forge) -> None:
    """Ten people at its button cause one request."""
    now_s = [0.0]
    provider = Provider("corp", forge.spec(), house.fetcher, lambda: now_s[0])
    forge.down = {"/.well-known/openid-configuration"}
    for _ in range(10):
        with pytest.raises(ProviderFault):
            await provider.metadata()
    assert forge.asked("/.well-known/openid-configuration") == 1


async def test_keys_that_change_are_followed_and_a_dead_key_set_keeps_the_known_ones(house: House, forge: Forge) -> None:
    """Sign-in goes on through a rotation, and while the key set does not answer."""
    house.provision("ana", "s-1")
    await house.enter(forge)
    forge.down = {"/jwks"}
    await house.enter(forge)
    forge.header = {"kid": "k1"}
    forge.keys = [forge.keys[1]]
    with pytest.raises(Exception, match="does not publish"):
        await house.enter(forge)
