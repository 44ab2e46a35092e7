"""Saved searches, share links and preferences: whose they are, and what is refused."""

import asyncio

import pytest

from gatebook.query import QueryError
from gatebook.reading import saved as module
from gatebook.reading.room import Question
from gatebook.reading.saved import Conflict, SavedError, Shelf, Wish
from gatebook.reading.viewer import Viewer
from tests.console.stage import AUDITOR, EMPLOYEE, Stage
from tests.console.traffic import PEOPLE
from tests.reading.conftest import viewer_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def shelf(stage: Stage) -> Shelf:
    """Over the state and book of the stage."""
    return Shelf(stage.store, stage.keeper, stage.clock)


async def names(shelf: Shelf, viewer: Viewer) -> set[str]:
    """What somebody finds in their list."""
    return {one.name for one in await shelf.searches(viewer)}


async def test_who_sees_a_search(shelf: Shelf, stage: Stage) -> None:
    """Its owner always, others when it is shared with everyone or with a group of theirs; only the owner changes or deletes it."""
    ann, bob, cat = viewer_of(stage, EMPLOYEE), viewer_of(stage, AUDITOR), viewer_of(stage, PEOPLE[1].id)
    kept = [
        await shelf.create(ann, Wish(name="own")),
        await shelf.create(ann, Wish(name="all", shared=("everyone",))),
        await shelf.create(ann, Wish(name="some", shared=("security", "nobody"))),
    ]
    assert await names(shelf, ann) >= {"own", "all", "some"}
    assert await names(shelf, bob) & {"own", "all", "some"} == {"all", "some"}
    assert await names(shelf, cat) & {"own", "all", "some"} == {"all"}
    assert await shelf.search(bob, kept[0].id) is None and await shelf.search(bob, kept[2].id) == kept[2]
    assert await shelf.change(bob, kept[1].id, Wish(name="mine"), 1) is None
    assert await shelf.delete(bob, kept[1].id) is False
    for one in kept:
        assert await shelf.delete(ann, one.id) is True
    assert not await names(shelf, ann) & {"own", "all", "some"}


async def test_of_two_tabs_the_second_is_told(shelf: Shelf, admin: Viewer) -> None:
    """A change names the version it starts from; at the same time, exactly one of two wins."""
    one = await shelf.create(admin, Wish(name="tabs"))
    both = await asyncio.gather(
        *(shelf.change(admin, one.id, Wish(name="tabs", text=text), 1) for text in ("status:ok", "status:blocked")), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in both) == ["Conflict", "Saved"]
    made = await asyncio.gather(*(shelf.create(admin, Wish(name="twice")) for _ in range(2)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in made) == ["Conflict", "Saved"]


async def test_changes_of_what_others_see_are_on_the_record(shelf: Shelf, stage: Stage, admin: Viewer) -> None:
    """Created, changed, deleted while shared, and the change that ends the sharing; not what somebody keeps for themselves."""
    before = len(await stage.records("changes"))
    own = await shelf.create(admin, Wish(name="private"))
    await shelf.delete(admin, own.id)
    one = await shelf.create(admin, Wish(name="public", shared=("security",)))
    await shelf.change(admin, one.id, Wish(name="public"), 1)
    await shelf.change(admin, one.id, Wish(name="alone"), 2)
    await shelf.delete(admin, one.id)
    new = (await stage.records("changes"))[before:]
    assert [(change["kind"], change["action"], change["version"]) for change in new] == [
        ("SavedSearch", "created", 1),
        ("SavedSearch", "changed", 2),
    ]
    assert {change["name"] for change in new} == {one.id} and "public" not in str(new)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish(name=" "), "name"),
        (Wish(name="x" * 101), "name"),
        (Wish(name="a\x00b"), "name"),
        (Wish(name="a\u202eb"), "name"),
        (Wish(name="a\ud800"), "name"),
        (Wish(name="a", range="x" * 81), "range"),
        (Wish(name="a", range="\n"), "range"),
        (Wish(name="a", shared=("",)), "shared"),
        (Wish(name="a", shared=tuple(map(str, range(21)))), "shared"),
        (Wish(name="a", columns=("x" * 121,)), "columns"),
        (Wish(name="a", columns=tuple(map(str, range(61)))), "columns"),
        (Wish(name="a", text="\x00"), "text"),
        (Wish(name="a", text="\udfff"), "text"),
        (Wish(name="a", text="a" * 10_001), "text"),
    ],
)
async def test_what_cannot_be_kept_is_refused(shelf: Shelf, admin: Viewer, wish: Wish, field: str) -> None:
    """The error names the field."""
    with pytest.raises(SavedError) as caught:
        await shelf.create(admin, wish)
    assert caught.value.field == field


