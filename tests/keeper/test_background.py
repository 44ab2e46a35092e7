"""The sealer and the follower in their threads."""

import asyncio
import time
from collections.abc import Callable

from gatebook.control.key_files import key_files, read_master_key
from gatebook.keeper.background import Background
from gatebook.log.book import Book
from gatebook.record.body import ProcessStopped
from gatebook.settings import Settings


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, which a thread makes true."""
    deadline_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.02)


async def test_what_is_written_is_indexed_and_sealed_to_the_last_record(settings: Settings, book: Book) -> None:
    """Both run by themselves, and take in what came last before they end."""
    background = Background(settings, read_master_key(settings))
    background.start()
    await book.append(ProcessStopped(role="keeper", boot="b", reason="test")).durable()
    await until(lambda: background.lag().positions == {settings.keeper_stream: 1})
    checkpoint = settings.log_dir / "tree" / "checkpoint"
    await until(checkpoint.exists)
    assert background.failure is None
    assert {part["state"] for part in background.status().values()} == {"running"}
    await book.append(ProcessStopped(role="keeper", boot="b", reason="the last")).durable()
    await background.stop()
    assert background.lag().positions == {settings.keeper_stream: 2}
    assert checkpoint.read_text().splitlines()[:2] == ["gatebook/gatebook/node1/20261123-010203", "2"]


async def test_a_sealer_that_fails_stops_nothing_else(settings: Settings, book: Book) -> None:
    """The failure is named, the index goes on."""
    key_files(settings).signing.chmod(0o644)
    background = Background(settings, read_master_key(settings))
    background.start()
    await book.append(ProcessStopped(role="keeper", boot="b", reason="test")).durable()
    await until(lambda: background.lag().positions == {settings.keeper_stream: 1})
    assert background.failure is not None
    assert background.failure.startswith("sealer: KeyFileUnsafe")
    assert background.status()["sealer"]["state"] == "failing"
    await background.stop()


async def test_an_index_that_cannot_be_opened_stops_nothing_else(settings: Settings, book: Book) -> None:
    """Without an index there is nothing to ask, but checkpoints are signed."""
    settings.index_dir.write_text("in the way")
    background = Background(settings, read_master_key(settings))
    background.start()
    await book.append(ProcessStopped(role="keeper", boot="b", reason="test")).durable()
    await until((settings.log_dir / "tree" / "checkpoint").exists)
    await until(lambda: (background.failure or "").startswith("follower:"))
    assert background.index is None
    assert background.lag().positions == {}
    await background.stop()
