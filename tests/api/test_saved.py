"""Saved searches, share links and preferences over HTTP, and who may change them from where."""

from typing import Any

import httpx2
import pytest

from gatebook.record.parts import Source
from tests.console.stage import ADMIN, EMPLOYEE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_saved_search_from_its_creation_to_its_end(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """Made, seen by those it is shared with, changed at its version, deleted."""
    order = {"name": "Blocked <b>", "q": "status:blocked", "range": "24h", "columns": ["time", "tool"], "shared": ["everyone"]}
    made = await admin.post("/api/v1/searches", json=order)
    saved = made.json()
    assert made.status_code == 201 and {name: saved[name] for name in order} == order
    assert saved["own"] is True and saved["owner"] == ADMIN and saved["version"] == 1
    address = f"/api/v1/searches/{saved['id']}"
    seen = (await employee.get(address)).json()
    assert seen["own"] is False and seen["q"] == "status:blocked"
    assert saved["id"] in {one["id"] for one in (await employee.get("/api/v1/searches")).json()["searches"]}
    changed = await admin.put(address, json={**order, "shared": [], "version": 1})
    assert changed.status_code == 200 and changed.json()["version"] == 2
    assert (await employee.get(address)).status_code == 404
    assert (await admin.put(address, json={**order, "version": 1})).status_code == 409
    assert (await employee.put(address, json={**order, "version": 2})).status_code == 404
    assert (await employee.delete(address)).status_code == 404
    assert (await admin.delete(address)).status_code == 204 and (await admin.get(address)).status_code == 404


@pytest.mark.parametrize(
    ("order", "status", "words"),
    [
        ({}, 400, "name"),
        ({"name": "a", "q": "status:("}, 400, "expected"),
        ({"name": "a", "q": "\x00"}, 400, "text"),
        ({"name": "a\x00"}, 400, "name"),
        ({"name": "a", "more": 1}, 400, "more"),
        ({"name": "a" * 101}, 400, "name"),
        ({"name": "a", "shared": [""]}, 400, "shared"),
        ({"name": ["a"]}, 400, "name"),
    ],
)
async def test_what_cannot_be_saved_says_why(admin: httpx2.AsyncClient, order: dict[str, Any], status: int, words: str) -> None:
    """Names the field or the place in the query."""
    answer = await admin.post("/api/v1/searches", json=order)
    assert answer.status_code == status and words in answer.text


async def test_a_share_link_is_opened_within_ones_own_scope(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """The question is passed on, never what it found."""
    made = await admin.post("/api/v1/shares", json={"q": "person:jonas* since:-1d", "columns": ["time"]})
    share = made.json()
    assert made.status_code == 201 and "-1d" not in share["q"] and share["until"] == share["at"]
    opened = (await employee.get(f"/api/v1/shares/{share['id']}")).json()
    assert opened == share
    found = (await employee.get("/api/v1/calls", params={"q": opened["q"], "until": opened["until"], "count": "1"})).json()
    assert found["total"] == 0 and found["calls"] == []
    assert [one["id"] for one in (await admin.get("/api/v1/shares")).json()["shares"]] == [share["id"]]
    assert (await employee.delete(f"/api/v1/shares/{share['id']}")).status_code == 404
    assert (await admin.delete(f"/api/v1/shares/{share['id']}")).status_code == 204
    assert (await employee.get(f"/api/v1/shares/{share['id']}")).status_code == 404


async def test_preferences_are_kept_as_json(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """Any JSON, of the caller alone."""
    value = {"columns": ["time", "tool"], "widths": {"time": 120.5}, "note": "Ä\n\\N"}
    assert (await admin.put("/api/v1/preferences/explorer.columns", json={"value": value})).status_code == 204
    assert (await admin.get("/api/v1/preferences")).json() == {"preferences": {"explorer.columns": value}}
    assert (await employee.get("/api/v1/preferences")).json() == {"preferences": {}}
    assert (await admin.put("/api/v1/preferences/Bad", json={"value": 1})).status_code == 404
    assert (await admin.put("/api/v1/preferences/x", json={"value": "a" * 9000})).status_code == 400
    assert (await admin.delete("/api/v1/preferences/explorer.columns")).status_code == 204
    assert (await admin.get("/api/v1/preferences")).json() == {"preferences": {}}


async def test_a_session_changes_things_from_the_consoles_own_pages_only(stranger: httpx2.AsyncClient, stage: Stage) -> None:
    """The cookie alone is not enough, and a foreign page cannot send what is missing."""
    opened = await stage.desk.sign_in(await stage.link_secret(EMPLOYEE), Source(ip="127.0.0.1", port=1))
    assert opened is not None
    cookie = {"cookie": f"gatebook={opened.secret}"}
    for more, status in (
        ({}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 204),
        ({"origin": "http://127.0.0.1:8401"}, 204),
    ):
        answer = await stranger.put("/api/v1/preferences/x", json={"value": 1}, headers={**cookie, **more})
        assert answer.status_code == status, more
    form = await stranger.put("/api/v1/preferences/x", data={"value": "1"}, headers={**cookie, "sec-fetch-site": "same-origin"})
    assert form.status_code == 415
    assert (await stranger.get("/api/v1/preferences", headers=cookie)).json() == {"preferences": {"x": 1}}
