"""Exports over HTTP: begin, follow, fetch in pieces, delete."""

import asyncio
import base64
import hashlib
import json
from typing import Any

import httpx2
import pytest

from gatebook.record.parts import Source
from tests.console.stage import ADMIN, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def finished(client: httpx2.AsyncClient, **order: Any) -> dict[str, Any]:
    """The answer about an export, once it is done."""
    answer = await client.post("/api/v1/exports", json=order)
    assert answer.status_code == 202, answer.text
    path = answer.json()["path"]
    assert answer.headers["location"] == path
    async with asyncio.timeout(30):
        while (found := (await client.get(path)).json())["export"]["state"] in ("waiting", "running"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert found["export"]["state"] == "done", found
    shown: dict[str, Any] = found
    return shown


async def test_an_export_from_order_to_file(admin: httpx2.AsyncClient) -> None:
    """The file has its name, kind and hash; the answer says how much it holds."""
    found = await finished(admin, q="connector:crm", form="ndjson", payloads=True)
    export = found["export"]
    answer = await admin.get(found["file_path"])
    assert answer.status_code == 200 and len(answer.content) == export["bytes"]
    digest = hashlib.sha256(answer.content)
    assert answer.headers["etag"] == f'"{digest.hexdigest()}"' == f'"{export["sha256"]}"'
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert answer.headers["content-disposition"] == f'attachment; filename="{export["file"]}"'
    assert answer.headers["content-type"] == "application/x-ndjson" and answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-content-type-options"] == "nosniff"
    calls = [json.loads(line) for line in answer.content.splitlines()]
    assert len(calls) == export["rows"] and {call["connector"] for call in calls} == {"crm"}
    assert found["export"]["id"] in {item["export"]["id"] for item in (await admin.get("/api/v1/exports")).json()["exports"]}
    await admin.delete(found["path"])


async def test_a_download_that_broke_off_goes_on(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """In pieces it is the same file; each piece is on the record; one of another file, or behind its end, is not given."""
    found = await finished(admin, form="csv")
    size, tag = found["export"]["bytes"], f'"{found["export"]["sha256"]}"'
    before = len(await stage.reads())
    data = b""
    while len(data) < size:
        span = {"range": f"bytes={len(data)}-{len(data) + size // 3}", "if-range": tag}
        answer = await admin.get(found["file_path"], headers=span)
        assert answer.status_code == 206 and answer.headers["content-range"].endswith(f"/{size}")
        data += answer.content
    assert hashlib.sha256(data).hexdigest() == found["export"]["sha256"]
    assert [read["action"] for read in (await stage.reads())[before:]] == ["download"] * 3
    other = await admin.get(found["file_path"], headers={"range": "bytes=5-", "if-range": '"another"'})
    assert other.status_code == 200 and len(other.content) == size
    assert (await admin.get(found["file_path"], headers={"range": f"bytes={size}-"})).status_code == 416
    head = await admin.head(found["file_path"])
    assert head.status_code == 200 and head.headers["content-length"] == str(size) and head.content == b""
    await admin.delete(found["path"])


async def test_another_person_sees_nothing_of_it(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """Not in the list, not by its id, not the file; and cannot delete it."""
    found = await finished(admin)
    nothing = await employee.get("/api/v1/exports/" + "0" * 16)
    for answer in (await employee.get(found["path"]), await employee.get(found["file_path"]), await employee.delete(found["path"])):
        assert answer.status_code == 404 and answer.json() == nothing.json()
    assert (await employee.get("/api/v1/exports")).json() == {"exports": []}
    assert (await admin.delete(found["path"])).status_code == 204
    assert (await admin.get(found["path"])).status_code == 404


async def test_an_employee_exports_own_calls_only(employee: httpx2.AsyncClient) -> None:
    """Scope holds in the file as on the screen."""
    found = await finished(employee, form="ndjson", q="person:jonas* OR status:ok")
    lines = (await employee.get(found["file_path"])).content.splitlines()
    assert {json.loads(line)["person"] for line in lines} <= {"amara@northwind.example"}
    await employee.delete(found["path"])


async def test_an_estimate(admin: httpx2.AsyncClient) -> None:
    """Rows and size, before anything is begun."""
    guess = (await admin.get("/api/v1/exports/estimate?form=parquet&payloads=1")).json()
    assert guess["rows"] >= 300 and guess["bytes"] > 1000 and guess["refusal"] is None


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"form": "xlsx"}, 400),
        ({"q": "conector:crm"}, 400),
        ({"q": "a" * 10_001}, 400),
        ({"since": -1}, 400),
        ({"since": "yesterday"}, 400),
        ({"rows": 5}, 400),
        ([], 400),
    ],
)
async def test_a_bad_order_is_refused(admin: httpx2.AsyncClient, order: Any, status: int) -> None:
    """With a problem, and nothing begun."""
    answer = await admin.post("/api/v1/exports", json=order)
    assert answer.status_code == status and answer.headers["content-type"] == "application/problem+json"
    assert (await admin.get("/api/v1/exports")).json() == {"exports": []}


async def test_limits_are_a_conflict(admin: httpx2.AsyncClient, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to do."""
    monkeypatch.setattr(stage.exports, "limits", type(stage.exports.limits)(rows_max=3))
    answer = await admin.post("/api/v1/exports", json={})
    assert answer.status_code == 409 and "at most 3" in answer.json()["detail"]


async def test_a_foreign_page_cannot_begin_one_with_a_session(stranger: httpx2.AsyncClient, stage: Stage) -> None:
    """The cookie of a session is not enough; neither is a form."""
    opened = await stage.desk.sign_in(await stage.link_secret(ADMIN), Source(ip="127.0.0.1", port=1))
    assert opened is not None
    cookie = {"cookie": f"gatebook={opened.secret}"}
    for more in ({}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert (await stranger.post("/api/v1/exports", json={}, headers={**cookie, **more})).status_code == 403
    assert (await stranger.post("/api/v1/exports", json={})).status_code == 401
