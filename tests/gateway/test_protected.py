"""What a client is told that comes without a token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.gateway.protected import challenge, metadata
from tests.gateway.conftest import Start, spec

MCP, ISSUER = "https://mcp.example", "https://console.example"


@pytest.mark.parametrize(("rest", "resource", "scope"), [("", "/mcp", "mcp"), ("/mcp", "/mcp", "mcp"), ("/mcp/crm", "/mcp/crm", "mcp:crm")])
def test_the_document_names_its_address_and_our_server(rest: str, resource: str, scope: str) -> None:
    """At the root and inserted into the path (RFC 9728 section 3.1); addresses are the text of the settings, without a final slash."""
    found = metadata(MCP, ISSUER, rest)
    assert found is not None
    assert (found["resource"], found["authorization_servers"], found["scopes_supported"]) == (MCP + resource, [ISSUER], [scope])


@pytest.mark.parametrize("rest", ["/", "/mcp/", "/mcpx", "/mcp/a/b", "/mcp/A b", "x", "/mcp/" + "n" * 33])
def test_where_no_connector_can_be_there_is_no_document(rest: str) -> None:
    """There is nothing at such an address."""
    assert metadata(MCP, ISSUER, rest) is None


async def test_a_connector_that_does_not_exist_answers_like_one_that_does(gateway: Start) -> None:
    """Document and challenge differ in nothing but the name."""
    async with gateway({"crm": spec(url="http://127.0.0.1:9/mcp")}) as running:
        found = []
        for name in ("crm", "xyz"):
            async with running.http.get(f"{running.url}/.well-known/oauth-protected-resource/mcp/{name}") as response:
                document = await response.text()
            status, _, headers = await running.post(f"/mcp/{name}", {"jsonrpc": "2.0", "id": 1, "method": "ping"}, token=None)
            assert f'scope="mcp:{name}"' in headers["www-authenticate"] and status == 401
            found.append((document + headers["www-authenticate"]).replace(name, "*"))
        assert found[0] == found[1]
        async with running.http.get(f"{running.url}/.well-known/oauth-protected-resourcex") as response:
            assert response.status == 404


@given(st.text(max_size=50))
def test_no_path_gets_into_the_header(path: str) -> None:
    """Whatever the path: one line, and nothing of it but the name of a connector."""
    value = challenge(MCP, "/mcp/" + path, "invalid_token").decode()
    assert value.isascii() and value.isprintable() and value.count('"') == 6
