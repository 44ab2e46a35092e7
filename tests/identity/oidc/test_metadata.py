"""What a provider says of itself, and what is believed of it."""

from typing import Any

import pytest

from gatebook.identity.oidc.metadata import metadata_url, read_metadata
from gatebook.identity.oidc.problems import ProviderFault

ISSUER = "https://idp.example/oauth2/default"
HONEST = {"issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/a?x=1", "token_endpoint": f"{ISSUER}/t", "jwks_uri": "https://keys.example/jwks"}  # fmt: skip


def test_endpoints_are_taken_over() -> None:
    """Also of other hosts, as large providers have them; what is not said is what the standard says."""
    found = read_metadata(HONEST, ISSUER)
    assert (found.jwks_uri, found.userinfo_endpoint, found.auth_methods, found.names_issuer) == (HONEST["jwks_uri"], None, ("client_secret_basic",), False)  # fmt: skip
    more = {"token_endpoint_auth_methods_supported": ["none", 7], "authorization_response_iss_parameter_supported": True, "userinfo_endpoint": f"{ISSUER}/u"}  # fmt: skip
    found = read_metadata({**HONEST, **more}, ISSUER)
    assert (found.userinfo_endpoint, found.auth_methods, found.names_issuer) == (f"{ISSUER}/u", ("none",), True)


@pytest.mark.parametrize("issuer", ["https://idp.example", "https://idp.example/oauth2/default/"])
def test_the_address_of_metadata_has_one_slash(issuer: str) -> None:
    """An issuer may end in one, as some do."""
    assert metadata_url(issuer) == f"{issuer.rstrip('/')}/.well-known/openid-configuration"


@pytest.mark.parametrize("issuer", [None, 7, f"{ISSUER}/", ISSUER.upper(), "https://evil.example", "x" * 5000])
def test_another_issuer_is_refused(issuer: Any) -> None:
    """Exactly the same, or not at all; the sentence shows what to write."""
    with pytest.raises(ProviderFault, match="names the issuer") as caught:
        read_metadata({**HONEST, "issuer": issuer}, ISSUER)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
@pytest.mark.parametrize("value", ["http://idp.example/x", "http://127.0.0.1/x", "javascript:alert(1)", "", 7])
def test_an_endpoint_that_is_not_https_is_refused(name: str, value: Any) -> None:
    """Each of them, by name."""
    with pytest.raises(ProviderFault, match=name):
        read_metadata({**HONEST, name: value}, ISSUER)
