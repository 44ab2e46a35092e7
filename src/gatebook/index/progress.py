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


class Progress(Struct, frozen=True, kw_only=True):
    """All streams of the node, for one generation of the index."""

    database: str
    streams: dict[str, StreamProgress]


def read_progress(path: Path, database: str) -> dict[str, StreamProgress]:
    """Return the progress of a generation; empty when there is none, which makes the follower read from the beginning and skip what is there."""
    try:
        progress = msgspec.json.decode(_file(path, database).read_bytes(), type=Progress)
    except (FileNotFoundError, msgspec.MsgspecError):
        return {}
    return progress.streams if progress.database == database else {}


def write_progress(path: Path, progress: Progress) -> None:
    """Store the progress; the old one stays until the new one is whole."""
    replace_file(_file(path, progress.database), msgspec.json.encode(progress))


def remove_progress(path: Path, database: str) -> None:
    """Forget the progress of a generation that is gone."""
    _file(path, database).unlink(missing_ok=True)


def _file(path: Path, database: str) -> Path:
    return path / f"{database}.progress.json"
