"""The steps and the tables say the same."""

from pathlib import Path

from sqlalchemy import create_engine, inspect

from gatebook.state.schema import STEPS, metadata, migrate
from gatebook.state.store import Store


def test_the_steps_make_the_tables_that_queries_use(store: Store) -> None:
    """Every table and column of the code is in a migrated database, with the same type and duty, and no other is."""
    with store.read() as connection:
        found = inspect(connection)
        made = {
            table: {column["name"]: (str(column["type"]), column["nullable"]) for column in found.get_columns(table)}
            for table in found.get_table_names()
        }
    wanted = {
        table.name: {column.name: (str(column.type), bool(column.nullable)) for column in table.columns} for table in metadata.sorted_tables
    }
    assert made == wanted


def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    """Each step runs once; the second time finds the newest version."""
    engine = create_engine(f"sqlite:///{tmp_path}/s.db")
    with engine.begin() as connection:
        assert migrate(connection) == 0
    with engine.begin() as connection:
        assert migrate(connection) == len(STEPS)
    engine.dispose()
