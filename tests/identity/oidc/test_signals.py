"""Signals of a provider: who is ended, and which are not believed."""

import json
import secrets
import time
from typing import Any

import pytest

from gatebook.identity import accounts, sessions
from gatebook.identity.oidc.problems import SignalRefused
from gatebook.identity.oidc.sign_ins import Entered
from gatebook.identity.oidc.signals import LOGOUT_EVENT
from gatebook.identity.tokens import make_token
from gatebook.record.body_access import SignedOut
from gatebook.state.snapshot import Token
from gatebook.state.store import bump
from tests.identity.oidc.conftest import CONSOLE, SOURCE, House
from tests.identity.oidc.forge import CLIENT, Forge, ago, settled

URL = f"{CONSOLE}/global-token-revocation"


def logout_token(forge: Forge, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A logout token as the standard wants it, but for the changes; None takes a claim away."""
    events = {LOGOUT_EVENT: {}}
    honest = {
        "iss": forge.issuer,
        "aud": CLIENT,
        "iat": ago(0),
        "exp": ago(-120),
        "jti": secrets.token_hex(8),
        "events": events,
        "sub": "s-1",
    }
    return forge.sign(settled({**honest, **changes}, int(time.time())), {"typ": "logout+jwt", **(header or {})})


def bearer(forge: Forge, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """The bearer of a revocation, likewise."""
    honest = {"iss": forge.issuer, "sub": "0oa1", "aud": URL, "iat": ago(0), "exp": ago(-300), "jti": secrets.token_hex(8)}
    return forge.sign(settled({**honest, **changes}, int(time.time())), {"typ": "global-token-revocation+jwt", **(header or {})})


async def entered(house: House, forge: Forge, sid: str = "one") -> Entered:
    """Ana, signed in with a session at the provider."""
    forge.claims = {"sid": sid}
    return await house.enter(forge)


def alive(house: House, one: Entered) -> bool:
    """Whether the session is still there."""
    with house.store.read() as connection:
        return sessions.find_session(connection, one.secret, house.clock.wall_us()) is not None


def give_token(house: House) -> None:
    """An access token for Ana."""
    with house.store.write() as connection:
        token = Token(id="tok_1", sha256="", prefix="", person="ana", name="", created_us=1)
        accounts.add_token(connection, make_token(bytes(32)), token)
        bump(connection)


async def test_a_subject_is_signed_out_of_everything_and_may_come_again(house: House, forge: Forge) -> None:
    """Sessions and access tokens end, the person stays active, and the record says who asked."""
    house.provision("ana", "s-1")
    first, second = await entered(house, forge), await entered(house, forge, "two")
    give_token(house)
    await house.signals.logout(logout_token(forge, sid="one"), SOURCE)
    assert not alive(house, first) and not alive(house, second)
    snapshot = house.store.snapshot()
    assert snapshot.people["ana"].active and snapshot.people["ana"].epoch == 1
    assert next(iter(snapshot.tokens.values())).revoked_us is not None
    body = house.recorded()[-1][0]
    assert isinstance(body, SignedOut)
    assert (body.cause, body.sessions, body.provider, body.actor.auth) == ("back_channel_logout", 2, "corp", "signal")
    assert house.sql('SELECT person, cause, "by" FROM cut_offs') == [("ana", "back_channel_logout", "idp:corp")]
    assert alive(house, await entered(house, forge))


async def test_a_session_at_the_provider_ends_its_own_alone(house: House, forge: Forge) -> None:
    """A logout token with `sid` and no `sub`."""
    house.provision("ana", "s-1")
    first, second = await entered(house, forge), await entered(house, forge, "two")
    await house.signals.logout(logout_token(forge, sub=None, sid="one"), SOURCE)
    assert not alive(house, first) and alive(house, second)
    assert house.store.snapshot().people["ana"].epoch == 0
    body = house.recorded()[-1][0]
    assert isinstance(body, SignedOut) and body.session == first.session.id


async def test_who_is_not_known_is_signed_out_already(house: House, forge: Forge) -> None:
    """There is nothing to do, and the provider is told so."""
    await house.signals.logout(logout_token(forge, sub="nobody"), SOURCE)
    await house.signals.logout(logout_token(forge, sub=None, sid="nothing"), SOURCE)
    assert house.recorded() == []


async def test_a_logout_token_is_good_once(house: House, forge: Forge) -> None:
    """A second time it is refused, and a person who came back stays."""
    house.provision("ana", "s-1")
    token = logout_token(forge)
    await house.signals.logout(token, SOURCE)
    again = await entered(house, forge)
    with pytest.raises(SignalRefused, match="used already"):
        await house.signals.logout(token, SOURCE)
    assert alive(house, again)


WRONG: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an ID token": ({}, {"nonce": "n"}),
    "an ID token by its events": ({}, {"events": None}),
    "another event": ({}, {"events": {"http://schemas.openid.net/event/other": {}}}),
    "an event that is no object": ({}, {"events": {LOGOUT_EVENT: True}}),
    "events in a list": ({}, {"events": [LOGOUT_EVENT]}),
    "nobody": ({}, {"sub": None}),
    "a sid that is a number": ({}, {"sub": None, "sid": 1}),
    "another type": ({"typ": "at+jwt"}, {}),
    "another audience": ({}, {"aud": "other"}),
    "another issuer": ({}, {"iss": "https://evil.example"}),
    "no issuer": ({}, {"iss": None}),
    "no name of its own": ({}, {"jti": None}),
    "no expiry": ({}, {"exp": None}),
    "expired": ({}, {"exp": ago(100)}),
    "long ago": ({}, {"iat": ago(3600)}),
    "from the future": ({}, {"iat": ago(-3600)}),
    "an unknown key": ({"kid": "k9"}, {}),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_logout_token_that_is_not_one_is_refused(house: House, forge: Forge, wrong: str) -> None:
    """With 400, and nobody is signed out."""
    house.provision("ana", "s-1")
    session = await entered(house, forge)
    header, claims = WRONG[wrong]
    with pytest.raises(SignalRefused) as caught:
        await house.signals.logout(logout_token(forge, header, **claims), SOURCE)
    assert caught.value.status == 400 and alive(house, session)


@pytest.mark.parametrize("typ", [None, "JWT", "application/logout+jwt", "Logout+JWT"])
async def test_types_that_providers_write_are_taken(house: House, forge: Forge, typ: str | None) -> None:
    """The standard recommends logout+jwt; older providers write less."""
    await house.signals.logout(logout_token(forge, {"typ": typ}), SOURCE)


async def test_a_provider_whose_signals_are_not_believed_signs_nobody_out(house: House, forge: Forge) -> None:
    """`logout: false`."""
    house.provision("ana", "s-1")
    session = await entered(house, forge)
    house.specs["corp"] = forge.spec(logout=False)
    with pytest.raises(SignalRefused, match="not believed"):
        await house.signals.logout(logout_token(forge), SOURCE)
    assert alive(house, session)


async def test_keys_that_cannot_be_had_ask_for_another_try(house: House, forge: Forge) -> None:
    """503, so that the provider sends it again."""
    forge.down = {"/jwks"}
    with pytest.raises(SignalRefused) as caught:
        await house.signals.logout(logout_token(forge), SOURCE)
    assert caught.value.status == 503


async def revoke(house: House, forge: Forge, whom: dict[str, str]) -> bool:
    """Send a revocation of somebody; whether they are known."""
    return await house.signals.revoke(bearer(forge), json.dumps({"sub_id": whom}).encode(), SOURCE)


SUBJECTS = (
    {"format": "iss_sub", "iss": "{issuer}", "sub": "s-1"},
    {"format": "email", "email": "Ana@corp.example"},
    {"format": "opaque", "id": "s-1"},
)


@pytest.mark.parametrize("whom", SUBJECTS, ids=lambda one: one["format"])
@pytest.mark.parametrize("member", ["sub_id", "subject"])
async def test_a_revocation_ends_everything(house: House, forge: Forge, whom: dict[str, str], member: str) -> None:
    """In each format of the subject, also of a person who never signed in here but has tokens."""
    house.provision("ana", "s-1", email="ana@corp.example")
    give_token(house)
    named = {name: value.format(issuer=forge.issuer) for name, value in whom.items()}
    assert await house.signals.revoke(bearer(forge), json.dumps({member: named}).encode(), SOURCE)
    assert house.store.snapshot().people["ana"].epoch == 1
    body = house.recorded()[-1][0]
    assert isinstance(body, SignedOut) and body.cause == "token_revocation"


async def test_a_revocation_of_somebody_else_finds_nobody(house: House, forge: Forge) -> None:
    """Of another issuer's subject, of an account that was made by hand, of nobody."""
    with house.store.write() as connection:
        accounts.put_person(connection, accounts.Wanted(id="root@corp.example"), 0)
    for whom in (
        {"format": "iss_sub", "iss": "https://other.example", "sub": "s-1"},
        {"format": "email", "email": "root@corp.example"},
        {"format": "opaque", "id": "nobody"},
    ):
        assert not await house.signals.revoke(bearer(forge), json.dumps({"sub_id": whom}).encode(), SOURCE)
    assert house.store.snapshot().people["root@corp.example"].epoch == 0


@pytest.mark.parametrize("whom", [{"format": "email", "email": "ana@corp.example"}, {"format": "opaque", "id": "s-1"}])
async def test_a_provider_that_links_nobody_of_the_directory_ends_nobody_of_it(house: House, forge: Forge, whom: dict[str, str]) -> None:
    """One whose word is not taken for who signs in is not taken for who goes, either: its own people alone."""
    house.provision("ana", "s-1", email="ana@corp.example")
    house.specs["corp"] = forge.spec(link_claims=(), link_email=False)
    assert await revoke(house, forge, whom) is False
    house.specs["corp"] = forge.spec()
    assert await revoke(house, forge, whom) is True


async def test_somebody_whom_the_provider_brought_is_ended_by_address(house: House, forge: Forge) -> None:
    """Of a provider that makes people as they come; nobody of an account by hand that has the same address."""
    house.specs["corp"] = forge.spec(create_people=True, link_email=False, link_claims=())
    forge.claims = {"email": "eva@corp.example", "email_verified": True}
    entered = await house.enter(forge)
    with house.store.write() as connection:
        accounts.put_person(connection, accounts.Wanted(id="root", email="eva@corp.example"), 1)
    assert await revoke(house, forge, {"format": "email", "email": "Eva@corp.example"}) is True
    with house.store.read() as connection:
        assert sessions.find_session(connection, entered.secret, house.clock.wall_us()) is None
        person = accounts.find_person(connection, "root")
    assert person is not None and person.epoch == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"sub_id": 1}', b'{"sub_id": {"format": "email"}}', b'{"sub_id": {"format": "phone_number", "id": "1"}}', b"{}"])  # fmt: skip
