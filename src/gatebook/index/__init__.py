"""The searchable copy of the book: derived from the log, rebuildable, never the truth.

`Index` answers questions, `Follower` keeps it up to date, `rebuild` makes it anew. The engine is loaded when an index is opened, not at import.
"""

from gatebook.index.cursor import CursorError
from gatebook.index.engine import EngineError, QueryTooHeavy
from gatebook.index.follow import Follower, Lag, rebuild
from gatebook.index.generation import request_rebuild
from gatebook.index.index import Index
from gatebook.index.newest import Page
from gatebook.index.rows import CallRow, FullRow, RecordRow
from gatebook.index.snapshot import Snapshot

__all__ = [
    "CallRow",
    "CursorError",
    "EngineError",
    "Follower",
    "FullRow",
    "Index",
    "Lag",
    "Page",
    "QueryTooHeavy",
    "RecordRow",
    "Snapshot",
    "rebuild",
    "request_rebuild",
]
