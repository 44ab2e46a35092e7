"""Histogram, facets, values and completion over HTTP, each at a position of the book."""

import httpx2
import pytest

from tests.console.stage import EMPLOYEE, Stage
from tests.console.traffic import PEOPLE, Case

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_all_parts_of_one_snapshot_count_the_same_calls(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Also while calls arrive between the questions; and all of it is one record for the counts beside the one for the rows."""
    before = len(await stage.reads())
    asked = {"q": "status:(ok,blocked)", "since": "1"}
    page = (await admin.get("/api/v1/calls", params={**asked, "count": "1", "limit": "500"})).json()
    stage.call(PEOPLE[0], Case())
    await stage.settled()
    asked["snapshot"] = page["snapshot"]
    histogram = (await admin.get("/api/v1/histogram", params={**asked, "step_s": "8640000"})).json()
    facets = (await admin.get("/api/v1/facets", params={**asked, "fields": "connector,band,status", "limit": "200"})).json()
    again = (await admin.get("/api/v1/calls", params={**asked, "count": "1", "limit": "500"})).json()
    total = page["total"]
    assert total == len(page["calls"]) == again["total"]
    assert sum(bucket["count"] for bucket in histogram["buckets"]) == total
    assert (
        sum(count["count"] for count in facets["facets"]["connector"]) == sum(count["count"] for count in facets["facets"]["band"]) == total
    )
    assert page["positions"] == histogram["positions"] == facets["positions"]
    assert (await admin.get("/api/v1/calls", params={"q": asked["q"], "count": "1"})).json()["total"] == total + 1
    assert [read["rows"] for read in (await stage.reads())[before:] if read["action"] == "search"][:3] == [total, total, 50]


async def test_counts_alone_are_a_reading(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """One record for a view of counts, another for another question."""
    before = len(await stage.reads())
    first = (await admin.get("/api/v1/facets?q=connector:crm")).json()["snapshot"]
    await admin.get(f"/api/v1/histogram?q=connector:crm&snapshot={first}")
    await admin.get(f"/api/v1/histogram?q=connector:git&snapshot={first}")
    assert [read["query"] for read in (await stage.reads())[before:]] == ["connector:crm", "connector:git"]


async def test_a_snapshot_that_is_gone_is_refused(admin: httpx2.AsyncClient) -> None:
    """410 where it could have been one, 400 where not."""
    for path in ("calls", "histogram", "facets"):
        assert (await admin.get(f"/api/v1/{path}?snapshot={'0' * 16}")).status_code == 410
        assert (await admin.get(f"/api/v1/{path}?snapshot=x")).status_code == 400


async def test_buckets_begin_where_people_count_from(admin: httpx2.AsyncClient) -> None:
    """Steps are round; each bucket lies within the range; `by` a field names its values."""
    found = (await admin.get("/api/v1/histogram?by=connector")).json()
    assert found["step_us"] % 1_000_000 == 0 and found["since_us"] % found["step_us"] == 0
    assert all(found["since_us"] <= bucket["start_us"] < found["until_us"] for bucket in found["buckets"])
    assert {"crm", "git"} <= {value for bucket in found["buckets"] for value in bucket["by"]}
    century = (await admin.get("/api/v1/histogram?since=1970-01-01&until=2070-01-01")).json()
    assert century["buckets"] and century["step_us"] > 86_400_000_000
    coarser = (await admin.get("/api/v1/histogram?since=1970-01-01&until=2070-01-01&step_s=1")).json()
    assert (coarser["until_us"] - coarser["since_us"]) // coarser["step_us"] < 1000 and coarser["buckets"]
    assert (await admin.get("/api/v1/histogram?q=connector:nothing")).json()["buckets"] == []


async def test_each_value_of_a_facet_comes_with_the_query_that_finds_it(admin: httpx2.AsyncClient) -> None:
    """As many as it says, also for bands and for values that must be quoted."""
    fields = "decision,status,connector,tool,person,group,client,rule,finding,severity,band"
    found = (await admin.get("/api/v1/facets", params={"fields": fields, "limit": "4"})).json()
    for held in found["facets"].values():
        for count in held:
            page = await admin.get("/api/v1/calls", params={"q": count["query"], "count": "1", "limit": "1", "snapshot": found["snapshot"]})
            assert page.json()["total"] == count["count"], count


async def test_an_unknown_facet_names_the_nearest(admin: httpx2.AsyncClient) -> None:
    """As every closed set does."""
    answer = await admin.get("/api/v1/facets?fields=status,conector")
    assert answer.status_code == 400 and "did you mean connector?" in answer.json()["detail"]
    assert (await admin.get("/api/v1/facets?fields=status,status")).status_code == 400
    assert (await admin.get("/api/v1/values?field=nothing")).status_code == 400


async def test_values_and_completion_stay_within_the_scope(employee: httpx2.AsyncClient) -> None:
    """An employee is offered themselves."""
    values = (await employee.get("/api/v1/values?field=person")).json()["values"]
    assert [value["value"] for value in values] == [EMPLOYEE]
    offers = (await employee.get("/api/v1/complete?q=person:")).json()
    assert offers["expects"] == "value" and EMPLOYEE in str(offers["offers"]) and "jonas" not in str(offers["offers"])
    assert (await employee.get("/api/v1/complete?q=person:am%20x&at=9")).json()["start"] == 7


async def test_pages_lead_back_to_newer_calls(admin: httpx2.AsyncClient) -> None:
    """`after` gives the calls next in time, newest first."""
    newest = (await admin.get("/api/v1/calls?limit=6")).json()
    older = (await admin.get(f"/api/v1/calls?limit=3&before={(await admin.get('/api/v1/calls?limit=3')).json()['next_cursor']}")).json()
    assert [call["call_id"] for call in older["calls"]] == [call["call_id"] for call in newest["calls"][3:]]
    back = (await admin.get(f"/api/v1/calls?limit=3&after={older['previous_cursor']}")).json()
    assert [call["call_id"] for call in back["calls"]] == [call["call_id"] for call in newest["calls"][:3]]
