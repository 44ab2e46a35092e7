"""Who of the directory is meant by what an issuer says of somebody. In the caller's transaction; nobody is created or linked by it.

First whoever signed in as this subject before; else whose externalId of the directory a claim is; else the one person whom the directory provisioned
with a verified address. An account that was made here by hand is never found by an address (nOAuth).
"""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, select

from gatebook.identity.accounts import find_person
from gatebook.state.directory_schema import identities
from gatebook.state.schema import people
from gatebook.state.snapshot import Person


class Match(Struct, frozen=True):
    """The person, inactive ones included, and by what they were found."""

    person: Person
    by: Literal["identity", "external_id", "email"]


class Ambiguous(Exception):
    """More than one person of the directory fits."""


def find_subject(connection: Connection, issuer: str, sub: str, keys: Sequence[str] = (), email: str = "") -> Match | None:
    """The person behind issuer and subject. `keys`: what may be an externalId; `email`: one that is verified, empty where it does not count.

    Raises Ambiguous.
    """
    same = (identities.c.issuer == issuer) & (identities.c.sub == sub) & people.c.deleted_us.is_(None)
    row = connection.execute(select(identities.c.person).join(people, people.c.id == identities.c.person).where(same)).first()
    known = find_person(connection, row[0]) if row is not None else None
    if known is not None:
        return Match(known, "identity")
    if keys and (found := _provisioned(connection, people.c.external_id.in_(keys))) is not None:
        return Match(found, "external_id")
    if email and (found := _provisioned(connection, people.c.email == email)) is not None:
        return Match(found, "email")
    return None


def person_of_subject(connection: Connection, issuer: str, sub: str, *, by_external_id: bool) -> str | None:
    """The id of the person who signed in as this subject before, else of the one whose externalId it is."""
    try:
        found = find_subject(connection, issuer, sub, (sub,) if by_external_id else ())
    except Ambiguous:
        return None
    return None if found is None else found.person.id


def person_of_email(connection: Connection, email: str, issuer: str, *, provisioned: bool) -> str | None:
    """The id of the one person with this address who signed in at this issuer, else, with `provisioned`, of the one whom the directory sent with it."""
    theirs = (people.c.email == email.lower()) & people.c.deleted_us.is_(None) & (identities.c.issuer == issuer)
    came = select(people.c.id).join(identities, people.c.id == identities.c.person).where(theirs).distinct().limit(2)
    ids = list(connection.execute(came).scalars())
    if ids or not provisioned:
        return str(ids[0]) if len(ids) == 1 else None
    try:
        found = _provisioned(connection, people.c.email == email.lower())
    except Ambiguous:
        return None
    return None if found is None else found.id


def _provisioned(connection: Connection, which: ColumnElement[bool]) -> Person | None:
    theirs = (people.c.source == "scim") & people.c.deleted_us.is_(None)
    ids = list(connection.execute(select(people.c.id).where(theirs & which).limit(2)).scalars())
    if len(ids) > 1:
        raise Ambiguous
    return find_person(connection, ids[0]) if ids else None
