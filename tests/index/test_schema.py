"""The tables are made as they were measured."""

from pathlib import Path
from typing import get_args

import pytest

from gatebook.index import Index
from gatebook.index.schema import TABLES, outcome_of, removal, statements
from gatebook.query import parse
from gatebook.record.ids import uuid7
from gatebook.record.parts import Status
from tests.index.conftest import full_row

TIME_US = 1_793_000_000_000_000


def test_every_table_is_made_with_its_indexes(index: Index) -> None:
    """Words of both payload columns are indexed, and rows are on disk when an insert returns."""
    made = {
        row["name"]: row["create_table_query"]
        for row in index.ask(
            "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() OR database LIKE 'g%'", {}
        )
    }
    assert set(TABLES) <= set(made)
    assert made["payloads"].count("text(tokenizer = 'splitByNonAlpha')") == 2
    assert all("fsync_after_insert = 1" in made[name] for name in TABLES)


def test_a_large_insert_and_its_merge_need_little_memory(tmp_path: Path) -> None:
    """Less than half of what they took when each of the many columns had buffers of its own size."""
    rows = [
        full_row(
            number,
            call_id=uuid7(TIME_US + number, number.to_bytes(10)),
            time=TIME_US + number,
            session=f"s{number}",
            arguments=f'{{"customer": "customer {number}", "page": {number}}}' * 6,
            response=f"the customer {number * 7919} has {number} open orders of {number * 13} parts " * 25,
        )
        for number in range(10_000)
    ]
    index = Index.open(tmp_path / "index", memory_bytes_max=256 << 20)
    try:
        for start in (0, 5_000):
            index.insert(rows[start : start + 5_000])
        for table in ("calls", "payloads"):
            index.engine.run(f"OPTIMIZE TABLE {index.database}.{table} FINAL")
        assert index.count("customer") == len(rows)
    finally:
        index.close()


def test_making_the_tables_twice_changes_nothing(index: Index) -> None:
    """A start that was cut off can be repeated."""
    for statement in statements(index.database):
        index.engine.run(statement)
    assert index.count("") == 0


def test_a_search_for_a_word_uses_the_text_index(index: Index) -> None:
    """Otherwise every payload would be read."""
    index.insert([full_row(at, arguments=f"word{at}") for at in range(9000)])
    sql = f"EXPLAIN indexes = 1 SELECT count() FROM {index.database}.payloads WHERE hasAllTokens(arguments, 'word77')"
    plan = index.engine.rows(sql).decode()
    assert "arguments_words" in plan


@pytest.mark.parametrize(("text", "name"), [("person:ann77", "by_who"), ("session:s77", "by_session"), ("args.n:77", "arguments_pairs")])
def test_rare_values_are_found_through_an_index(index: Index, text: str, name: str) -> None:
    """Not by reading a column of every call."""
    index.insert([full_row(at, person=f"ann{at}", session=f"s{at}", arguments=f'{{"n":{at}}}', args=(f"n\x1f{at}",)) for at in range(9000)])
    at = index.snapshot()
    lookup = index.store(at).lookup(parse(text).tree, at)
    sql = f"EXPLAIN indexes = 1, projections = 1 SELECT time, call_id FROM {lookup.source} WHERE {lookup.condition.sql} ORDER BY time DESC LIMIT 50"
    # For small tables the engine does not bother.
    sql += " SETTINGS min_table_rows_to_use_projection_index = 0"
    assert name in index.engine.rows(sql, lookup.condition.params).decode()
    assert index.count(text) == 1


def test_every_status_has_an_outcome() -> None:
    """Histograms count by it."""
    assert all(outcome_of(status, "allowed") == status for status in get_args(Status))
    assert (outcome_of("ok", "redacted"), outcome_of("blocked", "redacted"), outcome_of("new", "")) == ("redacted", "blocked", "")


def test_removing_a_database_gives_its_room_back_at_once(index: Index) -> None:
    """One build of the engine would keep the files until its next start."""
    index.insert([full_row(at, response="word " * 50 + str(at)) for at in range(5000)])
    room = "SELECT sum(bytes_on_disk) AS n FROM system.parts WHERE active AND database LIKE 'g%'"
    assert index.ask(room, {})[0]["n"] > 10_000
    for statement in removal(index.database):
        index.engine.run(statement)
    assert index.ask(room, {})[0]["n"] == 0
