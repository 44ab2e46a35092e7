"""The part `credential` of a connector: with which credential calls go on to it. Secrets are references or sealed in the vault, never here."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import urlsplit

from msgspec import Meta

from gatebook.state.parts import Part
from gatebook.state.references import is_reference

Kind = Literal["none", "secret", "client_credentials", "person"]
OAUTH: tuple[Kind, ...] = ("client_credentials", "person")
_HEADER = re.compile(r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$")
# RFC 6749 section 3.3.
_SCOPE = re.compile(r"^[\x21\x23-\x5b\x5d-\x7e]{1,300}$")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class CredentialSpec(Part, frozen=True, kw_only=True):
    """With which credential calls go on to the connector."""

    kind: Annotated[
        Kind,
        Meta(
            description="none: the headers alone; secret: one that is sealed in the vault (`gatebook connector secret set`); "
            "client_credentials: OAuth as Gatebook itself; person: OAuth, each person with an account of their own."
        ),
    ] = "none"
    header: Annotated[str, Meta(description="secret: header that carries it.")] = "authorization"
    scheme: Annotated[str, Meta(description="secret: word before it, such as Bearer; empty: none.", max_length=32)] = "Bearer"
    issuer: Annotated[
        Annotated[str, Meta(max_length=500)] | None,
        Meta(description="Authorization server that is believed, and no other; found from the connector when left out."),
    ] = None
    client_id: Annotated[
        Annotated[str, Meta(min_length=1, max_length=500)] | None,
        Meta(description="Client id at the authorization server; person: Gatebook registers itself when left out."),
    ] = None
    client_secret: Annotated[
        Annotated[str, Meta(max_length=500)] | None, Meta(description="Client secret as `env:NAME` or `file:/path`.")
    ] = None
    token_endpoint: Annotated[
        Annotated[str, Meta(max_length=2000)] | None,
        Meta(description="client_credentials: address of the token endpoint; found when left out."),
    ] = None
    scopes: Annotated[tuple[str, ...], Meta(description="Scopes to ask for; what the connector asks for when left out.")] = ()
    resource: Annotated[
        Annotated[str, Meta(max_length=2000)] | None,
        Meta(description="Resource indicator (RFC 8707); what the connector names, else its address, when left out."),
    ] = None

    @property
    def personal(self) -> bool:
        """Whether each person needs a connection of their own."""
        return self.kind == "person"


def credential_faults(spec: CredentialSpec, transport: str) -> Iterator[tuple[str, str]]:
    """Yield (path below spec.credential, what is wrong) for all that types alone do not say."""
    if spec.kind != "none" and transport == "stdio":
        yield ".kind", "is only for transport http or sse; a child process gets its credential by spec.env"
    if spec.kind not in OAUTH:
        for field in ("issuer", "client_id", "client_secret", "token_endpoint", "scopes", "resource"):
            if getattr(spec, field):
                yield f".{field}", f"is only for kind client_credentials or person, not {spec.kind}"
    if not _HEADER.match(spec.header):
        yield ".header", "is not the name of a header"
    if not re.fullmatch(r"[A-Za-z0-9-]*", spec.scheme):
        yield ".scheme", "must be letters, digits and -"
    if spec.client_secret is not None and not is_reference(spec.client_secret):
        yield ".client_secret", "must be env:NAME or file:/path, so that the secret itself is not stored"
    yield from _client_faults(spec)
    for field in ("issuer", "token_endpoint"):
        value = getattr(spec, field)
        if value is not None and not is_secure(value):
            yield f".{field}", "must be an https:// address; http:// is for a loopback address only"
    for scope in spec.scopes:
        if not _SCOPE.match(scope):
            yield ".scopes", f"{scope[:40]!r} is not a scope: one word without quotation marks or backslashes"


def _client_faults(spec: CredentialSpec) -> Iterator[tuple[str, str]]:
    if spec.kind == "client_credentials" and (spec.client_id is None or spec.client_secret is None):
        yield ".client_id" if spec.client_id is None else ".client_secret", "is required for kind client_credentials"
    if spec.client_secret is not None and spec.client_id is None and spec.kind == "person":
        yield ".client_secret", "needs client_id beside it"
    if spec.client_secret is not None and spec.issuer is None and spec.token_endpoint is None and spec.kind in OAUTH:
        yield ".issuer", "is required with client_secret, so that the secret goes to that authorization server and to no other"
    if spec.token_endpoint is not None and spec.kind == "person":
        yield ".token_endpoint", "is only for kind client_credentials"


def is_secure(url: str) -> bool:
    """Whether a secret may go to this address: https, or http on the machine itself; no user name, no fragment."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        fine = parts.port != 0 and parts.username is None and not parts.fragment
    except ValueError:
        return False
    return bool(host) and fine and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))
