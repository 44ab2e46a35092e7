"""The rule tester over HTTP: a form without scripts, whose text is in no address, no record and no markup of its own."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from markupsafe import Markup

from gatebook.console.tester_view import mark
from gatebook.reading.trying import TriedFind
from tests.console.stage import Stage
from tests.console.tooling import dress
from tests.reading.payloads import CODED, IBAN, enforce, guardrail

pytestmark = pytest.mark.asyncio(loop_scope="module")
TESTER = "/guardrails/tester"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def ruled(stage: Stage) -> AsyncIterator[None]:
    """Connectors, and a guardrail of some answers."""
    await dress(stage)
    await enforce(stage, guardrail("accounts", action="redact", more="parts: [response], selector: {connectors: [crm]}"))
    yield


async def token_of(client: httpx2.AsyncClient) -> str:
    """The token that forms of this session carry."""
    found = re.search(r'name="csrf" value="([^"]+)"', (await client.get(TESTER)).text)
    assert found is not None
    return found[1]


async def tried(client: httpx2.AsyncClient, **fields: str) -> httpx2.Response:
    """Send the form."""
    return await client.post(TESTER, data={"csrf": await token_of(client), "part": "response", **fields})


async def test_the_form_offers_parts_and_known_tools(admin: httpx2.AsyncClient) -> None:
    """Each connector with its tools; nothing is tried yet."""
    page = await admin.get(TESTER)
    assert page.status_code == 200 and 'value="crm/export_contacts"' in page.text and "Nothing tried yet" in page.text
    assert page.headers["cache-control"] == "no-store"


async def test_a_text_is_answered_with_marks_and_words(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """What was found is marked and named, what it becomes stands below, and the choices stay; nothing is on the record."""
    before = len(await stage.reads())
    answer = await tried(admin, text=f'{{"pay": "{IBAN}",\r\n "n": "{CODED}"}}', where="crm/get_customer")
    page = answer.text
    assert answer.status_code == 200 and str(answer.url).endswith(TESTER) and IBAN not in str(answer.url)
    assert f'<mark>{IBAN}<span class="kind"> iban</span></mark>' in page and f"<mark>{CODED}<span" in page
    assert "[redacted:iban]" in page and "redacted by accounts" in page and "within base64" in page
    assert '<option value="crm/get_customer" selected>' in page and '<option value="response" selected>' in page
    assert len(await stage.reads()) == before
    elsewhere = (await tried(admin, text=IBAN, where="git")).text
    assert "no guardrail does anything" in elsewhere and "No guardrail is about this" in elsewhere


async def test_hostile_text_stays_text(admin: httpx2.AsyncClient) -> None:
    """In the field, in the marks, in what it becomes, and in a draft."""
    hostile = f'</textarea><script>alert(1)</script> {IBAN} "><img src=x onerror=alert(1)>'
    draft = "kind: Guardrail\nname: '<b>x</b>'\nspec: {detectors: [iban], action: block}"
    for page in ((await tried(admin, text=hostile, where="crm")).text, (await tried(admin, text=hostile, draft=draft)).text):
        assert "<script>alert" not in page and "<img" not in page and "<b>x" not in page
        assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"text": "x", "draft": guardrail("a", detectors="ibann")}, 400, "draft:3"),
        ({"text": "ü" * 33_000}, 413, "64 KiB"),
        ({"text": "x", "csrf": "wrong"}, 403, "nothing was tried"),
    ],
)
async def test_what_cannot_be_tried_says_why_and_keeps_the_text(
    admin: httpx2.AsyncClient, fields: dict[str, str], status: int, words: str
) -> None:
    """A mistake in the draft with its line, a text that is too large, a form of another session."""
    answer = await tried(admin, **fields)
    assert answer.status_code == status and words in answer.text
    assert status == 403 or fields["text"] in answer.text


async def test_only_who_reads_the_whole_book_may_try(employee: httpx2.AsyncClient) -> None:
    """The rules are not for everybody."""
    for answer in (await employee.get(TESTER), await employee.post(TESTER, data={"text": IBAN})):
        assert answer.status_code == 403 and IBAN not in answer.text


async def test_marks_that_overlap_are_one() -> None:
    """One mark names all that is found in it, so that no text is shown twice or lost."""
    base = {
        "severity": "high",
        "pointer": "",
        "in_key": False,
        "count": 1,
        "shape": "",
        "layers": (),
        "guardrail": "",
        "action": "none",
        "observed": False,
    }
    finds = [
        TriedFind(**{**base, "detector": "pii/iban", "spans": ((2, 6), (8, 10))}),  # type: ignore[arg-type]
        TriedFind(**{**base, "detector": "pii/email", "spans": ((4, 7),)}),  # type: ignore[arg-type]
    ]
    found = mark("ab<def>ijkl", finds)
    assert found == Markup(
        'ab<mark>&lt;def&gt;<span class="kind"> iban, email</span></mark>i<mark>jk<span class="kind"> iban</span></mark>l'
    )
