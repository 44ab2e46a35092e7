"""The rules of a connector beyond types."""

import pytest
from msgspec import convert

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
