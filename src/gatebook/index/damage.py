"""An index whose files are damaged or gone: notices it, sets the directory aside as evidence, and opens a new one, which the follower then fills."""

import fcntl
import logging
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gatebook.index.engine import Engine, EngineError, EngineGone
from gatebook.index.index import Index
from gatebook.index.progress import read_progress

_log = logging.getLogger(__name__)

_ENGINE: Final = "engine"
_REASON: Final = "why-set-aside.txt"


def open_index(path: Path) -> Index:
    """Open the index of a directory, or a new one when it is damaged; what was there is kept once as `engine.broken-…`.

    Raises EngineError when the engine is not to blame its files: not installed, in use, or unable to open any directory here; EngineGone when the files
    have stopped it: they are set aside, and the next process can go on.
    """
    try:
        index = Index.open(path)
    except EngineError as error:
        if not (path / _ENGINE).is_dir() or _in_use(path / _ENGINE):
            raise
        if not isinstance(error, EngineGone) and not _opens_elsewhere(path):
            raise
        set_aside(path, f"it cannot be opened: {error}")
        return Index.open(path)
    if lost := lost_rows(index):
        index.close()
        set_aside(path, lost)
        return Index.open(path)
    return index


def lost_rows(index: Index) -> str:
    """Say which table has fewer rows than were noted; empty when all are there. The engine leaves broken parts out without a word."""
    there = index.row_counts()
    for table, rows in read_progress(index.path, index.database).rows.items():
        if there.get(table, 0) < rows:
            return f"table {table} has {there.get(table, 0):,} of {rows:,} rows"
    return ""


def set_aside(path: Path, reason: str) -> Path:
    """Rename the engine's directory of a closed index, with the notes of its progress and the reason. An older one that was set aside is removed."""
    for older in sorted(path.glob(f"{_ENGINE}.broken-*")):
        _log.warning("removing %s, which was set aside earlier", older)
        shutil.rmtree(older, ignore_errors=True)
    aside = path / f"{_ENGINE}.broken-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    _log.error("the search index is damaged: %s; it is set aside as %s and built anew from the log", reason, aside)
    try:
        (path / _ENGINE).rename(aside)
    except FileNotFoundError:
        aside.mkdir(parents=True, mode=0o700)
    for note in path.glob("*.progress.json"):
        note.rename(aside / note.name)
    (aside / _REASON).write_text(f"{reason}\n")
    return aside


def _in_use(engine_dir: Path) -> bool:
    """Say whether another process has the directory open; the engine's own error does not tell."""
    try:
        with (engine_dir / "status").open("rb") as status:
            fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _opens_elsewhere(path: Path) -> bool:
    """Say whether the engine opens an empty directory beside the one that it refuses, or has been stopped by that one: then the files are wrong."""
    trial = path / f"{_ENGINE}.trial"
    try:
        Engine(trial).close()
    except EngineGone:
        return True
    except (EngineError, OSError):
        return False
    finally:
        shutil.rmtree(trial, ignore_errors=True)
    return True
