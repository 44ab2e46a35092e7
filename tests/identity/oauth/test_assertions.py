"""Identity assertions (ID-JAG): the SDK's client succeeds, and everything that is wrong with one is refused."""

import time
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gatebook.gateway.protected import WELL_KNOWN, challenge, metadata
from gatebook.identity.issuers.keys import IssuerKeys
from gatebook.identity.oauth.registry import Added, ClientOrder
from gatebook.record.body_clients import GrantChanged
from gatebook.state.directory_schema import identities
from gatebook.state.schema import people
from tests.identity.oauth.deployment import ANN, CALLBACK, ISSUER, MCP, RESOURCE, Deployment, Provider, Site

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
URL = "https://app.example/client.json"


@pytest.fixture
def provider(deployment: Deployment) -> Provider:
    """An identity provider at which Ann is sub-1."""
    return believed(deployment)


def believed(deployment: Deployment) -> Provider:
    """Have a deployment read the keys of a provider, at which Ann is sub-1."""
    provider = Provider()
    deployment.start(IssuerKeys(provider.get))
    with deployment.store.write() as connection:
        connection.execute(identities.insert().values(issuer=provider.issuer, sub="sub-1", person=ANN, created_us=1))
    return provider


async def confidential(deployment: Deployment, provider: Provider) -> Added:
    """A client with a secret, at a deployment that believes the provider."""
    await deployment.apply(provider.document)
    order = ClientOrder(name="Ours", redirect_uris=(CALLBACK,), confidential=True)
    return await deployment.server.registry.add(order, deployment.administrator)


def claims(client: str, **more: Any) -> dict[str, Any]:
    """What the provider says."""
    now = int(time.time())
    said = {
        "iss": "https://idp.example",
        "aud": ISSUER,
        "sub": "sub-1",
        "client_id": client,
        "jti": f"j{time.time_ns()}",
        "iat": now,
        "exp": now + 300,
    }
    return {name: value for name, value in (said | more).items() if value is not None}


async def present(deployment: Deployment, added: Added, text: str, **more: str) -> httpx2.Response:
    """Bring an assertion to the token endpoint."""
    return await deployment.http.post(
        "/oauth/token", data={"grant_type": GRANT, "assertion": text} | more, auth=(added.client.id, added.secret or "")
    )


async def test_an_assertion_becomes_a_short_token(deployment: Deployment, provider: Provider) -> None:
    """600 seconds, no refresh token, at the resource of the assertion, the narrower of both scopes, and on the record."""
    added = await confidential(deployment, provider)
    said = claims(added.client.id, resource=f"{RESOURCE}/crm", scope="mcp:crm mcp:git")
    tokens = (await present(deployment, added, provider.sign(said), scope="mcp")).json()
    assert (tokens["expires_in"], tokens["scope"], "refresh_token" in tokens) == (600, "mcp:crm", False)
    assert deployment.knows(tokens["access_token"], f"{RESOURCE}/crm") == ANN
    assert [(record.action, record.by) for record in deployment.records(GrantChanged)] == [
        ("created", "assertion"),
        ("issued", "assertion"),
    ]
    document = (await deployment.http.get("/.well-known/oauth-authorization-server")).json()
    assert document["authorization_grant_profiles_supported"] == ["urn:ietf:params:oauth:grant-profile:id-jag"]
    deployment.cut()
    assert deployment.knows(tokens["access_token"], f"{RESOURCE}/crm") in ("revoked", "inactive")


async def test_an_assertion_is_good_once_for_all_processes(deployment: Deployment, provider: Provider) -> None:
    """By a shared table: another process refuses it too, until long after it has expired."""
    added = await confidential(deployment, provider)
    text = provider.sign(claims(added.client.id))
    assert (await present(deployment, added, text)).status_code == 200
    deployment.start(IssuerKeys(provider.get))
    response = await present(deployment, added, text)
    assert (response.json()["error"], "used before" in response.json()["error_description"]) == ("invalid_grant", True)


