"""Finding where a connector wants its tokens from, and refusing what could lead them elsewhere."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from mcp.client.auth import utils as sdk

from gatebook.gateway.upstream.fetching import fetch
from gatebook.identity.credentials.discovery import (
    DiscoveryError,
    covers,
    discover,
    resource_addresses,
    same_issuer,
    scopes_for,
    server_addresses,
)
from gatebook.identity.credentials.web import Answer, Fetch, Reach, Request, WebError
from gatebook.state.connector_credentials import CredentialSpec
from tests.identity.credentials.conftest import Notes

URL = "https://crm.example/mcp"
PRM = "https://crm.example/.well-known/oauth-protected-resource/mcp"
AS = "https://as.example"
AS_AT = f"{AS}/.well-known/oauth-authorization-server"
SERVER = {
    "issuer": AS,
    "token_endpoint": f"{AS}/token",
    "authorization_endpoint": f"{AS}/authorize",
    "code_challenge_methods_supported": ["S256"],
}


def web(documents: Mapping[str, Any], challenge: str = "") -> Fetch:
    """A web of these documents; the connector challenges."""

    async def answer(request: Request, reach: Reach) -> Answer:
        if request.url == URL:
            return Answer(status=401, headers={"www-authenticate": challenge} if challenge else {})
        found = documents.get(request.url)
        return Answer(status=404) if found is None else Answer(status=200, body=msgspec.json.encode(found))

    return answer


@pytest.mark.parametrize("url", ["https://a.example", "https://a.example/", "https://a.example/mcp", "http://a.example:81/x/y"])
def test_metadata_is_looked_for_where_the_sdk_of_mcp_looks(url: str) -> None:
    """Both lists are the same, in the same order."""
    for named in (None, "https://b.example/prm"):
        assert resource_addresses(url, named) == sdk.build_protected_resource_metadata_discovery_urls(named, url)
    assert server_addresses(url) == sdk.build_oauth_authorization_server_metadata_discovery_urls(url, url)


async def test_a_real_server_is_found(notes: Notes) -> None:
    """By its challenge, its metadata and its authorization server's."""
    found = await discover(fetch, notes.url, CredentialSpec(kind="person"), "loopback")
    base = notes.url.removesuffix("/mcp")
    assert (found.server.issuer, found.resource, found.asked) == (base, notes.url, ("read",))
    assert found.server.revocation_endpoint == f"{base}/revoke"


async def test_a_real_server_out_of_reach_is_not_asked(notes: Notes) -> None:
    """The address of this machine, named by a connector of the wide world."""
    with pytest.raises(WebError, match="must not be asked"):
        await discover(fetch, notes.url, CredentialSpec(kind="person"), "public")


REFUSED = [
    ({"resource": "https://evil.example/mcp", "authorization_servers": [AS]}, SERVER, "for another address"),
    ({"resource": URL, "authorization_servers": [AS]}, {**SERVER, "issuer": "https://evil.example"}, "another issuer"),
    ({"resource": URL, "authorization_servers": ["http://as.example"]}, SERVER, "not an https"),
    ({"resource": URL, "authorization_servers": []}, SERVER, "names no authorization server"),
    ({"resource": URL, "authorization_servers": [AS]}, {**SERVER, "token_endpoint": "http://as.example/token"}, "token_endpoint"),
    (
        {"resource": URL, "authorization_servers": [AS]},
        {**SERVER, "authorization_endpoint": "javascript:alert(1)"},
        "authorization_endpoint",
    ),
    ({"resource": URL, "authorization_servers": ["https://other.example"]}, SERVER, "can be found"),
]


@pytest.mark.parametrize(("resource", "server", "text"), REFUSED)
async def test_what_could_lead_elsewhere_is_refused(resource: dict[str, Any], server: dict[str, Any], text: str) -> None:
    """With a sentence that says what is wrong."""
    with pytest.raises((DiscoveryError, WebError), match=text):
        await discover(web({PRM: resource, AS_AT: server}), URL, CredentialSpec(kind="person"), "public")


async def test_a_server_that_was_agreed_on_is_not_exchanged() -> None:
    """Its client's secret would go to whoever the connector names."""
    documents = {PRM: {"resource": URL, "authorization_servers": ["https://evil.example"]}, AS_AT: SERVER}
    spec = CredentialSpec(kind="person", client_id="c", client_secret="env:S", issuer=AS)
    with pytest.raises(DiscoveryError, match="another authorization server than"):
        await discover(web(documents), URL, spec, "public")


@pytest.mark.parametrize(
    ("resource", "fits"),
    [
        (URL, True),
        ("https://crm.example", True),
        ("https://crm.example/", True),
        ("https://CRM.example:443/mcp/", True),
        ("https://crm.example/mc", False),
        ("https://crm.example/mcp/more", False),
        ("http://crm.example/mcp", False),
        ("https://crm.example:444/mcp", False),
        ("https://crm.example.evil/mcp", False),
        ("https://crm.example/mcp?x=1", False),
        ("https://[", False),
    ],
)
def test_metadata_is_for_this_connector_or_not(resource: str, fits: bool) -> None:
    """The same host, and the beginning of the path, by whole parts."""
    assert covers(resource, URL) is fits


def test_issuers_are_compared_as_text() -> None:
    """But for the final slash of a bare host."""
    assert same_issuer(AS, f"{AS}/") and same_issuer(AS, AS)
    assert not same_issuer(f"{AS}/x", f"{AS}/x/") and not same_issuer(AS, "https://AS.example")


async def test_scopes_are_what_the_connector_asks_for_unless_it_is_configured() -> None:
    """With what was asked before and is wanted since, and offline access where it is offered."""
    documents = {PRM: {"resource": URL, "authorization_servers": [AS], "scopes_supported": ["a", "b"]}, AS_AT: SERVER}
    spec = CredentialSpec(kind="person")
    found = await discover(web(documents), URL, spec, "public")
    assert scopes_for(spec, found, ("a",), ("w",)) == ("a", "b", "w")
    asked = await discover(web(documents, 'Bearer scope="c"'), URL, spec, "public")
    assert scopes_for(spec, asked, (), ()) == ("c",)
    assert scopes_for(CredentialSpec(kind="person", scopes=("mine",)), asked, (), ()) == ("mine",)
    offline = await discover(web(documents | {AS_AT: {**SERVER, "scopes_supported": ["offline_access"]}}), URL, spec, "public")
    assert scopes_for(spec, offline, (), ())[-1] == "offline_access"
    bare = await discover(web({PRM: {"resource": URL, "authorization_servers": [AS]}, AS_AT: SERVER}), URL, spec, "public")
    assert scopes_for(spec, bare, (), ()) == ()
