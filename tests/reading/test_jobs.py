"""Work of the keeper: it belongs to whoever began it, and ends with them."""

import asyncio
import threading

import pytest

from gatebook.reading.jobs import JobLimits, Jobs, Progress
from gatebook.reading.room import Question
from gatebook.reading.viewer import Viewer
from tests.console.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
QUESTION = Question(text="status:ok", since_us=0, until_us=1_000_000)


def endless(progress: Progress) -> int:
    """Work that goes on until somebody stops it."""
    while True:
        progress(0.5)
        threading.Event().wait(0.005)


async def ended(task: "asyncio.Task[None] | None") -> None:
    """Wait for the end of a job."""
    assert task is not None
    await asyncio.wait([task], timeout=10)
    assert task.done()


async def test_a_job_is_cancelled_with_its_thread(stage: Stage, admin: Viewer) -> None:
    """When the keeper stops, the thread goes on to its next word of progress and no further."""
    stopped = threading.Event()

    def work(progress: Progress) -> int:
        try:
            return endless(progress)
        finally:
            stopped.set()

    jobs: Jobs[int] = Jobs(stage.room, "trials")
    job = await jobs.start(admin, QUESTION, work)
    while job.share < 0.5:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    assert job.task is not None and job.state == "running"
    job.task.cancel()
    await ended(job.task)
    assert await asyncio.to_thread(stopped.wait, 10) and job.state == "failed"


async def test_a_job_that_nobody_looks_at_ends(stage: Stage, admin: Viewer) -> None:
    """A look of its owner keeps it; without one it ends and says why."""
    jobs: Jobs[int] = Jobs(stage.room, "trials", JobLimits(unwatched_s=0.3))
    job = await jobs.start(admin, QUESTION, endless)
    for _ in range(10):
        await asyncio.sleep(0.05)
        assert jobs.find(admin, job.id) is job
    assert job.state == "running"
    await ended(job.task)
    assert job.failure == "nobody looked at it for 0.3 s"


async def test_a_fault_is_said_and_a_result_is_kept(stage: Stage, admin: Viewer) -> None:
    """What went wrong inside tells nothing of the data; the results of old jobs go when there are many."""
    jobs: Jobs[int] = Jobs(stage.room, "trials")
    job = await jobs.start(admin, QUESTION, lambda progress: 1 // 0)
    await ended(job.task)
    assert job.failure == "a fault of the keeper: ZeroDivisionError" and isinstance(job.task and job.task.exception(), ZeroDivisionError)
    hasty: Jobs[int] = Jobs(stage.room, "trials", JobLimits(budget_s=0.05))
    slow = await hasty.start(admin, QUESTION, endless)
    await ended(slow.task)
    assert slow.failure == "not done within 0.05 s; a shorter time range helps"
    for number in range(20):
        done = await jobs.start(admin, QUESTION, lambda progress, number=number: number + 1)
        await ended(done.task)
    assert (done.result, done.share) == (20, 1.0) and jobs.find(admin, job.id) is None
