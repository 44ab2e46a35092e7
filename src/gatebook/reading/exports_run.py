"""Writes one export: pages of rows at one snapshot, their payloads, the file. Blocking; runs in the thread of exports."""

import gzip
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from msgspec import Struct

from gatebook.identity.access import Access
from gatebook.index import CallRow, EngineError, Index, Page, QueryTooHeavy
from gatebook.index.snapshot import Snapshot
from gatebook.query import Query
from gatebook.reading.exports_forms import FORMS, FormName, encoder, to_parquet
from gatebook.reading.exports_rows import Loaded, Loader
from gatebook.reading.exports_store import ExportStore
from gatebook.record.views.call import Origin

PAGE_ROWS: Final = 1000
_PAGE_TIMEOUT_S: Final = 60.0
_PAGE_TRIES: Final = 4
_CHUNK_BYTES: Final = 8 << 20
_HASH_BYTES: Final = 1 << 20
# Of the time that a page took, so that people's questions get the processor in between.
_REST: Final = 0.15
_REST_S_MAX: Final = 0.25
_BUSY_S_MAX: Final = 2.0


class ExportLimits(Struct, frozen=True, kw_only=True):
    """What exports may use. `file_life_s`: how long a file stays; `memory_s`: how long it is known that there was one."""

    rows_max: int = 20_000_000
    bytes_max: int = 20 << 30
    free_bytes_min: int = 1 << 30
    unfinished_per_person_max: int = 2
    kept_per_person_max: int = 20
    waiting_max: int = 50
    file_life_s: float = 24 * 3600.0
    memory_s: float = 7 * 24 * 3600.0


class ExportStopped(Exception):
    """Somebody cancelled it, or the process stops."""


class ExportFailed(Exception):
    """It cannot be finished; the text is for people."""


class Plan(Struct, frozen=True, kw_only=True):
    """What to write: the resolved query within the reader's scope, at a snapshot, as `access` shows it."""

    id: str
    query: Query
    access: Access
    snapshot: Snapshot
    form: FormName
    payloads: bool
    file: str
    origin: Origin


class Written(Struct, frozen=True, kw_only=True):
    """A whole file. `unreadable`: calls that could not be read whole from the log."""

    rows: int
    bytes: int
    sha256: str
    unreadable: int


class Runner:
    """Writes the file of one plan. `progress(rows, bytes)` is called as it goes on; `busy()` says that people's questions are being answered."""

    def __init__(self, index: Index, store: ExportStore, limits: ExportLimits, stop: threading.Event) -> None:
        self._index = index
        self._store = store
        self._limits = limits
        self._stop = stop
        self._rows = self._unreadable = 0
        self.progress: Callable[[int, int], None] = lambda _rows, _bytes: None
        self.busy: Callable[[], bool] = lambda: False

    def write(self, plan: Plan, loader: Loader) -> Written:
        """Write, then name the file. Raises ExportStopped, ExportFailed, EngineError, OSError; then there is no file."""
        folder = self._store.folder(plan.id)
        part, lines = folder / "part", folder / "lines.gz"
        form = FORMS[plan.form]
        try:
            with _create(lines if form.staged else part) as raw:
                if form.staged:
                    with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=1, mtime=0) as packed:
                        self._write_rows(plan, loader, packed, raw)
                else:
                    self._write_rows(plan, loader, raw, raw)
            if form.staged:
                self._check(0)
                to_parquet(self._index.engine, lines, part, payloads=plan.payloads)
            size, digest = part.stat().st_size, _digest(part, self._stop)
            self._store.publish(plan.id, part, plan.file)
            return Written(rows=self._rows, bytes=size, sha256=digest, unreadable=self._unreadable)
        finally:
            part.unlink(missing_ok=True)
            lines.unlink(missing_ok=True)

    def _write_rows(self, plan: Plan, loader: Loader, out: IO[bytes] | gzip.GzipFile, raw: IO[bytes]) -> None:
        head, encode = encoder(FORMS[plan.form], payloads=plan.payloads, origin=plan.origin)
        out.write(head)
        for rows, began_s in self._pages(plan):
            for chunk in _chunks(rows, plan.payloads):
                loaded = [loader.load(row) for row in chunk]
                self._unreadable += sum(_is_damaged(call, FORMS[plan.form].records) for call in loaded)
                out.write(encode(loaded))
                self._rows += len(chunk)
                size = raw.tell()
                self.progress(self._rows, size)
                self._check(size)
            self._rest(time.monotonic() - began_s)

    def _pages(self, plan: Plan) -> Iterator[tuple[list[CallRow], float]]:
        before = None
        while True:
            began_s = time.monotonic()
            page = self._page(plan, before)
            yield page.rows, began_s
            before = page.next
            if before is None:
                return

    def _page(self, plan: Plan, before: str | None) -> Page[CallRow]:
        tries_left = _PAGE_TRIES
        while True:
            tries_left -= 1
            try:
                return self._index.search(plan.query, before=before, limit=PAGE_ROWS, timeout_s=_PAGE_TIMEOUT_S, snapshot=plan.snapshot)
            except QueryTooHeavy:
                raise ExportFailed("The query needs more time or memory than one may use; a shorter time range helps.") from None
            except EngineError:
                if self._index.database != plan.snapshot.database:
                    raise ExportFailed("The index was made anew meanwhile; start the export again.") from None
                if not tries_left or self._stop.wait(1.0):
                    raise

    def _check(self, size: int) -> None:
        if self._stop.is_set():
            raise ExportStopped
        if self._rows > self._limits.rows_max:
            raise ExportFailed(f"It has more than {self._limits.rows_max:,} calls; take a shorter time range.")
        if size > self._limits.bytes_max:
            raise ExportFailed(f"It is larger than {self._limits.bytes_max:,} bytes; take a shorter time range, or leave payloads out.")
        if self._store.free_bytes() < self._limits.free_bytes_min:
            raise ExportFailed(f"The disk has less than {self._limits.free_bytes_min:,} bytes left, which are kept for the log.")

    def _rest(self, spent_s: float) -> None:
        self._stop.wait(min(_REST_S_MAX, spent_s * _REST))
        ends_s = time.monotonic() + _BUSY_S_MAX
        while self.busy() and time.monotonic() < ends_s and not self._stop.is_set():
            self._stop.wait(0.01)


def sample(rows: Sequence[CallRow], loader: Loader, form: FormName, *, payloads: bool, origin: Origin) -> float:
    """Mean size of a call in this form, bytes; 0 when there are none. Blocking."""
    if not rows:
        return 0.0
    _, encode = encoder(FORMS[form], payloads=payloads, origin=origin)
    data = b"".join(encode([loader.load(row) for row in chunk]) for chunk in _chunks(rows, payloads))
    return len(data) / len(rows)


def _chunks(rows: Sequence[CallRow], payloads: bool) -> Iterator[list[CallRow]]:
    """Parts of a page that fit into memory with their payloads."""
    chunk: list[CallRow] = []
    size = 0
    for row in rows:
        chunk.append(row)
        size += row.bytes_in + row.bytes_out if payloads else 0
        if size > _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _is_damaged(call: Loaded, records: bool) -> bool:
    return (records and call.call is None) or any(reason.startswith("damaged") for reason in call.missing.values())


def _create(path: Path) -> IO[bytes]:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb", buffering=1 << 20)


def _digest(path: Path, stop: threading.Event) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while data := file.read(_HASH_BYTES):
            digest.update(data)
            if stop.is_set():
                raise ExportStopped
    return digest.hexdigest()
