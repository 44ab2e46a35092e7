"""Roles in the console: the matrix, looking with other eyes, the reason, who looked, and what a page says of what is hidden."""

import re

import pytest

from gatebook.control.caller import local_caller
from gatebook.identity.issuing import TokenOrder
from gatebook.state.documents import parse_documents
from tests.console.conftest import signed_in
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage
from tests.console.test_saved_pages import form

pytestmark = pytest.mark.asyncio(loop_scope="module")
CUSTOM = """
kind: Role
name: fraud-desk
spec:
  description: <b>bold</b>
  grants: {metadata: all, identity: all, arguments: all}
  groups: [fraud]
  reason_required: true
"""


async def enter(stage: Stage, person: str, *groups: str) -> None:
    """Somebody new."""
    order = TokenOrder(person=person, groups=groups, person_name=person.title(), name="laptop")
    await stage.desk.issuing.create(order, local_caller("root", stage.vault.subject))


def call_of(page: str) -> str:
    """The first call of a page of the explorer."""
    found = re.search(r'data-call="([0-9a-f-]{36})"', page)
    assert found is not None
    return found[1]


async def test_the_matrix_shows_every_role_to_readers(stage: Stage) -> None:
    """With what each shows and who has it; forms only for administrators; others are told for whom it is."""
    await stage.desk.apply(parse_documents(CUSTOM, "r.yaml"), local_caller("root", stage.vault.subject))
    async with signed_in(stage, ADMIN) as admin:
        page = (await admin.get("/roles")).text
        for name in ("employee", "it_support", "team_lead", "security_analyst", "auditor", "admin", "fraud-desk"):
            assert f'data-record="{name}"' in page
        assert "<b>bold" not in page and "asks for a reason" in page and "4 fields" in page and "View as this person" in page
        assert 'href="/changes/new?kind=Role&amp;name=auditor"' in page
        assert "auditor is built in" in (await admin.get("/changes/new?kind=Role&name=auditor")).text
        assert "name: fraud-desk" in (await admin.get("/changes/new?kind=Role")).text
    async with signed_in(stage, AUDITOR) as reader:
        page = (await reader.get("/roles")).text
        assert "View as" not in page and 'data-record="admin"' in page
    async with signed_in(stage, EMPLOYEE) as employee:
        assert (await employee.get("/roles")).status_code == 403


async def test_an_administrator_without_another_role_sees_no_payload(stage: Stage) -> None:
    """Rows and the page of a call say what is hidden; values of hidden groups are nowhere in them."""
    await enter(stage, "ops", "admins")
    async with signed_in(stage, ADMIN) as admin:
        page = (await admin.get("/?q=connector:crm+tool:search_customers+status:ok&range=all")).text
        assert "renewal due" in page
        id = call_of(page)
        full = (await admin.get(f"/calls/{id}")).text
        person = re.search(r'data-call="[^"]*" data-person="([^"]+)"', page)
        assert person is not None and person[1] in full
    async with signed_in(stage, "ops") as ops:
        listed, call = (
            (await ops.get("/?q=connector:crm+tool:search_customers+status:ok&range=all")).text,
            (await ops.get(f"/calls/{id}")).text,
        )
        assert id in listed and "renewal due" not in listed + call
        # That somebody was entered is a change of the directory, which administrators see, marked in the histogram.
        assert person[1] not in re.sub(r"Person \S+ (created|changed)", "", listed) + call
        assert "Hidden from your role: identity, policy, evidence, arguments, responses, upstream." in call
        assert call.count("Hidden from your role. Who has a role that shows it") >= 5
        assert "Hidden from your role" in (await ops.get(f"/calls/{id}?context=1")).text
        assert (await ops.get(f"/calls/{id}?verify=1")).status_code == 200


