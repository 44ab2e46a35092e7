"""How the reading verbs reach the book."""

from pathlib import Path

import pytest

from gatebook.cli import book_access
from gatebook.cli.main import Problem
from tests.cli.conftest import Run
from tests.cli.recorded import keeper, record, settings_of


def test_the_answers_are_the_same_with_and_without_a_keeper(data: Path, gatebook: Run) -> None:
    """One API behind both ways."""
    ids = record(data)
    settings = settings_of(data)
    alone = [book_access.get(settings, "/calls", q="status:ok", limit=1), book_access.get(settings, f"/calls/{ids[0]}")]
    with keeper(data):
        through = [book_access.get(settings, "/calls", q="status:ok", limit=1), book_access.get(settings, f"/calls/{ids[0]}")]
    assert alone[0]["calls"] == through[0]["calls"] and alone[0]["next_cursor"] == through[0]["next_cursor"]
    assert alone[1] == through[1]


def test_a_refusal_is_the_same_with_and_without_a_keeper(data: Path, gatebook: Run) -> None:
    """The sentence of the API, not its JSON."""
    record(data)
    settings = settings_of(data)
    with pytest.raises(book_access.Refused, match="cursor"):
        book_access.get(settings, "/calls", before="x")
    with keeper(data), pytest.raises(book_access.Refused, match="cursor") as caught:
        book_access.get(settings, "/calls", before="x")
    assert "{" not in str(caught.value)


def test_a_query_that_parses_is_returned() -> None:
    """And one that does not is shown with a caret, also far out in a long one."""
    assert book_access.check("status:ok") == "status:ok"
    with pytest.raises(Problem) as caught:
        book_access.check("a " * 100 + "nofield:x")
    line, caret = str(caught.value).splitlines()[1:]
    assert line[caret.index("^") :].startswith("nofield:x")
