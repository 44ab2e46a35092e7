"""Backtests in the console: begun from the form of a draft, read as a page or as its fragment."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from gatebook.console.backtest import DAYS
from tests.console.stage import Stage
from tests.reading.payloads import IBAN, enforce, finding, guardrail, recorded, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
BEGIN = "/changes/backtest"
FRAGMENT = {"x-fragment": "backtest"}


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def calls(stage: Stage) -> AsyncIterator[None]:
    """Calls with an account number in the answer, and one from which it had been taken out."""
    await enforce(stage, guardrail("accounts", action="redact", more="selector: {connectors: [files]}"))
    for number in range(3):
        recorded(stage, {"n": number}, text_of(IBAN), tool="<b>tool</b>")
    recorded(stage, {}, text_of("[redacted:iban]"), connector="files", findings=[finding("pii/iban", "redacted")])
    await stage.settled()
    yield


async def token_of(client: httpx2.AsyncClient) -> str:
    """The token that forms of this session carry."""
    found = re.search(r'data-csrf="([^"]+)"', (await client.get("/exports")).text)
    assert found is not None
    return found[1]


async def ended(client: httpx2.AsyncClient, address: str) -> str:
    """Ask for the fragment until it has a result."""
    for _ in range(400):
        answer = await client.get(address, headers=FRAGMENT)
        assert answer.headers["x-fragment"] == "backtest"
        if "data-running" not in answer.text:
            return answer.text
        await asyncio.sleep(0.05)
    raise AssertionError("the backtest did not end")


async def test_a_draft_is_begun_and_read_as_a_page(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """303 to a page that says what would change, what cannot be told, and where the calls are; never a value."""
    draft = guardrail("accounts", more="selector: {connectors: [crm]}")
    begun = await admin.post(BEGIN, data={"csrf": await token_of(admin), "text": draft, "days": "30"}, follow_redirects=False)
    address = begun.headers["location"]
    assert begun.status_code == 303 and re.fullmatch(r"/changes/backtests/[0-9a-f]{16}", address)
    await ended(admin, address)
    page = (await admin.get(address)).text
    assert "4 of " in page and "calls would end differently" in page and "Policy stopped" in page
    assert "the book has a payload without values that a guardrail took out then" in page
    assert "crm / &lt;b&gt;tool&lt;/b&gt;" in page and "/?q=connector%3Acrm" in page and 'href="/calls/' in page
    assert IBAN not in page and "**####################" in page
    assert (await employee.get(address)).status_code == 404


async def test_scripts_get_the_fragment_and_what_is_wrong(admin: httpx2.AsyncClient) -> None:
    """The running state at once; a mistake of the draft with its line; and the resources that would be deleted."""
    token = await token_of(admin)
    wrong = await admin.post(BEGIN, data={"csrf": token, "text": guardrail("x", detectors="ibann")}, headers=FRAGMENT)
    assert "draft:3" in wrong.text and "<html" not in wrong.text
    assert (await admin.post(BEGIN, data={"csrf": token, "text": guardrail("x", detectors="ibann")})).status_code == 400
    fields = {"csrf": token, "text": "", "deleted": "Guardrail/accounts", "backtest_days": "1"}
    begun = await admin.post(BEGIN, data=fields, headers=FRAGMENT)
    address = re.search(r'data-running="([^"]+)"', begun.text)
    assert address is not None and "<progress" in begun.text
    second = await admin.post(BEGIN, data=fields, headers=FRAGMENT)
    assert "wait for one of them" in second.text or "data-running" in second.text
    found = await ended(admin, address[1])
    assert "1 of " in found and "Redacted" in found and "Allowed" in found


async def test_forms_of_others_and_other_people_are_refused(admin: httpx2.AsyncClient, employee: httpx2.AsyncClient) -> None:
    """A stale form begins nothing; who does not read the whole book may not; an id that is nobody's is not there."""
    assert (await admin.post(BEGIN, data={"text": guardrail("x")})).status_code == 403
    assert (await employee.post(BEGIN, data={"csrf": await token_of(employee), "text": guardrail("x")})).status_code == 403
    assert (await admin.get("/changes/backtests/0123456789abcdef")).status_code == 404


async def test_the_choices_of_the_start_are_those_that_are_taken() -> None:
    """The template offers the days that the form reads."""
    from importlib.resources import files

    template = (files("gatebook.console") / "templates" / "backtest_start.html").read_text()
    assert tuple(int(value) for value in re.findall(r'<option value="(\d+)"', template)) == DAYS
    assert 'formaction="/changes/backtest"' in template
