"""Authorization requests: what a client asks of a person, and how it waits for their answer.

Sources: RFC 6749 section 4.1.1, RFC 7636 (S256 only), RFC 8707, RFC 9700 section 4.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select

from gatebook.identity.oauth import redirects, targets
from gatebook.identity.oauth.clients import Client
from gatebook.identity.oauth.errors import OAuthError
from gatebook.identity.tokens import digest
from gatebook.state.access_schema import oauth_requests

LIFE_S: Final = 600
WAITING_MAX: Final = 20
"""So many requests wait in one console session; the oldest makes room."""
_STATE_MAX: Final = 2000
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")


class Wanted(Struct, frozen=True, kw_only=True):
    """A valid request. `session` is the hash of the console session that it came in; `explicit`: the client named its address itself."""

    client: str
    redirect_uri: str
    explicit: bool
    challenge: str
    resource: str
    scopes: tuple[str, ...]
    session: str
    state: str | None = None


def redirect_of(client: Client, values: Mapping[str, str]) -> str:
    """Where the answer goes. Raises OAuthError, which only the person may see: nothing is sent to an address that is not the client's."""
    asked = values.get("redirect_uri")
    if asked is None:
        if len(client.redirect_uris) != 1:
            raise OAuthError("invalid_request", "the app did not say where to send you back to")
        return client.redirect_uris[0]
    if not redirects.matches(client.redirect_uris, asked):
        raise OAuthError("invalid_request", "the app wants you sent back to an address that it did not register")
    return asked


def read(client: Client, values: Mapping[str, str], redirect_uri: str, mcp_url: str, session: str) -> Wanted:
    """The request of a client whose address is known to be its own. Raises OAuthError, for the client."""
    if values.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type must be code")
    challenge = values.get("code_challenge", "")
    if values.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "code_challenge with code_challenge_method=S256 is required")
    if len(values.get("state", "")) > _STATE_MAX:
        raise OAuthError("invalid_request", f"state is longer than {_STATE_MAX} characters")
    resource, connector = target(values.get("resource"), mcp_url)
    try:
        scopes = targets.granted(values.get("scope"), connector)
    except targets.ScopeRefused as error:
        raise OAuthError("invalid_scope", str(error)) from None
    return Wanted(
        client=client.id,
        redirect_uri=redirect_uri,
        explicit="redirect_uri" in values,
        challenge=challenge,
        resource=resource,
        scopes=scopes,
        session=session,
        state=values.get("state"),
    )


def target(asked: str | None, mcp_url: str) -> tuple[str, str]:
    """The resource that is asked for, and its connector; all connectors where none is named, as older clients do. Raises OAuthError."""
    resource = (asked or mcp_url + targets.PATH).removesuffix("/")
    connector = targets.connector_of(resource, mcp_url)
    if connector is None:
        raise OAuthError("invalid_target", "resource is no address of this gateway")
    return resource, connector


def keep(connection: Connection, id: str, wanted: Wanted, now_us: int) -> None:
    """Let a request wait for the person's answer."""
    values = {"id_sha256": digest(id), "session": wanted.session, "client": wanted.client, "params": msgspec.json.encode(wanted).decode()}
    connection.execute(delete(oauth_requests).where(oauth_requests.c.expires_us < now_us))
    waiting = select(oauth_requests.c.id_sha256).where(oauth_requests.c.session == wanted.session)
    newest = waiting.order_by(oauth_requests.c.created_us.desc(), oauth_requests.c.id_sha256)
    for old in list(connection.execute(newest).scalars())[WAITING_MAX - 1 :]:
        connection.execute(delete(oauth_requests).where(oauth_requests.c.id_sha256 == old))
    connection.execute(insert(oauth_requests).values(created_us=now_us, expires_us=now_us + LIFE_S * 1_000_000, **values))


def find(connection: Connection, id: str, session: str, now_us: int) -> Wanted | None:
    """The request that waits under this id, for the console session that it came in and no other."""
    if not id.isascii():
        return None
    query = select(oauth_requests.c.params).where((oauth_requests.c.id_sha256 == digest(id)) & (oauth_requests.c.expires_us > now_us))
    params = connection.execute(query).scalar()
    wanted = msgspec.json.decode(params, type=Wanted) if params else None
    return wanted if wanted is not None and wanted.session == session else None


def forget(connection: Connection, id: str) -> bool:
    """The person has answered. Says whether nobody was faster."""
    return connection.execute(delete(oauth_requests).where(oauth_requests.c.id_sha256 == digest(id))).rowcount == 1
