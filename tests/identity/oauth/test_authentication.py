"""Clients prove that they are the ones."""

import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from gatebook.identity.issuers import keys
from gatebook.identity.oauth import authentication
from gatebook.identity.oauth.authentication import proof_of
from gatebook.identity.oauth.errors import OAuthError
from tests.identity.oauth.deployment import CALLBACK, ISSUER, Deployment, Site

URL = "https://app.example/client.json"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = ECKey.generate_key("P-256", {"kid": "c1"})
PUBLIC = {"keys": [KEY.as_dict(private=False)]}


def assertion(key: Any = KEY, alg: str = "ES256", kid: str = "c1", **more: Any) -> str:
    """What a client with a key signs."""
    now = int(time.time())
    claims = {"iss": URL, "sub": URL, "aud": ISSUER, "jti": f"j{time.time_ns()}", "iat": now, "exp": now + 60} | more
    return jwt.encode({"alg": alg, "kid": kid}, {name: value for name, value in claims.items() if value is not None}, key, algorithms=[alg])


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_secret_is_asked_for(deployment: Deployment, method: str) -> None:
    """In either way, without a client_id in the body for Basic; a wrong or missing one is 401 and uses the code up no earlier."""
    made = await deployment.register(token_endpoint_auth_method=method)
    id, secret = made["client_id"], made["client_secret"]
    said = await deployment.consent(id)
    form = {"grant_type": "authorization_code", "code": said["code"], "redirect_uri": CALLBACK, "code_verifier": "v" * 43}
    for bad in (
        {"data": form | {"client_id": id}},
        {"data": form | {"client_id": id, "client_secret": "x"}},
        {"data": form, "auth": (id, "wrong")},
    ):
        response = await deployment.http.post("/oauth/token", **bad)  # type: ignore[arg-type]
        assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
        assert ("www-authenticate" in response.headers) == ("auth" in bad)
    assert (await deployment.http.post("/oauth/token", data=form, auth=(id, secret))).status_code == 200


async def test_a_public_client_proves_nothing(deployment: Deployment) -> None:
    """One that has no secret is refused with one: somebody is mistaken about it."""
    client, tokens = await deployment.signed_in()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": client, "client_secret": "x"}
    assert (await deployment.token(**form)).json()["error"] == "invalid_client"


@pytest.mark.parametrize("where", ["jwks", "jwks_uri"])
async def test_a_client_with_keys_signs(with_site: Deployment, site: Site, where: str) -> None:
    """private_key_jwt with keys in its document, or at an address that is read under the same guard; each assertion is good once."""
    more = {"jwks": PUBLIC} if where == "jwks" else {"jwks_uri": "https://app.example/keys.json"}
    site.document(URL, token_endpoint_auth_method="private_key_jwt", **more)
    site.document("https://app.example/keys.json", **PUBLIC)
    said = await with_site.consent(URL)
    signed = assertion()
    proof = {"client_assertion_type": TYPE, "client_assertion": signed}
    tokens = (await with_site.exchange(URL, said["code"], **proof)).json()
    assert tokens["access_token"]
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": URL}
    response = await with_site.token(**again, **proof)
    assert (response.status_code, "used before" in response.json()["error_description"]) == (401, True)
    assert (await with_site.token(**again, **proof | {"client_assertion": assertion(aud=f"{ISSUER}/oauth/token")})).status_code == 200


async def stranger(deployment: Deployment) -> str:
    """A client that registered itself, and says that its keys are at an address."""
    body = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/keys.json"}
    return str((await deployment.register(**body))["client_id"])


async def test_nobody_is_asked_for_keys_without_end(with_site: Deployment, site: Site) -> None:
    """Whoever registers with somebody else's address in place of their keys cannot have us flood it."""
    client = await stranger(with_site)
    for _ in range(20):
        proof = {"client_assertion_type": TYPE, "client_assertion": assertion(iss=client, sub=client)}
        response = await with_site.exchange(client, "x", **proof)
        assert response.status_code == 401 and "keys cannot be used" in response.json()["error_description"]
    assert len(site.asked) == 1


