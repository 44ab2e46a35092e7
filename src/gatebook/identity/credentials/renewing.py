"""Renews credentials: of all processes and nodes one does, and what it got is stored before anybody uses it.

A renewal that has begun is carried to its end, whoever goes away meanwhile: what a server has rotated must not be lost. Should the process die before it is
stored, the claim ends by itself and the next one tries with what is there.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from msgspec.structs import replace

from gatebook.identity.credentials import tokens
from gatebook.identity.credentials.safe import Kept, Safe
from gatebook.identity.credentials.tokens import Grant, Issued, Refused
from gatebook.identity.credentials.web import Fetch, WebError
from gatebook.state.credentials import Row

T = TypeVar("T")
Run = Callable[[Callable[[], T]], Awaitable[T]]
"""Runs something that blocks, in a thread."""
Note = Callable[[Row, str, str], Awaitable[None]]
"""Puts a change on the record: the row, the action, a detail. Raises LogUnavailable."""
LEASE_S = 20.0
"""Longer than any request to a token endpoint may take."""
_WAIT_S = 15.0
_LOOK_S = 0.05


class NotRenewed(Exception):
    """It could not be renewed now; the text is for people. `lost`: it never will be, the person has to connect anew."""

    def __init__(self, text: str, *, lost: bool = False) -> None:
        super().__init__(text)
        self.lost = lost


class Renewing:
    """Renews for one process. `run` runs the safe's work in a thread."""

    def __init__(self, safe: Safe, fetch: Fetch, run: Callable[[Callable[[], object]], Awaitable[object]], note: Note) -> None:
        self._safe = safe
        self._fetch = fetch
        self._run = run
        self._note = note
        self._under_way: dict[str, asyncio.Task[Kept]] = {}

    async def renew(self, kept: Kept, grant: Grant | None = None) -> Kept:
        """Return a credential that is newer than this one. Raises NotRenewed, StateError, LogUnavailable.

        `grant`: what to ask with, where nothing is in the box yet.
        """
        task = self._under_way.get(kept.row.id)
        if task is None:
            task = self._under_way[kept.row.id] = asyncio.create_task(self._newer(kept, grant or kept.grant))
            task.add_done_callback(lambda done: self._ended(kept.row.id, done))
        newer = await asyncio.shield(task)
        return newer

    def _ended(self, id: str, task: asyncio.Task[Kept]) -> None:
        self._under_way.pop(id, None)
        if not task.cancelled():
            task.exception()  # whoever waited has it; if nobody did, that is fine too

    async def close(self) -> None:
        """Let what is under way come to its end."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _newer(self, kept: Kept, grant: Grant) -> Kept:
        ends_s = time.monotonic() + _WAIT_S
        row = kept.row
        while True:
            claimed = await self._run(lambda: self._safe.claim(row, _now_us(), int(LEASE_S * 1e6)))
            if claimed:
                return await self._carry_out(kept, grant)
            found = await self._run(lambda: self._safe.find(row.connector, row.owner))
            if not isinstance(found, Kept) or found.row.status == "needs_reconnect":
                raise NotRenewed("the connection has ended", lost=True)
            if found.row.id != row.id or found.row.version != row.version:
                return found
            if time.monotonic() > ends_s:
                raise NotRenewed("the connection is being renewed by another process, which takes long; try again shortly")
            await asyncio.sleep(_LOOK_S)

    async def _carry_out(self, kept: Kept, grant: Grant) -> Kept:
        row = kept.row
        try:
            async with asyncio.timeout(LEASE_S / 2):
                issued = await (tokens.as_itself if row.kind == "client_credentials" else tokens.refresh)(self._fetch, grant)
        except Refused as error:
            code = error.error
            if row.kind == "client_credentials":
                await self._run(lambda: self._safe.release(row))
                raise NotRenewed(f"the authorization server refuses Gatebook itself: {code}") from error
            await self._run(lambda: self._safe.lose(row, code, _now_us()))
            await self._note(row, "needs_reconnect", code)
            raise NotRenewed("the connection has ended", lost=True) from error
        except (WebError, TimeoutError) as error:
            await self._run(lambda: self._safe.release(row))
            raise NotRenewed(str(error) or "the authorization server did not answer in time") from error
        return await self._store(row, grant, issued)

    async def _store(self, row: Row, grant: Grant, issued: Issued) -> Kept:
        # A server that rotates gives a new refresh token; one that does not gives none, and the old one stays good.
        after = replace(grant, access=issued.access, refresh=issued.refresh or grant.refresh)
        scopes = row.scopes if issued.scopes is None and row.scopes else (grant.asked if issued.scopes is None else issued.scopes)
        changed = replace(row, status="connected", scopes=scopes, expires_us=issued.expires_us, changed_us=_now_us(), detail="", lease_us=0)
        stored = await self._run(lambda: self._safe.renewed(changed, after))
        if not stored:
            found = await self._run(lambda: self._safe.find(row.connector, row.owner))
            if not isinstance(found, Kept):
                # The person was cut off, or disconnected, while it was renewed.
                await tokens.hand_back(self._fetch, after)
                raise NotRenewed("the connection has ended", lost=True)
            return found
        kept = Kept(replace(changed, version=row.version + 1), after)
        await self._note(kept.row, "connected" if row.status == "new" else "refreshed", "")
        return kept


def _now_us() -> int:
    return time.time_ns() // 1000
