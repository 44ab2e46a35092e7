"""Edits of several resources at once, against what is stored."""

import pytest

from gatebook.state import editing
from gatebook.state.changes import Author, write
from gatebook.state.documents import DocumentError, parse_documents
from gatebook.state.editing import Wanted
from gatebook.state.store import Store

PACK = "kind: ToolPack\nname: desk\nspec: {tools: {crm: [export_*]}}\n"
POLICY = "kind: Policy\nname: wait\nspec: {effect: require_approval, selector: {packs: [desk]}}\n"
TWO = "kind: Governance\nname: default\nspec: {second_approver: true}\n"


def put(store: Store, wanted: Wanted) -> None:
    """Store an edit as it is."""
    with store.write() as connection:
        for change in editing.look(connection, wanted).effective:
            write(connection, change, Author(name="ann", at_us=1))


def of(text: str, *deletions: tuple[str, str]) -> Wanted:
    """An edit."""
    return Wanted(documents=tuple(parse_documents(text, "t.yaml")), deletions=deletions)


def test_what_is_deleted_and_what_needs_it_are_checked_together(store: Store) -> None:
    """A pack goes with the policy that names it, and not without; one resource does not stand in an edit twice."""
    put(store, of(f"{PACK}---\n{POLICY}"))
    with store.read() as connection:
        editing.look(connection, of("", ("ToolPack", "desk"), ("Policy", "wait"))).check()
        with pytest.raises(DocumentError, match="no tool pack 'desk'"):
            editing.look(connection, of("", ("ToolPack", "desk"))).check()
        for twice in (of(POLICY, ("Policy", "wait")), of("", ("Policy", "wait"), ("Policy", "wait"))):
            with pytest.raises(DocumentError, match="stands twice"):
                editing.look(connection, twice)


def test_a_second_person_is_asked_for_by_what_is_stored(store: Store) -> None:
    """Not by the edit itself: switching it on takes one person, switching it off two; an edit that changes nothing takes nobody."""
    with store.read() as connection:
        assert not editing.look(connection, of(TWO)).needs_second
    put(store, of(TWO))
    with store.read() as connection:
        off = of(TWO.replace("true", "false"))
        assert all(editing.look(connection, wanted).needs_second for wanted in (off, of("", ("Governance", "default")), of(PACK)))
        assert not editing.look(connection, of(TWO)).needs_second


def test_versions_move(store: Store) -> None:
    """Another version than the one that was looked at has moved; a deleted resource counts as none, and as its deletion."""
    put(store, of(PACK))
    with store.read() as connection:
        assert editing.moved(connection, {"ToolPack/desk": 1, "ToolPack/other": 0}) == []
        assert editing.moved(connection, {"ToolPack/desk": 0, "ToolPack/other": 1}) == ["ToolPack/desk", "ToolPack/other"]
    put(store, of("", ("ToolPack", "desk")))
    with store.read() as connection:
        assert [editing.moved(connection, {"ToolPack/desk": base}) for base in (0, 1, 2)] == [[], ["ToolPack/desk"], []]
