"""Sign-in at an identity provider, and everything that must not end in one."""

import base64
import json
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from gatebook.identity import sessions, sign_in
from gatebook.identity.oidc.problems import SignInProblem
from gatebook.identity.oidc.sign_ins import REFUSALS_OF_ONE, Visitor
from gatebook.identity.sign_in import Link
from gatebook.log.errors import LogUnavailable
from gatebook.record.body_access import SignedIn, SignedOut, SignInFailed
from gatebook.record.parts import Source
from tests.identity.oidc.conftest import CONSOLE, SOURCE, House
from tests.identity.oidc.forge import CLIENT, Forge, ago

WITH_LINK = "the first sign-in after `gatebook bootstrap`"


async def refused(house: House, forge: Forge, params: dict[str, str] | None = None, **visitor: Any) -> SignInProblem:
    """The problem of a sign-in that fails, which is on the record and opens nothing."""
    with pytest.raises(SignInProblem) as caught:
        await house.enter(forge, params, **visitor)
    body = house.recorded()[-1][0]
    assert isinstance(body, SignInFailed) and body.reason == caught.value.reason
    assert house.sql("SELECT * FROM console_sessions") == []
    return caught.value


async def test_the_request_carries_what_the_standards_ask_for(house: House, forge: Forge) -> None:
    """Code flow, PKCE S256, state and nonce, each new; nothing of them is stored as it is."""
    browser = secrets.token_urlsafe(32)
    address = await house.sign_ins.begin("corp", "/calls/1?a=b", browser, SOURCE)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{forge.issuer}/authorize?")
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == ("code", "S256", CLIENT)
    assert (asked["redirect_uri"], asked["scope"]) == (f"{CONSOLE}/idp/callback", "openid email profile")
    again = parse_qs(urlsplit(await house.sign_ins.begin("corp", "/", browser, SOURCE)).query)
    assert all(again[name][0] != asked[name] for name in ("state", "nonce", "code_challenge"))
    assert (len(asked["nonce"]), len(asked["code_challenge"])) == (43, 43) and browser not in address


async def test_who_begins_without_end_takes_no_place_from_anybody(house: House, forge: Forge) -> None:
    """A stranger's sign-ins leave nothing behind: no row, no record; the person who comes after them gets in."""
    house.provision("ana", "s-1")
    for _ in range(500):
        await house.sign_ins.begin("corp", "/", secrets.token_urlsafe(32), SOURCE)
    assert house.recorded() == [] and house.sql("SELECT * FROM jti_seen") == []
    assert (await house.enter(forge)).principal.person == "ana"
    assert len(house.sql("SELECT * FROM jti_seen")) == 1


async def test_a_provisioned_person_is_signed_in_and_on_the_record(house: House, forge: Forge) -> None:
    """By externalId the first time, as the same subject ever after, also when the directory changes the externalId."""
    house.provision("ana@corp.example", "s-1")
    entered = await house.enter(forge, user_agent="Browser/1")
    assert (entered.principal.person, entered.principal.auth, entered.return_to) == ("ana@corp.example", "session", "/")
    house.sql("UPDATE people SET external_id = 'other'")
    await house.enter(forge)
    first, second = (body for body, _ in house.recorded())
    assert isinstance(first, SignedIn) and isinstance(second, SignedIn)
    assert (first.provider, first.linked, first.session, first.actor.auth) == ("corp", "external_id", entered.session.id, "oidc")
    assert second.linked == "identity"
    with house.store.read() as connection:
        (_, found) = sessions.sessions_of(connection, "ana@corp.example", house.clock.wall_us())
    assert (found.auth, found.issuer, found.user_agent) == ("oidc", forge.issuer, "Browser/1")


