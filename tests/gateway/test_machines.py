"""Access tokens of the identity provider itself, at a real worker."""

import time
from typing import Any

import pytest
from joserfc.jwk import ECKey
from msgspec.structs import replace

from gatebook.identity.issuers.keys import IssuerKeys
from gatebook.identity.machines import Machines
from gatebook.state.identity_providers import IdentityProviderSpec
from gatebook.state.identity_providers import Machines as Accepted
from gatebook.state.snapshot import Person, Snapshot
from tests.gateway.conftest import Running, Start, snapshot
from tests.identity.oauth.deployment import Provider

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


def with_provider(provider: Provider, **more: Any) -> Snapshot:
    """State with a provider whose tokens are accepted, and a service account."""
    spec = IdentityProviderSpec(issuer=provider.issuer, client_id="gatebook", machines=Accepted(**more))
    base = snapshot({})
    people = {**base.people, "etl": Person(id="etl", kind="service"), "gone": Person(id="gone", kind="service", active=False)}
    return replace(base, revision=2, providers={"idp": spec}, people=people)


def start(running: Running, provider: Provider, **more: Any) -> None:
    """Have the worker accept the provider's tokens."""
    running.gate.machines = Machines(running.gate._subject_of, IssuerKeys(provider.get))
    running.gate.apply(with_provider(provider, **more))


def claims(running: Running, provider: Provider, **more: Any) -> dict[str, Any]:
    """What the provider says of a program."""
    now = int(time.time())
    said = {"iss": provider.issuer, "aud": f"{running.url}/mcp", "sub": "etl", "iat": now, "exp": now + 300}
    return {name: value for name, value in (said | more).items() if value is not None}


@pytest.mark.parametrize("typ", [None, "at+jwt", "JWT"])
async def test_a_program_gets_in_as_its_service_account(gateway: Start, typ: str | None) -> None:
    """Its keys are read once, however often it comes; what was opened ends when the account is switched off."""
    provider = Provider()
    async with gateway({}) as running:
        start(running, provider)
        token = provider.sign(claims(running, provider), typ=typ)
        for _ in range(3):
            status, _, _ = await running.post("/mcp", PING, token=token)
            assert status == 200
        assert len(provider.asked) == 2
        state = with_provider(provider)
        running.gate.apply(replace(state, people={**state.people, "etl": Person(id="etl", kind="service", active=False)}))
        status, _, _ = await running.post("/mcp", PING, token=token)
        assert (status, running.records("auth.failed")[-1].body.reason) == (401, "inactive")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("more", "typ", "reason"),
    [
        ({"aud": "https://other.example"}, None, "audience"),
        ({"aud": None}, None, "audience"),
        ({"exp": 1}, None, "expired"),
        ({"exp": None}, None, "expired"),
        ({"iss": "https://evil.example"}, None, "issuer"),
        ({"sub": "stranger"}, None, "unknown"),
        ({"sub": 5}, None, "unknown"),
        ({"sub": "gone"}, None, "inactive"),
        ({"nonce": "n"}, None, "malformed"),
        ({}, "oauth-id-jag+jwt", "malformed"),
        ({}, "logout+jwt", "malformed"),
    ],
)
async def test_a_wrong_token_is_refused_with_its_reason(gateway: Start, more: dict[str, Any], typ: str | None, reason: str) -> None:
    """401, and the reason is on the record; the token is not."""
    provider = Provider()
    async with gateway({}) as running:
        start(running, provider)
        token = provider.sign(claims(running, provider, **more), typ=typ)
        status, _, headers = await running.post("/mcp", PING, token=token)
        assert status == 401 and 'error="invalid_token"' in headers["www-authenticate"]
        (record,) = running.records("auth.failed")
        assert record.body.reason == reason  # type: ignore[union-attr]
        assert token.rpartition(".")[2] not in str(record.body)


async def test_a_person_does_not_get_in_by_a_token_of_the_provider(gateway: Start) -> None:
    """A cut-off would not void it: people sign in, and their apps get tokens that end with them."""
    provider = Provider()
    async with gateway({}) as running:
        start(running, provider)
        state = with_provider(provider)
        running.gate.apply(replace(state, people={**state.people, "ann": Person(id="ann")}))
        status, _, _ = await running.post("/mcp", PING, token=provider.sign(claims(running, provider, sub="ann"), typ=None))
        assert (status, running.records("auth.failed")[-1].body.reason) == (401, "unknown")  # type: ignore[union-attr]


async def test_signature_algorithm_and_keys(gateway: Start) -> None:
    """Another key, algorithm none, and a provider that does not answer."""
    provider = Provider()
    async with gateway({}) as running:
        start(running, provider)
        good = claims(running, provider)
        forged = provider.sign(good, typ=None, key=ECKey.generate_key("P-256", {"kid": "k1"}))
        unsigned = "eyJhbGciOiJub25lIn0." + forged.split(".")[1] + "."
        for token in (forged, unsigned):
            assert (await running.post("/mcp", PING, token=token))[0] == 401
        down = Provider()
        down.down = True
        start(running, down)
        assert (await running.post("/mcp", PING, token=down.sign(good, typ=None)))[0] == 401
        assert [record.body.reason for record in running.records("auth.failed")] == ["signature", "signature", "keys"]  # type: ignore[union-attr]


async def test_without_a_provider_that_says_so_none_is_looked_at(gateway: Start) -> None:
    """The default is off: such a token is malformed, and nobody's keys are read."""
    provider = Provider()
    async with gateway({}) as running:
        token = provider.sign(claims(running, provider), typ=None)
        assert (await running.post("/mcp", PING, token=token))[0] == 401
        assert running.records("auth.failed")[0].body.reason == "malformed"  # type: ignore[union-attr]
        assert provider.asked == []


async def test_audience_and_claim_can_be_others(gateway: Start) -> None:
    """As providers are set up that do not know our address."""
    provider = Provider()
    async with gateway({}) as running:
        start(running, provider, audiences=("api://gatebook",), person_claim="appid")
        good = claims(running, provider, aud=["api://gatebook"], appid="ETL", sub="x")
        assert (await running.post("/mcp", PING, token=provider.sign(good, typ=None)))[0] == 200
        assert (await running.post("/mcp", PING, token=provider.sign(good | {"aud": f"{running.url}/mcp"}, typ=None)))[0] == 401
