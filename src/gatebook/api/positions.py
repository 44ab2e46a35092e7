"""Questions to one position of the book: the first answer names its snapshot, further questions send it and count the same calls."""

from typing import Final

from gatebook.api import params
from gatebook.api.operations import Ask
from gatebook.api.problems import Problem
from gatebook.index import EngineError, Snapshot
from gatebook.reading.noting import SeenPage
from gatebook.reading.room import Question, ReadingRoom

GONE: Final = {410: "The snapshot is no longer kept; ask without one."}
SNAPSHOT: Final = params.hexadecimal(
    "snapshot", "Ask of the calls that an earlier answer knew of: its `snapshot`, kept for ten minutes.", 16, form="gatebook-snapshot"
)


class Position:
    """The snapshot that a request is answered from, and the question that is asked of it."""

    def __init__(self, room: ReadingRoom, ask: Ask, question: Question) -> None:
        """Raises Problem(410) for a snapshot that is gone, IndexAbsent."""
        sent = ask.values["snapshot"]
        snapshot = room.snapshots.find(sent) if sent else room.snapshot()
        if snapshot is None or not _stands(room, snapshot):
            raise Problem(410, "The snapshot is gone", "This snapshot is no longer kept; ask without one.", parameter="snapshot")
        self.snapshot = snapshot
        self.id: str = sent or room.snapshots.keep(snapshot)
        self._room = room
        self._viewer = ask.viewer
        self._question = question

    @property
    def positions(self) -> dict[str, int]:
        """The last record of each stream, for who may know how many there are."""
        return self.snapshot.positions if self._viewer.access.sees_places else {}

    async def note(self) -> None:
        """Put the reading on the record; counts beside rows, facets or a histogram that were asked of the same snapshot are one reading with them."""
        words = self._question.words()
        if self._room.snapshots.is_first(self.id, self._viewer.subject, words):
            await self._room.note(self._viewer, "search", words)
            self._room.snapshots.add_reading(self.id, self._viewer.subject, words)

    async def note_rows(self, page: SeenPage) -> None:
        """Put a page of rows on the record: each page is a reading of its own."""
        words = self._question.words()
        await self._room.note(self._viewer, "search", words, rows=len(page.rows), subjects=page.subjects)
        self._room.snapshots.add_reading(self.id, self._viewer.subject, words)


def _stands(room: ReadingRoom, snapshot: Snapshot) -> bool:
    try:
        room.index.store(snapshot)
    except EngineError:
        return False
    return True
