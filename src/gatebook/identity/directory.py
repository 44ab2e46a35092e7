"""Who is behind an Authorization header: a look into dictionaries, no I/O. Made anew for each snapshot of state, which costs nothing.

What was worked out about a token is kept from one snapshot to the next, and holds as long as state has the very same token and person.
"""

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
_MET_MAX = 200_000
LOCAL = Person(id="local", name="Local user", groups=())


class Principal(Struct, frozen=True, kw_only=True):
    """An identified caller. `subject` is the pseudonym in records; `identity` the JSON of the payload part of that name.

    `scopes` are those of the token (identity/scopes.py), `client` the id of the AI client that it was issued to, `epoch` the person's at that time.
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
    epoch: int = 0

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
    Principals are made when they are first met; `before`, the directory of the snapshot before, hands over those that it has met.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        subject_of: Callable[[str], str],
        *,
        auth: Literal["token", "off"] = "token",
        before: "Directory | None" = None,
    ) -> None:
        self.snapshot = snapshot
        self._subject_of = subject_of
        self._local = make_principal(LOCAL, subject_of(LOCAL.id), "profile") if auth == "off" else None
        self._met: dict[str, _Met] = {} if before is None else before._met
        self._by_id: dict[str, _Met] = {} if before is None else before._by_id
        self.used: dict[str, int] = {} if before is None else before.used
        """When tokens were last used, by id, since somebody took the dictionary's entries away: microseconds since 1970."""

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
        reason = _fault(known.token, known.person, now_us, resource)
        if reason is not None:
            return Refusal(reason=reason, actor=known.principal.actor, identity=known.principal.identity)
        self.used[known.token.id] = now_us
        return known.principal

    def still(self, principal: Principal, now_us: int = 0) -> bool:
        """Whether somebody who was identified before would be now: whether their token is good yet, and nobody has cut them off since.

        `now_us`: as for `authenticate`; 0 leaves expiry aside.
        """
        if principal.auth == "profile":
            return self._local is not None
        person = self.snapshot.people.get(principal.person)
        if principal.auth == "socket":
            return True  # nobody of the directory
        if principal.token_id is None:
            return person is not None and person.active and person.epoch == principal.epoch
        token = self._token(principal.token_id)
        return token is not None and person is not None and _fault(token, person, now_us, token.resource) is None

    def _token(self, id: str) -> Token | None:
        known = self._by_id.get(id)
        if known is None:
            return next((token for token in self.snapshot.tokens.values() if token.id == id), None)
        return self.snapshot.tokens.get(known.token.sha256)

    def _meet(self, sha256: str) -> "_Met | None":
        token = self.snapshot.tokens.get(sha256)
        person = None if token is None else self.snapshot.people.get(token.person)
        if token is None or person is None:
            return None
        known = self._met.get(sha256)
        if known is None or known.token is not token or known.person is not person:
            if len(self._met) >= _MET_MAX:
                self._met.clear()
                self._by_id.clear()
            known = _Met(token, person, principal_of(token, person, self._subject_of(person.id)))
            self._met[sha256] = self._by_id[token.id] = known
        return known


class _Met(Struct, frozen=True, gc=False):
    token: Token
    person: Person
    principal: Principal


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
        epoch=person.epoch,
    )


def _fault(token: Token, person: Person, now_us: int, resource: str | None) -> Reason | None:
    if token.revoked_us is not None or (person.active and token.epoch != person.epoch):
        return "revoked"
    if token.expires_us is not None and token.expires_us <= now_us:
        return "expired"
    if not person.active:
        return "inactive"
    if token.resource is not None and token.resource != resource:
        return "audience"
    return None
