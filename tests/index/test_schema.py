"""The tables are made as they were measured."""

from gatebook.index import Index
from gatebook.index.schema import TABLES, removal, statements
from tests.index.conftest import full_row


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


def test_removing_a_database_gives_its_room_back_at_once(index: Index) -> None:
    """One build of the engine would keep the files until its next start."""
    index.insert([full_row(at, response="word " * 50 + str(at)) for at in range(5000)])
    room = "SELECT sum(bytes_on_disk) AS n FROM system.parts WHERE active AND database LIKE 'g%'"
    assert index.ask(room, {})[0]["n"] > 10_000
    for statement in removal(index.database):
        index.engine.run(statement)
    assert index.ask(room, {})[0]["n"] == 0
