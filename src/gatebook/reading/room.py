"""The reading room: search, show, prove, follow. Each reading is a durable record before its rows are returned.

Lives on the keeper's event loop, because the book does; what blocks (engine, disk) runs in threads, a few at a time.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from gatebook.index import CallRow, EngineError, Index, RecordRow, Snapshot, counts
from gatebook.index.counts import Count
from gatebook.log.book import Book
from gatebook.log.clock import Clock, SystemClock
from gatebook.log.errors import LogError
from gatebook.log.vault import Vault
from gatebook.query import Query, parse, resolve
from gatebook.query.groups import PAYLOADS
from gatebook.query.tree import And, Compare, Node
from gatebook.reading.counting import BUCKETS_MAX, At
from gatebook.reading.detail import CallDetail, StoredRecord, open_record, places_of, read_entries
from gatebook.reading.facets import without_own
from gatebook.reading.masking import hidden_of, seen_detail, seen_row, seen_rows
from gatebook.reading.noting import SeenPage, in_parts, others, read_with, reading_groups
from gatebook.reading.pacing import is_paced, paced
from gatebook.reading.proving import ProvedRecord, prove_call
from gatebook.reading.rights import NotForYou
from gatebook.reading.showing import told_apart, where_shown
from gatebook.reading.slots import Slots
from gatebook.reading.snapshots import Snapshots
from gatebook.reading.viewer import Viewer
from gatebook.reading.weight import is_heavy
from gatebook.record.body import AuthFailed, LogRead
from gatebook.record.parts import Actor, Client, PartName, Source
from gatebook.state.roles import Scope

BUDGET_S = 5.0
VALUES_BUDGET_S = 2.0
VALUES_SPAN_US = 30 * 86_400_000_000
LIMIT_MAX = 500
MESSAGES_MAX = 200
RefusalReason = Literal[
    "missing", "malformed", "unknown", "expired", "revoked", "inactive", "audience", "scope", "signature", "issuer", "keys"
]
_T = TypeVar("_T")


class Question(Struct, frozen=True, kw_only=True):
    """A query and its half-open time range, microseconds since 1970; either end may be open."""

    text: str = ""
    since_us: int | None = None
    until_us: int | None = None

    def words(self) -> str:
        """The question as the record of its reading holds it: one query text."""
        bounds = [f"{sign}{moment(at)}" for sign, at in (("time:>=", self.since_us), ("time:<", self.until_us)) if at is not None]
        text = f"({self.text})" if self.text and bounds else self.text
        return " ".join([*([text] if text else []), *bounds])


class TooSlow(Exception):
    """The answer did not come within the budget."""


def _glimpsed(row: CallRow) -> list[PartName]:
    """The payloads of which a line of a table shows the first that there is."""
    hidden = hidden_of(row)
    parts: tuple[tuple[PartName, str], ...] = (("response", "responses"), ("arguments", "arguments"))
    return [part for part, group in parts if group not in hidden]


def _glimpse(record: StoredRecord, row: CallRow) -> bytes | None:
    return next((record.parts[part] for part in _glimpsed(row) if part in record.parts), None)


def _failed_with_answer(row: CallRow) -> bool:
    return row.status in ("tool_error", "protocol_error") and row.bytes_out > 0


class IndexAbsent(EngineError):
    """The index is being opened or cannot be opened; calls go on and are recorded."""


class ReadingRoom:
    """What faces read through. The index is derived and may be absent for a while; what is shown of a call comes from the log.

    `index` gives the open index, None while there is none. `vault` must be of the event loop's own thread.
    """

    def __init__(self, index: Callable[[], Index | None], book: Book, vault: Vault, log_dir: Path, clock: Clock | None = None) -> None:
        self._index = index
        self.clock = clock or SystemClock()
        self._book = book
        self._vault = vault
        self._log_dir = log_dir
        self._slots = Slots()
        self._noted: set[tuple[str, str, int]] = set()
        self._noted_once: set[tuple[str, str, int]] = set()
        self.snapshots = Snapshots()

    @property
    def index(self) -> Index:
        """The open index. Raises IndexAbsent."""
        index = self._index()
        if index is None:
            raise IndexAbsent("the search index is not open yet")
        return index

    def subject(self, person: str) -> str:
        """The pseudonym under which the log knows a person."""
        return self._vault.subject(person)

    @property
    def log_dir(self) -> Path:
        """Directory of the log."""
        return self._log_dir

    def query(self, viewer: Viewer, question: Question, *, without: str = "") -> Query:
        """The question as it is run: parsed, with its range, within what the viewer may see; `without` leaves a facet's own filter out. Raises QueryError."""
        return _within(viewer, question, resolve(parse(question.text), self.clock.wall_us()), without)

    def is_busy(self) -> bool:
        """Whether somebody waits for an answer now; work that nobody waits for stands back then. May be called from any thread."""
        return self._slots.busy

    async def ask(self, work: Callable[[], _T], budget_s: float = BUDGET_S, *, about: Query | None = None, heavy: bool = False) -> _T:
        """Run a blocking question to the index in a thread; a `heavy` one waits for other heavy ones and stands back behind light ones.

        `about` is the query that is asked, where there is one: it says whether that is heavy, and whether its time could tell of what is
        hidden. Raises TooSlow; what the index raises passes through. A question whose reader goes away, or that takes too long, ends in the engine too.
        """
        run = self._slots.run(work, budget_s, heavy=heavy or (about is not None and is_heavy(about)))
        try:
            return await (paced(run, budget_s) if about is not None and is_paced(about) else run)
        except TimeoutError:
            raise TooSlow(f"no answer within {budget_s:g} s; a shorter time range helps") from None

    async def work(self, work: Callable[[], _T], budget_s: float) -> _T:
        """Run what takes minutes in a thread that no question needs; else as `ask`. It should stand back while `is_busy`."""
        try:
            return await self._slots.work(work, budget_s)
        except TimeoutError:
            raise TooSlow(f"not done within {budget_s:g} s; a shorter time range helps") from None

    def snapshot(self) -> Snapshot:
        """The position of the book now. Questions that are given the same one answer from exactly the same calls. Raises IndexAbsent."""
        return self.index.snapshot()

    async def rows(  # noqa: PLR0913 -- one place for all of them is what callers know
        self,
        viewer: Viewer,
        query: Query,
        before: str | None,
        limit: int,
        *,
        after: str | None = None,
        count: bool = False,
        snapshot: Snapshot | None = None,
    ) -> SeenPage:
        """One page, newest first: older than `before`, or the nearest that are newer than `after`.

        Nothing is recorded: `note` does that before the rows leave. Raises CursorError, QueryTooHeavy, EngineError.
        """
        more: dict[str, Any] = {"before": before, "after": after, "count": count, "snapshot": snapshot}
        search = partial(self.index.search, query, limit=min(limit, LIMIT_MAX), timeout_s=BUDGET_S, **more)
        page = await self.ask(search, about=query)
        return SeenPage(
            rows=seen_rows(page.rows, viewer.access),
            next=page.next,
            previous=page.previous,
            total=page.total,
            snapshot=page.snapshot,
            whole=page.rows,
        )

    async def count(self, query: Query, *, snapshot: Snapshot | None = None) -> int:
        """How many calls match. Recorded by `note`, as rows are. Raises as `rows` does."""
        return await self.ask(partial(self.index.count, query, timeout_s=BUDGET_S, snapshot=snapshot), about=query)

    async def histogram(  # noqa: PLR0913 -- as `rows`
        self,
        viewer: Viewer,
        query: Query,
        since_us: int,
        until_us: int,
        step_us: int,
        *,
        by: str = "outcome",
        snapshot: Snapshot | None = None,
    ) -> dict[int, dict[str, int]]:
        """Calls from `since_us` until `until_us` in buckets of `step_us`: bucket number, then value of `by` and count. Recorded by `note`, as rows are.

        By a field, only calls in which it is visible are counted. Raises ValueError for too many buckets, KeyError for a field that does not exist,
        HiddenField; else as `rows` does.
        """
        if step_us < 1 or (until_us - since_us) // step_us >= BUCKETS_MAX:
            raise ValueError(f"must be so that there are at most {BUCKETS_MAX:,} buckets")
        asked, how = told_apart(viewer.access, _between(query, since_us, until_us), by)
        index, at = self.index, snapshot or self.snapshot()
        over_time = partial(counts.over_time, index, asked, since_us, step_us, by=how, snapshot=at, timeout_s=BUDGET_S)
        return await self.ask(over_time, about=query)

    async def labels(self, field: str, values: Iterable[str], snapshot: Snapshot) -> dict[str, str]:
        """What people read for values of a field, where that is something else: the names of persons. Raises as `rows` does."""
        index = self.index
        return await self.ask(lambda: index.labels(field, values, snapshot))

    async def extent(self, query: Query, *, snapshot: Snapshot | None = None) -> tuple[int, int] | None:
        """Times of the first and the last call that match; None when there is none. Raises as `rows` does."""
        index, at = self.index, snapshot or self.snapshot()
        return await self.ask(lambda: counts.extent(index, query, at, timeout_s=BUDGET_S), about=query)

    async def facets(
        self, viewer: Viewer, question: Question, fields: Sequence[str], limit: int, *, snapshot: Snapshot | None = None
    ) -> dict[str, list[Count]]:
        """The most frequent values of each field, counted as if the question said nothing of that field. Recorded by `note`, as rows are.

        Fields that the question does not ask for share one scan. Raises KeyError for a field that does not exist; else as `query` and `rows` do.
        """
        at = At(self.index, snapshot or self.snapshot(), BUDGET_S)
        parsed = resolve(parse(question.text), self.clock.wall_us())
        whole = _within(viewer, question, parsed)
        groups: dict[tuple[str, Scope], tuple[Query, list[str]]] = {}
        for field in fields:
            own = _within(viewer, question, parsed, field)
            name = "" if own.tree == whole.tree else field
            scope = viewer.access.scope_of_field(field)
            groups.setdefault((name, scope), (where_shown(viewer.access, own, field), []))[1].append(field)
        asked = (self.ask(partial(at.facets, query, together, limit), about=query) for query, together in groups.values())
        found = {field: values for answer in await asyncio.gather(*asked) for field, values in answer.items()}
        return {field: found[field] for field in fields}

    async def values(
        self, viewer: Viewer, question: Question, field: str, contains: str, limit: int, *, snapshot: Snapshot | None = None
    ) -> list[Count]:
        """Values that a field has within the question, most frequent first, `contains` in them; `args` gives paths, `args.<path>` what they held.

        A question without a beginning is taken for the last VALUES_SPAN_US. On the record before they are returned, once for each viewer, field and
        minute. Raises KeyError for a field that does not exist; else as `query` and `rows` do, and LogUnavailable.
        """
        if question.since_us is None:
            now_us = self.clock.wall_us()
            since_us = max(0, min(now_us, question.until_us or now_us) - VALUES_SPAN_US)
            question = msgspec.structs.replace(question, since_us=since_us)
        query = where_shown(viewer.access, self.query(viewer, question, without=field), field)
        at = At(self.index, snapshot or self.snapshot(), VALUES_BUDGET_S)
        found = await self.ask(partial(at.values, query, field, contains, limit), VALUES_BUDGET_S, about=query)
        minute = viewer.subject, field, self.clock.wall_us() // 60_000_000
        if minute not in self._noted:
            await self.note(viewer, "search", f"values:{field}")
            self._noted = {known for known in self._noted if known[2] == minute[2]} | {minute}
        return found

    async def note(  # noqa: PLR0913 -- as `rows`
        self,
        viewer: Viewer,
        action: Literal["search", "show", "tail", "verify", "export", "preview"],
        query: str,
        *,
        payloads: bool = False,
        rows: int | None = None,
        subjects: Iterable[str] = (),
        hidden: Sequence[str] = (),
    ) -> None:
        """Put a reading on the record; returns when that is durable. Raises LogUnavailable: then nothing may be shown.

        `payloads`: those that the viewer's roles show were shown; `subjects`: whose calls, one by one; `hidden`: groups that were not shown of them.
        """
        groups = [group for group in reading_groups(viewer.access, payloads) if group not in hidden]
        await self.put(
            LogRead(
                action=action,
                actor=viewer.actor,
                query=query[:2000],
                payloads=any(group in PAYLOADS for group in groups),
                rows=rows,
                source=viewer.source,
                subjects=others(viewer, subjects),
                **read_with(viewer.access, groups),
            )
        )

    async def note_once(self, viewer: Viewer, action: Literal["search"], query: str, *, rows: int) -> None:
        """The same for a reading of readings: once for each reader and hour, so that looking at who looked does not go on for ever."""
        hour = self.clock.wall_us() // 3_600_000_000
        if (viewer.subject, query, hour) not in self._noted_once:
            await self.note(viewer, action, query, rows=rows)
            self._noted_once = {known for known in self._noted_once if known[2] == hour} | {(viewer.subject, query, hour)}

    async def put(self, reading: LogRead) -> None:
        """Put a reading with fields of its own on the record; else as `note`. Raises LogUnavailable."""
        *_, last = [self._book.append(one) for one in in_parts(reading)]
        await last.durable()

    async def refused(
        self, reason: RefusalReason, endpoint: str, source: Source, user_agent: str | None, actor: Actor | None = None
    ) -> None:
        """Put on the record that somebody was not let in to read. Raises LogUnavailable."""
        body = AuthFailed(
            reason=reason,
            endpoint=endpoint[:200],
            actor=actor or Actor(subject="-", kind="anonymous", auth="none"),
            source=source,
            client=Client(user_agent=user_agent[:256] if user_agent else None),
        )
        await self._book.append(body).durable()

    async def find(self, viewer: Viewer, id: str) -> CallRow | None:
        """The row of a call as the viewer may see it, None when there is none that they may see: the two cannot be told apart."""
        row = await self._whole(viewer, id)
        return None if row is None else seen_row(row, viewer.access)

    async def _whole(self, viewer: Viewer, id: str) -> CallRow | None:
        return await self.ask(lambda: self.index.call(id, viewer.access.whole))

    async def show(self, viewer: Viewer, id: str) -> CallDetail | None:
        """One call with what the viewer may see of its payloads. Raises LogDamaged, LogUnavailable."""
        row, messages = await asyncio.gather(self._whole(viewer, id), self.ask(lambda: self.index.messages(id, MESSAGES_MAX)))
        if row is None:
            return None
        detail = seen_detail(await self._detail(row, messages), viewer.access)
        await self.note(viewer, "show", id, payloads=True, rows=1, subjects=(row.subject,), hidden=hidden_of(detail.row))
        return detail

    async def prove(self, viewer: Viewer, id: str) -> list[ProvedRecord] | None:
        """Prove a call; None when there is none that the viewer may see. Raises NotForYou where evidence of it is hidden, LogUnavailable."""
        row = await self._whole(viewer, id)
        if row is None:
            return None
        if not viewer.access.sees(row.subject, "evidence"):
            raise NotForYou("your role does not show evidence of this call")
        proved = await asyncio.to_thread(prove_call, self._log_dir, row)
        await self.note(viewer, "verify", row.call_id, rows=1, subjects=(row.subject,))
        return proved

    async def _detail(self, row: CallRow, messages: Sequence[RecordRow]) -> CallDetail:
        entries = await asyncio.to_thread(read_entries, self._log_dir, places_of(row, messages))
        opened = [open_record(entry, self._vault) for entry in entries]
        first, rest = opened[0], opened[1:]
        has_outcome = bool(row.outcome_seq) and row.outcome_seq != row.started_seq
        outcome = rest.pop(0) if has_outcome else None
        return CallDetail(row=row, opening=first, outcome=outcome, messages=tuple(rest))

    async def openings(self, rows: Sequence[CallRow]) -> list[StoredRecord]:
        """The records that open calls, with their payloads; nothing is recorded: `note` does that before they are shown. Raises LogDamaged."""
        entries = await asyncio.to_thread(read_entries, self._log_dir, [places_of(row, ())[0] for row in rows])
        return [open_record(entry, self._vault) for entry in entries]

    async def glimpses(self, viewer: Viewer, rows: Sequence[CallRow]) -> dict[str, bytes]:
        """One payload of each of these calls, whole rows, by id, read from the log: the response of those that failed with one, else the arguments.

        What cannot be read, and what is hidden from the viewer, is left out.
        """
        views = {row.call_id: seen_row(row, viewer.access) for row in rows}
        wanted = [row for row in rows if (view := views[row.call_id]).payload == "kept" and row.stream and _glimpsed(view)]
        places = [places_of(row, ())[-1 if _failed_with_answer(views[row.call_id]) else 0] for row in wanted]
        try:
            entries = await asyncio.to_thread(read_entries, self._log_dir, places)
            opened = [open_record(entry, self._vault) for entry in entries]
        except (LogError, OSError):
            return {}
        seen = {row.call_id: _glimpse(record, views[row.call_id]) for row, record in zip(wanted, opened, strict=True)}
        return {id: data for id, data in seen.items() if data is not None}


def _within(viewer: Viewer, question: Question, parsed: Query, without: str = "") -> Query:
    query = without_own(parsed, without) if without else parsed
    return viewer.scoped(_between(query, question.since_us, question.until_us))


def _between(query: Query, since_us: int | None, until_us: int | None) -> Query:
    items: list[Node] = [query.tree]
    if since_us is not None:
        items.append(Compare("time", "ge", since_us))
    if until_us is not None:
        items.append(Compare("time", "lt", until_us))
    return Query(query.text, And(tuple(items))) if len(items) > 1 else query


def moment(time_us: int) -> str:
    """A time as queries write it."""
    return datetime.fromtimestamp(time_us // 1_000_000, UTC).replace(tzinfo=None, microsecond=time_us % 1_000_000).isoformat() + "Z"
