"""Which addresses tokens are for, and which scopes they offer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.oauth import targets

MCP = "https://mcp.example"


@pytest.mark.parametrize(
    ("resource", "connector"),
    [("/mcp", ""), ("/mcp/crm", "crm"), ("/mcp/not-there", "not-there"), ("", None), ("/", None), ("/mcp/", None), ("/mcpx", None), ("/mcp/a/b", None), ("/mcp/A", None), ("/mcp?x", None), ("/api", None)],
)  # fmt: skip
def test_an_address_is_ours_or_not(resource: str, connector: str | None) -> None:
    """A connector that does not exist cannot be told from one that does; another host or path is not ours."""
    assert targets.connector_of(MCP + resource, MCP) == connector
    assert targets.connector_of("https://mcp.example.evil" + resource, MCP) is None


@pytest.mark.parametrize(
    ("asked", "connector", "granted"),
    [
        (None, "", ("mcp",)),
        ("", "crm", ("mcp:crm",)),
        ("mcp", "crm", ("mcp:crm",)),
        ("mcp:crm", "crm", ("mcp:crm",)),
        ("mcp:crm mcp:git", "", ("mcp:crm", "mcp:git")),
        ("mcp:crm mcp:git", "crm", ("mcp:crm",)),
        ("openid offline_access", "", ("mcp",)),
        ("openid mcp:crm", "", ("mcp:crm",)),
    ],
)
def test_what_is_asked_for_is_granted_as_far_as_it_is_offered(asked: str | None, connector: str, granted: tuple[str, ...]) -> None:
    """Nothing asked for is all that the address offers; the scope of all connectors at one connector is that one's."""
    assert targets.granted(asked, connector) == granted


@pytest.mark.parametrize(("asked", "connector"), [("admin", ""), ("book:read", ""), ("mcp:git", "crm"), ('mcp:a" x', ""), ("mcp:", "")])
def test_what_is_not_offered_is_refused(asked: str, connector: str) -> None:
    """Reading the book is for tokens that people make themselves, and never for an AI client."""
    with pytest.raises(targets.ScopeRefused):
        targets.granted(asked, connector)


def test_a_provider_narrows_what_a_client_asks_for() -> None:
    """The narrower of both, and nothing at all is refused."""
    assert targets.common(("mcp",), ("mcp:crm",)) == ("mcp:crm",)
    assert targets.common(("mcp:crm",), ("mcp",)) == ("mcp:crm",)
    with pytest.raises(targets.ScopeRefused):
        targets.common(("mcp:git",), ("mcp:crm",))


@given(st.text(max_size=60), st.sampled_from(["", "crm"]))
def test_nothing_beyond_the_offer_is_ever_granted(asked: str, connector: str) -> None:
    """Whatever is asked for, what is granted at a connector is that connector's."""
    try:
        found = targets.granted(asked, connector)
    except targets.ScopeRefused:
        return
    assert found and all(scope == "mcp" or scope.startswith("mcp:") for scope in found)
    assert connector == "" or found == (f"mcp:{connector}",)
