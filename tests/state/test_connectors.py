"""The rules of a connector beyond types."""

from typing import Any

import pytest
from msgspec import convert

from gatebook.state.connector_credentials import CredentialSpec, credential_faults
from gatebook.state.connectors import Connector, ConnectorSpec, faults

HTTP = {"transport": "http", "url": "https://crm.example/mcp"}
STDIO = {"transport": "stdio", "command": ["server", "--quiet"]}


def found(spec: dict[str, object], name: str = "crm") -> dict[str, str]:
    """Return the faults of a spec by path."""
    return dict(faults(name, convert(spec, ConnectorSpec)))


def test_plain_connectors_have_no_faults() -> None:
    """One of each transport."""
    assert found(HTTP) == found({**HTTP, "transport": "sse"}) == found(STDIO) == {}


@pytest.mark.parametrize("name", ["", "CRM", "a__b", "-a", "a" * 33, "a_b", "a b"])
def test_names_that_would_break_tool_names_are_refused(name: str) -> None:
    """The name of a connector is the first part of `connector__tool`."""
    assert "name" in found(HTTP, name)


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"transport": "http"}, "spec.url"),
        ({"transport": "http", "url": "ftp://x/"}, "spec.url"),
        ({"transport": "http", "url": "http://"}, "spec.url"),
        ({"transport": "http", "url": "http://x:99999/"}, "spec.url"),
        ({"transport": "http", "url": "http://user:pw@x/"}, "spec.url"),
        ({**HTTP, "command": ["x"]}, "spec.command"),
        ({"transport": "stdio"}, "spec.command"),
        ({**STDIO, "url": "http://x/"}, "spec.url"),
        ({**STDIO, "env": {"A=B": "x"}}, "spec.env"),
        ({**HTTP, "headers": {"Host": "x"}}, "spec.headers.Host"),
        ({**HTTP, "headers": {"A B": "x"}}, "spec.headers"),
        ({**HTTP, "headers": {"X-A": "a\r\nB: c"}}, "spec.headers.X-A"),
        ({**HTTP, "headers": {"Authorization": "Bearer abc"}}, "spec.headers.Authorization"),
        ({**HTTP, "allow": {"groups": [" "]}}, "spec.allow"),
        ({**HTTP, "tools": {"deny": [""]}}, "spec.tools"),
    ],
)
def test_faults_name_their_field(spec: dict[str, object], path: str) -> None:
    """Every mistake is found, at its path, and no fault repeats a value."""
    texts = found(spec)
    assert path in texts
    assert "abc" not in "".join(texts.values())
    assert "pw" not in "".join(texts.values())


def test_rules_of_a_connector_are_what_policy_reads() -> None:
    """E-mail addresses are compared in lower case, as people are stored."""
    spec = convert({**HTTP, "allow": {"people": ["Ana@Corp.example"]}, "tools": {"deny": ["x"]}}, ConnectorSpec)
    rules = Connector(name="crm", version=1, spec=spec).rules
    assert (rules.connector, rules.people, rules.tools_allow, rules.tools_deny) == ("crm", ("ana@corp.example",), ("*",), ("x",))


CREDENTIAL_FAULTS = [
    ({"kind": "secret", "issuer": "https://as.example"}, ".issuer"),
    ({"kind": "none", "client_id": "x"}, ".client_id"),
    ({"kind": "secret", "header": "no header"}, ".header"),
    ({"kind": "secret", "scheme": "two words"}, ".scheme"),
    ({"kind": "person", "client_id": "c", "client_secret": "plain", "issuer": "https://as.example"}, ".client_secret"),
    ({"kind": "person", "client_id": "c", "client_secret": "env:S"}, ".issuer"),
    ({"kind": "person", "client_secret": "env:S", "issuer": "https://as.example"}, ".client_secret"),
    ({"kind": "person", "token_endpoint": "https://as.example/token"}, ".token_endpoint"),
    ({"kind": "person", "issuer": "http://as.example"}, ".issuer"),
    ({"kind": "person", "issuer": "https://u:p@as.example"}, ".issuer"),
    ({"kind": "person", "scopes": ["two words"]}, ".scopes"),
    ({"kind": "client_credentials", "client_id": "c"}, ".client_secret"),
    ({"kind": "client_credentials", "client_secret": "env:S", "issuer": "https://as.example"}, ".client_id"),
]


@pytest.mark.parametrize(("credential", "path"), CREDENTIAL_FAULTS)
def test_a_credential_that_makes_no_sense_is_named(credential: dict[str, Any], path: str) -> None:
    """With the field; the text holds no secret."""
    found = dict(credential_faults(convert(credential, CredentialSpec), "http"))
    assert path in found and "plain" not in found[path]


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"kind": "secret", "header": "X-Api-Key", "scheme": ""},
        {"kind": "person"},
        {"kind": "person", "client_id": "c", "client_secret": "env:S", "issuer": "https://as.example/tenant", "scopes": ["a", "b:c"]},
        {"kind": "client_credentials", "client_id": "c", "client_secret": "file:/s", "token_endpoint": "http://127.0.0.1:9/token"},
    ],
)
def test_a_credential_that_makes_sense_passes(credential: dict[str, Any]) -> None:
    """For http; a child process takes none but `none`."""
    spec = convert(credential, CredentialSpec)
    assert not list(credential_faults(spec, "sse"))
    assert (".kind" in dict(credential_faults(spec, "stdio"))) is (spec.kind != "none")


def test_two_ways_to_set_one_header_are_refused() -> None:
    """The credential and `headers` would contradict each other."""
    spec = {"transport": "http", "url": "https://c.example", "headers": {"Authorization": "Bearer env:T"}, "credential": {"kind": "person"}}
    assert "spec.headers" in dict(faults("c", convert(spec, ConnectorSpec)))
