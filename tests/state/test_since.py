"""Since when a grant holds."""

from gatebook.policy.given import Given
from gatebook.state import changes
from gatebook.state.changes import Author
from gatebook.state.documents import parse_documents
from gatebook.state.since import History
from gatebook.state.store import Store

_CONNECTOR = "kind: Connector\nname: crm\nspec: {{transport: http, url: 'https://x.example/', title: {title}, allow: {{groups: [{groups}]}}, tools: {{deny: [{deny}]}}}}"
_PACK = "kind: ToolPack\nname: desk\nspec: {{tools: {{'c*': [{tools}]}}, allow: {{people: [{people}]}}}}"


def put(store: Store, at_us: int, text: str) -> None:
    """Store a version."""
    with store.write() as connection:
        for change in changes.plan(connection, parse_documents(text, "x")):
            changes.write(connection, change, Author(name="t", at_us=at_us))


def remove(store: Store, at_us: int, kind: str, name: str) -> None:
    """Delete."""
    with store.write() as connection:
        changes.write(connection, changes.plan_deletion(connection, kind, name), Author(name="t", at_us=at_us))


def since(store: Store, to: str, tool: str = "list", through: str = "connector", kind: str = "group") -> int:
    """Ask."""
    with store.read() as connection:
        history = History.read(connection)
    return history.since_us(Given(connector="crm", tool=tool, kind=kind, to=to, through=through))  # type: ignore[arg-type]


def test_a_grant_is_as_old_as_the_first_version_of_its_unbroken_row(store: Store) -> None:
    """What else changes in a connector makes a grant no younger; taken away and given again does."""
    put(store, 10, _CONNECTOR.format(title="a", groups="sales, hr", deny=""))
    put(store, 20, _CONNECTOR.format(title="b", groups="Sales", deny=""))
    put(store, 30, _CONNECTOR.format(title="c", groups="sales, hr", deny=""))
    assert (since(store, "SALES"), since(store, "hr"), since(store, "legal")) == (10, 30, 0)


def test_patterns_of_tools_count_and_so_does_a_deletion(store: Store) -> None:
    """A tool that the connector denied for a while is given since that ended; a connector that was deleted begins anew."""
    put(store, 10, _CONNECTOR.format(title="a", groups="sales", deny=""))
    put(store, 20, _CONNECTOR.format(title="a", groups="sales", deny="l*"))
    put(store, 30, _CONNECTOR.format(title="b", groups="sales", deny=""))
    assert (since(store, "sales"), since(store, "sales", "get")) == (30, 10)
    remove(store, 40, "Connector", "crm")
    put(store, 50, _CONNECTOR.format(title="a", groups="sales", deny=""))
    assert since(store, "sales", "get") == 50


def test_packs_have_versions_of_their_own(store: Store) -> None:
    """A person in a pack, and a tool that came into it later."""
    put(store, 10, _PACK.format(tools="list", people="Ann"))
    put(store, 20, _PACK.format(tools="list, get", people="ann, '*'"))
    assert [since(store, "ann", tool, "pack/desk", "person") for tool in ("list", "get", "put")] == [10, 20, 0]
    assert since(store, "everyone", "list", "pack/desk") == 20 and since(store, "ann", "list", "pack/other", "person") == 0


def test_a_version_that_cannot_be_read_ends_the_row(store: Store) -> None:
    """What an older version wrote and this one does not know gave nothing that can be told, so the grant counts as younger."""
    put(store, 10, _CONNECTOR.format(title="a", groups="sales", deny=""))
    put(store, 20, _CONNECTOR.format(title="b", groups="sales", deny=""))
    with store.write() as connection:
        connection.exec_driver_sql("""UPDATE resources SET spec = '{"transport":"pigeon"}' WHERE at_us = 10""")
    assert since(store, "sales") == 20
