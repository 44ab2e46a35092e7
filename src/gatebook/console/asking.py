"""The questions behind one view of the explorer. All of them are answered from one snapshot, so that rows, counts, columns and facets agree."""

import asyncio
from collections.abc import Sequence

from gatebook.console import facets_view, filters, histogram_view, rows
from gatebook.console.address import Here
from gatebook.console.explorer_view import Chip, Standing, View, WayOut
from gatebook.console.facets_view import SHOWN, Facet
from gatebook.console.histogram_view import Frame, Histogram
from gatebook.console.records import line
from gatebook.console.times import Range
from gatebook.console.zones import Zone
from gatebook.index import EngineError, Snapshot
from gatebook.index.cursor import decode
from gatebook.reading import records
from gatebook.reading.records import RecordQuestion
from gatebook.reading.room import Question, ReadingRoom, TooSlow
from gatebook.reading.viewer import Viewer

ROWS = 200
_WAYS_OUT = 4
_CHANGES_MAX = 40


class Asking:
    """One viewer's question, as of one snapshot; a new one when none is given."""

    def __init__(self, room: ReadingRoom, viewer: Viewer, here: Here, zone: Zone, snapshot: Snapshot | None = None) -> None:
        """Raises QueryError, IndexAbsent."""
        self._room = room
        self.viewer = viewer
        self.here = here
        self.zone = zone
        self.now_us = room.clock.wall_us()
        self.question = Question(text=here.text, since_us=here.range.since_us, until_us=here.range.until_us)
        self.query = room.query(viewer, self.question)
        self.snapshot = snapshot or room.snapshot()

    @property
    def standing(self) -> Standing:
        """What all answers are about."""
        positions = self.snapshot.positions if self.viewer.access.sees_places else {}
        return Standing(records=sum(positions.values()), at_us=self.now_us)

    async def rows(self, view: View, before: str | None) -> None:
        """Fill a page of rows, newest first."""
        page = await self._room.rows(self.viewer, self.query, before, ROWS, snapshot=self.snapshot)
        glimpses = await self._room.glimpses(self.viewer, page.whole)
        above_us = decode(before).time_us if before else None
        view.rows = rows.views(page.rows, glimpses, above_us, rows.Layout(columns=view.columns, zone=self.zone))
        view.subjects = page.subjects
        view.older = self.here.link(before=page.next, view=view.token) if page.next else ""
        if page.next is None and not before:
            view.total = len(page.rows)

    async def count(self) -> int:
        """How many calls match."""
        return await self._room.count(self.query, snapshot=self.snapshot)

    async def histogram(self) -> Histogram | None:
        """The histogram of the range; of the calls there are where the range is open. None when there are none."""
        since, until = self.here.range.since_us, self.here.range.until_us
        if since is None or (until is None and not self.here.range.preset):
            extent = await self._room.extent(self.query, snapshot=self.snapshot)
            if extent is None:
                return None
            since = extent[0] if since is None else since
            until = extent[1] + 1 if until is None and not self.here.range.preset else until
        where = histogram_view.frame(since, until if until is not None else self.now_us, self.zone)
        ends = where.since_us, where.end_us, where.step_us
        found, changes = await asyncio.gather(
            self._room.histogram(self.viewer, self.query, *ends, by=self.here.by or "outcome", snapshot=self.snapshot), self._changes(where)
        )
        names = {value for counts in found.values() for value in counts}
        labels = await self._room.labels(self.here.by, names, self.snapshot) if self.here.by else {}
        return histogram_view.histogram(found, where, self.here, self.zone, changes, labels)

    async def _changes(self, where: Frame) -> list[tuple[int, str]]:
        """Changes of the configuration in the time of the histogram; without them the columns are still worth drawing."""
        question = RecordQuestion(kind="changes", since_us=where.since_us, until_us=where.end_us, limit=_CHANGES_MAX)
        try:
            page = await self._room.ask(lambda: records.find(self._room.index, self.viewer, question))
        except (EngineError, TooSlow):
            return []
        return [(row.time, line(row, {}).text) for row in page.rows if row.type == "config.changed"]

    async def facets(self, opened: Sequence[str]) -> list[Facet]:
        """All facets; those of `opened` counted, each as if the query said nothing of its own field."""
        shown = [name for name in opened if self.viewer.access.shows(name)]
        found = await self._room.facets(self.viewer, self.question, shown, SHOWN + 1, snapshot=self.snapshot)
        return [
            facets_view.facet(one, found.get(one.name), self.here, opened=one.name in found)
            for one in facets_view.FACETS
            if self.viewer.access.shows(one.name)
        ]

    async def ways_out(self, chips: Sequence[Chip]) -> list[WayOut]:
        """For an empty result: which filter to remove, and how many calls there are without it."""
        everything = Range(preset="all")
        tries = [(filters.without(self.here.text, number), self.here.range, f"Without {chip.text}") for number, chip in enumerate(chips)]
        tries = tries[:_WAYS_OUT]
        if self.here.range.preset != "all":
            tries.append((self.here.text, everything, "Over the whole book"))

        async def count(text: str, range_: Range) -> int | None:
            query = self._room.query(self.viewer, Question(text=text, since_us=range_.since_us, until_us=range_.until_us))
            try:
                return await self._room.count(query, snapshot=self.snapshot)
            except (EngineError, TooSlow):
                return None

        counts = await asyncio.gather(*(count(text, range_) for text, range_, _ in tries))
        return [
            WayOut(href=self.here.link(text=text, range_=range_), text=words, count=number)
            for (text, range_, words), number in zip(tries, counts, strict=True)
            if number != 0
        ]
