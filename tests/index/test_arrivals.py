"""The memory of new rows that a live tail reads."""

import pytest

from gatebook.index import arrivals
from gatebook.index.arrivals import Arrivals
from gatebook.query import parse
from tests.index.conftest import full_row


def test_a_tail_gets_what_came_after_its_mark() -> None:
    """Each row once, in order of arrival, if it matches; without payloads."""
    memory = Arrivals()
    memory.add([full_row(1, tool="a")])
    mark = memory.mark
    memory.add([full_row(2, tool="a", arguments="needle"), full_row(3, tool="b")])
    news = memory.after(mark, parse("tool:a needle"))
    assert [row.started_seq for row in news.rows] == [5]
    assert not hasattr(news.rows[0], "arguments")
    assert memory.after(news.mark, parse("")).rows == []
    assert not news.missed


def test_a_tail_that_is_too_slow_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory is bounded by rows; what was forgotten is a gap, not silence."""
    monkeypatch.setattr(arrivals, "_ROWS_MAX", 3)
    memory = Arrivals()
    memory.add([full_row(at) for at in range(5)])
    news = memory.after(0, parse(""))
    assert (len(news.rows), news.missed, news.mark) == (3, True, 5)
    assert not memory.after(2, parse("")).missed


def test_long_texts_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is bounded by characters too."""
    monkeypatch.setattr(arrivals, "_TEXT_CHARS_MAX", 100)
    memory = Arrivals()
    memory.add([full_row(at, response="x" * 60) for at in range(4)])
    assert len(memory.after(0, parse("")).rows) == 1
