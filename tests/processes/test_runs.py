"""The records of a process about itself."""

from pathlib import Path

import pytest

from gatebook.log.book import Book
from gatebook.log.errors import LogUnavailable
from gatebook.log.reader import StreamReader
from gatebook.log.vault import Vault
from gatebook.processes.runs import Run
from gatebook.record.body import ProcessStarted, ProcessStopped
from gatebook.record.codec import decode_body
from gatebook.settings import LogSettings


async def test_a_run_has_a_first_and_a_last_record(tmp_path: Path) -> None:
    """Both name the same run; the start names the configuration, the end its reason."""
    book = Book.open(tmp_path / "log", "n-k", Vault(tmp_path / "keys", bytes(32)), LogSettings(segment_bytes=1 << 20, reserve_bytes=0))
    run = Run("keeper", book)
    await run.started("0123456789abcdef")
    await run.stopped("SIGTERM")
    reader = StreamReader(tmp_path / "log" / "n-k")
    started, stopped = (decode_body(entry.core) for entry in reader.read(10, 1 << 20))
    reader.close()
    assert isinstance(started, ProcessStarted)
    assert isinstance(stopped, ProcessStopped)
    assert (started.role, started.config, started.boot) == ("keeper", "0123456789abcdef", stopped.boot)
    assert stopped.reason == "SIGTERM"
    book.close()
    with pytest.raises(LogUnavailable):
        await run.started("0123456789abcdef")
    await run.stopped("a dead log does not keep a process from ending")
