"""Follows all streams of the node into the index: each record once, also across restarts and crashes between insert and note.

Order of a step: payloads, calls, other records, then the note of how far it went. After a crash the next run reads on from the note and asks the index
which of the records behind it are there already.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from gatebook.index.generation import rebuild_requested, withdraw_rebuild
from gatebook.index.index import Index
from gatebook.index.progress import Progress, read_progress, write_progress
from gatebook.index.rows import FullRow
from gatebook.index.stream import Batch, Stream
from gatebook.log.errors import LogDamaged
from gatebook.log.reader import streams
from gatebook.log.vault import Vault
from gatebook.record.codec import RecordError

_log = logging.getLogger(__name__)

RECORDS_MAX: Final = 10_000
BYTES_MAX: Final = 32 << 20
BATCH_S: Final = 0.5

_TABLES: Final = {"payloads": "outcome_seq", "calls": "outcome_seq", "records": "seq"}


class Lag(Struct, frozen=True, kw_only=True):
    """How far the index is behind the log.

    `positions`: last record of each stream that is indexed; `errors`: streams that cannot be read, and why; `rebuilt`: how much of a rebuild is done,
    0 to 1, None when there is none.
    """

    positions: dict[str, int]
    behind_bytes: int
    behind_s: float
    open_calls: int
    errors: dict[str, str]
    rebuilt: float | None = None


class Follower:
    """Feeds one index from one log directory. Belongs to one thread; `lag` may be called from any.

    Rows are inserted at most once in `batch_s`, because each insert is a part on disk that must be merged later. What waits is in memory and is found
    all the same.
    """

    def __init__(self, log_dir: Path, vault: Vault, index: Index, *, whole: bool = False, batch_s: float = BATCH_S) -> None:
        """`whole`: read streams to their last whole record, for a log that nobody writes. `vault` must be of this thread's own."""
        self.index = index
        self._log_dir = log_dir
        self._vault = vault
        self._whole = whole
        self._batch_s = batch_s
        self._batch = Batch()
        self._inserted_s = -batch_s
        self._streams: dict[str, Stream] = {}
        self._done: dict[str, dict[str, set[int]]] = {}
        self._loaded = False
        self._errors: dict[str, str] = {}
        self._renewable = True
        self._successor: Follower | None = None
        self._successor_bytes = 0
        self._lag = Lag(positions={}, behind_bytes=0, behind_s=0.0, open_calls=0, errors={})

    def step(self, *, flush: bool = False) -> int:
        """Read what is new and, when a batch is due or with `flush`, insert it and note the progress. Returns how many records were read.

        Raises EngineError or OSError; the next step begins again at the last note.
        """
        try:
            if not self._loaded:
                self._load()
            if self._renewable:
                self._renew()
            read = sum(self._read(name) for name in streams(self._log_dir))
            due = flush or time.monotonic() - self._inserted_s >= self._batch_s or self._batch.entries >= RECORDS_MAX
            if self._batch.entries and due:
                self._insert(self._batch)
                self._note()
                self._batch = Batch()
                self._inserted_s = time.monotonic()
        except BaseException:
            # What was read is only in memory: forget it.
            self._loaded = False
            raise
        self._publish()
        return read

    def catch_up(self) -> int:
        """Step until the log has nothing new; everything is inserted when this returns. Returns how many records were read."""
        total = 0
        while read := self.step():
            total += read
        return total + self.step(flush=True)

    def lag(self) -> Lag:
        """Return how far the index was behind at the end of the last step."""
        return self._lag

    def close(self) -> None:
        """Close the files of the log."""
        if self._successor is not None:
            self._successor.close()
        self._close_streams()

    def _close_streams(self) -> None:
        for stream in self._streams.values():
            stream.close()

    def _renew(self) -> None:
        """Where a rebuild was asked for: feed the next generation beside this one, and put it in force once it has caught up."""
        self.index.drop_retired()
        if self._successor is None:
            if not rebuild_requested(self.index.path):
                return
            self._successor = Follower(self._log_dir, self._vault, self.index.successor(), whole=self._whole, batch_s=self._batch_s)
            self._successor._renewable = False
        successor = self._successor
        read = successor.step()
        self._successor_bytes = max(self._successor_bytes, successor.lag().behind_bytes)
        if read < RECORDS_MAX and successor.lag().behind_bytes < BYTES_MAX:
            successor.step(flush=True)
            self.index.switch(successor.index.generation)
            withdraw_rebuild(self.index.path)
            self._close_streams()
            self._streams, self._done, self._errors = successor._streams, successor._done, successor._errors
            self._batch, self._successor, self._successor_bytes = Batch(), None, 0

    def _load(self) -> None:
        self._close_streams()
        noted = read_progress(self.index.path, self.index.database)
        self._streams, self._done, self._errors, self._batch = {}, {}, {}, Batch()
        for name in streams(self._log_dir):
            if name in noted:
                try:
                    self._add(name, Stream(self._log_dir / name, self._vault, noted[name], whole=self._whole))
                except LogDamaged as error:
                    self._errors[name] = str(error)
        self._loaded = True

    def _add(self, name: str, stream: Stream) -> Stream:
        self._streams[name] = stream
        self._done[name] = {table: self.index.seqs_after(table, column, name, stream.seq) for table, column in _TABLES.items()}
        return stream

    def _read(self, name: str) -> int:
        if name in self._errors:
            return 0
        stream = self._streams.get(name) or self._add(name, Stream(self._log_dir / name, self._vault, None, whole=self._whole))
        try:
            return stream.read(self._batch, RECORDS_MAX, BYTES_MAX)
        except (LogDamaged, RecordError, AssertionError) as error:
            _log.error("the index stops following %s: %s", name, error)
            self._errors[name] = str(error)
            return 0

    def _insert(self, batch: Batch) -> None:
        new = self._new
        self.index.insert_payloads([row for row in batch.calls if new("payloads", row.stream, row.outcome_seq)])
        self.index.insert_calls([row for row in batch.calls if new("calls", row.stream, row.outcome_seq)])
        self.index.insert_records([row for row in batch.records if new("records", row.stream, row.seq)])

    def _new(self, table: str, stream: str, seq: int) -> bool:
        return seq not in self._done[stream][table]

    def _note(self) -> None:
        noted = {name: stream.progress() for name, stream in self._streams.items()}
        write_progress(self.index.path, Progress(database=self.index.database, streams=noted))
        for name, stream in self._streams.items():
            for seqs in self._done[name].values():
                if seqs and max(seqs) <= stream.seq:
                    seqs.clear()

    def _publish(self) -> None:
        waiting: dict[str, FullRow] = {}
        for stream in self._streams.values():
            waiting.update(stream.open)
        still_open = len(waiting)
        waiting.update((row.call_id, row) for row in self._batch.calls)
        positions = {name: stream.seq for name, stream in self._streams.items()}
        self.index.set_waiting(waiting, positions)
        behind = {name: stream.behind_bytes() for name, stream in self._streams.items() if name not in self._errors}
        oldest_us = min((stream.time_us for name, stream in self._streams.items() if behind.get(name) and stream.time_us), default=0)
        self._lag = Lag(
            positions=positions,
            behind_bytes=sum(behind.values()),
            behind_s=max(0.0, time.time() - oldest_us / 1e6) if oldest_us else 0.0,
            open_calls=still_open,
            errors=dict(self._errors),
            rebuilt=self._rebuilt(),
        )

    def _rebuilt(self) -> float | None:
        if self._successor is None:
            return None
        return 1 - self._successor.lag().behind_bytes / self._successor_bytes if self._successor_bytes else 0.0


def rebuild(log_dir: Path, vault: Vault, index: Index, report: Callable[[float], None] = lambda _: None) -> Lag:
    """Build the index anew from the log while nobody follows it, then put the new one in force. `report` gets how much is done, 0 to 1.

    Raises EngineError, OSError. What was there stays in force until the end.
    """
    follower = Follower(log_dir, vault, index.successor())
    follower._renewable = False
    total_bytes = 0
    while follower.step():
        total_bytes = max(total_bytes, follower.lag().behind_bytes)
        report(1 - follower.lag().behind_bytes / total_bytes if total_bytes else 1.0)
    follower.step(flush=True)
    follower.close()
    index.switch(follower.index.generation)
    index.drop_retired(grace_s=0.0)
    withdraw_rebuild(index.path)
    return follower.lag()
