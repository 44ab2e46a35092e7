"""The credentials that calls of one worker go on with: looked up when they are first needed, renewed when they end, never read per call.

What was looked up is used until it expires, the connector refuses it, or state changes; then it is looked at again. State that cannot be read delays
changes and nothing else: what is in memory stays good until it expires.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from gatebook.gateway import wire
from gatebook.gateway.recorder import Recorder
from gatebook.gateway.refusal import NotConnected, Refusal
from gatebook.gateway.upstream.exchange import Headers
from gatebook.gateway.upstream.fetching import fetch, reach_from
from gatebook.gateway.upstream.h1 import Response
from gatebook.identity.credentials.box import BoxDamaged
from gatebook.identity.credentials.challenge import read_challenge
from gatebook.identity.credentials.discovery import DiscoveryError
from gatebook.identity.credentials.itself import grant_of
from gatebook.identity.credentials.keys import KeyUnknown
from gatebook.identity.credentials.renewing import NotRenewed, Renewing
from gatebook.identity.credentials.safe import Kept, Safe
from gatebook.identity.credentials.tokens import Grant
from gatebook.identity.credentials.web import WebError
from gatebook.log.errors import LogUnavailable
from gatebook.record.parts import Credential
from gatebook.state.connectors import Connector
from gatebook.state.credentials import SHARED, Row
from gatebook.state.references import SecretUnavailable
from gatebook.state.store import StateError

_EARLY_S = 30.0
_NOTE_USE_S = 60.0
_HELD_MAX = 20_000
_T = TypeVar("_T")
_logger = logging.getLogger(__name__)


class Wallet:
    """The credentials of one worker."""

    def __init__(self, safe: Safe, recorder: Recorder, subject_of: Callable[[str], str], console_url: str) -> None:
        self.safe = safe
        self._recorder = recorder
        self._subject_of = subject_of
        self._console_url = console_url
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="wallet")
        self._held: dict[tuple[str, int, str], Held] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.renewing = Renewing(safe, fetch, self.run, self._note)
        self.changes = 0

    def look_again(self) -> None:
        """State has changed: what is held is looked at again before its next use."""
        self.changes += 1

    def authority(self, connector: Connector, headers: Headers, person: str) -> "Held":
        """The credential for a person's calls to a connector."""
        owner = person if connector.spec.credential.personal else SHARED
        key = (connector.name, connector.version, owner)
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = Held(self, connector, headers, owner)
            if len(self._held) > _HELD_MAX:
                del self._held[next(iter(self._held))]
        return held

    def subject(self, owner: str) -> str:
        """Who a credential belongs to, as records name them."""
        return self._subject_of(owner) if owner else "connector"

    def connect_url(self, connector: str) -> str:
        """Where a person connects their own account."""
        return f"{self._console_url}/connect/{connector}"

    async def run(self, work: Callable[[], _T]) -> _T:
        """Do something that blocks, in the wallet's own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def spawn(self, work: Callable[[], object]) -> None:
        """Do something that blocks and that nobody waits for."""
        task = asyncio.get_running_loop().create_task(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self, work: Callable[[], object]) -> None:
        try:
            await self.run(work)
        except StateError as error:
            _logger.warning("the use of a credential could not be noted: %s", error)

    async def _note(self, row: Row, action: str, detail: str) -> None:
        await self._recorder.credential_changed(row, action, self.subject(row.owner), detail).durable()

    async def close(self) -> None:
        """Let renewals come to their end."""
        await self.renewing.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._thread.shutdown)


class Held:
    """One credential in memory: the authority of its owner's requests to its connector."""

    def __init__(self, wallet: Wallet, connector: Connector, headers: Headers, owner: str) -> None:
        self._wallet = wallet
        self._connector = connector
        self._spec = connector.spec.credential
        self._fixed = headers
        self._owner = owner
        self._kept: Kept | None = None
        self._seen = -1
        self._noted_s = 0.0
        self._turn = asyncio.Lock()
        self.headers: Headers = headers
        self.credential = Credential(id=f"{connector.name}/none", kind=self._spec.kind, owner=wallet.subject(owner))

    async def ready(self) -> None:
        """Look it up, and renew it, where needed. Raises Refusal, NotConnected for a person who has to connect first."""
        if self._kept is None or self._seen != self._wallet.changes or self._expired():
            async with self._turn:
                if self._kept is None or self._seen != self._wallet.changes:
                    await self._look()
                if self._kept is None or self._expired():
                    await self._renew()
        now_s = time.monotonic()
        if now_s - self._noted_s > _NOTE_USE_S and self._kept is not None:
            self._noted_s, row = now_s, self._kept.row
            self._wallet.spawn(lambda: self._wallet.safe.used(row, time.time_ns() // 1000))

    async def refused(self, response: Response, sent: Headers) -> bool:
        """The connector refused what was sent. Raises NotConnected where only its person can mend that."""
        challenge = read_challenge((response.header(b"www-authenticate") or b"").decode("latin-1"))
        if response.status == 403:
            if challenge.needs_scope and self._kept is not None and self._spec.personal:
                await self._step_up(self._kept, challenge.scopes)
            return False
        async with self._turn:
            # Held against what was sent: another call, refused at the same time, may have had it renewed already.
            if self.headers == sent:
                await self._look()
            if self.headers == sent and self._kept is not None:
                await self._renew(refused=True)
        return self._kept is not None and self.headers != sent

    async def _step_up(self, kept: Kept, scopes: tuple[str, ...]) -> None:
        missing = [scope for scope in scopes if scope not in kept.grant.asked]
        if not missing:
            # It was asked for and not given: to send the person there again would lead in a circle.
            return
        await self._run(lambda: self._wallet.safe.want(kept.row, scopes))
        text = f"{self._name} needs a further permission for this: {', '.join(missing)[:200]}."
        raise self._not_connected(text, http_status=403)

    async def _look(self) -> None:
        changes = self._wallet.changes
        try:
            found = await self._run(lambda: self._wallet.safe.find(self._connector.name, self._owner))
        except Refusal:
            if self._kept is None or self._expired():
                raise
            return  # state cannot be read: what is known stays good
        self._seen = changes
        usable = found is not None and self._may_go(found)
        self._take(found if usable else None)
        if not usable and self._spec.kind != "client_credentials":
            raise self._missing(found)

    def _may_go(self, found: Kept) -> bool:
        """Whether it works, and was got for where the connector is now: it goes to no other."""
        fits = found.row.kind == "secret" or found.grant.is_for(self._connector.spec.url or "", self._spec.resource)
        return fits and found.row.kind == self._spec.kind and found.row.status == "connected"

    def _take(self, kept: Kept | None) -> None:
        self._kept = kept
        if kept is None:
            self.headers = self._fixed
            return
        row = kept.row
        self.credential = Credential(id=row.id, kind=row.kind, owner=self._wallet.subject(row.owner), scopes=row.scopes)
        name, scheme = (self._spec.header, self._spec.scheme) if row.kind == "secret" else ("authorization", "Bearer")
        value = f"{scheme} {kept.grant.access}" if scheme else kept.grant.access
        self.headers = [*self._fixed, (name.lower().encode(), value.encode("latin-1", "replace"))]

    async def _renew(self, *, refused: bool = False) -> None:
        kept, grant = self._kept, None
        if self._spec.kind == "client_credentials":
            kept, grant = await self._itself()
        if kept is None or self._spec.kind == "secret" or (grant is None and kept.grant.refresh is None):
            if refused and self._spec.kind != "secret" and kept is not None:
                await self._run(lambda: self._wallet.safe.lose(kept.row, "refused", time.time_ns() // 1000))
                await self._noted(kept.row, "needs_reconnect", "refused")
            self._take(None if self._spec.personal else kept)
            raise self._missing(kept)
        try:
            self._take(await self._wallet.renewing.renew(kept, grant))
        except NotRenewed as error:
            if not error.lost:
                raise self._failed(str(error)) from error
            self._take(None)
            raise self._missing(kept) from error
        except (StateError, BoxDamaged, KeyUnknown) as error:
            raise self._failed("its credential cannot be kept now") from error
        except LogUnavailable as error:
            raise Refusal(
                wire.AUDIT_UNAVAILABLE, "The call was not carried out: its credential's renewal could not be recorded.", status=503
            ) from error

    async def _itself(self) -> tuple[Kept, Grant]:
        """The row to claim for Gatebook's own credential, and what to ask with."""
        name, kind, now_us = self._connector.name, self._spec.kind, time.time_ns() // 1000
        try:
            assert self._connector.spec.url is not None
            grant = await grant_of(fetch, self._connector.spec, await reach_from(self._connector.spec.url), os.environ)
        except (DiscoveryError, WebError, SecretUnavailable) as error:
            raise self._failed(str(error)) from error
        await self._run(lambda: self._wallet.safe.begin_shared(name, kind, now_us))
        kept = await self._run(lambda: self._wallet.safe.find(name, self._owner))
        if kept is None:
            raise self._failed("its credential was taken away")
        return kept, grant

    async def _noted(self, row: Row, action: str, detail: str) -> None:
        try:
            await self._wallet._note(row, action, detail)
        except LogUnavailable as error:
            raise Refusal(wire.AUDIT_UNAVAILABLE, "The call was not carried out: it could not be recorded.", status=503) from error

    async def _run(self, work: Callable[[], Any]) -> Any:
        try:
            return await self._wallet.run(work)
        except (StateError, BoxDamaged, KeyUnknown) as error:
            _logger.error("the credential of %s cannot be used: %s", self._connector.name, error)
            raise self._failed("its credential cannot be read") from error

    def _expired(self) -> bool:
        kept = self._kept
        if kept is None or kept.row.expires_us is None:
            return False
        early = _EARLY_S if kept.grant.refresh is not None or kept.row.kind == "client_credentials" else 0.0
        return kept.row.expires_us <= time.time_ns() // 1000 + early * 1e6

    @property
    def _name(self) -> str:
        return self._connector.spec.title or self._connector.name

    def _missing(self, found: Kept | None) -> Refusal:
        if not self._spec.personal:
            return self._failed("its credential is missing or refused; an administrator has to set it")
        again = found is not None
        text = (
            f"Your connection to {self._name} has ended; connect it anew." if again else f"Connect your own account of {self._name} first."
        )
        return self._not_connected(text)

    def _not_connected(self, text: str, http_status: int | None = None) -> NotConnected:
        return NotConnected(text, self._connector.name, self._wallet.connect_url(self._connector.name), http_status)

    def _failed(self, why: str) -> Refusal:
        text = f"The connector {self._connector.name} cannot be used: {why}."
        return Refusal(wire.UPSTREAM_FAILED, text, status=200, error_class="auth")
