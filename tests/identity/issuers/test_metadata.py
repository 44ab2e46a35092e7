"""What a provider says of itself, and what is believed of it."""

from typing import Any

import pytest

from gatebook.identity.issuers.fetching import ProviderFault
from gatebook.identity.issuers.metadata import endpoint_fault, metadata_url, read_keys_address, read_metadata

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


@pytest.mark.parametrize("url", ["https://idp.example/a?b=c", "https://idp.example:8443/a"])
def test_endpoints_are_https(url: str) -> None:
    """A query is allowed."""
    assert endpoint_fault(url, "https://idp.example") is None


@pytest.mark.parametrize("url", [None, 7, "", "http://idp.example/a", "http://127.0.0.1/a", "ftp://idp.example", "https://", "https://u:p@idp.example/", "https://idp.example/#x", "https://idp.example:x/", "https://[::1", "https://idp.example/ a", "//idp.example", "https://idp.example/é"])  # fmt: skip
def test_other_endpoints_are_refused(url: object) -> None:
    """A provider that is not on this machine cannot send us to it in plain text either."""
    assert endpoint_fault(url, "https://idp.example") is not None


def test_a_provider_on_this_machine_may_do_without() -> None:
    """For tests and the demo; from there only to this machine."""
    assert endpoint_fault("http://127.0.0.1:9/a", "http://localhost:9") is None
    assert endpoint_fault("http://idp.example/a", "http://localhost:9") is not None


def test_of_an_issuer_whose_tokens_alone_are_read_nothing_but_keys_is_needed() -> None:
    """Such as a cluster's, where nobody signs in; it still has to be the issuer."""
    bare = {"issuer": ISSUER, "jwks_uri": "https://keys.example/jwks"}
    assert read_keys_address(bare, ISSUER) == "https://keys.example/jwks"
    for wrong in ({**bare, "issuer": "https://evil.example"}, {"issuer": ISSUER}, {**bare, "jwks_uri": "http://127.0.0.1/jwks"}):
        with pytest.raises(ProviderFault):
            read_keys_address(wrong, ISSUER)
