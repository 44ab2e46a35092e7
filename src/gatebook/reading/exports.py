"""Exports of calls as files: begun on the record, written in a thread of their own at one snapshot, kept for their owner for a day.

Everything but the thread lives on the keeper's event loop. One export is written at a time; the others wait in the order in which they came.
"""

import base64
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from gatebook.identity.tokens import without_tokens
from gatebook.index import EngineError
from gatebook.index.counts import table
from gatebook.log.vault import Vault
from gatebook.query.groups import PAYLOADS
from gatebook.reading.exports_forms import FORMS, FormName
from gatebook.reading.exports_rows import Loader
from gatebook.reading.exports_run import ExportFailed, ExportLimits, ExportStopped, Plan, Runner, sample
from gatebook.reading.exports_store import Export, ExportStore
from gatebook.reading.noting import others, read_with, reading_groups
from gatebook.reading.room import BUDGET_S, Question, ReadingRoom
from gatebook.reading.showing import shown_by, still_shown
from gatebook.reading.viewer import Viewer
from gatebook.record.body import LogRead
from gatebook.record.views.call import Origin

_SAMPLE_ROWS = 200
_PEOPLE_MAX = 20_000
_SWEEP_S = 60.0
_STOP_S = 10.0
# Columns compress well against each other; measured on the demo's and the benchmark's calls.
_PARQUET_SHARE = 0.12
_logger = logging.getLogger(__name__)


class ExportRefused(Exception):
    """It may not begin now, or not at all; the text is for people. `kind`: limit, space, unfinished or gone."""

    def __init__(self, text: str, kind: str = "limit") -> None:
        super().__init__(text)
        self.kind = kind


class Estimate(Struct, frozen=True, kw_only=True):
    """What an export would be."""

    rows: Annotated[int, Meta(description="Calls that match now.")]
    bytes: Annotated[int, Meta(description="Size of the file, estimated from a sample of the newest.")]
    refusal: Annotated[str | None, Meta(description="Why it would be refused, if it would.")] = None


class Download(Struct, frozen=True, kw_only=True):
    """A whole file that its owner may have."""

    export: Export
    path: Path

    @property
    def headers(self) -> dict[str, str]:
        """Headers that a download has by whatever way: the file never changes under its name, so its hash is a strong ETag."""
        digest = base64.b64encode(bytes.fromhex(self.export.sha256 or "")).decode()
        return {"etag": f'"{self.export.sha256}"', "repr-digest": f"sha-256=:{digest}:"}


