"""Follows all streams of the node into the index: each record once, also across restarts and crashes between insert and note.

Order of a step: payloads, calls, other records, then the note of how far it went. After a crash the next run reads on from the note and asks the index
which of the records behind it are there already.
"""

import logging
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from gatebook.index.backfill import FAR_BYTES, Backfill, plan
from gatebook.index.generation import rebuild_requested, withdraw_rebuild
from gatebook.index.index import Index
from gatebook.index.progress import Behind, Progress, StreamProgress, read_progress, write_progress
from gatebook.index.rows import FullRow
from gatebook.index.stream import Batch, Stream
from gatebook.log.errors import LogDamaged
from gatebook.log.reader import streams
from gatebook.log.vault import Vault
from gatebook.record.codec import RecordError

_log = logging.getLogger(__name__)

RECORDS_MAX: Final = 10_000
BYTES_MAX: Final = 32 << 20
BATCH_S: Final = 1.0
_OLDER_RECORDS: Final = 2000
_OLDER_BYTES: Final = 8 << 20
_HOUR_US: Final = 3_600_000_000
_BUSY_S: Final = 1.0
_NEVER: Final = sys.maxsize

_TABLES: Final = {"payloads": "outcome_seq", "calls": "outcome_seq", "records": "seq"}


class Lag(Struct, frozen=True, kw_only=True):
    """How far the index is behind the log.

    `positions`: last record of each stream that is indexed; `errors`: streams that cannot be read, and why; `rebuilt`: how much of a rebuild is done,
    0 to 1, None when there is none. `searchable_since_us`: while the older part of the log is still being read, everything newer than this is in,
    microseconds since 1970; None when nothing is yet, or everything.
    """

    positions: dict[str, int]
    behind_bytes: int
    behind_s: float
    open_calls: int
    errors: dict[str, str]
    rebuilt: float | None = None
    searchable_since_us: int | None = None


class _Followed:
    """One stream: its front, and the older part behind it while there is one. The sets are what an earlier run inserted without noting it."""

    def __init__(self, front: Stream, done: dict[str, set[int]], older: Backfill | None, older_done: dict[str, set[int]]) -> None:
        self.front = front
        self.done = done
        self.older = older
        self.older_done = older_done

    def close(self) -> None:
        """Close the files."""
        self.front.close()
        if self.older is not None:
            self.older.close()