async def test_a_client_may_change_its_keys(with_site: Deployment, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is not known has them read anew, and one that is no longer published is not believed after that."""
    monkeypatch.setattr(keys, "FLOOR_S", 0.0)
    client = await stranger(with_site)
    said = await with_site.consent(client)

    def proof(key: Any = KEY) -> dict[str, str]:
        return {"client_assertion_type": TYPE, "client_assertion": assertion(key, iss=client, sub=client, kid=key.kid)}

    site.document("https://app.example/keys.json", **PUBLIC)
    tokens = (await with_site.exchange(client, said["code"], **proof())).json()
    fresh = ECKey.generate_key("P-256", {"kid": "c2"})
    site.document("https://app.example/keys.json", keys=[fresh.as_dict(private=False)])
    again = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": client}
    assert (await with_site.token(**again, **proof(fresh))).status_code == 200
    assert "does not publish" in (await with_site.token(**again, **proof())).json()["error_description"]


async def test_keys_that_hold_a_secret_are_refused_wherever_they_are(with_site: Deployment, site: Site) -> None:
    """A private key that everybody can read proves nothing."""
    client = await stranger(with_site)
    site.document("https://app.example/keys.json", keys=[KEY.as_dict(private=True)])
    proof = {"client_assertion_type": TYPE, "client_assertion": assertion(iss=client, sub=client)}
    assert "keys cannot be used" in (await with_site.exchange(client, "x", **proof)).json()["error_description"]


async def test_assertions_of_one_client_have_a_bound(with_site: Deployment, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is kept until it has expired; one client that signs without end waits, and no other does."""
    monkeypatch.setattr(authentication, "ASSERTIONS_MAX", 3)
    site.document("https://app.example/keys.json", **PUBLIC)
    flooding, other = await stranger(with_site), await stranger(with_site)
    said = []
    for client in [flooding] * 5 + [other]:
        proof = {"client_assertion_type": TYPE, "client_assertion": assertion(iss=client, sub=client)}
        said.append((await with_site.exchange(client, "x", **proof)).json()["error"])
    assert said == ["invalid_grant"] * 3 + ["slow_down"] * 2 + ["invalid_grant"]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"aud": "https://other.example"}, "audience"),
        ({"aud": None}, "audience"),
        ({"iss": "https://other.example/c"}, "issuer"),
        ({"sub": "https://other.example/c"}, "sub"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "exp is missing"),
        ({"exp": 9_999_999_999}, "longer"),
        ({"jti": None}, "jti"),
        ({"jti": "x" * 400}, "jti"),
        ({"key": ECKey.generate_key("P-256")}, "signature"),
        ({"key": OctKey.import_key("s" * 32), "alg": "HS256"}, "not accepted"),
    ],
)
async def test_a_wrong_assertion_is_refused(with_site: Deployment, site: Site, wrong: dict[str, Any], text: str) -> None:
    """With the reason, and without an access token."""
    site.document(URL, token_endpoint_auth_method="private_key_jwt", jwks=PUBLIC)
    said = await with_site.consent(URL)
    response = await with_site.exchange(URL, said["code"], client_assertion_type=TYPE, client_assertion=assertion(**wrong))
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert text in response.json()["error_description"]


async def test_an_unsigned_assertion_is_refused(with_site: Deployment, site: Site) -> None:
    """Algorithm none, and none at all."""
    site.document(URL, token_endpoint_auth_method="private_key_jwt", jwks=PUBLIC)
    said = await with_site.consent(URL)
    unsigned = "eyJhbGciOiJub25lIn0." + assertion().split(".")[1] + "."
    for proof in ({"client_assertion_type": TYPE, "client_assertion": unsigned}, {}):
        assert (await with_site.exchange(URL, said["code"], **proof)).json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("form", "authorization", "code"),
    [
        ({}, None, "invalid_client"),
        ({"client_id": "a", "client_secret": "s"}, "Basic YTpz", "invalid_request"),
        ({"client_id": "b"}, "Basic YTpz", "invalid_client"),
        ({}, "Bearer x", "invalid_client"),
        ({}, "Basic !!!", "invalid_client"),
        ({}, "Basic YQ==", "invalid_client"),
        ({"client_assertion": "x"}, None, "invalid_request"),
        ({"client_assertion": "x", "client_assertion_type": TYPE}, None, "invalid_client"),
    ],
)
def test_a_request_says_one_thing_of_its_client(form: dict[str, str], authorization: str | None, code: str) -> None:
    """Nothing, or different things, is refused."""
    with pytest.raises(OAuthError) as refused:
        proof_of(form, authorization)
    assert refused.value.code == code


def test_basic_is_form_encoded() -> None:
    """RFC 6749 section 2.3.1: an id with a colon or a space comes escaped."""
    assert proof_of({}, "Basic YSUzQWI6cytj").id == "a:b" and proof_of({}, "Basic YSUzQWI6cytj").secret == "s c"
