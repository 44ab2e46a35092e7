"""Saved searches, share links, preferences and the palette, over HTTP."""

import re

import httpx2
import pytest

from tests.console.conftest import signed_in
from tests.console.stage import AUDITOR, EMPLOYEE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def form(client: httpx2.AsyncClient, path: str = "/", **fields: str) -> dict[str, str]:
    """Fields with the token of the client's session."""
    token = re.search(r'data-csrf="(\w+)"', (await client.get(path)).text)
    assert token is not None
    return {"csrf": token[1], **fields}


async def test_a_search_is_saved_found_renamed_and_deleted(admin: httpx2.AsyncClient) -> None:
    """The whole life of one's own search."""
    saved = await admin.post("/saved", data=await form(admin, name="Slow CRM", q="connector:crm duration:>1s", range="7d"))
    assert saved.status_code == 303 and saved.headers["location"] == "/?q=connector%3Acrm+duration%3A%3E1s&range=7d"
    page = (await admin.get("/saved")).text
    assert "Slow CRM" in page and "/?q=connector%3Acrm+duration%3A%3E1s&amp;range=7d" in page and "not shared" in page
    menu = await admin.get("/saved", headers={"x-fragment": "menu"})
    assert menu.headers["x-fragment"] == "menu" and "Slow CRM" in menu.text
    id, version = re.findall(r'action="/saved/(\w+)"><input[^>]+><input type="hidden" name="version" value="(\d+)"', page)[0]
    await admin.post(f"/saved/{id}", data=await form(admin, name="Slow calls of the CRM", shared="security", version=version))
    assert "Slow calls of the CRM" in (await admin.get("/saved")).text
    late = await admin.post(f"/saved/{id}", data=await form(admin, name="Other", version=version))
    assert late.status_code == 400 and "changed meanwhile" in late.text
    assert (await admin.post(f"/saved/{id}/delete", data=await form(admin))).status_code == 303
    assert "Slow calls" not in (await admin.get("/saved")).text


async def test_who_a_search_is_shared_with_sees_it_and_cannot_change_it(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Sharing is by group; others see nothing of it."""
    await admin.post("/saved", data=await form(admin, name="For security", q="status:blocked", shared="security"))
    async with signed_in(stage, AUDITOR) as auditor, signed_in(stage, EMPLOYEE) as employee:
        page = (await auditor.get("/saved")).text
        assert "For security" in page and "/delete" not in page
        assert "For security" not in (await employee.get("/saved")).text
        id = re.findall(r'action="/saved/(\w+)"', (await admin.get("/saved")).text)[0]
        assert (await auditor.post(f"/saved/{id}/delete", data=await form(auditor))).status_code == 400


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 200}, "name"),
        ({"name": "ok", "q": "nope:("}, "field"),
        ({"name": "a\u202eb"}, "cannot be seen"),
    ],
)
async def test_what_cannot_be_saved_is_told(admin: httpx2.AsyncClient, fields: dict[str, str], words: str) -> None:
    """The sentence names what is wrong; a script gets it as text for the form."""
    answer = await admin.post("/saved", data=await form(admin, **fields), headers={"x-fragment": "saved"})
    assert answer.headers["x-fragment"] == "problem" and words in answer.text
    assert (await admin.post("/saved", data=await form(admin, **fields))).status_code == 400


async def test_forms_of_other_sites_do_nothing(admin: httpx2.AsyncClient) -> None:
    """Without the session's token, or from another origin, nothing is kept."""
    fields = await form(admin, name="Forged", q="")
    for path in ("/saved", "/share", "/preferences"):
        assert (await admin.post(path, data={**fields, "csrf": "0" * 64})).status_code == 400
        assert (await admin.post(path, data=fields, headers={"origin": "https://evil.example"})).status_code == 400
    assert "Forged" not in (await admin.get("/saved")).text


async def test_a_share_link_is_short_absolute_and_within_the_readers_scope(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The link holds the time of its making; who opens it sees their own share of it."""
    answer = await admin.post("/share", data=await form(admin, q="connector:crm", range="24h"), headers={"x-fragment": "share"})
    link = re.search(r'value="http://[^/]+(/s/\w{4,16})"', answer.text)
    assert link is not None
    target = (await admin.get(link[1])).headers["location"]
    assert "from=" in target and "to=" in target and "connector%3Acrm" in target
    async with signed_in(stage, EMPLOYEE) as employee:
        assert (await employee.get(link[1])).headers["location"] == target
        assert "your own only" in (await employee.get(target)).text
    assert (await admin.get("/s/nothing")).status_code == 404


async def test_preferences_are_kept_for_the_person(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Columns, density and keys come back with the next page, in another browser too; and are forgotten."""
    for name, value in (("columns", "time:120,tool,ip"), ("density", "compact"), ("keys", "off")):
        assert (await admin.post("/preferences", data=await form(admin, name=name, value=value))).status_code == 204
    async with signed_in(stage, "admin@northwind.example") as other:
        text = (await other.get("/")).text
        assert 'data-density="compact" data-keys-off' in text and 'data-column="ip"' in text and 'data-column="client"' not in text
        assert "c=time%3A120%2Ctool%2Cip" in text
    for name in ("columns", "density", "keys"):
        assert (await admin.post("/preferences", data=await form(admin, name=name, value=""))).status_code == 204
    text = (await admin.get("/")).text
    assert "data-density" not in text and 'data-column="client"' in text
    assert (await admin.post("/preferences", data=await form(admin, name="theme", value="x"))).status_code == 400


async def test_the_palette_lists_searches_people_and_connectors(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """What was busy lately and may be seen."""
    text = (await admin.get("/palette", headers={"x-fragment": "palette"})).text
    assert "For security" in text and "Jonas Lindqvist" in text and "crm" in text
    own = (await employee.get("/palette", headers={"x-fragment": "palette"})).text
    assert "Amara Okafor" in own and "Jonas" not in own
