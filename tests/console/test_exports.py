"""The exports page, with forms alone."""

import asyncio
import html
import json
import re

import httpx2
import pytest

from gatebook.console.exports_view import size
from gatebook.console.session import csrf_token
from gatebook.reading.exports_run import ExportLimits
from tests.console.stage import Stage

in_module = pytest.mark.asyncio(loop_scope="module")


def form(client: httpx2.AsyncClient, **fields: str) -> dict[str, str]:
    """The fields of a form of this session."""
    return {"csrf": csrf_token(client.cookies["gatebook"]), **fields}


async def settled(client: httpx2.AsyncClient) -> str:
    """The page, once nothing is being written."""
    async with asyncio.timeout(60):
        while "data-unfinished" in (text := (await client.get("/exports")).text):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return text


@in_module
async def test_begin_download_and_delete_with_forms_alone(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """No script is needed; nobody else sees it."""
    answer = await admin.post(
        "/exports", data=form(admin, q='connector:crm tool:"x" OR status:ok', form="ndjson", payloads="1", range="all")
    )
    assert answer.status_code == 303
    id = answer.headers["location"].rpartition("#")[2]
    page = await settled(admin)
    assert html.escape('connector:crm tool:"x" OR status:ok', quote=True).replace("&quot;", "&#34;") in page and "With arguments" in page
    file = await admin.get(f"/exports/{id}/file")
    assert file.status_code == 200 and json.loads(file.content.splitlines()[0])["status"] == "ok"
    assert file.headers["content-disposition"].startswith('attachment; filename="gatebook-calls-')
    part = await admin.get(f"/exports/{id}/file", headers={"range": "bytes=5-9", "if-range": file.headers["etag"]})
    assert part.status_code == 206 and part.content == file.content[5:10]
    assert (await employee.get(f"/exports/{id}/file")).status_code == 404 and id not in (await employee.get("/exports")).text
    assert (await admin.post(f"/exports/{id}/delete", data=form(admin))).status_code == 303
    assert id not in (await admin.get("/exports")).text


@in_module
async def test_a_form_of_another_page_does_nothing(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Without its token, or from another origin."""
    before = len(stage.exports._exports)
    for fields, headers in (({"form": "csv"}, {}), (form(admin), {"origin": "https://evil.example"})):
        assert (await admin.post("/exports", data=fields, headers=headers)).status_code == 403
    assert len(stage.exports._exports) == before


@in_module
@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"q": "conector:crm"}, 400, "did you mean connector"),
        ({"range": "9y"}, 400, "no time range"),
        ({"q": "a" * 10_001}, 400, "characters"),
    ],
)
async def test_mistakes_are_said_and_the_form_stays(admin: httpx2.AsyncClient, fields: dict[str, str], status: int, words: str) -> None:
    """With what was written."""
    answer = await admin.post("/exports", data=form(admin, **fields))
    assert answer.status_code == status and words in answer.text


@in_module
async def test_limits_are_said(admin: httpx2.AsyncClient, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the estimate, and when it is tried."""
    monkeypatch.setattr(stage.exports, "limits", ExportLimits(rows_max=3))
    assert "at most 3" in (await admin.get("/exports?estimate=1&range=all")).text
    answer = await admin.post("/exports", data=form(admin, range="all"))
    assert answer.status_code == 409 and "at most 3" in answer.text


@in_module
async def test_the_form_is_filled_by_its_address(admin: httpx2.AsyncClient) -> None:
    """As the explorer links to it: query, range with ends, form; the estimate is a fragment too."""
    page = (await admin.get("/exports?q=status:ok&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&form=parquet")).text
    assert 'value="status:ok"' in page and 'value="2026-01-01T00:00:00Z"' in page
    assert re.search(r'value="parquet" checked', page)
    fragment = await admin.get("/exports?q=status:ok&range=all", headers={"x-fragment": "estimate"})
    assert re.search(r"[\d,]+ calls, about [\d.]+ kB as CSV\.", fragment.text) and fragment.headers["x-fragment"] == "estimate"


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (1500, "1.5 kB"), (123_456, "123 kB"), (5_000_000_000_000, "5,000 GB")])
def test_sizes(count: int, text: str) -> None:
    """As people read them."""
    assert size(count) == text
