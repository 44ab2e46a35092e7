"""Whom an identity provider's assertion is about. In the caller's transaction; nobody is created or linked by it.

First whoever signed in as this subject before; else whose externalId of the directory a claim is; else, within one trusted issuer, the one person whom
the directory provisioned with a verified address. An account that was made here by hand is never found by an address (nOAuth).
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from gatebook.identity.accounts import find_person
from gatebook.state.directory_schema import identities
from gatebook.state.identity_providers import IdentityProviderSpec
from gatebook.state.schema import people
from gatebook.state.snapshot import Person


def person_of(connection: Connection, provider: IdentityProviderSpec, claims: Mapping[str, Any]) -> Person | None:
    """The person, inactive ones included; None where nobody or more than one fits."""
    same = (identities.c.issuer == provider.issuer) & (identities.c.sub == claims.get("sub"))
    linked = connection.execute(select(identities.c.person).where(same)).scalar()
    if linked is not None:
        return find_person(connection, linked)
    keys = [claims[name] for name in provider.link_claims if isinstance(claims.get(name), str) and claims[name]]
    found = _provisioned(connection, people.c.external_id.in_(keys)) if keys else []
    email = claims.get("email")
    if not found and provider.link_email and isinstance(email, str) and claims.get("email_verified") is True:
        found = _provisioned(connection, people.c.email == email.lower())
    return find_person(connection, found[0]) if len(found) == 1 else None


def _provisioned(connection: Connection, which: ColumnElement[bool]) -> list[str]:
    theirs = (people.c.source == "scim") & people.c.deleted_us.is_(None)
    return list(connection.execute(select(people.c.id).where(theirs & which).limit(2)).scalars())
