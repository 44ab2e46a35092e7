"""What clients say of themselves."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatebook.identity.oauth.described import document, is_document_address, one_line, registration
from gatebook.identity.oauth.errors import OAuthError
from tests.identity.oauth.test_redirects import CHATGPT, CLAUDE, CURSOR, VSCODE

URL = "https://app.example/client.json"
PUBLIC_KEY = {"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}


def said(**more: Any) -> bytes:
    """A description."""
    return json.dumps({"redirect_uris": [CLAUDE], "client_name": "App"} | more).encode()


@pytest.mark.parametrize(
    ("uris", "host"), [([CLAUDE], "claude.ai"), ([CHATGPT], "chatgpt.com"), (list(CURSOR), "www.cursor.com"), (list(VSCODE), "vscode.dev")]
)
def test_real_clients_register_all_their_addresses(uris: list[str], host: str) -> None:
    """Cursor's three come as a set with application_type web, and are taken as a set."""
    client = registration(said(redirect_uris=uris, application_type="web", token_endpoint_auth_method="none"), "gwc_1")
    assert (client.redirect_uris, client.host, client.kind) == (tuple(uris), host, "dcr")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"redirect_uris": []}, "invalid_client_metadata"),
        ({"redirect_uris": "https://a.example"}, "invalid_client_metadata"),
        ({"redirect_uris": [CLAUDE, "javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [CLAUDE, "http://evil.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [f"https://a.example/{number}" for number in range(21)]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [PUBLIC_KEY | {"d": "x"}]}}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "oct", "k": "x"}]}}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "http://127.0.0.1/k"}, "invalid_client_metadata"),
    ],
)
def test_a_registration_is_refused_as_a_whole(more: dict[str, Any], code: str) -> None:
    """One bad address or method, and nothing is registered."""
    with pytest.raises(OAuthError) as refused:
        registration(said(**more), "gwc_1")
    assert refused.value.code == code


@pytest.mark.parametrize(
    "more",
    [{"client_id": URL + "x"}, {"client_id": None}, {"token_endpoint_auth_method": "client_secret_post"}, {"client_secret": "x"}, {"redirect_uris": ["data:x"]}],
)  # fmt: skip
def test_a_document_must_be_of_its_address_and_hold_no_secret(more: dict[str, Any]) -> None:
    """The id is compared as text, and what everybody can read is no secret."""
    with pytest.raises(OAuthError):
        document(said(**({"client_id": URL} | more)), URL)
    client = document(said(client_id=URL), URL)
    assert (client.id, client.kind, client.host, client.authentication) == (URL, "cimd", "app.example", "none")


@pytest.mark.parametrize(
    ("id", "is_one"),
    [
        (URL, True), ("https://claude.ai/oauth/claude-code-client-metadata", True), ("https://app.example/", False), ("https://app.example", False),
        ("http://app.example/c", False), ("https://127.0.0.1/c", False), ("https://[::1]/c", False), ("https://localhost/c", False),
        ("https://app.example:443/c", False), ("https://u@app.example/c", False), ("https://app.example/c#f", False), ("https://app.example/c?x", False),
        ("https://app.example/a/../c", False), ("https://app.example/./c", False), ("https://app.example/%2e%2e/c", False), ("gwc_abc", False),
        ("https://app.example/" + "x" * 500, False),
    ],
)  # fmt: skip
def test_which_ids_are_addresses_of_documents(id: str, is_one: bool) -> None:
    """https, a host by name, a path without dots, and nothing else."""
    assert is_document_address(id) is is_one


def test_a_name_cannot_change_how_a_page_reads() -> None:
    """Line breaks, control characters, direction marks and length."""
    assert one_line("Claude\n\u202eevil\u200b  x\x1b[31m" + "y" * 500)[:22] == "Claude evil x [31myyyy"
    assert len(one_line("y" * 500)) == 100


@given(st.binary(max_size=200) | st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["redirect_uris", "client_id", "jwks", "keys", "grant_types"]), inner, max_size=3), max_leaves=9).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_whatever_comes_is_a_client_or_a_refusal(body: bytes) -> None:
    """No description breaks the reader."""
    for read in (lambda: registration(body, "gwc_1"), lambda: document(body, URL)):
        try:
            assert read().redirect_uris
        except OAuthError as error:
            assert str(error)
