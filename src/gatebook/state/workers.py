"""The workers that serve, and the revision that each has in force. Plain reading and writing in the caller's transaction.

A worker that is not on this list does not serve: it puts itself there before it reads what it decides with, and looks for its row with each
reading. So whoever has committed a change and reads the list afterwards has found everybody who could still decide by what was before.
"""

from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from gatebook.state.directory_schema import workers

LEASE_S: Final = 10.0
"""How long a worker decides by what it read last. Longer than a restart of a database or a machine that is short of breath, so that neither stops
calls; shorter than directories and browsers wait for an answer, because a worker that hangs delays each cut-off by this."""

RENEW_S: Final = 2.0
UNRENEWED_S_MAX: Final = 30.0
"""A worker that could not write its row for so long stops serving, although it can still read."""
FORGET_S: Final = 90.0
"""A row that was not written for so long is dropped: its worker has stopped serving long before, also where clocks differ by half a minute."""


class Worker(Struct, frozen=True, kw_only=True):
    """One worker. `boot` tells its runs apart; `renewed_us` is its own wall clock, microseconds since 1970."""

    stream: str
    node: str
    boot: str
    revision: int
    renewed_us: int


def put_worker(connection: Connection, worker: Worker) -> None:
    """Register or renew; takes the place of an earlier run."""
    values = {name: getattr(worker, name) for name in Worker.__struct_fields__}
    if connection.execute(update(workers).where(workers.c.stream == worker.stream).values(**values)).rowcount == 0:
        connection.execute(insert(workers).values(**values))


def is_registered(connection: Connection, stream: str, boot: str) -> bool:
    """Whether this run of a worker is on the list."""
    query = select(workers.c.stream).where((workers.c.stream == stream) & (workers.c.boot == boot))
    return connection.execute(query).first() is not None


def drop_worker(connection: Connection, stream: str, boot: str) -> None:
    """This run no longer serves."""
    connection.execute(delete(workers).where((workers.c.stream == stream) & (workers.c.boot == boot)))


def read_workers(connection: Connection) -> list[Worker]:
    """All, by stream."""
    return [Worker(**row) for row in connection.execute(select(workers).order_by(workers.c.stream)).mappings()]


def forget_workers(connection: Connection, now_us: int) -> int:
    """Drop rows that nobody has written for `FORGET_S`; returns how many."""
    return connection.execute(delete(workers).where(workers.c.renewed_us < now_us - round(FORGET_S * 1e6))).rowcount
