"""Where people may be sent back to."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.oauth import redirects

CLAUDE = "https://claude.ai/api/mcp/auth_callback"
CHATGPT = "https://chatgpt.com/connector_platform_oauth_redirect"
CURSOR = (
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://www.cursor.com/agents/mcp/oauth/callback",
    "http://localhost:8787/callback",
)
VSCODE = ("https://vscode.dev/redirect", "http://127.0.0.1:33418/")


@pytest.mark.parametrize(
    "uri", [CLAUDE, CHATGPT, *CURSOR, *VSCODE, "http://[::1]:9/cb", "com.example.app:/back", "https://a.example/cb?x=1"]
)
def test_addresses_of_real_clients_pass(uri: str) -> None:
    """Those of Claude, ChatGPT, Cursor and VS Code, and what RFC 8252 lets native apps have."""
    assert redirects.fault(uri) is None and redirects.matches([uri], uri)


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://a.example/x",
        "ms-msdt:/id", "search-ms:query", "about:blank", "mailto:a@b.example", "http://evil.example/cb", "http://10.0.0.1/cb",
        "http://127.0.0.1.evil.example/cb", "http://localhost.evil.example/cb", "http://2130706433/cb", "http://0x7f.1/cb",
        "https://a.example/cb#frag", "https://a.example/cb#", "https://user@a.example/cb", "https://user:pw@a.example/cb", "https:///cb",
        "https://a.example/c b", "https://a.example/\r\nx", "https://a.example/\"x", "https://a.example:0/cb", "https://a.example:99999/cb",
        "//a.example/cb", "/cb", "", "cursor:x", "com.example.app:back", "https://a.example;script-src *", "https://*.example/cb",
        "https://exämple.com/cb", "https://a.example/" + "x" * 2000,
    ],
)  # fmt: skip
def test_everything_else_is_refused(uri: str) -> None:
    """Schemes that run something, plain http to elsewhere, fragments, user names, and text that would break out of a header."""
    assert redirects.fault(uri)


@pytest.mark.parametrize(
    ("registered", "asked", "same"),
    [
        ("http://127.0.0.1:33418/", "http://127.0.0.1:50000/", True),
        ("http://127.0.0.1/", "http://127.0.0.1:1234", True),
        ("http://localhost:8787/callback", "http://localhost:1/callback", True),
        ("http://[::1]/cb", "http://[::1]:8080/cb", True),
        ("http://localhost:8787/callback", "http://127.0.0.1:8787/callback", False),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:1/cb/more", False),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:1/cb?next=x", False),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:1/cb#x", False),
        ("http://127.0.0.1:1/cb", "http://a@127.0.0.1:1/cb", False),
        ("http://127.0.0.1:1/cb", "https://127.0.0.1:1/cb", False),
        (CLAUDE, CLAUDE + "/", False),
        (CLAUDE, "https://claude.ai:444/api/mcp/auth_callback", False),
        (CLAUDE, "https://claude.ai.evil.example/api/mcp/auth_callback", False),
        (CURSOR[0], "cursor://anysphere.cursor-mcp/oauth/other", False),
    ],
)
def test_only_the_port_of_loopback_is_free(registered: str, asked: str, same: bool) -> None:
    """Everything else is compared as text (RFC 9700 section 4.1, RFC 8252 section 7.3)."""
    assert redirects.matches([registered], asked) is same


def test_the_answer_goes_into_the_query() -> None:
    """Values are escaped, absent ones left out, and a query that is there stays."""
    assert redirects.answered("https://a.example/cb", [("code", "a&b=c"), ("state", None)]) == "https://a.example/cb?code=a%26b%3Dc"
    assert redirects.answered("https://a.example/cb?x=1", [("iss", "http://h")]) == "https://a.example/cb?x=1&iss=http%3A%2F%2Fh"


@given(st.text(max_size=60) | st.text(max_size=30).map("https://".__add__) | st.text(max_size=30).map("http://127.0.0.1".__add__))
def test_what_passes_can_stand_in_a_header(uri: str) -> None:
    """Whatever the text: an address without a fault is one line, has a host or an app's scheme, and its source is one word of a policy."""
    if redirects.fault(uri) is None:
        source = redirects.source_of(uri)
        assert not set(source) & set(" ;,'\"\r\n*") and uri.isascii() and uri.isprintable()
        assert urlsplit(uri).scheme not in ("javascript", "data", "file") and redirects.host_of(uri)
