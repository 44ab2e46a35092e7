"""What a provider says of itself (OpenID Connect Discovery 1.0, RFC 8414). Pure."""

import ipaddress
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from gatebook.identity.issuers.fetching import ProviderFault

_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_ADDRESS_CHARACTERS_MAX: Final = 2000


class Metadata(Struct, frozen=True, kw_only=True):
    """The endpoints of a provider. `names_issuer`: it sends `iss` with each authorization response (RFC 9207)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    auth_methods: tuple[str, ...] = ("client_secret_basic",)
    names_issuer: bool = False


def metadata_url(issuer: str) -> str:
    """Where the metadata of an issuer is (Discovery 1.0, 4.1)."""
    return issuer.removesuffix("/") + _WELL_KNOWN


def read_keys_address(raw: Mapping[str, Any], issuer: str) -> str:
    """Where the keys of an issuer are; of one whose tokens alone are read, nothing else is asked for. Raises ProviderFault."""
    _check(raw, issuer, "jwks_uri")
    return str(raw["jwks_uri"])


def read_metadata(raw: Mapping[str, Any], issuer: str) -> Metadata:
    """Check and take over metadata. Raises ProviderFault."""
    required = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    _check(raw, issuer, *required, *(("userinfo_endpoint",) if raw.get("userinfo_endpoint") is not None else ()))
    methods = raw.get("token_endpoint_auth_methods_supported")
    known = tuple(one for one in methods if isinstance(one, str)) if isinstance(methods, list) else ("client_secret_basic",)
    return Metadata(
        issuer=issuer,
        **{name: raw[name] for name in required},
        userinfo_endpoint=raw.get("userinfo_endpoint"),
        # What is wrong with this one is no reason to let nobody in.
        end_session_endpoint=None if endpoint_fault(raw.get("end_session_endpoint"), issuer) else raw["end_session_endpoint"],
        auth_methods=known,
        names_issuer=raw.get("authorization_response_iss_parameter_supported") is True,
    )


def _check(raw: Mapping[str, Any], issuer: str, *names: str) -> None:
    named = raw.get("issuer")
    if named != issuer:
        # Discovery 1.0, 4.3: exactly the same, or another issuer speaks for this one.
        said = f"{named!r}" if isinstance(named, str) and len(named) <= 300 else "another"
        raise ProviderFault(f"its metadata names the issuer {said}, not {issuer!r}; the resource has to name it exactly so")
    for name in names:
        fault = endpoint_fault(raw.get(name), issuer)
        if fault is not None:
            raise ProviderFault(f"{name} of its metadata {fault}")


def endpoint_fault(url: object, issuer: str) -> str | None:
    """What is wrong with an endpoint that a provider names; None when nothing is. Plain http is good for a provider on this machine only."""
    if (
        not isinstance(url, str)
        or not url
        or len(url) > _ADDRESS_CHARACTERS_MAX
        or not url.isascii()
        or not url.isprintable()
        or " " in url
    ):
        return "is not an address"
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return "is not an address"
    if not host or parts.username is not None or parts.fragment:
        return "is not an address of a host alone"
    if parts.scheme == "https":
        return None
    if parts.scheme == "http" and urlsplit(issuer).scheme == "http" and _is_loopback(host):
        return None
    return "does not begin with https://"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
