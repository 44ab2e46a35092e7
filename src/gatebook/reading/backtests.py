"""Backtests of guardrails under way and done: the stored payloads of a time range, the newest first, by a draft and by what is in force."""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Annotated, Final

from msgspec import Meta, Struct

from gatebook.index.index import Index
from gatebook.log.vault import Vault
from gatebook.query import Query
from gatebook.reading.backtested import Backtested, Span, backtested
from gatebook.reading.backtesting import Backtest
from gatebook.reading.drafting import DraftedGuardrails, draft_guardrails
from gatebook.reading.exports_rows import Loader
from gatebook.reading.jobs import Job, JobLimits, Jobs, Progress, State
from gatebook.reading.past_payloads import QUERY, past_payloads
from gatebook.reading.rights import check_payloads
from gatebook.reading.room import Question, ReadingRoom
from gatebook.reading.viewer import Viewer
from gatebook.state.store import Store

CALLS_DEFAULT: Final = 20_000
CALLS_MAX: Final = 200_000
RANGE_DEFAULT_US: Final = 7 * 86_400_000_000
_PAGE_ROWS: Final = 500
_PAGE_TIMEOUT_S: Final = 60.0
_REST_EVERY_S: Final = 0.05
# Of the time that was worked, so that calls of people and their answers get the processor in between.
_REST: Final = 0.1
_BUSY_S_MAX: Final = 1.0


class Backtesting(Struct, frozen=True, kw_only=True):
    """A backtest as it stands. It ends when its owner has not asked for it for two minutes."""

    id: str
    state: State
    done: Annotated[float, Meta(description="Share that is done, 0 to 1.")]
    since_us: int
    until_us: int
    result: Backtested | None = None
    failure: Annotated[str | None, Meta(description="Why there is no result.")] = None


class BacktestOrder(Struct, frozen=True, kw_only=True):
    """What to look at: calls that began in `[since_us, until_us)`, at most `calls_max` of them, the newest."""

    since_us: int
    until_us: int
    calls_max: int = CALLS_DEFAULT


class Backtests:
    """The backtests of one keeper. Used from its event loop; `make_vault` makes the vault of the thread that reads."""

    def __init__(self, room: ReadingRoom, store: Store, make_vault: Callable[[], Vault], limits: JobLimits | None = None) -> None:
        self._room = room
        self._store = store
        self._make_vault = make_vault
        self._jobs: Jobs[Backtested] = Jobs(room, "backtests", limits or JobLimits(running_max=1))

    async def draft(self, text: str, deleted: Collection[tuple[str, str]] = ()) -> DraftedGuardrails:
        """Compile a draft, see `draft_guardrails`. Raises DocumentError with everything that is wrong, StateError."""
        return await asyncio.to_thread(draft_guardrails, self._store, text, deleted)

    async def start(self, viewer: Viewer, drafted: DraftedGuardrails, order: BacktestOrder) -> Backtesting:
        """Begin one, which is on the record as a search with payloads. Raises NotForYou, TooManyJobs, IndexAbsent, LogUnavailable."""
        check_payloads(viewer, "backtests")
        question = Question(text=QUERY, since_us=order.since_us, until_us=order.until_us)
        index, query = self._room.index, self._room.query(viewer, question)

        def work(progress: Progress) -> Backtested:
            loader = Loader(self._room.log_dir, self._make_vault(), viewer.access, payloads=True, records=True)
            try:
                return _Run(index, query, loader, self._room.is_busy, progress).run(drafted, order)
            finally:
                loader.close()

        return _shown(await self._jobs.start(viewer, question, work))

    def find(self, viewer: Viewer, id: str) -> Backtesting | None:
        """One of the viewer's own, as long as they see what it is made of."""
        job = self._jobs.find(viewer, id) if viewer.access.is_whole else None
        return None if job is None else _shown(job)


class _Run:
    """One backtest in its thread."""

    def __init__(self, index: Index, query: Query, loader: Loader, busy: Callable[[], bool], progress: Progress) -> None:
        self._index = index
        self._query = query
        self._loader = loader
        self._busy = busy
        self._progress = progress
        self._rested_s = time.monotonic()

    def run(self, drafted: DraftedGuardrails, order: BacktestOrder) -> Backtested:
        """Look at the calls. Raises EngineError, AskCancelled."""
        began_s = time.monotonic()
        snapshot = self._index.snapshot()
        calls = self._index.count(self._query, timeout_s=_PAGE_TIMEOUT_S, snapshot=snapshot)
        wanted = min(calls, order.calls_max)
        backtest = Backtest(drafted.before, drafted.after)
        before, oldest_us, left = None, 0, wanted
        while left:
            page = self._index.search(self._query, before=before, limit=min(_PAGE_ROWS, left), timeout_s=_PAGE_TIMEOUT_S, snapshot=snapshot)
            for row in page.rows:
                if row.status != "open":
                    backtest.add(past_payloads(self._loader.load(row), drafted.hints, drafted.names))
                oldest_us = row.time
                self._rest(1 - left / wanted)
                left -= 1
            before = page.next
            if before is None or not page.rows:
                break
        self._progress(1.0)
        span = Span(since_us=order.since_us, until_us=order.until_us, calls=calls, oldest_us=oldest_us, took_s=time.monotonic() - began_s)
        return backtested(backtest.totals, span)

    def _rest(self, share: float) -> None:
        """Say how far it is, and let others have the processor, now and then."""
        worked_s = time.monotonic() - self._rested_s
        if worked_s < _REST_EVERY_S:
            return
        self._progress(share)
        time.sleep(worked_s * _REST)
        ends_s = time.monotonic() + _BUSY_S_MAX
        while self._busy() and time.monotonic() < ends_s:
            time.sleep(0.01)
        self._rested_s = time.monotonic()


def _shown(job: Job[Backtested]) -> Backtesting:
    return Backtesting(
        id=job.id,
        state=job.state,
        done=job.share,
        since_us=job.question.since_us or 0,
        until_us=job.question.until_us or 0,
        result=job.result,
        failure=job.failure,
    )
