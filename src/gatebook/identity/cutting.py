"""Cutting people off, from the signal to the receipt: one transaction with its record, the barrier, then credentials at connectors.

Whoever asks is answered when `settle` or `cut` returns: from then on no worker lets the person in. What comes after (revoking at connectors, the last
call, the receipt's record) goes on by itself, and is taken up again where it failed or the process ended in between (`recover`).
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, select

from gatebook.identity.accounts import find_person
from gatebook.identity.credentials.revoking import Outcome
from gatebook.identity.cut_off import CutOff, Severed, cut_off
from gatebook.identity.directory import make_principal
from gatebook.identity.journal import Journal
from gatebook.identity.service_accounts import services_of
from gatebook.log.errors import LogError
from gatebook.record.body_directory import AccessCutOff, AccessCutOffDone
from gatebook.record.parts import Actor
from gatebook.state.access_schema import oauth_grants, upstream_credentials
from gatebook.state.cut_offs import Ack, Done, Receipt, Upstream, complete, read_open, read_receipt
from gatebook.state.schema import console_sessions, tokens
from gatebook.state.snapshot import Person
from gatebook.state.store import StateError, bump

_AT_ONCE: Final = 8
_UPSTREAM_S: Final = 120.0
_logger = logging.getLogger(__name__)


class Answer(Struct, frozen=True, kw_only=True):
    """What the barrier learned of one worker. `ended`: by cut-off, when it was in force there (microseconds), streams ended, calls cancelled.

    `gone`: it does not run any more. `lost`: it did not answer within its lease, and refuses everybody.
    """

    stream: str
    at_us: int
    ended: Mapping[str, tuple[int, int, int]] = {}
    gone: bool = False
    lost: bool = False


class Barrier(Protocol):
    """`control/barrier.py`."""

    async def reached(self, revision: int, cut_offs: Sequence[str] = ()) -> list[Answer]:
        """Return when no worker decides by an older revision any more."""


class CutOrder(Struct, frozen=True, kw_only=True):
    """A person whom somebody cuts off by hand. `keep_active`: they lose all that they have, and may sign in anew."""

    person: str
    reason: str
    keep_active: bool = False


class Outlook(Struct, frozen=True, kw_only=True):
    """What a cut-off would end now. `services`: accounts that it suspends unless the person may sign in again."""

    person: Person
    tokens: int
    sessions: int
    grants: int
    credentials: int
    services: tuple[str, ...]


class Cutting:
    """Cuts people off. One per keeper."""

    def __init__(
        self,
        journal: Journal,
        barrier: Barrier,
        *,
        revoke_upstream: Callable[[str], Awaitable[Sequence[Outcome]]] | None = None,
        last_call: Callable[[str], Awaitable[int | None]] | None = None,
    ) -> None:
        """`revoke_upstream(person)` revokes credentials at connectors, and tells what became of each.

        `last_call(pseudonym)` gives the time of the last call, microseconds since 1970.
        """
        self._journal = journal
        self._barrier = barrier
        self._revoke_upstream = revoke_upstream
        self._last_call = last_call
        self._few = asyncio.Semaphore(_AT_ONCE)
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def within(self, connection: Connection, order: CutOff, actor: Actor) -> Severed:
        """Cut somebody off in the caller's transaction, with its record. The caller bumps, and calls `settle` after the commit. Raises LogUnavailable."""
        severed = cut_off(connection, order, self._journal.clock.wall_us())
        person = find_person(connection, order.person) or Person(id=order.person)
        principal = make_principal(person, self._journal.subject_of(person.id), "token")
        body = AccessCutOff(
            cut_off=order.id,
            subject=principal.subject,
            cause=order.cause,
            deactivated=order.deactivate,
            revision=severed.revision,
            tokens=severed.tokens,
            sessions=severed.sessions,
            grants=severed.grants,
            services=tuple(map(self._journal.subject_of, severed.services)),
            actor=actor,
        )
        message = msgspec.json.encode({"by": order.by, "detail": order.detail})
        await self._journal.record(body, principal.subject, [("identity", principal.identity), ("message", message)])
        return severed

    async def in_force(self, revision: int) -> None:
        """Return when no worker decides by an older revision any more."""
        await self._barrier.reached(revision)

    async def settle(self, severed: Sequence[Severed]) -> None:
        """Return when no worker lets these people in any more. To be called after the commit; the receipts are completed afterwards."""
        if severed:
            answers = await self._barrier.reached(max(one.revision for one in severed), [one.id for one in severed])
            self._complete_soon([one.id for one in severed], answers)

    async def cut(self, order: CutOff, actor: Actor) -> Severed:
        """Cut somebody off in a transaction of its own, and settle it. Raises StateError for nobody's id, LogUnavailable."""
        async with self._journal.change() as connection:
            if find_person(connection, order.person) is None:
                raise StateError(f"there is no person {order.person!r}")
            severed = await self.within(connection, order, actor)
            bump(connection)
        await self.settle([severed])
        return severed

    async def recover(self, age_s: float = 0.0) -> None:
        """Settle what was begun so long ago, here or by an earlier process: committed, so in force, but without a receipt. Raises StateError."""
        before_us = self._journal.clock.wall_us() - round(age_s * 1e6)
        with self._journal.store.read() as connection:
            found = [read_receipt(connection, cut.id) for cut in read_open(connection) if cut.id not in self._under_way]
        receipts = [receipt for receipt in found if receipt is not None and receipt.signal_us <= before_us]
        if receipts:
            answers = await self._barrier.reached(max(one.revision for one in receipts), [one.id for one in receipts])
            self._complete_soon([one.id for one in receipts], answers)

    async def completed(self, id: str) -> None:
        """Wait until a receipt that was begun is complete, or has failed."""
        if (task := self._under_way.get(id)) is not None:
            await asyncio.wait((task,))

    async def stop(self) -> None:
        """End what is under way; the next start takes it up again."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _complete_soon(self, ids: Iterable[str], answers: Sequence[Answer]) -> None:
        for id in ids:
            if id in self._under_way:
                continue
            task = asyncio.create_task(self._complete(id, answers), name=f"cut-off {id}")
            self._under_way[id] = task
            task.add_done_callback(lambda _, id=id: self._under_way.pop(id, None))  # type: ignore[misc]

    async def _complete(self, id: str, answers: Sequence[Answer]) -> None:
        try:
            async with self._few:
                await self._finish(id, answers)
        except (StateError, LogError) as error:
            _logger.error("the receipt of the cut-off %s could not be completed, and will be tried again: %s", id, error)
        except Exception:
            _logger.exception("the receipt of the cut-off %s could not be completed, and will be tried again", id)

    async def _finish(self, id: str, answers: Sequence[Answer]) -> None:
        with self._journal.store.read() as connection:
            receipt = read_receipt(connection, id)
        if receipt is None or receipt.done_us is not None:
            return
        upstream = await self._revoke(receipt.person)
        subject = self._journal.subject_of(receipt.person)
        last_call_us = None if self._last_call is None else await self._last_call(subject)
        async with self._journal.change() as connection:
            before = read_receipt(connection, id)
            if before is None or before.done_us is not None:
                return  # another keeper was faster
            done = Done(at_us=time.time_ns() // 1000, last_call_us=last_call_us, acks=_acks(id, answers), upstream=upstream)
            complete(connection, id, done)
            bump(connection)
            after = read_receipt(connection, id)
            assert after is not None
            await self._journal.record(_record(after, subject), subject)

    async def _revoke(self, person: str) -> list[Upstream]:
        if self._revoke_upstream is None:
            return []
        try:
            async with asyncio.timeout(_UPSTREAM_S):
                outcomes = await self._revoke_upstream(person)
        except Exception as error:
            _logger.exception("credentials of a person who was cut off could not be revoked")
            return [Upstream(connector="", credential="", outcome="failed", detail=str(error)[:300] or type(error).__name__)]
        return [Upstream(connector=one.connector, credential=one.credential, outcome=one.result, detail=one.detail) for one in outcomes]


def make_id() -> str:
    """An id for a cut-off."""
    return f"cut_{secrets.token_hex(8)}"


def outlook(connection: Connection, person: str, now_us: int) -> Outlook:
    """What a cut-off would end. Raises StateError for nobody's id."""
    found = find_person(connection, person)
    if found is None:
        raise StateError(f"there is no person {person!r}")

    def count(table: Any, *conditions: Any) -> int:
        return int(connection.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one())

    live = tokens.c.revoked_us.is_(None) & (tokens.c.expires_us.is_(None) | (tokens.c.expires_us > now_us))
    return Outlook(
        person=found,
        tokens=count(tokens, tokens.c.person == person, live),
        sessions=count(console_sessions, console_sessions.c.person == person, console_sessions.c.expires_us > now_us),
        grants=count(oauth_grants, oauth_grants.c.person == person, oauth_grants.c.revoked_us.is_(None)),
        credentials=count(upstream_credentials, upstream_credentials.c.owner == person, upstream_credentials.c.status != "revoking"),
        services=services_of(connection, person),
    )


def _acks(id: str, answers: Sequence[Answer]) -> list[Ack]:
    acks = []
    for answer in answers:
        if answer.gone:
            continue
        at_us, streams, calls = answer.ended.get(id, (answer.at_us, 0, 0))
        acks.append(Ack(stream=answer.stream, at_us=at_us, streams=streams, calls=calls, lost=answer.lost))
    return acks


def _record(receipt: Receipt, subject: str) -> AccessCutOffDone:
    return AccessCutOffDone(
        cut_off=receipt.id,
        subject=subject,
        signal=receipt.signal_us,
        in_force=receipt.signal_us + (receipt.in_force_us or 0),
        workers=sum(1 for ack in receipt.acks if not ack.lost),
        lost=sum(1 for ack in receipt.acks if ack.lost),
        streams=receipt.streams,
        calls=receipt.calls,
        upstream_revoked=receipt.upstream_revoked,
        upstream_failed=receipt.upstream_failed,
        last_call=receipt.last_call_us,
    )
