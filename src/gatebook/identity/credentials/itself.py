"""OAuth as Gatebook itself (client credentials, RFC 6749 section 4.4): what to ask a token endpoint with, from a connector's configuration."""

from collections.abc import Mapping

from gatebook.identity.credentials.discovery import discover, scopes_for
from gatebook.identity.credentials.tokens import Client, Grant, method_of
from gatebook.identity.credentials.web import Fetch, Reach
from gatebook.state.connectors import ConnectorSpec
from gatebook.state.references import resolve


async def grant_of(fetch: Fetch, spec: ConnectorSpec, reach: Reach, environ: Mapping[str, str]) -> Grant:
    """Return what to ask with. Raises DiscoveryError, WebError, SecretUnavailable."""
    credential, url = spec.credential, spec.url or ""
    assert credential.client_id is not None and credential.client_secret is not None
    secret = resolve(credential.client_secret, environ)
    if credential.token_endpoint is not None:
        client = Client(id=credential.client_id, secret=secret, method="client_secret_basic")
        resource = credential.resource or url
        return Grant(
            token_endpoint=credential.token_endpoint,
            client=client,
            address=url,
            resource=resource,
            asked=credential.scopes,
            reach=reach,
        )
    found = await discover(fetch, url, credential, reach)
    client = Client(id=credential.client_id, secret=secret, method=method_of(found.server, secret=True))
    return Grant(
        issuer=found.server.issuer,
        token_endpoint=found.server.token_endpoint,
        revocation_endpoint=found.server.revocation_endpoint,
        client=client,
        address=url,
        resource=found.resource,
        asked=scopes_for(credential, found, (), ()),
        reach=reach,
    )
