"""What a provider says of itself (OpenID Connect Discovery 1.0, RFC 8414). Pure."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from gatebook.identity.oidc.addresses import endpoint_fault
from gatebook.identity.oidc.problems import ProviderFault

_WELL_KNOWN: Final = "/.well-known/openid-configuration"


class Metadata(Struct, frozen=True, kw_only=True):
    """The endpoints of a provider. `names_issuer`: it sends `iss` with each authorization response (RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    auth_methods: tuple[str, ...] = ("client_secret_basic",)
    names_issuer: bool = False


def metadata_url(issuer: str) -> str:
    """Where the metadata of an issuer is (Discovery 1.0, 4.1)."""
    return issuer.removesuffix("/") + _WELL_KNOWN


def read_metadata(raw: Mapping[str, Any], issuer: str) -> Metadata:
    """Check and take over metadata. Raises ProviderFault."""
    named = raw.get("issuer")
    if named != issuer:
        # Discovery 1.0, 4.3: exactly the same, or another issuer speaks for this one.
        said = f"{named!r}" if isinstance(named, str) and len(named) <= 300 else "another"
        raise ProviderFault(f"its metadata names the issuer {said}, not {issuer!r}; the resource has to name it exactly so")
    required = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    for name in (*required, "userinfo_endpoint"):
        if name in required or raw.get(name) is not None:
            fault = endpoint_fault(raw.get(name), issuer)
            if fault is not None:
                raise ProviderFault(f"{name} of its metadata {fault}")
    methods = raw.get("token_endpoint_auth_methods_supported")
    known = tuple(one for one in methods if isinstance(one, str)) if isinstance(methods, list) else ("client_secret_basic",)
    return Metadata(
        issuer=issuer,
        **{name: raw[name] for name in required},
        userinfo_endpoint=raw.get("userinfo_endpoint"),
        auth_methods=known,
        names_issuer=raw.get("authorization_response_iss_parameter_supported") is True,
    )
