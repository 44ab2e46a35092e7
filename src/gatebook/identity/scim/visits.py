"""The newest requests of the directory, for people to look at, and when each token was last used. The record of each request is in the log.

They are gathered and written a few times a minute: a transaction for each would make provisioning twice as slow, for a list.
"""

import asyncio
import secrets
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from gatebook.identity.journal import Journal
from gatebook.state.directory_schema import scim_requests, scim_tokens
from gatebook.state.store import StateError

KEPT: Final = 5000
_DELAY_S: Final = 2.0
_GATHERED_MAX: Final = 500


class Visit(Struct, frozen=True, kw_only=True):
    """A request as the console lists it. `at_us` in microseconds since 1970; `detail` what was wrong with it, for people."""

    id: str
    at_us: int
    token: str | None
    method: str
    path: str
    status: int
    duration_us: int
    detail: str


class Visits:
    """Gathers requests. `flush` writes what is gathered, so that whoever reads next sees it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._gathered: list[Visit] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, visit: Visit) -> None:
        """Take a request in, to be written soon. While state cannot be written the oldest are forgotten: the log has them."""
        self._gathered = [*self._gathered[-_GATHERED_MAX + 1 :], visit]
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._soon(), name="requests of the directory")

    async def flush(self) -> None:
        """Write what is gathered. Raises StateError."""
        if not self._gathered:
            return
        async with self._journal.change() as connection:
            gathered, self._gathered = self._gathered, []
            try:
                _write(connection, gathered)
            except Exception:
                self._gathered = [*gathered, *self._gathered]
                raise

    async def stop(self) -> None:
        """Write what is left."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.flush()

    async def _soon(self) -> None:
        await asyncio.sleep(_DELAY_S)
        try:
            await self.flush()
        except StateError:
            return  # The next request tries again.


def make_id() -> str:
    """An id for a request."""
    return f"req_{secrets.token_hex(8)}"


def read_visits(connection: Connection, *, failures: bool, limit: int, offset: int = 0) -> list[Visit]:
    """The newest requests first; only those that failed when `failures`."""
    query = select(scim_requests).order_by(scim_requests.c.at_us.desc(), scim_requests.c.id.desc()).limit(limit).offset(offset)
    if failures:
        query = query.where(scim_requests.c.status >= 400)
    return [_visit_of(row) for row in connection.execute(query).mappings()]


def _write(connection: Connection, gathered: Sequence[Visit]) -> None:
    connection.execute(insert(scim_requests), [asdict(one) for one in gathered])
    used = {one.token: one.at_us for one in gathered if one.token is not None}
    for token, at_us in used.items():
        connection.execute(update(scim_tokens).where(scim_tokens.c.id == token).values(last_used_us=at_us))
    newest = select(scim_requests.c.at_us).order_by(scim_requests.c.at_us.desc()).offset(KEPT).limit(1)
    cut_us = connection.execute(newest).scalar()
    if cut_us is not None:
        connection.execute(delete(scim_requests).where(scim_requests.c.at_us <= cut_us))


def _visit_of(row: RowMapping) -> Visit:
    return Visit(**{name: row[name] for name in Visit.__struct_fields__})
