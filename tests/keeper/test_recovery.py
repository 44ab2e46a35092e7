"""The keeper with an index that is deleted or damaged under it: calls go on, the index comes back by itself, and says meanwhile how far it is."""

import asyncio
import contextlib
import shutil
from functools import partial
from pathlib import Path

import pytest

from gatebook.control.key_files import read_master_key
from gatebook.index import EngineError, Index
from gatebook.keeper.background import Background
from gatebook.log.book import Book
from gatebook.record.body import ProcessStopped
from gatebook.settings import Settings
from tests.index.test_damage import flip, remove_part
from tests.keeper.test_background import until


class Caller:
    """Somebody who calls all the time."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.written = 0
        self._task = asyncio.create_task(self._call())

    async def _call(self) -> None:
        while True:
            receipt = self._book.append(ProcessStopped(role="keeper", boot="b", reason=f"call {self.written}"))
            # Counted at once: it is in the log also when this task is cancelled while it waits.
            self.written += 1
            await receipt.durable()
            await asyncio.sleep(0.005)

    async def leave(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


def records(background: Background) -> int:
    """Records in the index; -1 while there is none."""
    index = background.index
    if index is None:
        return -1
    try:
        return int(index.ask(f"SELECT count() AS n FROM {index.database}.records", {})[0]["n"])
    except EngineError:
        return -1


def has_records(background: Background, number: int) -> bool:
    """Whether the index holds so many."""
    return records(background) == number


def met(index: Index, settings: Settings) -> bool:
    """Flip bytes in all files of rows and read them; False when a merge had just replaced the damaged ones, so that nothing is lost."""
    with contextlib.suppress(OSError):
        flip(settings.index_dir)
    with contextlib.suppress(EngineError):
        index.ask(f"SELECT * FROM {index.database}.records", {})
    return index.engine.damage is not None


@pytest.mark.parametrize("damage", ["delete", "flip"])
async def test_an_index_that_breaks_under_the_keeper_is_replaced(settings: Settings, book: Book, damage: str) -> None:
    """In the same process, while calls go on and people ask."""
    background = Background(settings, read_master_key(settings))
    background.start()
    caller = Caller(book)
    await until(lambda: records(background) > 20)
    before = background.index
    assert before is not None
    if damage == "delete":
        shutil.rmtree(settings.index_dir / "engine")
    else:
        await until(lambda: background.index is not before or met(before, settings))
    broken_at = caller.written
    await until(lambda: background.index not in (None, before))
    await until(lambda: records(background) > broken_at)
    await caller.leave()
    assert caller.written > broken_at
    await until(lambda: records(background) == caller.written and background.failure is None)
    assert len(list(settings.index_dir.glob("engine.broken-*"))) == 1
    await background.stop()


async def test_an_index_that_was_broken_while_the_keeper_was_down(settings: Settings, book: Book) -> None:
    """The next start sets it aside and builds anew."""
    for start in range(2):
        background = Background(settings, read_master_key(settings))
        background.start()
        await book.append(ProcessStopped(role="keeper", boot="b", reason="test")).durable()
        await until(partial(has_records, background, start + 1))
        await background.stop()
        if not start:
            remove_part(settings.index_dir)
    (aside,) = settings.index_dir.glob("engine.broken-*")
    assert " rows" in (Path(aside) / "why-set-aside.txt").read_text()