class Follower:
    """Feeds one index from one log directory. Belongs to one thread; `lag` may be called from any.

    Rows are inserted at most once in `batch_s`, because each insert is a part on disk that must be merged later. What waits is in memory and is found
    all the same. With more than `far_bytes` of a stream to read, its newest records come first, and new ones are followed meanwhile.
    """

    def __init__(
        self, log_dir: Path, vault: Vault, index: Index, *, whole: bool = False, batch_s: float = BATCH_S, far_bytes: int = FAR_BYTES
    ) -> None:
        """`whole`: read streams to their last whole record, for a log that nobody writes. `vault` must be of this thread's own."""
        self.index = index
        self._log_dir = log_dir
        self._vault = vault
        self._whole = whole
        self._batch_s = batch_s
        self._far_bytes = far_bytes
        self._batch, self._older_batch = Batch(), Batch()
        self._inserted_s = -batch_s
        self._rests_until_s = -math.inf
        self._streams: dict[str, _Followed] = {}
        self._loaded = False
        self._errors: dict[str, str] = {}
        self._gaps: dict[str, str] = {}
        self._renewable = True
        self._successor: Follower | None = None
        self._successor_bytes = 0
        self._lag = Lag(positions={}, behind_bytes=0, behind_s=0.0, open_calls=0, errors={})

    def step(self, *, flush: bool = False) -> int:
        """Read what is new and, when a batch is due or with `flush`, insert it and note the progress. Returns how many records were read.

        Raises IndexDamaged, EngineError or OSError; after the latter two the next step begins again at the last note.
        """
        try:
            self.index.engine.check()
            if not self._loaded:
                self._load()
            if self._renewable:
                self._renew()
            read = sum(self._read(name) for name in streams(self._log_dir))
            if self._successor is None and read < RECORDS_MAX:
                read += self._read_older()
            entries = max(self._batch.entries, self._older_batch.entries)
            full = entries >= RECORDS_MAX or max(self._batch.bytes, self._older_batch.bytes) >= BYTES_MAX
            due = flush or full or time.monotonic() - self._inserted_s >= self._batch_s
            if due and (entries or any(older.done for older in self._older)):
                self._insert()
                self._inserted_s = time.monotonic()
        except BaseException:
            # What was read is only in memory: forget it.
            self._loaded = False
            raise
        self._publish()
        return read

    def catch_up(self) -> int:
        """Step until the log has nothing new and all of it has been read; everything is inserted when this returns. Returns how many records were read."""
        total = 0
        while (read := self.step()) or self._older:
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

    @property
    def _older(self) -> list[Backfill]:
        return [followed.older for followed in self._streams.values() if followed.older is not None]

    def _close_streams(self) -> None:
        for followed in self._streams.values():
            followed.close()

    def _renew(self) -> None:
        """Where a rebuild was asked for: feed the next generation beside this one, and put it in force once it has caught up."""
        self.index.drop_retired()
        if self._successor is None:
            if not rebuild_requested(self.index.path):
                return
            self._successor = Follower(self._log_dir, self._vault, self.index.successor(), whole=self._whole, batch_s=self._batch_s)
            self._successor._renewable, self._successor._far_bytes = False, _NEVER
        successor = self._successor
        read = successor.step()
        self._successor_bytes = max(self._successor_bytes, successor.lag().behind_bytes)
        if read < RECORDS_MAX and successor.lag().behind_bytes < BYTES_MAX:
            successor.step(flush=True)
            self.index.switch(successor.index.generation)
            withdraw_rebuild(self.index.path)
            self._close_streams()
            self._streams, self._errors, self._gaps = successor._streams, successor._errors, successor._gaps
            self._batch, self._older_batch, self._successor, self._successor_bytes = Batch(), Batch(), None, 0

    def _load(self) -> None:
        self._close_streams()
        noted = read_progress(self.index.path, self.index.database)
        self._streams, self._errors, self._batch, self._older_batch = {}, {}, Batch(), Batch()
        self._gaps = dict(noted.gaps)
        for name in streams(self._log_dir):
            if name in noted.streams:
                try:
                    self._add(name, noted.streams[name], noted.behind.get(name))
                except LogDamaged as error:
                    self._errors[name] = str(error)
        self._loaded = True

    def _add(self, name: str, noted: StreamProgress | None, behind: Behind | None = None) -> _Followed:
        stream_dir = self._log_dir / name
        if behind is None and (planned := plan(stream_dir, noted, self._far_bytes, whole=self._whole)):
            noted, behind = planned
        older = Backfill(stream_dir, self._vault, behind, whole=self._whole) if behind is not None else None
        front = Stream(stream_dir, self._vault, noted, whole=self._whole, part=older.front_part if older else None)
        done = {table: self.index.seqs_after(table, column, name, front.seq) for table, column in _TABLES.items()}
        older_done: dict[str, set[int]] = {table: set() for table in _TABLES}
        for seq, until in older.unread if older is not None else ():
            for table, column in _TABLES.items():
                older_done[table] |= self.index.seqs_after(table, column, name, seq, until)
        self._streams[name] = _Followed(front, done, older, older_done)
        return self._streams[name]

    def _read(self, name: str) -> int:
        if name in self._errors:
            return 0
        try:
            followed = self._streams.get(name) or self._add(name, None)
            read = followed.front.read(self._batch, RECORDS_MAX, BYTES_MAX)
            if followed.older is not None and read < RECORDS_MAX:
                followed.older.front_arrived(followed.front)
            return read
        except (LogDamaged, RecordError, AssertionError) as error:
            _log.error("the index stops following %s: %s", name, error)
            self._errors[name] = str(error)
            return 0

    def _read_older(self) -> int:
        """Read a piece of the older part that is newest; with pauses while somebody asks, unless that delays the newest hour."""
        began_s = time.monotonic()
        waiting = [
            (followed.older.since_us, name)
            for name, followed in self._streams.items()
            if followed.older is not None and not followed.older.done
        ]
        if not waiting or began_s < self._rests_until_s:
            return 0
        since_us, name = max(waiting)
        followed = self._streams[name]
        assert followed.older is not None
        try:
            read = followed.older.read(self._older_batch, _OLDER_RECORDS, _OLDER_BYTES, followed.front)
        except LogDamaged as error:
            followed.older.gaps.append(str(error))
            followed.older.done, read = True, 0
        for gap in followed.older.gaps:
            _log.error("a part of %s is not in the index: %s", name, gap)
            self._gaps[name] = gap
        followed.older.gaps.clear()
        ended_s = time.monotonic()
        if ended_s - self.index.engine.asked_s < _BUSY_S and 0 < since_us < time.time_ns() // 1000 - _HOUR_US:
            self._rests_until_s = 2 * ended_s - began_s
        return max(read, 1)

    def _insert(self) -> None:
        """Insert what was read, the older first, and note how far that is."""
        older = self._older_batch
        if older.entries:
            self._insert_new(older, {name: followed.older_done for name, followed in self._streams.items()}, arrived=False)
        self._insert_new(self._batch, {name: followed.done for name, followed in self._streams.items()}, arrived=True)
        self._note()
        self._batch, self._older_batch = Batch(), Batch()

    def _insert_new(self, batch: Batch, done: dict[str, dict[str, set[int]]], *, arrived: bool) -> None:
        self.index.insert_payloads([row for row in batch.calls if row.outcome_seq not in done[row.stream]["payloads"]])
        self.index.insert_calls([row for row in batch.calls if row.outcome_seq not in done[row.stream]["calls"]], arrived=arrived)
        self.index.insert_records([row for row in batch.records if row.seq not in done[row.stream]["records"]])

    def _note(self) -> None:
        for followed in self._streams.values():
            if followed.older is not None and followed.older.done:
                followed.older, followed.older_done, followed.front.part = None, {}, None
        streams_noted = {name: followed.front.progress() for name, followed in self._streams.items()}
        behind = {name: followed.older.progress() for name, followed in self._streams.items() if followed.older is not None}
        progress = Progress(
            database=self.index.database, streams=streams_noted, behind=behind, gaps=dict(self._gaps), rows=self.index.row_counts()
        )
        write_progress(self.index.path, progress)
        for followed in self._streams.values():
            for seqs in followed.done.values():
                if seqs and max(seqs) <= followed.front.seq:
                    seqs.clear()

    def _publish(self) -> None:
        waiting: dict[str, FullRow] = {}
        fronts = {name: followed.front for name, followed in self._streams.items()}
        for front in fronts.values():
            waiting.update(front.open)
        still_open = len(waiting)
        waiting.update((row.call_id, row) for row in self._batch.calls)
        positions = {name: front.seq for name, front in fronts.items()}
        self.index.set_waiting(waiting, positions)
        behind = {name: front.behind_bytes() for name, front in fronts.items() if name not in self._errors}
        oldest_us = min((front.time_us for name, front in fronts.items() if behind.get(name) and front.time_us), default=0)
        self._lag = Lag(
            positions=positions,
            behind_bytes=sum(behind.values()),
            behind_s=max(0.0, time.time() - oldest_us / 1e6) if oldest_us else 0.0,
            open_calls=still_open,
            errors=self._gaps | self._errors,
            rebuilt=self._rebuilt(sum(behind.values())),
            searchable_since_us=self._since_us(),
        )

    def _rebuilt(self, behind_bytes: int) -> float | None:
        if older := self._older:
            total_bytes = sum(one.total_bytes for one in older)
            return max(0.0, 1 - (sum(one.left_bytes() for one in older) + behind_bytes) / total_bytes)
        if self._successor is None:
            return None
        return 1 - self._successor.lag().behind_bytes / self._successor_bytes if self._successor_bytes else 0.0

    def _since_us(self) -> int | None:
        since = [one.since_us for one in self._older]
        return max(since) if since and all(since) else None


def rebuild(log_dir: Path, vault: Vault, index: Index, report: Callable[[float], None] = lambda _: None) -> Lag:
    """Build the index anew from the log while nobody follows it, then put the new one in force. `report` gets how much is done, 0 to 1.

    Raises EngineError, OSError. What was there stays in force until the end.
    """
    follower = Follower(log_dir, vault, index.successor(), far_bytes=_NEVER)
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
