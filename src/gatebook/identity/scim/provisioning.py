"""What administrators do for the directory: its tokens, and people who are handed over to it."""

import secrets
from typing import Literal

from msgspec import Struct
from sqlalchemy import update

from gatebook.identity.accounts import find_person
from gatebook.identity.directory import Principal
from gatebook.identity.journal import Journal
from gatebook.identity.person_records import Changed, record_changed
from gatebook.identity.scim.directory_tokens import (
    DirectoryToken,
    add_directory_token,
    read_directory_tokens,
    revoke_directory_token,
)
from gatebook.identity.tokens import make_token
from gatebook.record.body import TokenChanged
from gatebook.state.feed import note_people
from gatebook.state.schema import people
from gatebook.state.snapshot import Person
from gatebook.state.store import StateError, bump


class DirectoryTokenOrder(Struct, frozen=True, kw_only=True):
    """A token of the directory that somebody wants. `expires_us` in microseconds since 1970; None: it does not expire."""

    name: str = ""
    expires_us: int | None = None


class IssuedDirectoryToken(Struct, frozen=True, kw_only=True):
    """A new token of the directory. `secret` exists here and nowhere else."""

    secret: str
    token: DirectoryToken


class Provisioning:
    """Changes, each with its record. Who may make them, the faces decide."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def create_token(self, order: DirectoryTokenOrder, caller: Principal) -> IssuedDirectoryToken:
        """Make a token. Raises StateError, LogUnavailable."""
        secret = make_token(secrets.token_bytes(32), "directory")
        async with self._journal.change() as connection:
            wanted = DirectoryToken(
                id=f"scim_{secrets.token_hex(6)}",
                prefix="",
                name=" ".join(order.name.split()),
                created_by=caller.person,
                created_us=self._journal.clock.wall_us(),
                expires_us=order.expires_us,
            )
            token = add_directory_token(connection, secret, wanted)
            bump(connection)
            await self._record("created", token, caller)
        return IssuedDirectoryToken(secret=secret, token=token)

    async def revoke_token(self, id_or_prefix: str, caller: Principal) -> DirectoryToken:
        """Revoke a token. Raises StateError, LogUnavailable."""
        async with self._journal.change() as connection:
            token = revoke_directory_token(connection, id_or_prefix, self._journal.clock.wall_us())
            bump(connection)
            await self._record("revoked", token, caller)
        return token

    def tokens(self) -> list[DirectoryToken]:
        """All tokens, newest first. Raises StateError."""
        with self._journal.store.read() as connection:
            return read_directory_tokens(connection)

    async def adopt(self, id: str, caller: Principal) -> Person:
        """Hand a person who was entered by hand over to the directory: its next new user of that name or address is this person.

        Raises StateError, LogUnavailable.
        """
        async with self._journal.change() as connection:
            person = find_person(connection, id.lower())
            if person is None or person.kind != "person":
                raise StateError(f"there is no person {id!r}")
            if person.source == "scim":
                raise StateError(f"{person.id} belongs to the directory already")
            values = {"source": "scim", "version": person.version + 1, "changed_us": self._journal.clock.wall_us()}
            connection.execute(update(people).where(people.c.id == person.id).values(**values))
            note_people(connection, [person.id])
            revision = bump(connection)
            changed = Changed(
                kind="Person",
                name=person.id,
                action="changed",
                version=person.version + 1,
                diff="-source: local\n+source: directory\n",
                actor=caller.actor,
                identity=caller.identity,
            )
            await record_changed(self._journal, changed, revision)
        return person

    async def _record(self, action: Literal["created", "revoked"], token: DirectoryToken, caller: Principal) -> None:
        owner = self._journal.subject_of("directory")
        body = TokenChanged(action=action, token=token.id, owner=owner, actor=caller.actor, expires=token.expires_us)
        await self._journal.record(body, caller.subject, [("identity", caller.identity)])
