"""Gives credentials back: revoked at the authorization server where it offers that (RFC 7009), then forgotten. What fails is tried again.

From the moment it is asked for nobody uses the credential, whatever the authorization server says.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete

from gatebook.identity.credentials import tokens
from gatebook.identity.credentials.box import BoxDamaged
from gatebook.identity.credentials.keys import KeyUnknown
from gatebook.identity.credentials.safe import Safe
from gatebook.identity.credentials.tokens import Refused
from gatebook.identity.credentials.web import Fetch, WebError
from gatebook.identity.journal import Journal
from gatebook.log.errors import LogUnavailable
from gatebook.record.body_credentials import CredentialChanged
from gatebook.record.parts import Actor
from gatebook.state import credentials as rows
from gatebook.state.access_schema import upstream_attempts
from gatebook.state.credentials import Row
from gatebook.state.store import StateError, bump

_SYSTEM = Actor(subject="-", kind="system", auth="none")
_AGAIN_S = 60.0
_GIVEN_UP_US = 7 * 86_400 * 1_000_000
_TOTAL_S = 15.0
_logger = logging.getLogger(__name__)


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one credential. `failed`: nobody can use it here, but the connector may not know; it is tried again for a week."""

    connector: str
    credential: str
    result: Literal["revoked", "failed", "nothing_offered"]
    detail: str = ""


class Revoking:
    """Revokes for one keeper."""

    def __init__(self, journal: Journal, safe: Safe, fetch: Fetch) -> None:
        self._journal = journal
        self._safe = safe
        self._fetch = fetch
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Try again, from time to time, what failed."""
        self._task = asyncio.create_task(self._again(), name="revoking")

    async def stop(self) -> None:
        """Stop trying."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def revoke_all(self, person: str) -> list[Outcome]:
        """Give back all that a person has. Raises StateError, LogUnavailable: then nobody uses it, and it is tried again."""
        async with self._journal.change() as connection:
            found = rows.of_owner(connection, person)
            self._withdraw(connection, found)
            connection.execute(delete(upstream_attempts).where(upstream_attempts.c.person == person))
        return list(await asyncio.gather(*(self._give_back(row, _SYSTEM) for row in found)))

    async def revoke(self, row: Row, actor: Actor) -> Outcome:
        """Give one back. Raises StateError, LogUnavailable."""
        async with self._journal.change() as connection:
            self._withdraw(connection, [row])
        return await self._give_back(row, actor)

    def _withdraw(self, connection: Connection, found: Sequence[Row]) -> None:
        for row in found:
            rows.set_status(connection, row.id, "revoking", row.detail, self._journal.clock.wall_us())
        if found:
            bump(connection)

    async def _give_back(self, row: Row, actor: Actor) -> Outcome:
        result, detail, issuer = await self._ask(row)
        async with self._journal.change() as connection:
            if result == "failed":
                rows.set_status(
                    connection, row.id, "revoking", detail, row.changed_us if row.status == "revoking" else self._journal.clock.wall_us()
                )
            else:
                rows.remove(connection, row.id)
            if result != "failed" or detail != row.detail:
                await self._record(row, result, detail, issuer, actor)
        return Outcome(connector=row.connector, credential=row.id, result=result, detail=detail)

    async def _ask(self, row: Row) -> tuple[Literal["revoked", "failed", "nothing_offered"], str, str | None]:
        try:
            grant = (await asyncio.to_thread(self._safe.opened, row)).grant
        except (BoxDamaged, KeyUnknown, msgspec.MsgspecError):
            return "nothing_offered", "what was sealed does not open", None
        issuer = grant.issuer or None
        try:
            async with asyncio.timeout(_TOTAL_S):
                offered = await tokens.revoke(self._fetch, grant)
        except Refused as error:
            return "failed", error.error, issuer
        except (WebError, TimeoutError) as error:
            return "failed", str(error)[:300] or "no answer in time", issuer
        return ("revoked" if offered else "nothing_offered"), "", issuer

    async def _record(self, row: Row, result: str, detail: str, issuer: str | None, actor: Actor) -> None:
        action: Literal["revoked", "failed", "disconnected"] = "disconnected"
        if result == "revoked" or result == "failed":
            action = result  # type: ignore[assignment]
        subject = self._journal.subject_of(row.owner) if row.owner else "connector"
        body = CredentialChanged(
            action=action,
            actor=actor,
            credential=row.id,
            connector=row.connector,
            kind=row.kind,
            owner=subject,
            scopes=row.scopes,
            issuer=issuer,
            version=row.version,
            detail=detail or None,
        )
        await self._journal.record(body, actor.subject)

    async def _again(self) -> None:
        while True:
            try:
                await self.try_again()
            except (StateError, LogUnavailable) as error:
                _logger.warning("credentials could not be given back now: %s", error)
            await asyncio.sleep(_AGAIN_S)

    async def try_again(self) -> list[Outcome]:
        """Try once what failed; what has failed for a week is forgotten. Raises StateError, LogUnavailable."""
        with self._safe.store.read() as connection:
            found = rows.of_status(connection, "revoking")
        now_us = self._journal.clock.wall_us()
        for row in found:
            if now_us - row.changed_us > _GIVEN_UP_US:
                async with self._journal.change() as connection:
                    rows.remove(connection, row.id)
                    await self._record(row, "failed", "given up after a week", None, _SYSTEM)
        return [await self._give_back(row, _SYSTEM) for row in found if now_us - row.changed_us <= _GIVEN_UP_US]
