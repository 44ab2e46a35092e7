"""The steps and the tables say the same."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from gatebook.policy.access import AccessRules
from gatebook.state import schema
from gatebook.state.approvals import read_approvals, read_requests
from gatebook.state.definitions import read_listings
from gatebook.state.schema import STEPS, metadata, migrate
from gatebook.state.snapshot import Rules, read_snapshot
from gatebook.state.store import Store

BEFORE_GOVERNANCE = 2
BY_CODE_POINT = ' COLLATE "C"'


def test_the_steps_make_the_tables_that_queries_use(store: Store) -> None:
    """Every table and column of the code is in a migrated database, with the same type and duty, and no other is."""
    with store.read() as connection:
        found = inspect(connection)
        made = {
            table: {
                column["name"]: (str(column["type"]).removesuffix(BY_CODE_POINT), column["nullable"]) for column in found.get_columns(table)
            }
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


@pytest.mark.parametrize("create", [True, False])
def test_a_database_from_before_governance_is_taken_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, create: bool) -> None:
    """One of two steps keeps its connectors, people, tokens and saved searches, decides as before, and can hold what is new."""
    path = tmp_path / "state.db"
    engine = create_engine(f"sqlite:///{path}")
    with monkeypatch.context() as patched, engine.begin() as connection:
        patched.setattr(schema, "STEPS", STEPS[:BEFORE_GOVERNANCE])
        assert migrate(connection) == 0
        for statement in (
            """INSERT INTO resources VALUES ('Connector', 'crm', 1,
               '{"transport":"http","url":"https://x.example","allow":{"groups":["sales"]}}', 'kind: Connector', 'root', NULL, 5, 0)""",
            "INSERT INTO people VALUES ('ann', 'person', 'ann@corp.example', 'Ann', '[\"sales\"]', 1, 1, 5)",
            "INSERT INTO tokens VALUES ('tok_1', 'aa', 'gb_aa', 'ann', '', 5, NULL, NULL, NULL)",
            "INSERT INTO saved_searches VALUES ('s1', 'ann', 'mine', '[]', 'status:ok', '-1d', '[]', 1, 5, 5)",
            "UPDATE meta SET revision = 7",
        ):
            connection.execute(text(statement))
        assert connection.execute(text("SELECT schema_version FROM meta")).scalar_one() == BEFORE_GOVERNANCE
    engine.dispose()
    store = Store.open(path, create=create)
    with store.read() as connection:
        snapshot = read_snapshot(connection, 10)
        assert connection.execute(text("SELECT name FROM saved_searches")).scalar_one() == "mine"
        assert connection.execute(text("SELECT schema_version FROM meta")).scalar_one() == len(STEPS)
        assert (read_listings(connection), read_approvals(connection), read_requests(connection)) == ({}, [], [])
    store.close()
    assert (snapshot.revision, snapshot.rules, list(snapshot.tokens), list(snapshot.people)) == (7, Rules(), ["aa"], ["ann"])
    crm = snapshot.connectors["crm"]
    assert crm.spec.tool_approval == "first"
    assert crm.rules == AccessRules(connector="crm", groups=("sales",))
