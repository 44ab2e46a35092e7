"""The page "My calls" over HTTP."""

import re
from collections.abc import AsyncIterator
from html import unescape
from urllib.parse import parse_qs

import httpx2
import pytest
import pytest_asyncio

from gatebook.control.caller import local_caller
from gatebook.identity.directory import make_principal
from gatebook.identity.issuing import TokenOrder
from gatebook.reading.room import Question
from gatebook.reading.viewer import Viewer
from tests.console.conftest import signed_in
from tests.console.stage import ADMIN, EMPLOYEE, Stage
from tests.console.waiting import deny, govern, pend, person

pytestmark = pytest.mark.asyncio(loop_scope="module")
NEWCOMER = "kim@northwind.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def governed(stage: Stage) -> AsyncIterator[dict[str, str]]:
    """Calls that wait and calls that were denied, of Amara and of somebody else."""
    await govern(stage)
    amara = person("amara")
    ids = {
        "waits": pend(stage, amara, {"number": 7}),
        "denied": deny(stage, amara),
        "asked": deny(stage, amara, "default-deny"),
        "others": deny(stage, person("lucas")),
    }
    await stage.settled()
    yield ids


async def test_somebody_sees_what_was_done_stopped_and_waits(employee: httpx2.AsyncClient, governed: dict[str, str], stage: Stage) -> None:
    """Own calls with outcomes, what was stopped and why in plain words with what to do, own requests; and none of anybody else."""
    page = (await employee.get("/me")).text
    assert "The last 30 days" in page and "Blocked" in page and "Search my calls" in page
    assert f'href="/calls/{governed["asked"]}"' in page and f'href="/access/{governed["asked"]}"' in page
    assert f'href="/approvals/{governed["waits"]}"' in page
    assert governed["others"] not in page and "Lucas" not in page
    assert "rule " not in page.partition("Stopped or changed")[2].partition("Latest calls")[0]
    await stage.settled()
    newest = (await stage.reads())[-1]
    assert newest["type"] == "log.read"


async def test_the_numbers_are_those_of_the_explorer(employee: httpx2.AsyncClient, stage: Stage) -> None:
    """Each number opens the calls that it counts; what was redacted counts apart from what was well."""
    numbers = (await employee.get("/me")).text.partition('class="numbers"')[2].partition("</ul>")[0]
    found = re.findall(r'href="([^"]+)"><b>([\d,]+)</b>.*?</svg>([^<]+)<', numbers)
    counts = {word: int(count.replace(",", "")) for _, count, word in found}
    asked = {word: await _count(stage, link) for link, _, word in found}
    asked["OK"] -= counts["Redacted"]
    assert asked == counts and sum(counts.values()) > 20 and counts["Blocked"] > 2


async def _count(stage: Stage, link: str) -> int:
    text = parse_qs(unescape(link).partition("?")[2])["q"][0]
    amara = Viewer(principal=make_principal(person("amara"), stage.vault.subject(EMPLOYEE), "session"))
    return await stage.room.count(stage.room.query(amara, Question(text=text)))


async def test_whoever_reads_all_calls_finds_only_their_own_here(admin: httpx2.AsyncClient, governed: dict[str, str]) -> None:
    """The page is about oneself, whatever else one may read."""
    page = (await admin.get("/me")).text
    assert "Nothing here yet" in page and governed["others"] not in page and governed["asked"] not in page


async def test_a_newcomer_is_told_what_to_do_first(stage: Stage) -> None:
    """The address, and a text to paste for each AI app."""
    await stage.desk.issuing.create(TokenOrder(person=NEWCOMER), local_caller("root", stage.vault.subject))
    async with signed_in(stage, NEWCOMER) as newcomer:
        page = (await newcomer.get("/me")).text
    assert "Nothing here yet" in page and "Connect your AI app" in page
    for app in ("Claude", "ChatGPT", "Claude Code", "Cursor", "VS Code"):
        assert f"<summary>{app}<" in page
    assert "http://127.0.0.1:8400/mcp" in page and "The last 30 days" not in page


async def test_who_reads_only_their_own_calls_begins_here(stage: Stage, employee: httpx2.AsyncClient, admin: httpx2.AsyncClient) -> None:
    """After the sign-in and from a bookmark; a link within the console and a question still lead to the explorer."""
    async with signed_in(stage, EMPLOYEE) as client:
        secret = await stage.link_secret(EMPLOYEE)
        assert (await client.post("/sign-in", data={"secret": secret})).headers["location"] == "/me"
        assert (await client.post("/sign-in", data={"secret": await stage.link_secret(ADMIN)})).headers["location"] == "/"
    bookmark = {"sec-fetch-site": "none"}
    assert (await employee.get("/", headers=bookmark)).headers["location"] == "/me"
    assert (await employee.get("/?q=crm", headers=bookmark)).status_code == 200
    assert (await employee.get("/", headers={"sec-fetch-site": "same-origin"})).status_code == 200
    assert (await employee.get("/", headers={**bookmark, "x-fragment": "results"})).status_code == 200
    assert (await admin.get("/", headers=bookmark)).status_code == 200


async def test_without_an_index_the_rest_is_shown(stage: Stage, employee: httpx2.AsyncClient) -> None:
    """Tokens, and how to connect, do not wait for it."""
    index, stage.index = stage.index, None
    try:
        answer = await employee.get("/me")
    finally:
        stage.index = index
    assert answer.status_code == 200 and "cannot be shown now" in answer.text and "My tokens" in answer.text
    panels = answer.text.partition('class="panels"')[2].partition("</ul>")[0]
    assert "Who looked" not in panels and "My connections" in panels
