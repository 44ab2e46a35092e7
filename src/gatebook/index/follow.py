"""Follows all streams of the node into the index: each record once, also across restarts and crashes between insert and note.

Order of a step: payloads, calls, other records, then the note of how far it went. After a crash the next run reads on from the note and asks the index
which of the records behind it are there already.
"""

import logging
import threading
import time
from pathlib import Path
from typing import Final

from msgspec import Struct

from gatebook.index.engine import EngineError
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
INTERVAL_S: Final = 0.5
_RETRY_S_MAX: Final = 30.0

_TABLES: Final = {"payloads": "outcome_seq", "calls": "outcome_seq", "records": "seq"}


class Lag(Struct, frozen=True, kw_only=True):
    """How far the index is behind the log. `positions`: last record of each stream that is indexed; `errors`: streams that cannot be read, and why."""

    positions: dict[str, int]
    behind_bytes: int
    behind_s: float
    open_calls: int
    errors: dict[str, str]


class Follower:
    """Feeds one index from one log directory. `step` and `run` belong to one thread; `lag` and `stop` may be called from any."""

    def __init__(self, log_dir: Path, vault: Vault, index: Index, *, whole: bool = False) -> None:
        """`whole`: read streams to their last whole record, for a log that nobody writes. `vault` must be of this thread's own."""
        self.index = index
        self._log_dir = log_dir
        self._vault = vault
        self._whole = whole
        self._streams: dict[str, Stream] = {}
        self._done: dict[str, dict[str, set[int]]] = {}
        self._loaded = False
        self._errors: dict[str, str] = {}
        self._failure: str | None = None
        self._stopping = threading.Event()
        self._lag = Lag(positions={}, behind_bytes=0, behind_s=0.0, open_calls=0, errors={})

    def step(self, records_max: int = RECORDS_MAX) -> int:
        """Read what is new, insert its rows, note the progress; return how many records were read. Raises EngineError; the next step tries again."""
        try:
            if not self._loaded:
                self._load()
            batch = Batch()
            for name in streams(self._log_dir):
                self._read(name, batch, records_max)
            if batch.entries:
                self._insert(batch)
                self._note()
        except BaseException:
            # What was read is only in memory: forget it, and begin at the last note.
            self._loaded = False
            raise
        self._publish()
        return batch.entries

    def run(self) -> None:
        """Step until `stop`. A failing engine is tried again, ever less often; calls never wait for this."""
        retry_s = INTERVAL_S
        while not self._stopping.is_set():
            began_s = time.monotonic()
            try:
                read = self.step()
                self._failure, retry_s = None, INTERVAL_S
            except (EngineError, OSError) as error:
                _log.error("the index does not take new rows: %s", error)
                self._failure = str(error)
                retry_s = min(retry_s * 2, _RETRY_S_MAX)
                self._stopping.wait(retry_s)
                continue
            if read < RECORDS_MAX:
                self._stopping.wait(max(0.0, INTERVAL_S - (time.monotonic() - began_s)))

    def stop(self) -> None:
        """Make `run` return after its current step."""
        self._stopping.set()

    def lag(self) -> Lag:
        """Return how far the index was behind at the end of the last step."""
        if self._failure is None:
            return self._lag
        return Lag(
            positions=self._lag.positions,
            behind_bytes=self._lag.behind_bytes,
            behind_s=self._lag.behind_s,
            open_calls=self._lag.open_calls,
            errors={**self._lag.errors, "index": self._failure},
        )

    def close(self) -> None:
        """Close the files of the log."""
        for stream in self._streams.values():
            stream.close()

    def _load(self) -> None:
        self.close()
        noted = read_progress(self.index.path, self.index.database)
        self._streams, self._done, self._errors = {}, {}, {}
        for name in streams(self._log_dir):
            progress = noted.get(name)
            if progress is not None:
                try:
                    self._add(name, Stream(self._log_dir / name, self._vault, progress, whole=self._whole))
                except LogDamaged as error:
                    self._errors[name] = str(error)
        self._loaded = True

    def _add(self, name: str, stream: Stream) -> Stream:
        self._streams[name] = stream
        self._done[name] = {table: self.index.seqs_after(table, column, name, stream.seq) for table, column in _TABLES.items()}
        return stream

    def _read(self, name: str, batch: Batch, records_max: int) -> None:
        if name in self._errors:
            return
        stream = self._streams.get(name) or self._add(name, Stream(self._log_dir / name, self._vault, None, whole=self._whole))
        try:
            stream.read(batch, records_max, BYTES_MAX)
        except (LogDamaged, RecordError, AssertionError) as error:
            _log.error("the index stops following %s: %s", name, error)
            self._errors[name] = str(error)

    def _insert(self, batch: Batch) -> None:
        new = self._new
        self.index.insert_payloads([row for row in batch.calls if new("payloads", row.stream, row.outcome_seq)])
        self.index.insert_calls([row for row in batch.calls if new("calls", row.stream, row.outcome_seq)])
        self.index.insert_records([row for row in batch.records if new("records", row.stream, row.seq)])

    def _new(self, table: str, stream: str, seq: int) -> bool:
        return seq not in self._done[stream][table]

    def _note(self) -> None:
        write_progress(
            self.index.path,
            Progress(database=self.index.database, streams={name: stream.progress() for name, stream in self._streams.items()}),
        )
        for name, stream in self._streams.items():
            for seqs in self._done[name].values():
                if seqs and max(seqs) <= stream.seq:
                    seqs.clear()

    def _publish(self) -> None:
        still_open: dict[str, FullRow] = {}
        for stream in self._streams.values():
            still_open.update(stream.open)
        positions = {name: stream.seq for name, stream in self._streams.items()}
        self.index.set_open(still_open, positions)
        behind = {name: stream.behind_bytes() for name, stream in self._streams.items() if name not in self._errors}
        oldest_us = min((stream.time_us for name, stream in self._streams.items() if behind.get(name) and stream.time_us), default=0)
        self._lag = Lag(
            positions=positions,
            behind_bytes=sum(behind.values()),
            behind_s=max(0.0, time.time() - oldest_us / 1e6) if oldest_us else 0.0,
            open_calls=len(still_open),
            errors=dict(self._errors),
        )
