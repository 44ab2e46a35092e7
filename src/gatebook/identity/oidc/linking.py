"""Which person of the directory somebody is whom an identity provider names. In the caller's transaction.

`subjects.py` says who that is; here they are kept for next time, made where they may be, and brought into their groups.
"""

import hashlib
import json
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection, delete, insert, select, update

from gatebook.identity.accounts import PersonChange, Wanted, can_be_id, find_person, put_person
from gatebook.identity.oidc.claims import Claimed
from gatebook.identity.oidc.problems import SignInProblem
from gatebook.identity.subjects import Ambiguous, find_subject
from gatebook.state.directory_schema import identities
from gatebook.state.identity_providers import IdentityProviderSpec
from gatebook.state.schema import people
from gatebook.state.snapshot import Person

Linked = Literal["identity", "external_id", "email", "created", "bootstrap"]


class Found(Struct, frozen=True, kw_only=True):
    """The person, how they were found, and what changed about them on the way; `by_link`: a link from the host made them an administrator."""

    person: Person
    linked: Linked
    changes: tuple[PersonChange, ...] = ()
    by_link: bool = False


class Bound(Struct, frozen=True, kw_only=True):
    """A link from the host says: whoever comes now becomes an administrator; `person` where nobody else is found."""

    person: str | None
    group: str


def link(connection: Connection, name: str, spec: IdentityProviderSpec, who: Claimed, bound: Bound | None, now_us: int) -> Found:
    """Find or make the person, and keep that for next time. Raises SignInProblem."""
    found = _found(connection, spec, who)
    if found is None and bound is not None:
        made = _made(connection, name, who, bound.person, now_us)
        found = Found(person=made.person, linked="bootstrap", changes=(made,))
    if found is None:
        _refuse_taken(connection, who)
        if not spec.create_people:
            raise SignInProblem("unknown_person", _UNKNOWN)
        made = _made(connection, name, who, None, now_us)
        found = Found(person=made.person, linked="created", changes=(made,))
    if not found.person.active:
        raise SignInProblem(
            "inactive", "Your account here is switched off. If that is wrong, ask whoever looks after your company's directory."
        )
    if found.linked != "identity":
        # One of before belongs to somebody who was deleted since.
        connection.execute(delete(identities).where((identities.c.issuer == who.issuer) & (identities.c.sub == who.sub)))
        connection.execute(
            insert(identities).values(issuer=who.issuer, sub=who.sub, person=found.person.id, groups="[]", created_us=now_us)
        )
    return _with_groups(connection, who, found, bound, now_us)


_UNKNOWN = (
    "Your company's directory has not sent your account here. Ask whoever looks after it to assign Gatebook to you, then sign in again."
)


def _found(connection: Connection, spec: IdentityProviderSpec, who: Claimed) -> Found | None:
    try:
        match = find_subject(connection, who.issuer, who.sub, who.keys, who.email if spec.link_email else "")
    except Ambiguous:
        text = "More than one person of the directory fits your account. Ask whoever looks after the directory to give each an externalId of their own."
        raise SignInProblem("ambiguous", text) from None
    return None if match is None else Found(person=match.person, linked=match.by)


def _refuse_taken(connection: Connection, who: Claimed) -> None:
    local = (people.c.source == "local") & ((people.c.email == who.email) | (people.c.id == who.email))
    if who.email and connection.execute(select(people.c.id).where(local)).first() is not None:
        text = (
            "There is an account with your e-mail address that was made here by hand, and an address alone does not prove that it is yours. "
            "Ask an administrator of Gatebook for a link from `gatebook bootstrap`, or to have the directory provision you."
        )
        raise SignInProblem("address_taken", text)


def _made(connection: Connection, name: str, who: Claimed, wanted: str | None, now_us: int) -> PersonChange:
    """Make a person of claims: under the wanted id, else under the verified address, else under one made of the subject."""
    if wanted is not None:
        return put_person(connection, Wanted(id=wanted), now_us)
    digest = hashlib.sha256(f"{who.issuer}\0{who.sub}".encode()).hexdigest()
    id = who.email if who.email and can_be_id(who.email) and find_person(connection, who.email) is None else f"{name}-{digest[:16]}"
    return put_person(connection, Wanted(id=id, email=who.email, name=who.name or who.email.partition("@")[0] or name), now_us)


def _with_groups(connection: Connection, who: Claimed, found: Found, bound: Bound | None, now_us: int) -> Found:
    """Bring the groups up to what the provider names, for whom no directory keeps, and to what a link gives."""
    own = (identities.c.issuer == who.issuer) & (identities.c.sub == who.sub)
    groups = set(found.person.groups)
    if who.groups is not None and found.person.source == "local":
        before = set(json.loads(connection.execute(select(identities.c.groups).where(own)).scalar_one()))
        groups = (groups - before) | set(who.groups)
        connection.execute(update(identities).where(own).values(groups=json.dumps(who.groups)))
    if bound is not None:
        groups.add(bound.group)
    found = replace(found, by_link=bound is not None)
    if groups == set(found.person.groups):
        return found
    change = put_person(connection, Wanted(id=found.person.id, groups=tuple(sorted(groups))), now_us)
    return replace(found, person=change.person, changes=(*found.changes, change))
