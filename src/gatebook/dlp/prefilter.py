"""The prefilter: which patterns may match in these bytes, at hundreds of megabytes per second. The only module that knows Hyperscan.

It may say yes where the exact pattern says no, never the reverse. Another engine needs the same two methods.
"""

import threading
from collections.abc import Callable, Mapping
from functools import lru_cache

import hyperscan as hs

_ASK_EVERY = 1024
_FLAGS = hs.HS_FLAG_DOTALL | hs.HS_FLAG_ALLOWEMPTY


class TooManyPlaces(Exception):
    """A pattern matches at more places than the caller wants to hear of."""


class Prefilter:
    """Compiled probes by name. Thread-safe: each thread has its own scratch space. Raises ValueError for a probe that does not compile.

    A line break is put in front of what is scanned, so that a value at the very beginning follows something, as all others do: `^` in many probes is slow.
    `alive` asks all probes at once and only whether they match; with `apart` each is compiled alone instead, and `ends` asks where.
    """

    def __init__(self, probes: Mapping[str, str], apart: bool = False) -> None:
        self._names = tuple(probes)
        self._all = _database(() if apart else tuple(probes.values()), hs.HS_FLAG_SINGLEMATCH)
        self._single = {name: _database((probe,), 0) for name, probe in probes.items()} if apart else {}
        self._thread = threading.local()

    def alive(self, data: bytes) -> set[str]:
        """Return the names of all probes that match anywhere."""
        found: list[int] = []
        self._all.scan(b"\n" + data, match_event_handler=lambda number, *_: found.append(number), scratch=self._scratch("", self._all))
        return {self._names[number] for number in found}

    def holds(self, name: str, data: bytes) -> bool:
        """Whether one probe matches anywhere."""
        database = self._single[name]
        try:
            database.scan(b"\n" + data, match_event_handler=lambda *_: True, scratch=self._scratch(name, database))
        except hs.ScanTerminated:
            return True
        return False

    def ends(self, name: str, data: bytes, apart: int, places_max: int, is_late: Callable[[], bool] = lambda: False) -> list[int]:
        """Return where matches of one probe end, as byte offsets at least `apart` from each other, ascending. `is_late` is asked now and then whether
        to give up. Raises TooManyPlaces, also then.
        """
        database = self._single[name]
        found: list[int] = []
        later = calls = 0

        def note(_number: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            nonlocal later, calls
            calls += 1
            if end >= later:
                found.append(end - 1)
                later = end + apart
            return calls % _ASK_EVERY == 0 and (calls > places_max or is_late())

        try:
            database.scan(b"\n" + data, match_event_handler=note, scratch=self._scratch(name, database))
        except hs.ScanTerminated:
            raise TooManyPlaces(name) from None
        if calls > places_max:
            raise TooManyPlaces(name)
        return found

    def _scratch(self, name: str, database: hs.Database) -> hs.Scratch:
        own: dict[str, hs.Scratch] | None = getattr(self._thread, "scratch", None)
        if own is None:
            own = self._thread.scratch = {}
        scratch = own.get(name)
        if scratch is None:
            scratch = own[name] = hs.Scratch(database)
        return scratch


@lru_cache(maxsize=512)
def _database(probes: tuple[str, ...], flags: int) -> hs.Database:
    database = hs.Database(mode=hs.HS_MODE_BLOCK)
    if not probes:
        return database
    try:
        database.compile(expressions=[probe.encode() for probe in probes], ids=list(range(len(probes))), flags=_FLAGS | flags)
    except hs.error as error:
        raise ValueError(str(error)) from None
    return database
