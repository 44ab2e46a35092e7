"""What a worker decides with."""

from sqlalchemy import insert

from gatebook.state.changes import Author, plan, plan_deletion, write
from gatebook.state.documents import parse_documents
from gatebook.state.schema import people, tokens
from gatebook.state.store import Store, bump

CRM = "kind: Connector\nname: crm\nspec: {transport: http, url: 'https://crm.example/mcp'}\n"


def put(store: Store, text: str) -> None:
    """Apply documents."""
    with store.write() as connection:
        for change in plan(connection, parse_documents(text, "c.yaml")):
            write(connection, change, Author(name="ana", at_us=1))
        bump(connection)


def test_a_snapshot_holds_the_newest_version_of_what_is_not_deleted(store: Store) -> None:
    """Old versions and deleted connectors are not in force."""
    put(store, CRM)
    put(store, CRM.replace("https", "http") + "---\n" + CRM.replace("name: crm", "name: hr"))
    with store.write() as connection:
        write(connection, plan_deletion(connection, "Connector", "hr"), Author(name="ana", at_us=2))
        bump(connection)
    snapshot = store.snapshot()
    assert snapshot.revision == 3
    assert set(snapshot.connectors) == {"crm"}
    assert (snapshot.connectors["crm"].version, snapshot.connectors["crm"].spec.url) == (2, "http://crm.example/mcp")


def test_the_hash_follows_resources_and_nothing_else(store: Store) -> None:
    """Two decisions with one bundle hash were made under one configuration; people do not change it."""
    empty = store.snapshot()
    put(store, CRM)
    first = store.snapshot()
    with store.write() as connection:
        connection.execute(
            insert(people).values(id="ana", kind="person", email="", name="", groups='["a"]', active=1, version=1, created_us=1)
        )
        connection.execute(insert(tokens).values(id="t", sha256="00", prefix="gw", person="ana", name="", created_us=1))
        bump(connection)
    second = store.snapshot()
    assert empty.bundle != first.bundle == second.bundle
    assert len(first.bundle) == 16
    assert second.people["ana"].groups == ("a",)
    assert second.tokens["00"].person == "ana"
    put(store, CRM.replace("https", "http"))
    assert store.snapshot().bundle != first.bundle
