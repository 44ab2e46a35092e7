"""Replays under way and done: each a job of the keeper, so that whoever asked can watch it and come back for its result. Kept in memory, a few of them."""

import asyncio
import secrets
from collections.abc import Callable, Collection
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gatebook.index import EngineError
from gatebook.policy.problems import BundleError
from gatebook.reading.replaying import Drafted, Replayed, replay
from gatebook.reading.room import Question, ReadingRoom, TooSlow
from gatebook.reading.viewer import Viewer
from gatebook.state.checking import Draft
from gatebook.state.documents import parse_documents
from gatebook.state.store import Store

JOBS_MAX = 16
RUNNING_MAX = 2
_BUDGET_S = 900.0


class Replaying(Struct, frozen=True, kw_only=True):
    """A replay as it stands."""

    id: str
    state: Literal["running", "done", "failed"]
    done: Annotated[float, Meta(description="Share that is done, 0 to 1.")]
    since_us: int
    until_us: int
    result: Replayed | None = None
    failure: Annotated[str | None, Meta(description="Why there is no result.")] = None


class TooManyReplays(Exception):
    """Others are running."""


class _Job:
    def __init__(self, id: str, owner: str, question: Question) -> None:
        self.id = id
        self.owner = owner
        self.question = question
        self.done = 0.0
        self.result: Replayed | None = None
        self.failure: str | None = None
        self.task: asyncio.Task[None] | None = None

    def show(self) -> Replaying:
        state: Literal["running", "done", "failed"] = "done" if self.result else "failed" if self.failure else "running"
        return Replaying(
            id=self.id,
            state=state,
            done=1.0 if self.result else round(self.done, 3),
            since_us=self.question.since_us or 0,
            until_us=self.question.until_us or 0,
            result=self.result,
            failure=self.failure,
        )


class Replays:
    """The replays of one keeper. Used from its event loop."""

    def __init__(self, room: ReadingRoom, store: Store) -> None:
        self._room = room
        self._store = store
        self._jobs: dict[str, _Job] = {}

    async def draft(self, text: str, deleted: Collection[tuple[str, str]] = ()) -> Drafted:
        """What is in force, and what would be with the documents of `text` applied and `deleted`, (kind, name), gone. Raises DocumentError, StateError."""

        def read() -> Drafted:
            documents = parse_documents(text, "draft")
            with self._store.read() as connection:
                before, after = Draft(connection), Draft(connection, documents, deleted)
            # A draft is replayed to see what it changes; tests of policies in force may well fail under it.
            after.check(tests=False)
            return Drafted(before=before.sources("in force"), after=after.sources("draft"), hints=after.hints())

        return await asyncio.to_thread(read)

    async def start(self, viewer: Viewer, drafted: Drafted, question: Question) -> Replaying:
        """Begin one over the range of the question, which is on the record as a search. Raises TooManyReplays, IndexAbsent."""
        running = [job for job in self._jobs.values() if job.task is not None and not job.task.done()]
        if len(running) >= RUNNING_MAX:
            raise TooManyReplays(f"{RUNNING_MAX} replays are running already; wait for one of them")
        index = self._room.index
        await self._room.note(viewer, "search", question.words(), payloads=True)
        job = _Job(secrets.token_hex(8), viewer.principal.person, question)
        self._jobs[job.id] = job
        while len(self._jobs) > JOBS_MAX:
            del self._jobs[next(iter(self._jobs))]

        def work() -> Replayed:
            def progress(share: float) -> None:
                job.done = share

            return replay(index, drafted, question.since_us or 0, question.until_us or 0, progress)

        job.task = asyncio.create_task(self._run(job, work))
        return job.show()

    def find(self, viewer: Viewer, id: str) -> Replaying | None:
        """One of the viewer's own."""
        job = self._jobs.get(id)
        return job.show() if job is not None and job.owner == viewer.principal.person else None

    async def _run(self, job: _Job, work: Callable[[], Replayed]) -> None:
        try:
            job.result = await self._room.ask(work, _BUDGET_S, heavy=True)
        except (EngineError, TooSlow, BundleError) as error:
            job.failure = str(error)
        except Exception as error:
            job.failure = f"a fault of the keeper: {type(error).__name__}"
            raise
