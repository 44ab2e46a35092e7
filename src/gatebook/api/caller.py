"""Who asks the API: the principal of a trusted listener, the owner of a bearer token, or the person of a console session."""

from typing import Final

from starlette.requests import Request

from gatebook.api.deps import CALLER_KEY, SESSION_COOKIES, ApiDeps
from gatebook.api.problems import Problem
from gatebook.identity.accounts import find_person, find_token
from gatebook.identity.directory import Directory, Principal, Refusal
from gatebook.identity.scopes import READ_BOOK, needed, reads_book
from gatebook.identity.tokens import PATTERN
from gatebook.reading.noting import REASON_CHARACTERS_MAX
from gatebook.reading.viewer import Viewer
from gatebook.record.parts import Source
from gatebook.state.snapshot import Snapshot

_IN_ADDRESS = (
    "Addresses are kept by proxies and browsers: send an access token as Authorization: Bearer, and revoke the one that was sent like this."
)
REASON_HEADER: Final = "x-gatebook-reason"
"""Why payloads of others are read, where a role asks for a reason; it stands in the record of the reading."""


async def identify(request: Request, deps: ApiDeps) -> Viewer:
    """The viewer behind a request. Raises Problem: 401, 403 for a token that is not good for the book, 400 for one in the address; a token that was refused is on the record first."""
    principal = request.scope.get(CALLER_KEY)
    if isinstance(principal, Principal):
        return _viewer(principal, None, request, deps)
    source = source_of(request)
    if PATTERN.search(request.url.query) or "access_token" in request.query_params:
        raise Problem(400, "A token stands in the address", _IN_ADDRESS)
    header = request.headers.get("authorization")
    if header is not None:
        return _viewer(await _of_token(header, source, request, deps), source, request, deps)
    for name in SESSION_COOKIES:
        secret = request.cookies.get(name)
        found = deps.session(secret) if secret else None
        if found is not None:
            return _viewer(found, source, request, deps)
    raise Problem(401, "Not signed in", "Send an access token (Authorization: Bearer gw_pat_…), or sign in to the console.")


def _viewer(principal: Principal, source: Source | None, request: Request, deps: ApiDeps) -> Viewer:
    reason = " ".join(request.headers.get(REASON_HEADER, "").split())[:REASON_CHARACTERS_MAX]
    return Viewer(principal=principal, source=source, given=deps.accesses().of(principal, reason))


async def _of_token(header: str, source: Source, request: Request, deps: ApiDeps) -> Principal:
    found = _at_this_moment(deps.directory().authenticate(header, deps.room.clock.wall_us()), header, deps)
    # With authentication off for AI clients on loopback everybody is one local person; that opens the gateway, not the book.
    if isinstance(found, Principal) and found.auth == "token":
        if not reads_book(found.scopes):
            agent = request.headers.get("user-agent")
            await deps.room.refused("scope", str(request.scope["path"]), source, agent, found.actor)
            scopes = " ".join(needed(found.scopes, READ_BOOK))
            raise Problem(403, "The token is not good for that", f"It needs the scope {READ_BOOK}.", scope=scopes)
        return found
    refusal = found if isinstance(found, Refusal) else None
    reason = refusal.reason if refusal else "unknown"
    await deps.room.refused(
        reason, str(request.scope["path"]), source, request.headers.get("user-agent"), refusal.actor if refusal else None
    )
    raise Problem(401, "The token was refused", f"The access token is {reason}.")


def _at_this_moment(found: Principal | Refusal, header: str, deps: ApiDeps) -> Principal | Refusal:
    """The same by state itself. What this process has in memory follows it a moment later, and not at all while state cannot be read. Raises StateError."""
    if not isinstance(found, Principal) or found.token_id is None:
        return found
    with deps.store.read() as connection:
        token, person = find_token(connection, found.token_id), find_person(connection, found.person)
    people, tokens = {} if person is None else {person.id: person}, {} if token is None else {token.sha256: token}
    now = Directory(Snapshot(people=people, tokens=tokens), lambda _: found.subject)
    return now.authenticate(header, deps.room.clock.wall_us())


def source_of(request: Request) -> Source:
    """The peer of the TCP connection."""
    host, port = request.client or ("", 0)
    return Source(ip=host, port=port)
