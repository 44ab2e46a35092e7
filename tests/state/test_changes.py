"""Planning and writing changes of resources."""

import pytest

from gatebook.state.changes import Author, Change, listed, newest, plan, plan_deletion, write
from gatebook.state.documents import DocumentError, parse_documents
from gatebook.state.store import Store, bump

CRM = "kind: Connector\nname: crm\nspec: {transport: http, url: 'https://crm.example/mcp'}\n"


def apply(store: Store, text: str) -> list[Change]:
    """Apply documents as the desk does, without records."""
    with store.write() as connection:
        changes = plan(connection, parse_documents(text, "c.yaml"))
        for change in changes:
            if change.action != "unchanged":
                write(connection, change, Author(name="ana", at_us=5, reason="because"))
                bump(connection)
    return changes


def test_a_resource_is_created_changed_and_left_alone(store: Store) -> None:
    """The action, the version and the diff say what happened."""
    first = apply(store, CRM)[0]
    second = apply(store, CRM.replace("https", "http"))[0]
    third = apply(store, CRM.replace("https", "http"))[0]
    assert [(change.action, change.version) for change in (first, second, third)] == [("created", 1), ("changed", 2), ("unchanged", 2)]
    assert "-  url: https://crm.example/mcp\n+  url: http://crm.example/mcp\n" in second.diff
    assert third.diff == ""


def test_all_versions_are_kept_and_a_deletion_is_one(store: Store) -> None:
    """A deleted resource is not listed, and can be created again with the next version."""
    apply(store, CRM)
    with store.write() as connection:
        write(connection, plan_deletion(connection, "Connector", "crm"), Author(name="ana", at_us=6))
    with store.read() as connection:
        assert listed(connection) == []
        last = newest(connection, "Connector", "crm")
        assert last is not None
        assert (last.version, last.deleted) == (2, True)
    assert [(change.action, change.version) for change in apply(store, CRM)] == [("created", 3)]
    with store.read() as connection:
        stored = listed(connection, "Connector", "crm")[0]
    assert (stored.version, stored.author, stored.reason, stored.at_us) == (3, "ana", "because", 5)
    assert parse_documents(stored.yaml, "again")[0].name == "crm"


def test_deleting_what_is_not_there_is_refused(store: Store) -> None:
    """A deletion that would do nothing is a mistake."""
    with store.read() as connection, pytest.raises(DocumentError, match="there is no Connector crm"):
        plan_deletion(connection, "Connector", "crm")