class Exports:
    """All exports of a node. `make_vault` makes the vault of the thread that writes; vaults are not shared between threads."""

    def __init__(
        self, room: ReadingRoom, path: Path, make_vault: Callable[[], Vault], origin: Origin, limits: ExportLimits | None = None
    ) -> None:
        self.limits = limits or ExportLimits()
        self._room = room
        self._store = ExportStore(path)
        self._make_vault = make_vault
        self._origin = origin
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._exports = {export.id: export for export in self._store.load()}
        self._queue: deque[Plan] = deque()
        self._running: tuple[str, threading.Event] | None = None
        self._closing = False
        self._thread: threading.Thread | None = None

    async def estimate(self, viewer: Viewer, question: Question, form: FormName, *, payloads: bool) -> Estimate:
        """Count the calls and guess the size from the newest of them. A reading, and on the record as one. Raises QueryError, EngineError, TooSlow."""
        query, snapshot = self._room.query(viewer, question), self._room.index.snapshot()
        index = self._room.index
        search = partial(index.search, query, limit=_SAMPLE_ROWS, count=True, timeout_s=BUDGET_S, snapshot=snapshot)
        page = await self._room.ask(search, about=query)
        rows = page.total or 0
        await self._room.note(viewer, "search", question.words(), rows=0)

        def mean() -> float:
            loader = Loader(self._room.log_dir, self._make_vault(), viewer.access, payloads=payloads, records=FORMS[form].records)
            try:
                return sample(page.rows, loader, form, payloads=payloads, origin=self._origin)
            finally:
                loader.close()

        size = round(await self._room.ask(mean) * rows * (_PARQUET_SHARE if FORMS[form].staged else 1.0))
        return Estimate(rows=rows, bytes=size, refusal=self._refusal(viewer, rows, size))

    async def start(self, viewer: Viewer, question: Question, form: FormName, *, payloads: bool = False) -> Export:
        """Put an export on the record, then in the queue. Raises ExportRefused, QueryError, EngineError, TooSlow, LogUnavailable."""
        self._sweep()
        query, index = self._room.query(viewer, question), self._room.index
        snapshot = index.snapshot()
        rows = await self._room.count(query, snapshot=snapshot)
        if refusal := self._refusal(viewer, rows, 0):
            raise ExportRefused(refusal, "space" if "disk" in refusal else "limit")
        now_us = self._room.clock.wall_us()
        whose = partial(table, index, query, ("subject",), ("count",), limit=_PEOPLE_MAX, snapshot=snapshot, timeout_s=BUDGET_S)
        export = Export(
            id=os.urandom(8).hex(),
            owner=viewer.subject,
            shown=shown_by(viewer.access),
            subjects=tuple(group.keys[0] for group in await self._room.ask(whose, about=query)),
            text=without_tokens(question.text),
            since_us=question.since_us,
            until_us=question.until_us,
            form=form,
            payloads=payloads,
            created_us=now_us,
            rows_total=rows,
            file=_file_name(form, now_us),
            positions=snapshot.positions if viewer.access.sees_places else {},
        )
        await self._note("export", viewer, export)
        plan = Plan(
            id=export.id,
            query=query,
            access=viewer.access,
            snapshot=snapshot,
            form=form,
            payloads=payloads,
            file=export.file or "",
            origin=self._origin,
        )
        with self._lock:
            self._store.save(export)
            self._exports[export.id] = export
            self._queue.append(plan)
            self._wake.notify()
        self._ensure_thread()
        return export

    def list(self, viewer: Viewer) -> list[Export]:
        """The viewer's own exports, newest first."""
        self._sweep()
        own = [export for export in self._exports.values() if export.owner == viewer.subject]
        return sorted(own, key=lambda export: (export.created_us, export.id), reverse=True)

    def get(self, viewer: Viewer, id: str) -> Export | None:
        """One of the viewer's own; that of somebody else looks like none."""
        self._sweep()
        export = self._exports.get(id)
        return export if export is not None and export.owner == viewer.subject else None

    async def open(self, viewer: Viewer, id: str) -> Download | None:
        """The file of an export, on the record before a byte leaves. None: there is no such export. Raises ExportRefused, LogUnavailable."""
        export = self.get(viewer, id)
        if export is None:
            return None
        if export.state != "done":
            kind = "unfinished" if export.unfinished else "gone"
            raise ExportRefused(f"The export is {export.state}; there is no file.", kind)
        if not still_shown(export.shown, viewer.access):
            raise ExportRefused("The file holds what you may no longer read. Start the export again.", "gone")
        await self._note("download", viewer, export)
        path = self._store.file(export)
        if not path.exists():
            raise ExportRefused("The file is gone. Start the export again.", "gone")
        return Download(export=export, path=path)

    def delete(self, viewer: Viewer, id: str) -> bool:
        """Cancel an export that is not finished, delete one that is. False: there is no such export."""
        export = self.get(viewer, id)
        if export is None:
            return False
        with self._lock:
            if export.unfinished:
                self._cancel(id)
            else:
                self._exports.pop(id, None)
                self._store.remove(id)
        return True

    def stop(self) -> None:
        """Stop writing; what is not finished is interrupted, and said to be so at the next start. Blocking."""
        with self._lock:
            self._closing = True
            if self._running:
                self._running[1].set()
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    async def _note(self, action: Literal["export", "download"], viewer: Viewer, export: Export) -> None:
        reading = LogRead(
            action=action,
            actor=viewer.actor,
            query=Question(text=export.text, since_us=export.since_us, until_us=export.until_us).words()[:2000],
            payloads=export.payloads and any(viewer.access.scope(group) != "none" for group in PAYLOADS),
            rows=export.rows_total if action == "export" else export.rows,
            form=export.form,
            export=export.id,
            sha256=export.sha256 if action == "download" else None,
            source=viewer.source,
            subjects=others(viewer, export.subjects),
            **read_with(viewer.access, reading_groups(viewer.access, export.payloads)),
        )
        await self._room.put(reading)

    def _refusal(self, viewer: Viewer, rows: int, size: int) -> str | None:
        limits = self.limits
        own = [export for export in self._exports.values() if export.owner == viewer.subject]
        if rows > limits.rows_max:
            return f"{rows:,} calls match; an export holds at most {limits.rows_max:,}. Take a shorter time range."
        if sum(export.unfinished for export in own) >= limits.unfinished_per_person_max:
            return f"You have {limits.unfinished_per_person_max} unfinished exports already. Wait for one, or cancel it."
        if len(own) >= limits.kept_per_person_max:
            return f"You keep {limits.kept_per_person_max} exports already. Delete one."
        if len(self._queue) >= limits.waiting_max:
            return "Too many exports are waiting. Try again later."
        if size > limits.bytes_max:
            return f"The file would have about {size:,} bytes; at most {limits.bytes_max:,} are written. Take a shorter time range."
        if self._store.free_bytes() - size < limits.free_bytes_min:
            return "The disk has too little room for it."
        return None

    def _cancel(self, id: str) -> None:
        if self._running and self._running[0] == id:
            self._running[1].set()
            return
        self._queue = deque(plan for plan in self._queue if plan.id != id)
        self._settle(replace(self._exports[id], state="cancelled", finished_us=self._room.clock.wall_us()))

    def _sweep(self) -> None:
        """Delete files that are too old, and forget exports that are older still."""
        now_us = self._room.clock.wall_us()
        with self._lock:
            for export in list(self._exports.values()):
                if export.state == "done" and export.expires_us is not None and export.expires_us <= now_us:
                    self._store.drop_files(export)
                    self._settle(replace(export, state="expired", problem="The file was deleted after a day."))
                elif not export.unfinished and now_us - export.created_us > self.limits.memory_s * 1e6:
                    self._exports.pop(export.id)
                    self._store.remove(export.id)

    def _settle(self, export: Export) -> None:
        """Keep what is known of an export; with the lock held."""
        self._exports[export.id] = export
        try:
            self._store.save(export)
        except OSError as error:
            _logger.error("what is known of export %s cannot be written: %s", export.id, error)

    def _ensure_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="exports", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        vault = self._make_vault()
        while True:
            with self._lock:
                while not self._queue and not self._closing:
                    if not self._wake.wait(_SWEEP_S):
                        break
                if self._closing:
                    return
                plan = self._queue.popleft() if self._queue else None
                stop = threading.Event()
                if plan is not None:
                    self._running = plan.id, stop
                    self._settle(replace(self._exports[plan.id], state="running"))
            if plan is None:
                self._sweep()
                continue
            ended = self._write(plan, vault, stop)
            with self._lock:
                self._running = None
                if not self._closing or ended.state == "done":
                    self._settle(ended)

    def _write(self, plan: Plan, vault: Vault, stop: threading.Event) -> Export:
        def progress(rows: int, size: int) -> None:
            with self._lock:
                self._exports[plan.id] = replace(self._exports[plan.id], rows=rows, bytes=size)

        loader = Loader(self._room.log_dir, vault, plan.access, payloads=plan.payloads, records=FORMS[plan.form].records)
        try:
            runner = Runner(self._room.index, self._store, self.limits, stop)
            runner.progress, runner.busy = progress, self._room.is_busy
            written = runner.write(plan, loader)
        except ExportStopped:
            return self._ended(plan, state="cancelled", problem=None)
        except ExportFailed as error:
            return self._ended(plan, state="failed", problem=str(error))
        except EngineError as error:
            _logger.warning("export %s failed: %s", plan.id, error)
            return self._ended(plan, state="failed", problem="The search index did not answer. Start it again.")
        except OSError as error:
            _logger.error("export %s failed: %s", plan.id, error)
            return self._ended(plan, state="failed", problem=f"The file cannot be written: {error.strerror or 'an error of the disk'}.")
        except Exception:
            _logger.exception("export %s failed", plan.id)
            return self._ended(plan, state="failed", problem="Gatebook failed; its own log says why.")
        finally:
            loader.close()
        left = f"{written.unreadable:,} calls could not be read whole from the log. Run gatebook verify." if written.unreadable else None
        ended = self._ended(plan, state="done", problem=left)
        expires_us = (ended.finished_us or 0) + round(self.limits.file_life_s * 1e6)
        return replace(ended, rows=written.rows, bytes=written.bytes, sha256=written.sha256, expires_us=expires_us)

    def _ended(self, plan: Plan, **changes: Any) -> Export:
        return replace(self._exports[plan.id], finished_us=self._room.clock.wall_us(), **changes)


def _file_name(form: FormName, now_us: int) -> str:
    return f"gatebook-calls-{datetime.fromtimestamp(now_us / 1e6, UTC):%Y%m%dT%H%M%SZ}.{FORMS[form].extension}"
