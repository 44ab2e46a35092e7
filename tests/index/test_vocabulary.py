"""The vocabulary holds what is stored, and says so exactly or not at all."""

import threading
from pathlib import Path

import pytest

from gatebook.index import Index, people, vocabulary
from gatebook.index.sql import Compiler
from gatebook.index.vocabulary import Vocabulary
from gatebook.query import parse
from tests.index.conftest import full_row


def test_values_are_found_folded(index: Index) -> None:
    """By the whole text or a pattern, each as it is stored."""
    index.insert([full_row(1, connector="GitHub"), full_row(2, connector="github"), full_row(3, connector="É")])
    words = index.store(index.snapshot()).vocabulary
    assert sorted(words.equal("connector", "github") or []) == ["GitHub", "github"]
    assert (words.equal("connector", "é"), words.equal("connector", "É")) == ([], ["É"])
    assert sorted(words.like("connector", "g*b") or []) == ["GitHub", "github"]
    assert sorted(words.containing("connector", "HUB") or []) == ["GitHub", "github"]


def test_rows_that_are_inserted_later_are_known_at_once(index: Index) -> None:
    """Also when the column has been asked for before, and after a value was found to be absent."""
    assert index.count("tool:late* OR person:zoe") == 0
    index.insert([full_row(1, tool="Later"), full_row(2, person="Zoe")])
    assert index.count("tool:late* OR person:zoe") == 2


def test_values_survive_a_restart(tmp_path: Path) -> None:
    """They are read from the tables."""
    index = Index.open(tmp_path / "index")
    index.insert([full_row(1, name="Ann Lee", groups=("Eng", "ops"))])
    index.close()
    index = Index.open(tmp_path / "index")
    try:
        assert (index.count('person:"ann lee"'), index.count("group:eng"), index.count("group:eng*"), index.count("group:x")) == (
            1,
            1,
            1,
            0,
        )
    finally:
        index.close()


def test_rows_that_arrive_while_a_column_is_read_are_not_lost() -> None:
    """What is read was stored before, what is inserted meanwhile is added."""
    reading, added = threading.Event(), threading.Event()

    def read(column: str) -> list[str]:
        reading.set()
        assert added.wait(10)
        return ["a"]

    words = Vocabulary(read)
    found: list[list[str] | None] = []
    asking = threading.Thread(target=lambda: found.append(words.like("tool", "*")))
    asking.start()
    assert reading.wait(10)
    words.add([full_row(1, tool="b")])
    added.set()
    asking.join(10)
    assert sorted((found or [None])[0] or []) == ["a", "b"]


def test_rows_that_are_under_way_when_a_column_is_read_are_not_lost() -> None:
    """They are added before they are inserted, so the first question about a column may come between the two and read nothing of them."""
    words = Vocabulary(lambda _: [])
    words.add([full_row(1, tool="b")])
    assert words.equal("tool", "b") == ["b"]


@pytest.mark.parametrize("limit", ["LISTED_MAX", "VALUES_MAX"])
def test_too_many_values_are_not_listed(index: Index, monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    """The engine then folds the column itself, with the same answer."""
    monkeypatch.setattr(vocabulary, limit, 10)
    index.insert([full_row(at, tool=f"V{at}") for at in range(30)])
    assert index.store(index.snapshot()).vocabulary.like("tool", "v*") is None
    assert (index.count("tool:v*"), index.count("tool:v2*"), index.count("tool:v3"), index.count("tool:v99")) == (30, 11, 1, 0)


def test_conditions_name_the_stored_values(index: Index) -> None:
    """No column is folded for a word that is known."""
    index.insert([full_row(1, connector="GitHub", person="Ann", rules=("R1",))])
    words = index.store(index.snapshot()).vocabulary
    condition = Compiler("g1", "", words).compile(parse("connector:github person:ann rule:r1").tree)
    assert "lower" not in condition.sql
    assert sorted(map(str, condition.params.values())) == ["GitHub", "R1", '["Ann","",""]']


def test_warming_reads_every_column_once() -> None:
    """Questions that come later wait for none, and a second time nothing is read."""
    read: list[str] = []

    def values(column: str) -> list[str]:
        read.append(column)
        return [people.key("a", "", "")] if column == vocabulary.WHO else ["a"]

    words = Vocabulary(values)
    words.load()
    assert sorted(read) == sorted(vocabulary.COLUMNS)
    words.load()
    assert words.equal("tool", "a") == ["a"] and len(read) == len(vocabulary.COLUMNS)


def test_an_index_can_be_warmed(index: Index) -> None:
    """While rows come in; what they hold is known."""
    index.insert([full_row(1, tool="first")])
    index.warm()
    index.insert([full_row(2, tool="second")])
    assert index.count("tool:(first,second)") == 2
