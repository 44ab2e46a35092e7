"""Saved searches, share links and preferences as they are stored."""

import pytest

from gatebook.state import saved
from gatebook.state.saved import Preference, Saved, Share
from gatebook.state.store import Store

HOSTILE = ("'; DROP TABLE shares; --", 'a"b\\c', "\\N", "Ünïcödé ‮", "tab\there", "x" * 5000)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_saved_search_comes_back_as_it_was(store: Store, text: str) -> None:
    """Whatever its name and query hold."""
    one = Saved(
        id="s1", owner="ann", name=text, shared=("everyone", text), text=text, range="24h", columns=(text, "b"), created_us=1, changed_us=2
    )
    with store.write() as connection:
        saved.put_saved(connection, one)
        assert saved.find_saved(connection, "s1") == saved.find_saved_name(connection, "ann", text) == one
        assert saved.list_saved(connection) == [one] and saved.count_saved(connection, "ann") == 1


def test_putting_again_replaces_and_deleting_forgets(store: Store) -> None:
    """One id is one search."""
    with store.write() as connection:
        saved.put_saved(connection, Saved(id="s1", owner="ann", name="a"))
        saved.put_saved(connection, Saved(id="s1", owner="ann", name="b", version=2))
        assert [one.name for one in saved.list_saved(connection)] == ["b"]
        saved.delete_saved(connection, "s1")
        assert saved.find_saved(connection, "s1") is None


def test_shares_are_listed_newest_first(store: Store) -> None:
    """Those of one person only."""
    with store.write() as connection:
        for id, by, at_us in (("a", "ann", 1), ("b", "ann", 2), ("c", "bob", 3)):
            saved.add_share(connection, Share(id=id, by=by, text="status:ok", since_us=5, columns=("time",), at_us=at_us))
        assert [share.id for share in saved.list_shares(connection, "ann")] == ["b", "a"]
        assert saved.find_share(connection, "c") == Share(
            id="c", by="bob", text="status:ok", since_us=5, until_us=None, columns=("time",), at_us=3
        )
        saved.delete_share(connection, "c")
        assert saved.find_share(connection, "c") is None


def test_preferences_belong_to_one_person(store: Store) -> None:
    """The last one written under a name counts."""
    with store.write() as connection:
        for person, value in (("ann", "1"), ("bob", "2"), ("ann", "3")):
            saved.put_preference(connection, Preference(person=person, name="columns", value=value))
        assert [one.value for one in saved.list_preferences(connection, "ann")] == ["3"]
        saved.delete_preference(connection, "ann", "columns")
        assert saved.list_preferences(connection, "ann") == [] and len(saved.list_preferences(connection, "bob")) == 1
