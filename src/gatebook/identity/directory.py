"""Who is behind an Authorization header: one look into a dictionary, no I/O. Made anew for each snapshot of state."""

import json
from collections.abc import Callable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from gatebook.identity.tokens import digest, is_well_formed
from gatebook.record.parts import Actor
from gatebook.state.snapshot import Person, Snapshot, Token

Auth = Literal["token", "oauth", "provider", "profile", "session", "socket"]
"""token: a personal or service token · oauth: one of an AI client's · provider: the identity provider's own · profile: nobody is asked · session: the
console · socket: on the host."""
Reason = Literal["missing", "malformed", "unknown", "expired", "revoked", "inactive", "audience", "signature", "issuer", "keys"]
_SCHEME = "bearer "
_HEADER_CHARACTERS_MAX = 4096
LOCAL = Person(id="local", name="Local user", groups=())


class Principal(Struct, frozen=True, kw_only=True):
    """An identified caller. `subject` is the pseudonym in records; `identity` the JSON of the payload part of that name.

    `scopes` are those of the token (identity/scopes.py), `client` the id of the AI client that it was issued to.
    """

    person: str
    subject: str
    email: str
    name: str
    groups: tuple[str, ...]
    kind: Literal["person", "service"]
    auth: Auth
    identity: bytes
    token_id: str | None = None
    scopes: tuple[str, ...] = ()
    client: str | None = None

    @property
    def actor(self) -> Actor:
        """As records name the caller."""
        return Actor(subject=self.subject, kind=self.kind, auth=self.auth, token=self.token_id)


class Refusal(Struct, frozen=True, kw_only=True):
    """Why nobody was identified; `actor` is the owner of the token where it is known, else anonymous."""

    reason: Reason
    actor: Actor
    identity: bytes | None = None


_NOBODY = Actor(subject="-", kind="anonymous", auth="none")


class Directory:
    """All people and tokens of one snapshot, ready for look-up.

    `subject_of` makes the pseudonym of a person's id (Vault.subject). With `auth="off"` everybody is the person `local`.
    Principals are made when they are first met: a change of state must not stop the event loop for as long as 20,000 people take.
    """

    def __init__(self, snapshot: Snapshot, subject_of: Callable[[str], str], *, auth: Literal["token", "off"] = "token") -> None:
        self.snapshot = snapshot
        self._subject_of = subject_of
        self._local = make_principal(LOCAL, subject_of(LOCAL.id), "profile") if auth == "off" else None
        self._met: dict[str, tuple[Token, Person, Principal]] = {}
        self._by_id = {token.id: token for token in snapshot.tokens.values()}

    def authenticate(self, authorization_header: str | None, now_us: int, resource: str | None = None) -> Principal | Refusal:
        """Identify the caller. `now_us` is the wall clock, microseconds since 1970; `resource` the address that is asked for, without a query."""
        if self._local is not None:
            return self._local
        if not authorization_header:
            return Refusal(reason="missing", actor=_NOBODY)
        token = authorization_header[len(_SCHEME) :].strip(" ")
        if authorization_header[: len(_SCHEME)].lower() != _SCHEME or not token or len(token) > _HEADER_CHARACTERS_MAX:
            return Refusal(reason="malformed", actor=_NOBODY)
        try:
            known = self._meet(digest(token))
        except UnicodeEncodeError:
            return Refusal(reason="malformed", actor=_NOBODY)
        if known is None:
            return Refusal(reason="unknown" if is_well_formed(token) else "malformed", actor=_NOBODY)
        return _checked(*known, now_us, resource)

    def still(self, principal: Principal) -> bool:
        """Whether somebody who was identified before would be now: the token is not revoked and its owner is active."""
        if principal.auth == "profile":
            return self._local is not None
        token = self._by_id.get(principal.token_id or "")
        person = self.snapshot.people.get(token.person) if token is not None else None
        return token is not None and token.revoked_us is None and person is not None and person.active and token.epoch == person.epoch

    def _meet(self, sha256: str) -> tuple[Token, Person, Principal] | None:
        known = self._met.get(sha256)
        if known is None and (token := self.snapshot.tokens.get(sha256)) is not None:
            person = self.snapshot.people.get(token.person)
            if person is not None:
                principal = principal_of(token, person, self._subject_of(person.id))
                known = self._met[sha256] = (token, person, principal)
        return known


def principal_of(token: Token, person: Person, subject: str) -> Principal:
    """Make the principal of whoever presents a token."""
    known = make_principal(person, subject, "oauth" if token.kind == "oauth" else "token", token.id)
    return replace(known, scopes=token.scopes, client=token.client)


def make_principal(person: Person, subject: str, auth: Auth, token_id: str | None = None) -> Principal:
    """Make the principal of a person who has proved who they are."""
    identity = {"id": person.id, "email": person.email, "name": person.name, "groups": list(person.groups)}
    return Principal(
        person=person.id,
        subject=subject,
        email=person.email,
        name=person.name,
        groups=person.groups,
        kind=person.kind,
        auth=auth,
        identity=json.dumps(identity, separators=(",", ":")).encode(),
        token_id=token_id,
    )


def _checked(token: Token, person: Person, principal: Principal, now_us: int, resource: str | None) -> Principal | Refusal:
    reason: Reason
    if token.revoked_us is not None or (person.active and token.epoch != person.epoch):
        reason = "revoked"
    elif token.expires_us is not None and token.expires_us <= now_us:
        reason = "expired"
    elif not person.active:
        reason = "inactive"
    elif token.resource is not None and token.resource != resource:
        reason = "audience"
    else:
        return principal
    return Refusal(reason=reason, actor=principal.actor, identity=principal.identity)
