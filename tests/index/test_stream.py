"""One stream on its way into the index."""

from pathlib import Path

import pytest

from gatebook.index import stream
from gatebook.index.stream import Batch, Stream
from gatebook.log.vault import Vault
from tests.index.conftest import MASTER_KEY, Writer


def open_stream(tmp_path: Path) -> Stream:
    return Stream(tmp_path / "log" / "n-w0", Vault(tmp_path / "keys", MASTER_KEY), None)


def test_arguments_of_many_open_calls_are_left_in_the_log(tmp_path: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded; what was left is read again when the outcome arrives."""
    monkeypatch.setattr(stream, "OPEN_TEXT_CHARS_MAX", 100)
    begun = [writer.start(arguments={"q": f"word{number} " + "x" * 60}) for number in range(5)]
    writer.sync()
    reading, batch = open_stream(tmp_path), Batch()
    reading.read(batch, 1000, 1 << 20)
    assert sum(bool(row.arguments) for row in reading.open.values()) == 1
    for call, started in begun:
        writer.finish(call, started)
    writer.sync()
    reading.read(batch, 1000, 1 << 20)
    assert [f"word{at}" in row.arguments for at, row in enumerate(batch.calls)] == [True] * 5
    assert reading.open == {}
    reading.close()


def test_progress_leads_on_from_where_it_was_noted(tmp_path: Path, writer: Writer) -> None:
    """With the calls that were open then."""
    writer.start()
    writer.call()
    writer.sync()
    reading, batch = open_stream(tmp_path), Batch()
    reading.read(batch, 2, 1 << 20)
    noted = reading.progress()
    assert noted.seq == 2
    again = Stream(tmp_path / "log" / "n-w0", Vault(tmp_path / "keys", MASTER_KEY), noted)
    assert again.open == reading.open and len(again.open) == 2
    rest = Batch()
    assert again.read(rest, 1000, 1 << 20) == 2
    assert (len(rest.calls), len(rest.records)) == (1, 1)
    assert (reading.behind_bytes() > 0, again.behind_bytes()) == (True, 0)


def test_a_gap_in_the_sequence_stops_the_stream(tmp_path: Path, writer: Writer) -> None:
    """A reader that lost its place must not guess."""
    writer.call()
    writer.sync()
    reading = open_stream(tmp_path)
    reading.seq = 7
    with pytest.raises(AssertionError, match="follows record 7"):
        reading.read(Batch(), 1000, 1 << 20)
