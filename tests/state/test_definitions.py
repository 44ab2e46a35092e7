"""What connectors listed, and what was decided about it."""

import json

import pytest
from msgspec.structs import replace

from gatebook.policy.request import HINTS, Hints
from gatebook.state import definitions
from gatebook.state.definitions import (
    Approved,
    Known,
    Listing,
    decide,
    find_listing,
    hints_of,
    note_listing,
    read_approved,
    read_definitions,
    read_listings,
)
from gatebook.state.store import Store

TEXTS = {hash: json.dumps({"name": "get", "description": hash}) for hash in ("h1", "h2", "h3")}


def listing(at_us: int, **tools: str) -> Listing:
    """Return what the connector crm lists."""
    return Listing(connector="crm", tools=tools, at_us=at_us)


def approved(tool: str, hash: str) -> Known:
    """Take a first definition as approved."""
    return Known(
        connector="crm", tool=tool, hash=hash, definition=TEXTS[hash], state="approved", seen_us=1, decided_by="root", decided_us=1
    )


def states(store: Store) -> dict[tuple[str, str], str]:
    """Return the state of each definition by tool and hash."""
    with store.read() as connection:
        return {(known.tool, known.hash): known.state for known in read_definitions(connection, "crm")}


def test_only_the_first_listing_may_count_as_approved(store: Store) -> None:
    """What comes later waits, the same tool changed as well as a new tool."""
    with store.write() as connection:
        assert [known.hash for known in note_listing(connection, listing(1, get="h1"), TEXTS, approved)] == ["h1"]
        new = note_listing(connection, listing(2, get="h2", put="h3"), TEXTS, approved)
    assert {known.tool: known.state for known in new} == {"get": "pending", "put": "pending"}
    assert states(store) == {("get", "h1"): "approved", ("get", "h2"): "pending", ("put", "h3"): "pending"}


def test_a_connector_that_invents_tools_does_not_fill_the_state(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest that wait unlisted are forgotten; what was decided and what is listed stays, and what comes again waits again."""
    monkeypatch.setattr(definitions, "UNLISTED_MAX", 3)
    with store.write() as connection:
        note_listing(connection, listing(1, get="h1"), TEXTS, approved)
        note_listing(connection, listing(2, bad="h2"), TEXTS, approved)
        (bad,) = [one for one in read_definitions(connection, "crm") if one.tool == "bad"]
        decide(connection, replace(bad, state="refused", decided_by="root", decided_us=2))
        for at_us in range(3, 13):
            note_listing(connection, listing(at_us, **{f"tool{at_us}": "h3"}), TEXTS, approved)
    assert states(store) == {("get", "h1"): "approved", ("bad", "h2"): "refused"} | {(f"tool{at}", "h3"): "pending" for at in range(9, 13)}
    with store.write() as connection:
        assert [one.state for one in note_listing(connection, listing(13, tool3="h3"), TEXTS, approved)] == ["pending"]


def test_an_older_listing_changes_nothing(store: Store) -> None:
    """Two workers note what they see; the one that comes late with an older view is not heard."""
    with store.write() as connection:
        note_listing(connection, listing(5, get="h1"), TEXTS, approved)
        assert note_listing(connection, listing(4, get="h2"), TEXTS, approved) == []
        assert find_listing(connection, "crm") == listing(5, get="h1")
    assert states(store) == {("get", "h1"): "approved"}


def test_a_definition_that_comes_back_is_not_new(store: Store) -> None:
    """It keeps the state that it had, and the list is what it is now."""
    with store.write() as connection:
        note_listing(connection, listing(1, get="h1"), TEXTS, approved)
        note_listing(connection, listing(2, get="h2"), TEXTS, approved)
        assert note_listing(connection, listing(3, get="h1"), TEXTS, approved) == []
        assert read_listings(connection) == {"crm": listing(3, get="h1")}
        assert find_listing(connection, "hr") is None


def test_the_definition_that_was_approved_last_is_in_force(store: Store) -> None:
    """A refused one never is; of two approved ones the later decision counts."""
    with store.write() as connection:
        note_listing(connection, listing(1, get="h1"), TEXTS, approved)
        (second,) = note_listing(connection, listing(2, get="h2"), TEXTS, approved)
        decide(connection, replace(second, state="refused", decided_by="eve", decided_us=8, reason="odd"))
        assert read_approved(connection) == {"crm": {"get": Approved(hash="h1", hints=HINTS)}}
        decide(connection, replace(second, state="approved", decided_by="bob", decided_us=9, reason="read it"))
        assert read_approved(connection)["crm"]["get"].hash == "h2"
        assert [known for known in read_definitions(connection) if known.hash == "h2"] == [
            replace(second, state="approved", decided_by="bob", decided_us=9, reason="read it")
        ]


def test_hints_are_only_what_is_true_or_false() -> None:
    """A definition that says something else of itself says nothing."""
    text = json.dumps(
        {"annotations": {"readOnlyHint": True, "destructiveHint": "no", "idempotentHint": None, "openWorldHint": False, "x": True}}
    )
    assert hints_of(text) == Hints(read_only=True, open_world=False)
    assert hints_of("{}") == hints_of('{"annotations": []}') == HINTS
