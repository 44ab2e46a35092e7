"""Counts that several questions to the index make up: facets, and values of a field. Blocking; the room runs them in threads."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from gatebook.index import Index, Snapshot, counts
from gatebook.index.arguments import arguments_of
from gatebook.index.bands import bands
from gatebook.index.counts import Count
from gatebook.query import FIELDS, Query
from gatebook.query.fields import ORDERED
from gatebook.query.paths import path_of, value_of
from gatebook.reading.facets import BAND, BAND_EDGES_US, BANDS

BUCKETS_MAX: Final = counts.BUCKETS_MAX
ARGUMENTS: Final = "args"
"""The values of this name are the paths of arguments; those of `args.<path>` what they held."""

_SAMPLE_ROWS: Final = 300
_FLAGS: Final = ("true", "false")


class At:
    """The index at one position, with what is left of a question's time."""

    def __init__(self, index: Index, snapshot: Snapshot, timeout_s: float) -> None:
        self.index = index
        self.snapshot = snapshot
        self.timeout_s = timeout_s

    def facets(self, query: Query, fields: Sequence[str], limit: int) -> dict[str, list[Count]]:
        """The most frequent values of several fields, all of one query."""
        plain = [field for field in fields if field != BAND]
        found = counts.facets(self.index, query, plain, limit, snapshot=self.snapshot, timeout_s=self.timeout_s) if plain else {}
        return {**found, BAND: self.bands(query)} if BAND in fields else found

    def bands(self, query: Query) -> list[Count]:
        """Calls in each band of durations, the shortest first; bands without any are left out."""
        found = bands(self.index, query, BAND_EDGES_US, snapshot=self.snapshot, timeout_s=self.timeout_s)
        return [Count(value=value, label=label, count=count) for (value, label), count in zip(BANDS, found, strict=True) if count]

    def values(self, query: Query, field: str, contains: str, limit: int) -> list[Count]:
        """Values of a field, most frequent first: of a closed set all, of times and texts none, of arguments those of the newest calls."""
        if field == ARGUMENTS or field.startswith(f"{ARGUMENTS}."):
            return self._arguments(query, field.removeprefix(ARGUMENTS).removeprefix("."), contains, limit)
        if field == BAND:
            return [count for count in self.bands(query) if contains in count.label or contains in count.value][:limit]
        found = FIELDS[field]
        choices = _FLAGS if found.kind == "flag" else found.choices
        if not choices and (found.kind in ORDERED or found.kind in ("text", "uuid")):
            return []
        most = len(choices) + 1 if choices else limit
        held = counts.top(
            self.index, query, field, most, contains="" if choices else contains, snapshot=self.snapshot, timeout_s=self.timeout_s
        )
        if not choices:
            return [count for count in held if count.value][:limit]
        known = {count.value: count for count in held if count.value}
        every = [*known.values(), *(Count(value=choice, label=choice, count=0) for choice in choices if choice not in known)]
        return [count for count in every if contains.lower() in count.value][:limit]

    def _arguments(self, query: Query, path: str, contains: str, limit: int) -> list[Count]:
        """Paths, or the values of one path, in the newest calls that match; how many of these calls hold each."""
        rows = self.index.search(query, limit=_SAMPLE_ROWS, snapshot=self.snapshot, timeout_s=self.timeout_s).rows
        calls = arguments_of(self.index, rows, snapshot=self.snapshot, timeout_s=self.timeout_s)
        wanted, part = path_of(path), value_of(contains)
        tally: Counter[str] = Counter()
        for call in calls:
            tally.update({value for at, value in call if at == wanted} if wanted else {at for at, _ in call if at})
        fitting = [(value, count) for value, count in tally.items() if part in value]
        fitting.sort(key=lambda item: (-item[1], item[0]))
        return [Count(value=value, label=value, count=count) for value, count in fitting[:limit]]
