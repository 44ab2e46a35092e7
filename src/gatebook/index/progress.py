"""How far the follower is in each stream, on disk beside the index. It may lag behind the rows that were inserted, never lead them."""

from pathlib import Path

import msgspec
from msgspec import Struct

from gatebook.index.generation import replace_file


class OpenAt(Struct, frozen=True, array_like=True):
    """A call without an outcome, and where its record stands."""

    call: str
    seq: int
    segment: int
    offset: int


class StreamProgress(Struct, frozen=True, kw_only=True):
    """Everything up to `seq` is in the index, or in `open`; the next record stands at segment and offset."""

    seq: int
    segment: int
    offset: int
    open: tuple[OpenAt, ...] = ()


class Behind(Struct, frozen=True, kw_only=True):
    """The older part of a stream that is read after its newest: from `low` up to the segment `front`, one segment after the other, newest first.

    The segment `first` is being read, up to the segment `end`, and `at` is how far; what is before `first` has not been begun.
    `straddling`: calls that end in what has been read and begin in what has not. `since_us`: everything newer is in, 0 when nothing is yet.
    `total_bytes`: the whole part, and what was new when it was begun.
    """

    low: StreamProgress
    front: int
    first: int
    end: int
    at: StreamProgress
    total_bytes: int
    since_us: int = 0
    straddling: tuple[str, ...] = ()


class Progress(Struct, frozen=True, kw_only=True):
    """All streams of the node, for one generation of the index.

    `behind`: streams that have an older part to be read; `gaps`: places of them that could not be read. `rows`: rows of each table at that time, so that a
    loss is noticed.
    """

    database: str
    streams: dict[str, StreamProgress] = {}
    behind: dict[str, Behind] = {}
    gaps: dict[str, str] = {}
    rows: dict[str, int] = {}


def read_progress(path: Path, database: str) -> Progress:
    """Return the progress of a generation; empty when there is none, which makes the follower read from the beginning and skip what is there."""
    try:
        progress = msgspec.json.decode(_file(path, database).read_bytes(), type=Progress)
    except (FileNotFoundError, msgspec.MsgspecError):
        progress = Progress(database=database)
    return progress if progress.database == database else Progress(database=database)


def write_progress(path: Path, progress: Progress) -> None:
    """Store the progress; the old one stays until the new one is whole."""
    replace_file(_file(path, progress.database), msgspec.json.encode(progress))


def remove_progress(path: Path, database: str) -> None:
    """Forget the progress of a generation that is gone."""
    _file(path, database).unlink(missing_ok=True)


def _file(path: Path, database: str) -> Path:
    return path / f"{database}.progress.json"
