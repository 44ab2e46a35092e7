"""Replays under way and done: each a job of the keeper, so that whoever asked can watch it and come back for its result. Kept in memory, a few of them."""

import asyncio
from collections.abc import Collection
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gatebook.reading.jobs import Job, Jobs, TooManyJobs
from gatebook.reading.replaying import Drafted, Replayed, replay
from gatebook.reading.rights import check_payloads
from gatebook.reading.room import Question, ReadingRoom
from gatebook.reading.viewer import Viewer
from gatebook.state.checking import Draft
from gatebook.state.documents import parse_documents
from gatebook.state.store import Store


class Replaying(Struct, frozen=True, kw_only=True):
    """A replay as it stands."""

    id: str
    state: Literal["running", "done", "failed"]
    done: Annotated[float, Meta(description="Share that is done, 0 to 1.")]
    since_us: int
    until_us: int
    result: Replayed | None = None
    failure: Annotated[str | None, Meta(description="Why there is no result.")] = None


TooManyReplays = TooManyJobs


class Replays:
    """The replays of one keeper. Used from its event loop."""

    def __init__(self, room: ReadingRoom, store: Store) -> None:
        self._room = room
        self._store = store
        self._jobs: Jobs[Replayed] = Jobs(room, "replays")

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
        """Begin one over the range of the question, which is on the record as a search. Raises NotForYou, TooManyReplays, IndexAbsent."""
        check_payloads(viewer, "replays")
        index = self._room.index
        since_us, until_us = question.since_us or 0, question.until_us or 0
        return _shown(await self._jobs.start(viewer, question, lambda progress: replay(index, drafted, since_us, until_us, progress)))

    def find(self, viewer: Viewer, id: str) -> Replaying | None:
        """One of the viewer's own, as long as they see what it is made of."""
        job = self._jobs.find(viewer, id) if viewer.access.is_whole else None
        return None if job is None else _shown(job)


def _shown(job: Job[Replayed]) -> Replaying:
    return Replaying(
        id=job.id,
        state=job.state,
        done=job.share,
        since_us=job.question.since_us or 0,
        until_us=job.question.until_us or 0,
        result=job.result,
        failure=job.failure,
    )
