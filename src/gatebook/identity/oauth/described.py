"""What a client says of itself: in a registration (RFC 7591), or in the document whose address is its id (CIMD). Pure."""

import re
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from gatebook.identity.oauth import redirects
from gatebook.identity.oauth.clients import AUTHENTICATIONS, Authentication, Client
from gatebook.identity.oauth.errors import Code, OAuthError

_ID_MAX: Final = 500
_NAME_MAX: Final = 100
_KEYS_MAX: Final = 20
_KEY_TYPES: Final = ("RSA", "EC", "OKP")
_SECRET_PARTS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_DOTS = re.compile(r"/\.{1,2}(/|$)|%2e", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


class _Said(Struct, kw_only=True):
    """What is read of it; everything else is left aside (RFC 7591 section 2)."""

    redirect_uris: Annotated[list[str], Meta(min_length=1, max_length=redirects.COUNT_MAX)]
    client_id: str | None = None
    client_name: str | None = None
    token_endpoint_auth_method: str | None = None
    grant_types: list[str] | None = None
    response_types: list[str] | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    client_secret: Any = None


_decode = msgspec.json.Decoder(_Said).decode


def registration(body: bytes, client_id: str) -> Client:
    """The client of a registration request; its secret is the caller's. Raises OAuthError."""
    said = _read(body, "invalid_client_metadata")
    _check_addresses(said.redirect_uris)
    # Cursor says application_type web and registers three addresses; clients are taken as they are, all addresses or none.
    return _client(said, client_id, "dcr", said.token_endpoint_auth_method or "client_secret_basic")


def document(body: bytes, url: str) -> Client:
    """The client of a document that was read at its address. Raises OAuthError."""
    said = _read(body, "invalid_client")
    if said.client_id != url:
        raise OAuthError("invalid_client", "the document at the client's address names another client_id")
    method = said.token_endpoint_auth_method or "none"
    if said.client_secret is not None or method not in ("none", "private_key_jwt"):
        # draft-ietf-oauth-client-id-metadata-document section 4.1: what everybody can read is no secret.
        raise OAuthError("invalid_client", "the document of a client must name none or private_key_jwt and hold no secret")
    _check_addresses(said.redirect_uris)
    return _client(said, url, "cimd", method)


def is_document_address(client_id: str) -> bool:
    """Whether an id of a client is the address of a document: https, a host by name, a path, and nothing else."""
    if len(client_id) > _ID_MAX or redirects.fault(client_id) is not None or not redirects.is_web(client_id):
        return False
    parts = urlsplit(client_id)
    host = parts.hostname or ""
    named = "." in host and not host.rpartition(".")[2].isdigit() and ":" not in host
    return (
        named
        and parts.port is None
        and len(parts.path) > 1
        and not parts.query
        and not client_id.endswith("?")
        and not _DOTS.search(parts.path)
    )


def one_line(text: str) -> str:
    """A name as it may be shown: one line, without characters that change how the rest reads."""
    return " ".join(_CONTROL.sub(" ", text).split())[:_NAME_MAX]


def _read(body: bytes, code: Code) -> _Said:
    try:
        return _decode(body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise OAuthError(code, f"the description of the client cannot be read: {one_line(str(error))}") from None


def _check_addresses(uris: list[str]) -> None:
    for uri in uris:
        if (wrong := redirects.fault(uri)) is not None:
            raise OAuthError("invalid_redirect_uri", f"redirect_uri {one_line(uri)!r} {wrong}")


def _client(said: _Said, id: str, kind: Any, method: str) -> Client:
    if method not in AUTHENTICATIONS:
        raise OAuthError("invalid_client_metadata", f"token_endpoint_auth_method must be one of {', '.join(sorted(AUTHENTICATIONS))}")
    if said.grant_types is not None and "authorization_code" not in said.grant_types:
        raise OAuthError("invalid_client_metadata", "grant_types must hold authorization_code")
    if said.response_types is not None and "code" not in said.response_types:
        raise OAuthError("invalid_client_metadata", "response_types must hold code")
    authentication: Authentication = method  # type: ignore[assignment]
    if authentication == "private_key_jwt" and (said.jwks is None) == (said.jwks_uri is None):
        raise OAuthError("invalid_client_metadata", "private_key_jwt needs either jwks or jwks_uri")
    if said.jwks_uri is not None and not is_document_address(said.jwks_uri):
        raise OAuthError("invalid_client_metadata", "jwks_uri must be an https address with a path")
    return Client(
        id=id,
        kind=kind,
        name=one_line(said.client_name or ""),
        host=urlsplit(id).hostname or "" if kind == "cimd" else _host(said.redirect_uris),
        redirect_uris=tuple(dict.fromkeys(said.redirect_uris)),
        authentication=authentication,
        keys=None if said.jwks is None else public_keys(said.jwks),
        keys_url=said.jwks_uri,
    )


def _host(uris: list[str]) -> str:
    """The web site that a client belongs to by its addresses, else where it runs."""
    return redirects.host_of(next((uri for uri in uris if redirects.is_web(uri)), uris[0]))


def public_keys(jwks: dict[str, Any]) -> dict[str, Any]:
    """A set of public keys, without anything else. Raises OAuthError."""
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 0 < len(keys) <= _KEYS_MAX or not all(isinstance(key, dict) for key in keys):
        raise OAuthError("invalid_client_metadata", f"jwks must hold 1 to {_KEYS_MAX} keys")
    for key in keys:
        if key.get("kty") not in _KEY_TYPES or _SECRET_PARTS & set(key):
            raise OAuthError("invalid_client_metadata", f"jwks must hold public keys only, of type {', '.join(_KEY_TYPES)}")
    return {"keys": keys}
