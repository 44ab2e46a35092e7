"""Work of the keeper that somebody waits for: begun on the record, watched by its owner, ended when nobody asks for it any more.

Kept in memory, the last few with their results. A thread of the room does the work, apart from those that answer questions.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Annotated, Final, Generic, Literal, TypeVar

from msgspec import Meta, Struct

from gatebook.index import EngineError
from gatebook.index.asking import AskCancelled, current_ask
from gatebook.policy.problems import BundleError
from gatebook.reading.room import Question, ReadingRoom, TooSlow
from gatebook.reading.viewer import Viewer

JOBS_MAX: Final = 16
RUNNING_MAX: Final = 2
UNWATCHED_S: Final = 120.0
_BUDGET_S: Final = 900.0
_T = TypeVar("_T")
Progress = Callable[[float], None]
State = Annotated[Literal["running", "done", "failed"], Meta(description="How it stands.")]


class TooManyJobs(Exception):
    """Others are running."""


class JobLimits(Struct, frozen=True, kw_only=True):
    """`unwatched_s`: after so long without a look from its owner a job ends; `budget_s`: how long one may take at all."""

    running_max: int = RUNNING_MAX
    unwatched_s: float = UNWATCHED_S
    budget_s: float = _BUDGET_S


class Job(Generic[_T]):
    """One piece of work. Thread-safe where its thread and the loop meet: `done` and `looked_s` are single values."""

    def __init__(self, owner: str, question: Question) -> None:
        self.id = secrets.token_hex(8)
        self.owner = owner
        self.question = question
        self.done = 0.0
        self.result: _T | None = None
        self.failure: str | None = None
        self.looked_s = time.monotonic()
        self.task: asyncio.Task[None] | None = None

    @property
    def state(self) -> Literal["running", "done", "failed"]:
        """How it stands."""
        return "done" if self.result is not None else "failed" if self.failure else "running"

    @property
    def share(self) -> float:
        """Share that is done, 0 to 1."""
        return 1.0 if self.result is not None else round(self.done, 3)


class Jobs(Generic[_T]):
    """The jobs of one kind. `name` is what people call several of them. Used from the keeper's event loop."""

    def __init__(self, room: ReadingRoom, name: str, limits: JobLimits | None = None) -> None:
        self._room = room
        self._name = name
        self._limits = limits or JobLimits()
        self._jobs: dict[str, Job[_T]] = {}

    async def start(self, viewer: Viewer, question: Question, work: Callable[[Progress], _T]) -> Job[_T]:
        """Begin one over the range of the question, which is on the record as a search. Raises TooManyJobs, IndexAbsent, LogUnavailable."""
        running = [job for job in self._jobs.values() if job.task is not None and not job.task.done()]
        if len(running) >= self._limits.running_max:
            raise TooManyJobs(f"{self._limits.running_max} {self._name} are running already; wait for one of them")
        _ = self._room.index
        await self._room.note(viewer, "search", question.words(), payloads=True)
        job: Job[_T] = Job(viewer.principal.person, question)
        self._jobs[job.id] = job
        while len(self._jobs) > JOBS_MAX:
            del self._jobs[next(iter(self._jobs))]
        job.task = asyncio.create_task(self._run(job, work))
        return job

    def find(self, viewer: Viewer, id: str) -> Job[_T] | None:
        """One of the viewer's own."""
        job = self._jobs.get(id)
        if job is None or job.owner != viewer.principal.person:
            return None
        job.looked_s = time.monotonic()
        return job

    async def _run(self, job: Job[_T], work: Callable[[Progress], _T]) -> None:
        def progress(share: float) -> None:
            job.done = share
            ask = current_ask()
            if ask is not None and ask.cancelled:
                raise AskCancelled("the keeper stops")
            if time.monotonic() - job.looked_s > self._limits.unwatched_s:
                raise AskCancelled(f"nobody looked at it for {self._limits.unwatched_s:g} s")

        try:
            job.result = await self._room.work(lambda: work(progress), self._limits.budget_s)
        except (EngineError, TooSlow, BundleError, AskCancelled) as error:
            job.failure = str(error)
        except asyncio.CancelledError:
            job.failure = "the keeper stops"
            raise
        except Exception as error:
            job.failure = f"a fault of the keeper: {type(error).__name__}"
            raise
