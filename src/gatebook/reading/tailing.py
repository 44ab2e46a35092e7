"""Whose calls a live tail shows: on the record before their rows leave, because nobody knows when it begins."""

from collections.abc import Sequence
from typing import Final

from gatebook.index import CallRow
from gatebook.reading.masking import seen_rows
from gatebook.reading.room import Question, ReadingRoom
from gatebook.reading.viewer import Viewer

AGAIN_US: Final = 900_000_000
"""Somebody whose calls go on being shown is named anew after so long, of the wall clock."""


class Tailing:
    """One tail. `payloads`: it shows beginnings of arguments and responses."""

    def __init__(self, room: ReadingRoom, viewer: Viewer, question: Question, *, payloads: bool = False) -> None:
        self._room = room
        self._viewer = viewer
        self._words = question.words()
        self._payloads = payloads
        self._named: dict[str, int] = {}

    async def begin(self) -> None:
        """Put the beginning on the record. Raises LogUnavailable."""
        await self._room.note(self._viewer, "tail", self._words, payloads=self._payloads)

    async def shown(self, rows: Sequence[CallRow]) -> list[CallRow]:
        """The rows as the viewer may see them, once it is on the record whose they are. Raises LogUnavailable: then nothing may be shown."""
        now_us = self._room.clock.wall_us()
        self._named = {subject: at_us for subject, at_us in self._named.items() if now_us - at_us < AGAIN_US}
        new = {row.subject for row in rows} - self._named.keys() - {self._viewer.subject, "", "-"}
        if new:
            count = sum(row.subject in new for row in rows)
            await self._room.note(self._viewer, "tail", self._words, payloads=self._payloads, rows=count, subjects=new)
            self._named |= dict.fromkeys(new, now_us)
        return seen_rows(rows, self._viewer.access)