async def test_a_session_of_before_is_closed_and_its_secret_is_not_kept(house: House, forge: Forge) -> None:
    """Whoever planted a session in a browser has nothing of the one that follows (session fixation)."""
    house.provision("ana", "s-1")
    planted = await house.enter(forge)
    entered = await house.enter(forge, session=planted.secret)
    assert entered.secret != planted.secret
    with house.store.read() as connection:
        assert sessions.find_session(connection, planted.secret, house.clock.wall_us()) is None
        assert sessions.find_session(connection, entered.secret, house.clock.wall_us()) is not None
    bodies = [body for body, _ in house.recorded()]
    assert [body.cause for body in bodies if isinstance(body, SignedOut)] == ["signed_in_again"]


async def test_a_way_back_is_good_once(house: House, forge: Forge) -> None:
    """The same state a second time, with a new code, opens nothing."""
    house.provision("ana", "s-1")
    browser = secrets.token_urlsafe(32)
    address = await house.sign_ins.begin("corp", "/", browser, SOURCE)
    await house.sign_ins.finish(forge.grant(address), Visitor(browser=browser, source=SOURCE))
    with pytest.raises(SignInProblem, match="finished already") as caught:
        await house.sign_ins.finish(forge.grant(address), Visitor(browser=browser, source=SOURCE))
    assert caught.value.reason == "state"


@pytest.mark.parametrize("other", ["", "x" * 43, "é", secrets.token_urlsafe(32)])
async def test_only_the_browser_that_left_comes_back(house: House, forge: Forge, other: str) -> None:
    """A way back in another browser is refused (login CSRF), and is still there for the right one."""
    house.provision("ana", "s-1")
    browser = secrets.token_urlsafe(32)
    address = await house.sign_ins.begin("corp", "/", browser, SOURCE)
    with pytest.raises(SignInProblem) as caught:
        await house.sign_ins.finish(forge.grant(address), Visitor(browser=other, source=SOURCE))
    assert caught.value.reason == "state"
    assert (await house.sign_ins.finish(forge.grant(address), Visitor(browser=browser, source=SOURCE))).principal.person == "ana"


async def test_a_sign_in_ends_after_ten_minutes(house: House, forge: Forge) -> None:
    """A way back that was left lying about opens nothing."""
    browser = secrets.token_urlsafe(32)
    address = await house.sign_ins.begin("corp", "/", browser, SOURCE)
    house.clock.offset_us = 600_000_001
    with pytest.raises(SignInProblem, match="ten minutes"):
        await house.sign_ins.finish(forge.grant(address), Visitor(browser=browser, source=SOURCE))


@pytest.mark.parametrize("state", ["", "x", "\0" * 43, "é" * 43, "A" * 100_000])
async def test_any_text_as_state_is_refused(house: House, forge: Forge, state: str) -> None:
    """Nothing is looked up that cannot be ours."""
    assert (await refused(house, forge, {"state": state})).reason == "state"


async def test_the_answer_of_another_provider_is_refused(house: House, forge: Forge) -> None:
    """RFC 9207: a wrong `iss`, or none where the provider sends one, also beside an error."""
    assert (await refused(house, forge, {"iss": "https://evil.example"})).reason == "issuer"
    assert (await refused(house, forge, {"iss": "https://evil.example", "error": "access_denied"})).reason == "issuer"
    forge.metadata["authorization_response_iss_parameter_supported"] = True
    house.specs["corp"] = forge.spec(title="Fresh")
    assert (await refused(house, forge)).reason == "issuer"
    house.provision("ana", "s-1")
    assert (await house.enter(forge, {"iss": forge.issuer})).principal.person == "ana"


async def test_a_refusal_of_the_provider_is_told_in_our_words(house: House, forge: Forge) -> None:
    """What the provider writes is not repeated."""
    problem = await refused(house, forge, {"error": "access_denied", "error_description": "<b>Call 555 now</b>"})
    assert problem.reason == "denied" and "555" not in str(problem) and "Corp did not sign you in" in str(problem)


@pytest.mark.parametrize("name", ["id_token", "access_token", "token", "session"])
async def test_a_token_in_the_address_is_not_used(house: House, forge: Forge, name: str) -> None:
    """Not even a good one."""
    problem = await refused(house, forge, {name: "eyJhbGciOiJub25lIn0.e30."})
    assert problem.reason == "token_in_address" and "eyJ" not in str(house.recorded())