async def test_a_body_that_names_nobody_is_refused_and_the_bearer_is_still_good(house: House, forge: Forge, body: bytes) -> None:
    """400, as for any request that cannot be read; corrected, it goes through."""
    house.provision("ana", "s-1")
    token = bearer(forge)
    with pytest.raises(SignalRefused) as caught:
        await house.signals.revoke(token, body, SOURCE)
    assert caught.value.status == 400
    assert await house.signals.revoke(token, b'{"sub_id": {"format": "opaque", "id": "s-1"}}', SOURCE)


BAD_BEARERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an ID token": ({"typ": "JWT"}, {"aud": CLIENT}),
    "no type": ({"typ": None}, {}),
    "a logout token": ({"typ": "logout+jwt"}, {}),
    "another address": ({}, {"aud": f"{CONSOLE}/other"}),
    "another issuer": ({}, {"iss": "https://evil.example"}),
    "expired": ({}, {"exp": ago(100)}),
    "no name of its own": ({}, {"jti": None}),
}


@pytest.mark.parametrize("wrong", BAD_BEARERS)
async def test_a_bearer_that_is_not_for_this_is_refused(house: House, forge: Forge, wrong: str) -> None:
    """With 401, and nobody is cut off."""
    house.provision("ana", "s-1")
    header, claims = BAD_BEARERS[wrong]
    with pytest.raises(SignalRefused) as caught:
        await house.signals.revoke(bearer(forge, header, **claims), b'{"sub_id": {"format": "opaque", "id": "s-1"}}', SOURCE)
    assert caught.value.status == 401 and house.store.snapshot().people["ana"].epoch == 0


async def test_a_bearer_is_good_once(house: House, forge: Forge) -> None:
    """A second time it is refused."""
    house.provision("ana", "s-1")
    token, body = bearer(forge), b'{"sub_id": {"format": "opaque", "id": "s-1"}}'
    assert await house.signals.revoke(token, body, SOURCE)
    with pytest.raises(SignalRefused, match="used already"):
        await house.signals.revoke(token, body, SOURCE)
