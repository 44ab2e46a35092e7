"""The pages about waiting calls and requests for access, over HTTP: who sees which form, and what it does."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from tests.console.conftest import signed_in
from tests.console.stage import AUDITOR, Stage
from tests.console.test_saved_pages import form
from tests.console.waiting import deny, govern, pend, person

pytestmark = pytest.mark.asyncio(loop_scope="module")
AMARA, TOMASZ = person("amara"), person("tomasz")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def governed(stage: Stage) -> AsyncIterator[None]:
    """The policies of the stage."""
    await govern(stage)
    yield


async def test_a_waiting_call_is_shown_in_a_sentence_and_approved(
    stage: Stage, admin: httpx2.AsyncClient, employee: httpx2.AsyncClient
) -> None:
    """Who, which tool, why, the exact arguments; afterwards who decided and why; the person sees it without a form."""
    call = pend(stage, AMARA, {"segment": "<b>all</b>"})
    await stage.settled()
    assert f'href="/approvals/{call}"' in (await admin.get("/requests")).text
    page = (await admin.get(f"/approvals/{call}")).text
    assert (
        "Amara Okafor, with Claude Desktop, wants to run export_contacts of crm; the policy ask-before-export asks for an approval" in page
    )
    assert "&lt;b&gt;all&lt;/b&gt;" in page and f'href="/calls/{call}?context=1#context"' in page and 'value="once"' in page
    mine = (await employee.get(f"/approvals/{call}")).text
    assert "This is your own call, so somebody else decides" in mine and 'name="do"' not in mine
    answer = await admin.post(f"/approvals/{call}", data=await form(admin, do="once", reason="agreed\r\nby phone"))
    assert (answer.status_code, answer.headers["location"]) == (303, f"/approvals/{call}")
    after = (await employee.get(f"/approvals/{call}")).text
    assert (
        "Approved" in after
        and "agreed by phone" in after
        and "admin@northwind.example" in after
        and "One call with these arguments" in after
    )
    late = await admin.post(f"/approvals/{call}", data=await form(admin, do="decline", reason="no"))
    assert late.status_code == 409 and "This call was approved already, by" in late.text


async def test_durations_are_those_that_are_allowed(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """Up to the longest of Governance, which is one of them; another is refused."""
    call = pend(stage, AMARA, {"segment": "durations"})
    await stage.settled()
    page = (await admin.get(f"/approvals/{call}")).text
    assert re.findall(r'<option value="(\d+)"', page) == ["1", "8", "24", "48"] and "2 days" in page
    for hours in ("720", "-1", "0", "x", ""):
        refused = await admin.post(f"/approvals/{call}", data=await form(admin, do="time", hours=hours))
        assert refused.status_code == 409 and 'value="once"' in refused.text
    assert (await admin.post(f"/approvals/{call}", data=await form(admin, do="time", hours="48"))).status_code == 303


async def test_a_form_of_another_page_decides_nothing(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """Without the token of the session, or from another origin; and a button that does not exist does nothing."""
    call, refused = pend(stage, AMARA, {"segment": "forged"}), deny(stage, AMARA)
    await stage.settled()
    for path, does in ((f"/approvals/{call}", "once"), (f"/access/{refused}", "ask")):
        fields = await form(admin, do=does, reason="x")
        assert (await admin.post(path, data={**fields, "csrf": "0" * 64})).status_code == 403
        assert (await admin.post(path, data=fields, headers={"origin": "https://evil.example"})).status_code == 403
    assert (await admin.post(f"/approvals/{call}", data=await form(admin, do="all"))).status_code == 400
    assert 'value="once"' in (await admin.get(f"/approvals/{call}")).text


async def test_an_approver_who_is_no_administrator_sees_what_they_may_decide(stage: Stage) -> None:
    """A group decides about exports, nobody of it about payments; to somebody without a part in it there is nothing."""
    export, payment = pend(stage, AMARA, {"segment": "group"}), pend(stage, AMARA, {"amount": 1}, tool="pay_invoice")
    await stage.settled()
    async with signed_in(stage, AUDITOR) as security:
        page = (await security.get("/requests")).text
        assert export in page and payment not in page
        assert 'name="do"' not in (await security.get(f"/approvals/{payment}")).text
        assert (await security.post(f"/approvals/{payment}", data=await form(security, do="once"))).status_code == 403
    async with signed_in(stage, "kenji@northwind.example") as kenji:
        page = (await kenji.get("/requests")).text
        assert export not in page and payment not in page
        assert (await kenji.get(f"/approvals/{export}")).status_code == 404


async def test_access_is_asked_for_decided_and_ended(stage: Stage, employee: httpx2.AsyncClient) -> None:
    """The person writes a reason, the approver of the policy grants it for a time and revokes it, and the page says how it stands."""
    call = deny(stage, AMARA)
    await stage.settled()
    assert "you need delete_customer of crm" in (await employee.get(f"/access/{call}")).text
    empty = await employee.post(f"/access/{call}", data=await form(employee, do="ask", reason=" "))
    assert empty.status_code == 409 and "A reason is needed." in empty.text
    assert (await employee.post(f"/access/{call}", data=await form(employee, do="ask", reason="audit"))).status_code == 303
    mine = (await employee.get(f"/access/{call}")).text
    assert "The request waits for somebody who decides." in mine and 'value="grant"' not in mine and 'value="withdrawn"' in mine
    async with signed_in(stage, TOMASZ.id) as tomasz:
        assert f'href="/access/{call}"' in (await tomasz.get("/requests")).text
        page = (await tomasz.get(f"/access/{call}")).text
        request = re.search(r'name="request" value="(req_\w+)"', page)
        assert request is not None and "/calls/" not in page.partition("<main")[2]
        fields = {"request": request[1], "reason": ""}
        granted = await tomasz.post(f"/access/{call}", data=await form(tomasz, do="grant", hours="8", **fields))
        assert granted.status_code == 303 and "Access is granted until" in (await tomasz.get(f"/access/{call}")).text
        assert "Granted now" in (await tomasz.get("/requests")).text
        ended = await tomasz.post(f"/access/{call}", data=await form(tomasz, do="revoked", request=request[1], reason="done"))
        assert ended.status_code == 303 and "The request is revoked." in (await tomasz.get(f"/access/{call}")).text


async def test_an_administrator_asks_for_somebody_under_their_own_name(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """The form says so, and so does the record."""
    call = deny(stage, person("lucas"), "default-deny")
    await stage.settled()
    assert "You ask for Lucas Moreau; the record names you." in (await admin.get(f"/access/{call}")).text
    assert (await admin.post(f"/access/{call}", data=await form(admin, do="ask", reason="for Lucas"))).status_code == 303
    changed = [record for record in await stage.records("changes") if record.get("kind") == "AccessRequest"][-1]
    assert changed["actor"]["subject"] == stage.vault.subject("admin@northwind.example") and changed["reason"] == "for Lucas"


async def test_what_nobody_may_ask_about_has_no_page(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """A policy that is not requestable, a call that waits, an id that does not exist."""
    calls = [deny(stage, AMARA, "never-drop", "drop_table"), pend(stage, AMARA, {"segment": "none"}), "x", "0" * 36]
    await stage.settled()
    assert [(await admin.get(f"/access/{call}")).status_code for call in calls] == [404] * 4
