"""When somebody's last call was seen, for the receipt of a cut-off."""

import asyncio
from collections.abc import Callable

from gatebook.index import EngineError, Index
from gatebook.index.counts import extent
from gatebook.query import parse


async def last_call(index: Callable[[], Index | None], subject: str) -> int | None:
    """Time of the last call of a pseudonym, microseconds since 1970; None when there is none, or while there is no index to ask."""
    there = index()
    if there is None:
        return None
    try:
        span = await asyncio.to_thread(extent, there, parse(f'subject:"{subject}"'))
    except EngineError:
        return None
    return None if span is None else span[1]
