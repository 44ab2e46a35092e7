"""The resource kind `IdentityProvider`: where people sign in, and whose signals and assertions are believed."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta

from gatebook.state.parts import Part
from gatebook.state.references import is_reference

NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,31}$")
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
Texts = tuple[Annotated[str, Meta(min_length=1, max_length=300)], ...]


class Machines(Part, frozen=True, kw_only=True):
    """Access tokens of the provider itself, for programs."""

    audiences: Annotated[Texts, Meta(description="Values of `aud` that are accepted; the address of the MCP endpoint when left out.")] = ()
    person_claim: Annotated[str, Meta(description="Claim that names the service account.", min_length=1, max_length=100)] = "sub"


class IdentityProviderSpec(Part, frozen=True, kw_only=True):
    """What a document of kind IdentityProvider says under `spec`."""

    issuer: Annotated[str, Meta(description="Issuer, exactly as its tokens name it; its metadata is found from it.", max_length=500)]
    client_id: Annotated[str, Meta(description="Client id of Gatebook at the provider.", min_length=1, max_length=300)]
    client_secret: Annotated[
        Annotated[str, Meta(max_length=500)] | None,
        Meta(description="Client secret as `env:NAME` or `file:/path`; a public client has none."),
    ] = None
    title: Annotated[str, Meta(description="Name on the sign-in page.", max_length=100)] = ""
    scopes: Annotated[Texts, Meta(description="Scopes that are asked for.")] = ("openid", "email", "profile")
    algorithms: Annotated[Texts, Meta(description="Signature algorithms that are accepted.")] = ("RS256", "ES256", "PS256", "EdDSA")
    link_claims: Annotated[
        Texts, Meta(description="Claims that are matched to a person's externalId of the directory, such as `oid` (Entra) or `sub` (Okta).")
    ] = ("oid", "sub")
    link_email: Annotated[
        bool, Meta(description="A verified e-mail address links a first sign-in to the person whom the directory provisioned with it.")
    ] = True
    create_people: Annotated[
        bool, Meta(description="Somebody whom the directory did not provision is let in, with no groups but those of `groups_claim`.")
    ] = False
    groups_claim: Annotated[
        Annotated[str, Meta(min_length=1, max_length=100)] | None,
        Meta(description="Claim with groups for people whom no directory keeps; left out, the provider names no groups."),
    ] = None
    sign_in: Annotated[bool, Meta(description="People may sign in here.")] = True
    assertions: Annotated[bool, Meta(description="Identity assertions (ID-JAG) of this provider are accepted from AI clients.")] = False
    logout: Annotated[bool, Meta(description="Back-channel logout and global token revocation are believed.")] = True
    end_session: Annotated[
        bool,
        Meta(
            description="Signing out here goes on to the provider's `end_session_endpoint` and ends the session there too, where it has one."
        ),
    ] = False
    machines: Annotated[Machines | None, Meta(description="Accept the provider's own access tokens; left out, they are refused.")] = None


def identity_provider_faults(name: str, spec: IdentityProviderSpec) -> Iterator[tuple[str, str]]:
    """Yield (path in the document, what is wrong) for all that types alone do not say."""
    if not NAME.match(name):
        yield "name", "must be 1 to 32 of a-z, 0-9 and -, and must begin with a letter or digit"
    yield from _issuer_faults(spec.issuer)
    if spec.client_secret is not None and not is_reference(spec.client_secret):
        yield "spec.client_secret", "must be env:NAME or file:/path, so that the secret itself is not stored"
    if "openid" not in spec.scopes:
        yield "spec.scopes", "must hold openid"
    for algorithm in spec.algorithms:
        if algorithm not in _ALGORITHMS:
            yield "spec.algorithms", f"{algorithm!r} is not accepted; it is some of {', '.join(_ALGORITHMS)}"
    if not spec.algorithms:
        yield "spec.algorithms", "must name one at least"


def _issuer_faults(issuer: str) -> Iterator[tuple[str, str]]:
    try:
        parts = urlsplit(issuer)
        host = parts.hostname or ""
    except ValueError:
        yield "spec.issuer", "is not a valid address"
        return
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(host)):
        yield "spec.issuer", "must begin with https://; http:// is for a loopback address only"
    elif not host or parts.query or parts.fragment or parts.username is not None:
        yield "spec.issuer", "must be a host and perhaps a path, with no query, fragment or user name"


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
