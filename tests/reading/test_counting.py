"""Facets, histogram and values of a field, through the room."""

from collections import Counter

import pytest

from gatebook.index import CallRow
from gatebook.reading.facets import BAND, FACETS
from gatebook.reading.room import Question
from gatebook.reading.viewer import Viewer
from tests.console.stage import EMPLOYEE, Stage
from tests.console.traffic import PEOPLE, Case
from tests.reading.conftest import viewer_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def all_rows(stage: Stage, viewer: Viewer, question: Question) -> list[CallRow]:
    """Everything that a question finds."""
    return (await stage.room.rows(viewer, stage.room.query(viewer, question), None, 500)).rows


async def test_facets_count_what_the_rows_hold(stage: Stage, admin: Viewer) -> None:
    """Each facet over the same rows that the question finds."""
    question = Question(text="connector:crm")
    rows = await all_rows(stage, admin, question)
    found = await stage.room.facets(admin, question, FACETS, 50)
    assert tuple(found) == FACETS
    assert {count.value: count.count for count in found["status"]} == Counter(row.status for row in rows)
    assert {count.value: count.count for count in found["group"]} == Counter(group for row in rows for group in row.groups)
    assert sum(count.count for count in found[BAND]) == len(rows)
    every = await all_rows(stage, admin, Question())
    assert {count.value: count.count for count in found["connector"]} == Counter(row.connector for row in every)


async def test_a_band_finds_as_many_calls_as_it_says(stage: Stage, admin: Viewer) -> None:
    """Its value is a filter of the query language; its own filter does not narrow it."""
    found = await stage.room.facets(admin, Question(text="duration:>1h"), (BAND,), 10)
    assert found[BAND]
    for count in found[BAND]:
        assert len(await all_rows(stage, admin, Question(text=f"duration:{count.value}"))) == count.count


async def test_every_part_of_a_snapshot_counts_the_same_calls(stage: Stage, admin: Viewer) -> None:
    """Rows, count, histogram and facets agree although calls arrive meanwhile."""
    room, question = stage.room, Question(text="status:ok")
    at = room.snapshot()
    stage.call(PEOPLE[0], Case())
    await stage.settled()
    query = room.query(admin, question)
    page = await room.rows(admin, query, None, 500, count=True, snapshot=at)
    extent = await room.extent(query, snapshot=at)
    assert extent is not None
    histogram = await room.histogram(admin, query, extent[0], extent[1] + 1, 3_600_000_000, snapshot=at)
    facets = await room.facets(admin, question, ("connector",), 50, snapshot=at)
    totals = {
        page.total,
        len(page.rows),
        sum(sum(held.values()) for held in histogram.values()),
        sum(one.count for one in facets["connector"]),
    }
    assert len(totals) == 1
    now = await room.rows(admin, query, None, 500, count=True)
    assert now.total is not None and page.total is not None and now.total > page.total


async def test_a_histogram_has_a_limit(stage: Stage, admin: Viewer) -> None:
    """A hundred years by the second are refused."""
    with pytest.raises(ValueError, match="buckets"):
        await stage.room.histogram(admin, stage.room.query(admin, Question()), 0, 10**15, 1_000_000)


async def test_values_are_those_within_the_scope(stage: Stage, admin: Viewer) -> None:
    """A reader of everything is offered every person, an employee themselves only."""
    own = viewer_of(stage, EMPLOYEE)
    assert {count.value for count in await stage.room.values(own, Question(), "person", "", 50)} == {EMPLOYEE}
    assert len(await stage.room.values(admin, Question(), "person", "", 50)) > 3
    jonas = await stage.room.values(admin, Question(), "person", "LINDQ", 50)
    assert [(count.value, count.label) for count in jonas] == [("jonas@northwind.example", "Jonas Lindqvist")]
    assert await stage.room.values(own, Question(), "person", "lindq", 50) == []


async def test_a_closed_set_is_offered_whole(stage: Stage, admin: Viewer) -> None:
    """Also choices that no call holds, behind those that some do; the field's own filter does not narrow them."""
    found = await stage.room.values(admin, Question(text="status:ok"), "status", "", 50)
    assert {"pending", "open", "blocked"} <= {count.value for count in found}
    assert [count.count for count in found] == sorted((count.count for count in found), reverse=True)
    assert {count.value for count in await stage.room.values(admin, Question(), "status", "ERROR", 50)} == {
        "tool_error",
        "protocol_error",
        "upstream_error",
    }
    assert [count.value for count in await stage.room.values(admin, Question(), "is_error", "", 9)] == ["false", "true"]
    assert await stage.room.values(admin, Question(), "time", "", 9) == await stage.room.values(admin, Question(), "text", "", 9) == []


async def test_arguments_are_offered_by_path_and_value(stage: Stage, admin: Viewer) -> None:
    """Paths that the newest calls hold, and what stood there; of the employee's own calls only."""
    stage.call(PEOPLE[1], Case(params={"name": "find", "arguments": {"secret_path": {"deep": "Needle"}}}))
    await stage.settled()
    paths = {count.value for count in await stage.room.values(admin, Question(), "args", "secret", 50)}
    (path,) = paths
    assert path.endswith("secret_path.deep")
    assert [count.value for count in await stage.room.values(admin, Question(), f"args.{path}", "", 50)] == ["needle"]
    own = viewer_of(stage, EMPLOYEE)
    assert await stage.room.values(own, Question(), "args", "secret", 50) == []
    assert await stage.room.values(own, Question(), f"args.{path}", "", 50) == []


async def test_readings_of_values_are_on_the_record_once_a_minute(stage: Stage) -> None:
    """Typing on does not flood the log; another field is another reading."""
    viewer = viewer_of(stage, "hannah@northwind.example")
    before = len(await stage.reads())
    for contains in ("", "c", "cr"):
        await stage.room.values(viewer, Question(), "connector", contains, 5)
    await stage.room.values(viewer, Question(), "tool", "", 5)
    noted = [read["query"] for read in (await stage.reads())[before:]]
    assert sorted(set(noted)) == ["values:connector", "values:tool"] and len(noted) <= 4