async def test_a_query_that_does_not_parse_is_refused(shelf: Shelf, admin: Viewer) -> None:
    """A saved search can be run."""
    with pytest.raises(QueryError):
        await shelf.create(admin, Wish(name="bad", text="status:("))
    with pytest.raises(QueryError):
        await shelf.share(admin, Question(text="status:("))


async def test_hostile_names_are_only_names(shelf: Shelf, admin: Viewer) -> None:
    """Quotes, backslashes and markup come back as they were."""
    for name in ("'; DROP TABLE saved_searches; --", '<script>alert("x")</script>', "\\N", "a'b\"c\\d", "名前 🔎"):
        one = await shelf.create(admin, Wish(name=name, text='"a\'b\tc"'))
        assert await shelf.search(admin, one.id) == one and one.name == name


async def test_there_is_room_for_so_many(shelf: Shelf, admin: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches, links and preferences of one person are counted."""
    for name in ("SAVED_MAX", "SHARES_MAX", "PREFERENCES_MAX"):
        monkeypatch.setattr(module, name, 0)
    for wish in (shelf.create(admin, Wish(name="one more")), shelf.share(admin, Question(text="one more")), shelf.prefer(admin, "x", "1")):
        with pytest.raises(Conflict, match="delete some"):
            await wish


async def test_a_share_link_keeps_its_moment(shelf: Shelf, stage: Stage, admin: Viewer) -> None:
    """Open end and relative times become absolute; the same question of the same person has one link; only its maker deletes it."""
    one = await shelf.share(admin, Question(text="since:-1h", since_us=5), ["time", "tool"])
    assert "-1h" not in one.text and one.since_us == 5 and one.until_us == one.at_us and one.columns == ("time", "tool")
    assert len(one.id) == 13 and one.id.isalnum()
    fixed = Question(text="status:ok", since_us=1, until_us=2)
    again = [await shelf.share(admin, fixed) for _ in range(2)]
    assert again[0] == again[1]
    other = viewer_of(stage, EMPLOYEE)
    assert await shelf.opened(other, one.id) == one and await shelf.opened(other, "x") is None
    assert await shelf.shares(other) == [] and await shelf.unshare(other, one.id) is False
    assert await shelf.unshare(admin, one.id) is True and await shelf.opened(admin, one.id) is None


async def test_preferences_are_of_one_person(shelf: Shelf, stage: Stage, admin: Viewer) -> None:
    """The last one counts; odd names and large values are refused."""
    await shelf.prefer(admin, "explorer.columns", '["time"]')
    await shelf.prefer(admin, "explorer.columns", '["tool"]')
    assert await shelf.preferences(admin) == {"explorer.columns": '["tool"]'}
    assert await shelf.preferences(viewer_of(stage, EMPLOYEE)) == {}
    for name, value in (("Ä", "1"), ("a" * 61, "1"), ("", "1"), ("a", "x" * 8193)):
        with pytest.raises(SavedError):
            await shelf.prefer(admin, name, value)
    await shelf.forget(admin, "explorer.columns")
    assert await shelf.preferences(admin) == {}
