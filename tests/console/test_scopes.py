"""The matrix of scopes on a connector's page: what it shows, and the draft that its form makes."""

import re
from html import unescape

import httpx2
import pytest
import pytest_asyncio

from gatebook.reading.scope_room import cell_id
from gatebook.state.documents import parse_documents
from tests.console.conftest import signed_in
from tests.console.granting import entitle
from tests.console.stage import AUDITOR, Stage
from tests.console.test_saved_pages import form

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def entitled(stage: Stage) -> None:
    """Connectors with groups of every sort."""
    await entitle(stage)


def fields_of(page: str) -> dict[str, str]:
    """The fields of the form with what they show, as a browser would send them."""
    found = {}
    for name, options in re.findall(r'<select name="(c-[^"]+)"[^>]*>(.*?)</select>', page):
        selected = re.search(r'<option value="(\w+)" selected>', options)
        assert selected is not None
        found[name] = selected[1]
    return found


def field(tool: str, group: str, shown: str) -> str:
    """The name of the field of a cell."""
    return f"c-{cell_id(tool, group)}-{shown}"


async def test_the_matrix_is_on_the_page(admin: httpx2.AsyncClient) -> None:
    """A cell for each tool and group, with its scope, what decides, and a name that says which it is."""
    page = (await admin.get("/connectors/crm")).text
    fields = fields_of(page)
    assert len(fields) == 7 * 8 and fields[field("export_contacts", "finance", "ask")] == "ask"
    assert (
        'aria-label="merge_customers for support"' in page
        and 'title="By no-merging-in-support"' in page
        and "8 of 12 groups are shown" in page
    )
    assert '<option value="depends" selected>' in (await admin.get("/connectors/billing")).text


async def test_columns_and_rows_are_chosen(admin: httpx2.AsyncClient) -> None:
    """By groups and by a part of the name; what is not there is a sentence."""
    page = (await admin.get("/connectors/crm?groups=legal&groups=sales&tools=deal")).text
    assert set(fields_of(page)) == {field("list_deals", "legal", "off"), field("list_deals", "sales", "allow")}
    assert "There is no such tool." in (await admin.get("/connectors/crm?tools=nope")).text


async def test_a_change_is_drafted_and_handed_over(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The whole form is sent, what nobody touched is left alone; nothing is in force."""
    before = stage.store.revision()
    fields = fields_of((await admin.get("/connectors/crm")).text)
    fields[field("get_customer", "sales", "allow")] = "ask"
    fields[field("get_customer", "legal", "off")] = "allow"
    answer = await admin.post("/connectors/crm/scopes", data={**await form(admin), **fields})
    text = re.search(r'action="/changes/new".*?name="text" value="([^"]*)"', answer.text, re.DOTALL)
    assert answer.status_code == 200 and text is not None and "2 changes of scope of crm." in answer.text
    assert [document.name for document in parse_documents(unescape(text[1]), "draft")] == ["scope-crm-legal", "scope-ask-crm-sales"]
    assert stage.store.revision() == before


async def test_what_cannot_be_said_is_told_on_the_page(admin: httpx2.AsyncClient) -> None:
    """The policy that stands against it is named, and the page is still there."""
    data = await form(admin, **{field("merge_customers", "support", "off"): "allow"})
    answer = await admin.post("/connectors/crm/scopes", data=data)
    assert answer.status_code == 409 and "no-merging-in-support decides otherwise" in answer.text and fields_of(answer.text)


async def test_forms_that_make_no_sense_draft_nothing(admin: httpx2.AsyncClient) -> None:
    """No token, nothing different, another word, a cell that is not there, a connector that is not there."""
    name = field("get_customer", "sales", "allow")
    for data in (
        {name: "off", "csrf": "0" * 64},
        await form(admin, **{name: "allow"}),
        await form(admin, **{name: "depends"}),
        await form(admin, x="off"),
    ):
        answer = await admin.post("/connectors/crm/scopes", data=data)
        assert answer.status_code == 400 and "/changes/new" not in answer.text
    gone = await admin.post("/connectors/crm/scopes", data=await form(admin, **{field("get_customer", "gone", "off"): "allow"}))
    assert "/changes/new" not in gone.text and "nothing to change" in gone.text
    assert (await admin.post("/connectors/nope/scopes", data=await form(admin, **{name: "off"}))).status_code == 404


async def test_who_may_look_and_who_may_draft(employee: httpx2.AsyncClient, stage: Stage) -> None:
    """Auditors see words and no form; employees nothing."""
    name = field("get_customer", "sales", "allow")
    assert (await employee.post("/connectors/crm/scopes", data=await form(employee, **{name: "off"}))).status_code == 403
    async with signed_in(stage, AUDITOR) as auditor:
        page = (await auditor.get("/connectors/crm")).text
        assert (
            "Scope by group" in page and not fields_of(page) and "Draft" not in page.partition("scopes-title")[2].partition("</section>")[0]
        )
        assert (await auditor.post("/connectors/crm/scopes", data=await form(auditor, **{name: "off"}))).status_code == 403


async def test_hostile_names_do_nothing(admin: httpx2.AsyncClient) -> None:
    """Groups and tools are text, with hidden characters written out; a tool whose name is a pattern cannot be scoped."""
    pages = [(await admin.get(f"/connectors/{name}")).text for name in ("billing", "scratch")]
    for page in pages:
        assert "<script>alert" not in page and "<b>ops" not in re.sub(r'value="[^"]*"', "", page)
        assert "\u202e" not in re.sub(r'value="[^"]*"', "", page)
    data = await form(admin, **{field("a/../b?c#d", "legal", "allow"): "off"})
    answer = await admin.post("/connectors/scratch/scopes", data=data)
    assert answer.status_code == 409 and "no policy can name it alone" in answer.text
