"""Finds where a connector wants its tokens from: its challenge, its metadata (RFC 9728), its authorization server's (RFC 8414, OpenID Connect Discovery)."""

from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from gatebook.identity.credentials.challenge import Challenge, read_challenge
from gatebook.identity.credentials.web import Answer, Fetch, Reach, Request, WebError, check_address, encode, get_json
from gatebook.state.connector_credentials import CredentialSpec

_VERSION = "2026-07-28"
_OFFLINE = "offline_access"
_SCOPES_MAX = 100


class DiscoveryError(Exception):
    """A connector cannot be connected to; the text says why, for people."""


class ResourceMetadata(Struct):
    """What a connector says of itself, RFC 9728."""

    resource: str
    authorization_servers: list[str] = []
    scopes_supported: list[str] | None = None


class ServerMetadata(Struct):
    """What an authorization server says of itself, RFC 8414."""

    issuer: str
    token_endpoint: str
    authorization_endpoint: str | None = None
    registration_endpoint: str | None = None
    revocation_endpoint: str | None = None
    scopes_supported: list[str] | None = None
    token_endpoint_auth_methods_supported: list[str] | None = None
    code_challenge_methods_supported: list[str] | None = None
    client_id_metadata_document_supported: bool | None = None
    authorization_response_iss_parameter_supported: bool | None = None


class Found(Struct, frozen=True, kw_only=True):
    """Where tokens come from. `asked` are the scopes that the connector names, None where it names none."""

    server: ServerMetadata
    resource: str
    asked: tuple[str, ...] | None


async def probe(fetch: Fetch, url: str, reach: Reach) -> Challenge:
    """Ask the connector something without a credential and read its challenge; the empty one where it has none. Raises WebError."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": _VERSION,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "gatebook", "version": "1"},
    }
    body = encode({"jsonrpc": "2.0", "id": "gatebook-connect", "method": "tools/list", "params": {"_meta": meta}})
    headers = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": _VERSION,
        "mcp-method": "tools/list",
    }
    answer: Answer = await fetch(Request(method="POST", url=url, headers=headers, body=body), reach)
    return read_challenge(answer.headers.get("www-authenticate")) if answer.status in (401, 403) else Challenge()


async def discover(fetch: Fetch, url: str, spec: CredentialSpec, reach: Reach) -> Found:
    """Find the authorization server of the connector at `url`. Raises DiscoveryError, WebError."""
    challenge = await probe(fetch, url, reach)
    resource = await _resource(fetch, url, challenge, reach)
    issuer = _issuer(url, resource, spec)
    server = await server_metadata(fetch, issuer, reach, guessed=resource is None and spec.issuer is None)
    asked = challenge.scopes or (tuple(resource.scopes_supported or ()) if resource is not None else ())
    named = resource.resource if resource is not None else url
    return Found(server=server, resource=spec.resource or named, asked=asked[:_SCOPES_MAX] or None)


async def _resource(fetch: Fetch, url: str, challenge: Challenge, reach: Reach) -> ResourceMetadata | None:
    for address in resource_addresses(url, challenge.resource_metadata):
        try:
            found = await get_json(fetch, check_address(address, "address of the connector's metadata"), reach, ResourceMetadata)
        except WebError:
            if address == challenge.resource_metadata:
                raise
            continue
        if found is not None:
            if not covers(found.resource, url):
                raise DiscoveryError("the connector's metadata is for another address than the connector's, so nothing is sent to it")
            return found
    return None


def _issuer(url: str, resource: ResourceMetadata | None, spec: CredentialSpec) -> str:
    servers = resource.authorization_servers if resource is not None else []
    if spec.issuer is not None:
        if servers and not any(same_issuer(each, spec.issuer) for each in servers):
            raise DiscoveryError(
                "the connector names another authorization server than spec.credential.issuer; an administrator has to look at it"
            )
        return spec.issuer
    if resource is not None and not servers:
        raise DiscoveryError("the connector's metadata names no authorization server; set spec.credential.issuer")
    if servers:
        return check_address(servers[0], "authorization server that the connector names")
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"  # MCP 2025-03-26: the connector's own host


async def server_metadata(fetch: Fetch, issuer: str, reach: Reach, *, guessed: bool = False) -> ServerMetadata:
    """Get the metadata of an authorization server and check that it is the issuer's own. Raises DiscoveryError, WebError.

    `guessed`: nobody named the issuer, so a server that calls itself otherwise is taken at its word when it is of the same host.
    """
    for address in server_addresses(issuer):
        server = await get_json(fetch, check_address(address, "address of the authorization server"), reach, ServerMetadata)
        if server is None:
            continue
        if not same_issuer(server.issuer, issuer) and not (guessed and urlsplit(server.issuer).netloc == urlsplit(issuer).netloc):
            raise DiscoveryError("the authorization server's metadata names another issuer, so nothing is sent to it")
        for name in ("token_endpoint", "authorization_endpoint", "registration_endpoint", "revocation_endpoint"):
            if (endpoint := getattr(server, name)) is not None:
                check_address(endpoint, f"{name} of the authorization server")
        return server
    raise DiscoveryError("the connector names no authorization server that can be found; is it one that takes OAuth?")


def scopes_for(spec: CredentialSpec, found: Found, before: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes to ask for: those of the connector's configuration, else those that it names; with what was asked before and is wanted since (SEP-2350)."""
    named = spec.scopes or found.asked or ()
    scopes = dict.fromkeys((*before, *named, *wanted))
    if scopes and _OFFLINE in (found.server.scopes_supported or ()) and not spec.scopes:
        scopes[_OFFLINE] = None  # SEP-2207: without it many servers give no refresh token
    return tuple(scopes)[:_SCOPES_MAX]


def resource_addresses(url: str, named: str | None) -> list[str]:
    """Where a connector's metadata may be, in order (RFC 9728 section 3.1, SEP-985)."""
    parts = urlsplit(url)
    base, path = f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource", parts.path
    found = [named] if named else []
    if path not in ("", "/"):
        found.append(base + path)
    return [*found, base]


def server_addresses(issuer: str) -> list[str]:
    """Where an authorization server's metadata may be, in order (RFC 8414 section 3.1, section 5; OpenID Connect Discovery 1.0 section 4)."""
    parts = urlsplit(issuer)
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    if not path:
        return [f"{base}/.well-known/oauth-authorization-server", f"{base}/.well-known/openid-configuration"]
    return [
        f"{base}/.well-known/oauth-authorization-server{path}",
        f"{base}/.well-known/openid-configuration{path}",
        f"{base}{path}/.well-known/openid-configuration",
    ]


def same_issuer(one: str, other: str) -> bool:
    """Whether two issuers are the same text; a bare host with and without its final slash is one."""
    shorter, longer = sorted((one, other), key=len)
    return one == other or (longer == f"{shorter}/" and urlsplit(shorter).path == "")


def covers(resource: str, url: str) -> bool:
    """Whether the metadata's resource is the connector's address, or the beginning of its path on the same host (RFC 9728 section 3.3)."""
    if not same_host(resource, url):
        return False
    one, other = urlsplit(resource), urlsplit(url)
    mine, theirs = one.path.rstrip("/") + "/", other.path.rstrip("/") + "/"
    return not one.query and theirs.startswith(mine)


def same_host(one: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common."""
    try:
        places = [(parts.scheme.lower(), parts.hostname, _port(parts)) for parts in (urlsplit(one), urlsplit(other))]
    except ValueError:
        return False
    return places[0] == places[1]


def _port(parts: Any) -> int | None:
    return parts.port or {"https": 443, "http": 80}.get(parts.scheme.lower())
