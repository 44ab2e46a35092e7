"""How things look in a terminal."""

import io

import pytest

from gatebook.cli import look


@pytest.mark.parametrize(
    ("us", "text"), [(999, "999 µs"), (2500, "2.5 ms"), (25_000, "25 ms"), (2_500_000, "2.5 s"), (120_000_000, "2 min")]
)
def test_durations_are_in_the_unit_that_reads_best(us: int, text: str) -> None:
    """Three figures at most."""
    assert look.took(us) == text


@pytest.mark.parametrize(("count", "text"), [(999, "999 B"), (1500, "1.5 kB"), (2_500_000, "2.5 MB"), (7_300_000_000, "7.3 GB")])
def test_sizes_are_in_thousands(count: int, text: str) -> None:
    """As in the search language."""
    assert look.size(count) == text


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a pipe, not with NO_COLOR, not a dumb terminal; NO_COLOR that is empty does not count."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert look.coloured(Terminal()) and not look.coloured(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "")
    assert look.coloured(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not look.coloured(Terminal())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not look.coloured(Terminal())


def test_a_pipe_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal has columns, not fewer than a table needs."""
    monkeypatch.setenv("COLUMNS", "20")
    assert look.columns_of(io.StringIO()) is None and look.columns_of(Terminal()) == 40


def test_nothing_is_painted_without_colour() -> None:
    """Not a byte."""
    assert look.status("blocked", "blocked", colour=False) == look.bold("blocked", False) == "blocked"
    assert look.status("blocked", "blocked", colour=True) == "\x1b[35mblocked\x1b[0m"