async def test_looking_with_other_eyes_shows_less_never_more(stage: Stage) -> None:
    """Bannered, on the record, and ended by the button; nobody else may; a role that there is not is refused."""
    async with signed_in(stage, "ops") as ops:
        began = await ops.post("/roles/view-as", data=await form(ops, **{"as": "role:security_analyst"}))
        assert began.status_code == 303
        page = (await ops.get("/?range=all&q=tool:search_customers")).text
        assert "You see what the <b>role security analyst</b> would see" in page and "renewal due" not in page
        assert (await stage.reads())[-2]["action"] == "preview" or any(one["action"] == "preview" for one in await stage.reads())
        await ops.post("/roles/view-as", data=await form(ops, person=EMPLOYEE))
        assert f"<b>person {EMPLOYEE}</b>" in (await ops.get("/?range=all")).text
        assert (await ops.get("/roles")).status_code == 403
        assert (await ops.post("/roles/view-as", data=await form(ops, **{"as": ""}))).status_code == 303
        assert "You see what" not in (await ops.get("/?range=all")).text and (await ops.get("/roles")).status_code == 200
        assert (await ops.post("/roles/view-as", data=await form(ops, **{"as": "role:nothing"}))).status_code == 404
        assert (await ops.post("/roles/view-as", data={"as": "role:auditor"})).status_code == 403
    async with signed_in(stage, AUDITOR) as reader:
        assert (await reader.post("/roles/view-as", data=await form(reader, **{"as": "role:admin"}))).status_code == 403
        reader.cookies.set("view_as", "role:admin")
        assert "You see what" not in (await reader.get("/")).text


async def test_a_reason_is_asked_for_once(stage: Stage) -> None:
    """A link on the call leads to the question and back; an address of somewhere else does not."""
    await enter(stage, "fred", "fraud")
    async with signed_in(stage, "fred") as fred:
        id = call_of((await fred.get("/?q=connector:crm+tool:search_customers+status:ok&range=all")).text)
        page = (await fred.get(f"/calls/{id}")).text
        assert f'href="/reason?back=/calls/{id}"' in page and "renewal due" not in page
        assert 'name="back" value="/"' in (await fred.get("/reason?back=//evil.example/x")).text
        assert (await fred.post("/reason", data=await form(fred, reason=" ", back="/"))).status_code == 400
        answer = await fred.post("/reason", data=await form(fred, reason="case 4711", back=f"/calls/{id}"))
        assert (answer.status_code, answer.headers["location"]) == (303, f"/calls/{id}")
        assert "renewal due" in (await fred.get(f"/calls/{id}")).text
        shown = [one for one in await stage.reads() if one["action"] == "show"][-1]
        assert shown["reason"] == "case 4711" and shown["payloads"] is True
        await fred.post("/reason", data=await form(fred, end="1", reason="", back="/"))
        assert "renewal due" not in (await fred.get(f"/calls/{id}")).text


async def test_somebody_sees_who_looked(stage: Stage) -> None:
    """Their own page names reader, roles and reason; what a reader wrote is text."""
    async with signed_in(stage, ADMIN) as admin:
        id = call_of((await admin.get(f"/?q=person:{EMPLOYEE}&range=all")).text)
        await admin.post("/reason", data=await form(admin, reason="<i>why</i>", back="/"))
        await admin.get(f"/calls/{id}")
    await stage.settled()
    async with signed_in(stage, EMPLOYEE) as employee:
        page = (await employee.get("/readings")).text
        assert "Nora Berg" in page and "Opened a call" in page and "&lt;i&gt;why" in page and "<td>Security analyst</td>" in page


async def test_a_self_grant_is_seen_on_the_page_of_roles(stage: Stage) -> None:
    """And among the changes, marked."""
    await enter(stage, "grabber", "admins")
    await enter(stage, "grabber", "admins", "security")
    await stage.settled()
    async with signed_in(stage, ADMIN) as admin:
        page = (await admin.get("/roles")).text
        assert "Administrators gave themselves more of the log" in page and "gave Grabber more of the log" in page
        assert "a role that shows more of the log" in (await admin.get("/records?kind=changes&range=all")).text
