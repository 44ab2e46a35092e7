"""Receipts of cut-offs: what each ended, and which worker had it in force when. Plain reading and writing in the caller's transaction."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, RowMapping, func, select, text, update

from gatebook.state.directory_schema import cut_off_acks, cut_offs

_RECENT_US = 300_000_000
# In one statement, because the worker itself and whoever waits for it may write at the same moment.
_PUT_ACK = text(
    """INSERT INTO cut_off_acks (cut_off, stream, at_us, streams, calls, lost) VALUES (:cut_off, :stream, :at_us, :streams, :calls, :lost)
    ON CONFLICT (cut_off, stream) DO UPDATE SET at_us = excluded.at_us, streams = excluded.streams, calls = excluded.calls, lost = 0
    WHERE cut_off_acks.lost = 1 AND excluded.lost = 0"""
)


class Cut(Struct, frozen=True, kw_only=True, gc=False):
    """A cut-off as workers know it."""

    id: str
    person: str


class Ack(Struct, frozen=True, kw_only=True):
    """What one worker did: streams ended, calls cancelled. `lost`: it did not answer within its lease, and refuses everybody by itself.

    `at_us`: when it had the cut-off in force, microseconds since 1970.
    """

    stream: str
    at_us: int
    streams: int = 0
    calls: int = 0
    lost: bool = False


class Upstream(Struct, frozen=True, kw_only=True):
    """What became of one credential at a connector: revoked, failed, or nothing_offered where it offers no revocation."""

    connector: str
    credential: str
    outcome: str
    detail: str = ""


class Receipt(Struct, frozen=True, kw_only=True):
    """A cut-off from its signal to its end. Times in microseconds since 1970; `done_us` is None while it goes on. `services`: accounts it suspended."""

    id: str
    person: str
    cause: str
    by: str
    detail: str
    signal_us: int
    revision: int
    tokens: int
    sessions: int
    grants: int
    services: tuple[str, ...]
    upstream_revoked: int
    upstream_failed: int
    upstream: tuple[Upstream, ...]
    last_call_us: int | None
    done_us: int | None
    acks: tuple[Ack, ...] = ()

    @property
    def streams(self) -> int:
        """Streams that were ended, on all workers."""
        return sum(ack.streams for ack in self.acks)

    @property
    def calls(self) -> int:
        """Calls that were cancelled, on all workers."""
        return sum(ack.calls for ack in self.acks)

    @property
    def in_force_us(self) -> int | None:
        """How long it took until the last worker had it in force, microseconds; None while that is not known."""
        return max((max(0, ack.at_us - self.signal_us) for ack in self.acks), default=0) if self.done_us is not None else None


class Done(Struct, frozen=True, kw_only=True):
    """How a cut-off ended."""

    at_us: int
    last_call_us: int | None
    acks: Sequence[Ack]
    upstream: Sequence[Upstream]


def read_open(connection: Connection) -> list[Cut]:
    """The cut-offs whose receipt is not complete, oldest first."""
    query = select(cut_offs.c.id, cut_offs.c.person).where(cut_offs.c.done_us.is_(None)).order_by(cut_offs.c.revision, cut_offs.c.id)
    return [Cut(id=id, person=person) for id, person in connection.execute(query)]


def read_recent(connection: Connection, now_us: int) -> list[Cut]:
    """Those that workers shall know: without a complete receipt, or completed a moment ago, so that one that was away can still tell what it did."""
    query = select(cut_offs.c.id, cut_offs.c.person).where(cut_offs.c.done_us.is_(None) | (cut_offs.c.done_us > now_us - _RECENT_US))
    return [Cut(id=id, person=person) for id, person in connection.execute(query.order_by(cut_offs.c.revision, cut_offs.c.id))]


def put_ack(connection: Connection, cut_off: str, ack: Ack) -> None:
    """Note what a worker did; what it said first stays, except that whoever was given up and answers after all is no longer lost."""
    values = {"at_us": ack.at_us, "streams": ack.streams, "calls": ack.calls, "lost": int(ack.lost)}
    connection.execute(_PUT_ACK, {"cut_off": cut_off, "stream": ack.stream, **values})


def complete(connection: Connection, id: str, done: Done) -> None:
    """Write the end of a receipt."""
    for ack in done.acks:
        put_ack(connection, id, ack)
    outcomes = [one.outcome for one in done.upstream]
    connection.execute(
        update(cut_offs)
        .where(cut_offs.c.id == id)
        .values(
            done_us=done.at_us,
            last_call_us=done.last_call_us,
            upstream_revoked=outcomes.count("revoked"),
            upstream_failed=outcomes.count("failed"),
            upstream=json.dumps([{name: getattr(one, name) for name in Upstream.__struct_fields__} for one in done.upstream]),
        )
    )


def read_receipt(connection: Connection, id: str) -> Receipt | None:
    """One receipt."""
    row = connection.execute(select(cut_offs).where(cut_offs.c.id == id)).mappings().first()
    return _receipt(row, _acks(connection, [id])) if row else None


def read_receipts(connection: Connection, *, person: str | None = None, limit: int = 100, offset: int = 0) -> list[Receipt]:
    """Receipts, newest first; of one person, or of all."""
    query = select(cut_offs).order_by(cut_offs.c.signal_us.desc(), cut_offs.c.id).limit(limit).offset(offset)
    rows = connection.execute(query if person is None else query.where(cut_offs.c.person == person)).mappings().all()
    acks = _acks(connection, [row["id"] for row in rows])
    return [_receipt(row, acks) for row in rows]


def count_receipts(connection: Connection, person: str | None = None) -> int:
    """How many there are; of one person, or of all."""
    query = select(func.count()).select_from(cut_offs)
    return int(connection.execute(query if person is None else query.where(cut_offs.c.person == person)).scalar_one())


def last_cut_us(connection: Connection, person: str) -> int:
    """When a person was cut off last, 0 where they never were: what was made for them before is void."""
    return int(connection.execute(select(func.max(cut_offs.c.signal_us)).where(cut_offs.c.person == person)).scalar() or 0)


def _acks(connection: Connection, ids: Iterable[str]) -> dict[str, list[Ack]]:
    found: dict[str, list[Ack]] = {}
    query = select(cut_off_acks).where(cut_off_acks.c.cut_off.in_(list(ids))).order_by(cut_off_acks.c.stream)
    for row in connection.execute(query).mappings():
        ack = Ack(stream=row["stream"], at_us=row["at_us"], streams=row["streams"], calls=row["calls"], lost=bool(row["lost"]))
        found.setdefault(row["cut_off"], []).append(ack)
    return found


def _receipt(row: RowMapping, acks: Mapping[str, list[Ack]]) -> Receipt:
    upstream = tuple(Upstream(**one) for one in json.loads(row["upstream"]))
    values: dict[str, Any] = {**row, "services": tuple(json.loads(row["services"])), "upstream": upstream}
    return Receipt(**values, acks=tuple(acks.get(row["id"], ())))