async def test_refusals_of_one_network_are_written_down_so_often_and_then_counted(house: House, forge: Forge) -> None:
    """The book does not grow with every request of a stranger; nobody else's refusal is lost, and the person behind the same address gets in."""
    house.provision("ana", "s-1")

    async def fail(ip: str) -> None:
        with pytest.raises(SignInProblem):
            await house.sign_ins.finish({"state": "x"}, Visitor(browser="", source=Source(ip=ip, port=1)))

    for _ in range(REFUSALS_OF_ONE + 50):
        await fail("198.51.100.7")
    assert len(house.recorded()) == REFUSALS_OF_ONE
    await fail("203.0.113.9")
    counted, other = (body for body, _ in house.recorded()[-2:])
    assert (counted.reason, counted.detail[:3], counted.source.ip) == ("overloaded", "50 ", "")
    assert (other.reason, other.source.ip) == ("state", "203.0.113.9")
    assert (await house.enter(forge)).principal.person == "ana"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"iss": "https://evil.example"}, "another issuer"),
    "no issuer": ({"iss": None}, "another issuer"),
    "another audience": ({"aud": "other"}, "another audience"),
    "no audience": ({"aud": None}, "another audience"),
    "an audience that is a number": ({"aud": 7}, "another audience"),
    "another party": ({"azp": "other"}, "another client"),
    "several audiences without a party": ({"aud": [CLIENT, "other"]}, "several clients"),
    "expired": ({"exp": ago(61)}, "expired"),
    "no expiry": ({"exp": None}, "exp is missing"),
    "expiry as text": ({"exp": "never"}, "exp is missing"),
    "expiry true": ({"exp": True}, "exp is missing"),
    "from the future": ({"iat": ago(-3600), "exp": ago(-7200)}, "from the future"),
    "no time": ({"iat": None}, "iat is missing"),
    "not yet": ({"nbf": ago(-3600)}, "not valid yet"),
    "another nonce": ({"nonce": "x"}, "does not belong"),
    "no nonce": ({"nonce": None}, "does not belong"),
    "no subject": ({"sub": None}, "sub is missing"),
    "a subject that is a list": ({"sub": ["s-1"]}, "sub is missing"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_an_id_token_that_says_the_wrong_thing_is_refused(house: House, forge: Forge, wrong: str) -> None:
    """Each of its claims is checked, and the sentence says which was not right."""
    house.provision("ana", "s-1")
    forge.claims, words = WRONG[wrong]
    problem = await refused(house, forge)
    assert problem.reason == "token" and words in str(problem)


@pytest.mark.parametrize("claims", [{"aud": [CLIENT]}, {"aud": [CLIENT, "o"], "azp": CLIENT}, {"exp": ago(25)}, {"iat": ago(-25)}])
async def test_what_the_standard_allows_is_taken(house: House, forge: Forge, claims: dict[str, Any]) -> None:
    """Lists of audiences, and clocks that are nearly half a minute apart."""
    house.provision("ana", "s-1")
    forge.claims = claims
    assert (await house.enter(forge)).principal.person == "ana"


def _hmac(forge: Forge, claims: dict[str, Any]) -> str:
    """A token signed with the public key as a secret, as those who confuse algorithms do."""
    public = json.dumps(forge.published[0]).encode()
    return jwt.encode({"alg": "HS256", "kid": "k0"}, claims, OctKey.import_key(public), algorithms=["HS256"])


@pytest.mark.parametrize(
    "how", ["none", "NONE", "HS256", "another key", "no signature", "cut", "an algorithm that is not accepted", "a list"]
)
async def test_a_token_that_nobody_signed_is_refused(house: House, forge: Forge, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`none`, HMAC, a key of somebody else, and what is no token at all."""
    house.provision("ana", "s-1")
    honest = forge.id_token

    def forged(asked: dict[str, str]) -> Any:
        head, body, signature = honest(asked).split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        if how.lower() == "none":
            return f"{base64.urlsafe_b64encode(json.dumps({'alg': how}).encode()).rstrip(b'=').decode()}.{body}."
        return {
            "HS256": lambda: _hmac(forge, claims),
            "another key": lambda: forge.sign(claims, key=forge.keys[1]),
            "no signature": lambda: f"{head}.{body}.",
            "cut": lambda: f"{head}.{body}",
            "an algorithm that is not accepted": lambda: forge.sign(claims, {"alg": "RS384"}, key=_any(forge.keys[0])),
            "a list": lambda: ["x"],
        }[how]()

    monkeypatch.setattr(forge, "id_token", forged)
    assert (await refused(house, forge)).reason == ("code" if how == "a list" else "token")


def _any(key: Any) -> Any:
    return type(key).import_key({name: value for name, value in key.as_dict(private=True).items() if name not in ("alg", "use")})


async def test_an_elliptic_key_works_where_it_is_accepted(house: House, forge: Forge) -> None:
    """Algorithms are pinned by the resource: ES256 is refused, then accepted."""
    house.provision("ana", "s-1")
    key = ECKey.generate_key("P-256", {"kid": "ec"})
    forge.published = [key.as_dict(private=False)]
    forge.keys, forge.header = [key], {"alg": "ES256", "kid": "ec"}  # type: ignore[list-item]
    house.specs["corp"] = forge.spec(algorithms=("RS256",))
    assert "is not accepted" in str(await refused(house, forge))
    house.specs["corp"] = forge.spec(algorithms=("ES256",))
    assert (await house.enter(forge)).principal.person == "ana"


async def test_a_code_that_is_not_redeemed_opens_nothing(house: House, forge: Forge) -> None:
    """An invented code, one of somebody else's sign-in (PKCE), none, and a client that the provider does not know."""
    assert (await refused(house, forge, {"code": "invented"})).reason == "code"
    assert (await refused(house, forge, {"code": ""})).reason == "code"
    stolen = forge.grant(await house.sign_ins.begin("corp", "/", secrets.token_urlsafe(32), SOURCE))
    assert (await refused(house, forge, {"code": stolen["code"]})).reason == "code"
    forge.answer = {"error": "invalid_client"}
    assert "client id or secret" in str(await refused(house, forge))


@pytest.mark.parametrize(
    ("secret", "methods"), [(None, None), ("s e:c&r", None), ("s e:c&r", ["client_secret_post"]), ("x", ["client_secret_jwt"])]
)
async def test_the_client_says_who_it_is_as_the_provider_takes_it(
    house: House, forge: Forge, secret: str | None, methods: list[str] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """none, basic (the default) and post; for anything else the sentence says what is missing, and the secret stands nowhere."""
    house.provision("ana", "s-1")
    if secret:
        monkeypatch.setenv("IDP_SECRET", secret)
    forge.metadata = {"token_endpoint_auth_methods_supported": methods}
    house.specs["corp"] = forge.spec(client_secret="env:IDP_SECRET" if secret else None)
    if methods == ["client_secret_jwt"]:
        assert (await refused(house, forge)).reason == "provider_wrong"
        return
    await house.enter(forge)
    _, headers, form = next(one for one in forge.requests if one[0] == "/token")
    basic = base64.b64encode(b"gatebook:s+e%3Ac%26r").decode()
    assert headers.get("Authorization") == (f"Basic {basic}" if secret and methods is None else None)
    assert ("client_secret" in form) is (methods is not None) and ("client_id" in form) is (not secret or methods is not None)
    assert "s e:c" not in str(house.recorded())


async def test_a_secret_that_is_not_there_is_named_and_not_shown(house: House, forge: Forge) -> None:
    """The sentence names the reference."""
    house.specs["corp"] = forge.spec(client_secret="env:NOT_SET_ANYWHERE")
    assert "env:NOT_SET_ANYWHERE is not set" in str(await refused(house, forge))


async def test_a_provider_that_is_down_is_told_apart_from_one_that_is_wrong(house: House, forge: Forge) -> None:
    """At the beginning and in the middle; and it works again when the provider does."""
    forge.down = {"/.well-known/openid-configuration"}
    assert (await refused(house, forge)).reason == "provider_down"
    forge.down = {"/token"}
    house.specs["corp"] = forge.spec(title="Again")
    assert (await refused(house, forge)).reason == "provider_down"
    forge.down = set()
    forge.metadata = {"issuer": f"{forge.issuer}/"}
    house.specs["corp"] = forge.spec(title="Wrong")
    assert "names the issuer" in str(await refused(house, forge))
    forge.metadata = {}
    house.specs["corp"] = forge.spec()
    house.provision("ana", "s-1")
    assert (await house.enter(forge)).principal.person == "ana"


async def test_who_asks_for_another_place_or_provider_is_refused(house: House, forge: Forge) -> None:
    """An address elsewhere, a provider that is not there, and one where people do not sign in."""
    for name, back, reason in (("corp", "//evil.example", "return_to"), ("other", "/", "provider"), ("machines", "/", "provider")):
        house.specs["machines"] = forge.spec(sign_in=False)
        with pytest.raises(SignInProblem) as caught:
            await house.sign_ins.begin(name, back, secrets.token_urlsafe(32), SOURCE)
        assert caught.value.reason == reason


async def test_without_a_record_nobody_is_signed_in(house: House, forge: Forge) -> None:
    """When the book cannot be written there is no session."""
    house.provision("ana", "s-1")
    browser = secrets.token_urlsafe(32)
    address = await house.sign_ins.begin("corp", "/", browser, SOURCE)
    house.book.close()
    with pytest.raises(LogUnavailable):
        await house.sign_ins.finish(forge.grant(address), Visitor(browser=browser, source=SOURCE))
    assert house.sql("SELECT * FROM console_sessions") == house.sql("SELECT * FROM identities") == []


async def test_claims_that_are_missing_come_from_userinfo_of_the_same_subject(house: House, forge: Forge) -> None:
    """Providers leave the address there; one of another subject is not believed."""
    house.provision("ana", email="ana@corp.example")
    forge.userinfo = {"sub": "somebody", "email": "ana@corp.example", "email_verified": True}
    assert (await refused(house, forge)).reason == "unknown_person"
    forge.userinfo["sub"] = "s-1"
    assert (await house.enter(forge)).principal.person == "ana"
    assert next(headers for path, headers, _ in forge.requests if path == "/userinfo")["Authorization"] == "Bearer at"


async def test_a_link_from_the_host_makes_the_next_sign_in_of_that_browser_an_administrator(house: House, forge: Forge) -> None:
    """Once, and only that browser's; the person was not known before."""
    now_us, browser = house.clock.wall_us(), secrets.token_urlsafe(32)
    forge.claims = {"email": "root@corp.example", "email_verified": True, "name": "Root"}
    with house.store.write() as connection:
        sign_in.add_link(connection, "link", Link(purpose="administrator"), now_us)
    assert (await refused(house, forge)).reason == "unknown_person"
    assert await house.sign_ins.claim("link", browser) and not await house.sign_ins.claim("link", browser)
    assert (await refused(house, forge)).reason == "unknown_person"
    assert house.sign_ins.claimed(browser)
    address = await house.sign_ins.begin("corp", "/", browser, SOURCE)
    entered = await house.sign_ins.finish(forge.grant(address), Visitor(browser=browser, source=SOURCE))
    assert (entered.principal.person, entered.principal.groups) == ("root@corp.example", ("admins",))
    assert not house.sign_ins.claimed(browser)
    bodies = [body for body, _ in house.recorded()]
    people = [(body.action, body.reason) for body in bodies if getattr(body, "kind", "") == "Person"]
    assert people == [("created", WITH_LINK), ("changed", WITH_LINK)]
    assert isinstance(bodies[-1], SignedIn) and bodies[-1].linked == "bootstrap"