@pytest.mark.parametrize(
    ("more", "error", "text"),
    [
        ({"aud": "https://other.example"}, "invalid_grant", "audience"),
        ({"aud": [ISSUER, "https://other.example"]}, "invalid_grant", "audience"),
        ({"aud": ISSUER + "/"}, "invalid_grant", "audience"),
        ({"client_id": "another"}, "invalid_grant", "another client"),
        ({"client_id": None}, "invalid_grant", "another client"),
        ({"exp": 1}, "invalid_grant", "expired"),
        ({"exp": None}, "invalid_grant", "exp is missing"),
        ({"exp": 9_999_999_999}, "invalid_grant", "lately"),
        ({"iat": None}, "invalid_grant", "lately"),
        ({"iat": 1}, "invalid_grant", "lately"),
        ({"nbf": 9_999_999_999}, "invalid_grant", "not valid yet"),
        ({"sub": None}, "invalid_grant", "names nobody"),
        ({"sub": "stranger"}, "invalid_grant", "nobody who may"),
        ({"jti": None}, "invalid_grant", "jti"),
        ({"iss": "https://evil.example"}, "invalid_grant", "no identity provider"),
        ({"resource": "https://other.example/mcp"}, "invalid_target", "no address"),
        ({"resource": ["x"]}, "invalid_target", "cannot be read"),
        ({"scope": "admin"}, "invalid_scope", "offered"),
    ],
)
async def test_a_wrong_assertion_is_refused(
    deployment: Deployment, provider: Provider, more: dict[str, Any], error: str, text: str
) -> None:
    """Each with its reason; nothing is granted."""
    added = await confidential(deployment, provider)
    response = await present(deployment, added, provider.sign(claims(added.client.id, **more)))
    assert (response.status_code, response.json()["error"]) == (400, error)
    assert text in response.json()["error_description"]
    assert not deployment.records(GrantChanged)


async def test_type_key_and_resource_are_checked(deployment: Deployment, provider: Provider) -> None:
    """Another typ, another key, algorithm none, another resource than is asked for, garbage."""
    added = await confidential(deployment, provider)
    good = claims(added.client.id, resource=RESOURCE)
    unsigned = "eyJhbGciOiJub25lIiwidHlwIjoib2F1dGgtaWQtamFnK2p3dCJ9." + provider.sign(good).split(".")[1] + "."
    for text, asked in (
        (provider.sign(good, typ="JWT"), ""),
        (provider.sign(good, typ=None), ""),
        (provider.sign(good, key=ECKey.generate_key("P-256", {"kid": "k1"})), ""),
        (unsigned, ""),
        ("garbage", ""),
        ("a.b.c", ""),
        (provider.sign(good), f"{RESOURCE}/crm"),
    ):
        response = await present(deployment, added, text, **({"resource": asked} if asked else {}))
        assert response.status_code == 400 and response.json()["error"] in ("invalid_grant", "invalid_target"), text
    assert (await present(deployment, added, provider.sign(good), resource=RESOURCE)).status_code == 200


async def test_only_providers_whose_assertions_are_switched_on(deployment: Deployment, provider: Provider) -> None:
    """The default is off."""
    added = await confidential(deployment, provider)
    await deployment.apply(provider.document.replace("assertions: true", "assertions: false"))
    assert (await present(deployment, added, provider.sign(claims(added.client.id)))).json()["error"] == "invalid_grant"
    assert "authorization_grant_profiles_supported" not in (await deployment.http.get("/.well-known/oauth-authorization-server")).json()


async def test_somebody_inactive_or_only_alike_is_nobody(deployment: Deployment, provider: Provider) -> None:
    """An inactive person; an address of an account that was made by hand, which anybody could claim (nOAuth)."""
    added = await confidential(deployment, provider)
    alike = claims(added.client.id, sub="other", email=ANN, email_verified=True)
    assert (await present(deployment, added, provider.sign(alike))).json()["error"] == "invalid_grant"
    deployment.cut()
    assert (await present(deployment, added, provider.sign(claims(added.client.id)))).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"sub": "ext-1"}, True),
        ({"sub": "x", "oid": "ext-1"}, True),
        ({"sub": "x", "email": "ANN@example.com", "email_verified": True}, True),
        ({"sub": "x", "email": ANN, "email_verified": False}, False),
        ({"sub": "x", "email": ANN}, False),
    ],
)
async def test_whom_the_directory_provisioned_is_found(
    deployment: Deployment, provider: Provider, more: dict[str, Any], found: bool
) -> None:
    """By externalId, else by an address that the provider has verified."""
    added = await confidential(deployment, provider)
    with deployment.store.write() as connection:
        connection.execute(people.update().where(people.c.id == ANN).values(source="scim", external_id="ext-1", email=ANN))
    response = await present(deployment, added, provider.sign(claims(added.client.id, **more)))
    assert (response.status_code == 200) is found


async def test_public_clients_need_a_switch_for_their_host(with_site: Deployment, site: Site) -> None:
    """A client of a document without keys is refused until an administrator lists its host; one that registered itself always."""
    provider = believed(with_site)
    site.document(URL)
    await with_site.apply(provider.document)
    form = {"grant_type": GRANT, "client_id": URL}
    refused = await with_site.token(**form, assertion=provider.sign(claims(URL)))
    assert refused.json()["error"] == "unauthorized_client"
    await with_site.apply("kind: AiClients\nname: default\nspec:\n  assertion_hosts: [app.example]\n")
    assert (await with_site.token(**form, assertion=provider.sign(claims(URL)))).status_code == 200
    registered = (await with_site.register("https://app.example/cb"))["client_id"]
    response = await with_site.token(grant_type=GRANT, client_id=registered, assertion=provider.sign(claims(registered)))
    assert response.json()["error"] == "unauthorized_client"


async def test_no_document_is_read_for_who_brings_no_assertion(with_site: Deployment, site: Site) -> None:
    """A stranger's request names an address, and nothing is asked there until a provider has signed for it."""
    provider = believed(with_site)
    site.document(URL)
    await with_site.apply(provider.document + "---\nkind: AiClients\nname: default\nspec:\n  assertion_hosts: [app.example]\n")
    forged = provider.sign(claims(URL), key=ECKey.generate_key("P-256", {"kid": "k1"}))
    for text in ("", "garbage", forged, provider.sign(claims(URL), typ="JWT"), provider.sign(claims("https://app.example/other"))):
        response = await with_site.token(grant_type=GRANT, client_id=URL, assertion=text)
        assert response.json()["error"] == "invalid_client"
    assert site.asked == []
    assert (await with_site.token(grant_type=GRANT, client_id=URL, assertion=provider.sign(claims(URL)))).status_code == 200


async def test_an_assertion_from_before_a_cut_off_is_void(deployment: Deployment, provider: Provider) -> None:
    """Whoever kept one has nothing of it when the person may sign in again; one that was made since is good."""
    added = await confidential(deployment, provider)
    kept = provider.sign(claims(added.client.id, iat=int(time.time()) - 60))
    deployment.cut(deactivate=False)
    response = await present(deployment, added, kept)
    assert (response.json()["error"], "cut off" in response.json()["error_description"]) == ("invalid_grant", True)
    deployment.clock.offset_s = 2
    assert (await present(deployment, added, provider.sign(claims(added.client.id, iat=int(time.time()) + 2)))).status_code == 200


async def test_keys_that_cannot_be_read_refuse_and_those_that_were_read_go_on(deployment: Deployment, provider: Provider) -> None:
    """A provider that is down refuses first-comers with a sentence; keys that were read before are good for a day."""
    added = await confidential(deployment, provider)
    provider.down = True
    response = await present(deployment, added, provider.sign(claims(added.client.id)))
    assert "cannot be read now" in response.json()["error_description"]
    provider.down = False
    deployment.start(IssuerKeys(provider.get))
    assert (await present(deployment, added, provider.sign(claims(added.client.id)))).status_code == 200
    provider.down = True
    assert (await present(deployment, added, provider.sign(claims(added.client.id)))).status_code == 200


async def test_the_sdks_client_gets_in(deployment: Deployment, provider: Provider) -> None:
    """IdentityAssertionOAuthProvider of the Python SDK discovers, asks for an assertion and presents it."""
    added = await confidential(deployment, provider)

    async def assertion(audience: str, resource: str) -> str:
        return provider.sign(claims(added.client.id, aud=audience, resource=resource))

    async def mcp(request: Request) -> JSONResponse:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if deployment.knows(token) == ANN:
            return JSONResponse({"who": ANN})
        return JSONResponse({}, 401, {"www-authenticate": challenge(MCP, "/mcp", None).decode()})

    async def described(request: Request) -> JSONResponse:
        return JSONResponse(metadata(MCP, ISSUER, request.url.path.removeprefix(WELL_KNOWN)))

    routes = [Route("/mcp", mcp, methods=["POST"]), Route(f"{WELL_KNOWN}{{rest:path}}", described), *deployment.server.routes()]
    auth = IdentityAssertionOAuthProvider(
        RESOURCE, _Kept(), client_id=added.client.id, client_secret=added.secret or "", issuer=ISSUER, assertion_provider=assertion
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=Starlette(routes=routes)), base_url=MCP, auth=auth) as http:
        assert (await http.post("/mcp")).json() == {"who": ANN}


class _Kept:
    tokens: OAuthToken | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return None

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        raise AssertionError("an assertion needs no registration")
