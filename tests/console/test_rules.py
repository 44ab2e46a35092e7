"""The pages of policies and guardrails over HTTP: their lists, one with its history, the switch of its mode; and who sees none of it."""

import re
from collections.abc import AsyncIterator
from urllib.parse import unquote_plus

import httpx2
import pytest
import pytest_asyncio

from gatebook.control.caller import local_caller
from gatebook.reading.rule_changes import Terms
from gatebook.state.changes import listed
from gatebook.state.editing import Wanted
from tests.console.conftest import signed_in
from tests.console.ruling import apply, ask_for_two, rule
from tests.console.stage import AUDITOR, Stage
from tests.console.test_saved_pages import form

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def ruled(stage: Stage) -> None:
    """Policies and guardrails with a history and hits."""
    await rule(stage)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def auditor(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """The console of somebody who reads everything and decides nothing."""
    async with signed_in(stage, AUDITOR) as client:
        yield client


def row_of(page: str, name: str) -> str:
    """The row of a policy or guardrail."""
    found = re.search(rf'<tr data-record="{name}">(.*?)</tr>', page, re.DOTALL)
    assert found, name
    return found[1]


def version_of(stage: Stage, kind: str, name: str) -> int:
    """The version that is in force."""
    with stage.store.read() as connection:
        return next(one.version for one in listed(connection, kind, name))


async def test_policies_stand_in_the_order_of_evaluation_with_what_they_hit(admin: httpx2.AsyncClient) -> None:
    """Number, effect and mode in words, whom they are about, condition, tests, hits with the way to them, who changed it; and the default."""
    page = (await admin.get("/policies")).text
    assert re.findall(r'<tr data-record="([\w-]+)">', page) == ["no-deletions", "wide-searches", "ask-before-export"]
    row = row_of(page, "ask-before-export")
    assert ">3</td>" in row and "Ask first" in row and "Enforced" in row and "Everybody but group finance" in row
    assert "Observed" in row_of(page, "wide-searches") and "args.?limit.orValue(0) &gt; 20" in row_of(page, "wide-searches")
    assert ">1</td>" in row and "none" in row_of(page, "no-deletions") and "root" in row
    hits = re.search(
        r'<a href="([^"]+)" aria-label="17 calls in 7 days to which no-deletions applied">17</a>', row_of(page, "no-deletions")
    )
    assert hits and unquote_plus(hits[1]) == "/?q=rule:no-deletions&amp;range=7d"
    assert "sparkline" in row_of(page, "no-deletions") and "sparkline" not in row_of(page, "wide-searches")
    assert "is <b>allowed</b>" in page and 'href="/changes/new?kind=Policy&amp;name="' in page


async def test_the_link_of_hits_finds_as_many_calls(admin: httpx2.AsyncClient) -> None:
    """The number of the list is that of the explorer."""
    page = (await admin.get("/?q=rule:no-deletions&range=7d", headers={"x-fragment": "results"})).text
    assert 'data-summary="17 results' in page


async def test_guardrails_say_what_they_look_for_and_where(admin: httpx2.AsyncClient) -> None:
    """The strongest action first, detectors and parts in words, and the way to the tester."""
    page = (await admin.get("/guardrails")).text
    assert re.findall(r'<tr data-record="([\w-]+)">', page) == ["no-secrets-out", "cards-masked"]
    assert "secret/* in arguments" in row_of(page, "no-secrets-out") and "Block" in row_of(page, "no-secrets-out")
    assert "credit_card, iban in arguments and response" in row_of(page, "cards-masked") and "/guardrails/tester" in page


async def test_one_policy_shows_what_it_says_its_hits_and_every_version(admin: httpx2.AsyncClient) -> None:
    """Words, YAML, a chart with its table, and the difference of each version with author and reason."""
    page = (await admin.get("/policies/no-deletions")).text
    assert "Refuses calls." in page and "Everybody: tools delete_* and purge_*" in page and "Nothing is deleted by AI clients." in page
    assert "17 calls</a> and decided 17 of them" in page and page.count('<td class="num">') == 7
    assert "purging is deleting too" in page and "governed from now on" in page and page.count("Roll back to version 1") == 2
    assert re.search(r"<ins><b>\+</b> +- purge_\*</ins>", page)
    assert "It is observed" in (await admin.get("/policies/wide-searches")).text


async def test_the_mode_is_switched_with_a_reason(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Nothing else of the policy changes, the reason is in its history and on the record; a version that is not the newest is refused."""
    version = version_of(stage, "Policy", "wide-searches")
    good = await form(admin, mode="enforce", base=str(version), reason="Hits looked right <b>")
    answer = await admin.post("/policies/wide-searches/mode", data=good)
    assert answer.status_code == 303 and answer.headers["location"] == "/policies/wide-searches"
    page = (await admin.get("/policies/wide-searches")).text
    assert "Hits looked right &lt;b&gt;" in page and "It is observed" not in page
    spec = stage.store.snapshot().rules.policies["wide-searches"]
    assert spec.mode == "enforce" and spec.when == "args.?limit.orValue(0) > 20"
    late = await admin.post("/policies/wide-searches/mode", data={**good, "mode": "observe"})
    assert late.status_code == 409 and "somebody else" in late.text.lower() and "Nothing was changed" in late.text
    back = await form(admin, mode="observe", base=str(version + 1), reason="back again")
    assert (await admin.post("/policies/wide-searches/mode", data=back)).status_code == 303


async def test_a_switch_that_breaks_a_test_changes_nothing(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The policy's own test expects that it decides; the page says which test failed."""
    data = await form(admin, mode="observe", base=str(version_of(stage, "Policy", "ask-before-export")), reason="try")
    answer = await admin.post("/policies/ask-before-export/mode", data=data)
    assert answer.status_code == 400 and "Nothing was changed" in answer.text and "test 1" in answer.text
    assert stage.store.snapshot().rules.policies["ask-before-export"].mode == "enforce"


async def test_forms_that_are_not_ours_switch_nothing(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """No token, another origin, no reason, another mode, no version."""
    before = version_of(stage, "Policy", "no-deletions")
    good = await form(admin, mode="observe", base=str(before), reason="x")
    for data, headers in (
        ({**good, "csrf": "0" * 64}, {}),
        (good, {"origin": "https://evil.example"}),
        ({**good, "reason": " "}, {}),
        ({**good, "mode": "off"}, {}),
        ({**good, "base": "²"}, {}),
    ):
        answer = await admin.post("/policies/no-deletions/mode", data=data, headers=headers)
        assert answer.status_code == 400, data
    assert version_of(stage, "Policy", "no-deletions") == before


async def test_readers_see_all_of_it_without_forms(auditor: httpx2.AsyncClient, stage: Stage) -> None:
    """An auditor reads lists, pages and history; what changes something is refused with a page that says who may."""
    for path in ("/policies", "/guardrails", "/policies/no-deletions", "/guardrails/cards-masked", "/changes"):
        answer = await auditor.get(path)
        assert answer.status_code == 200 and "/changes/new" not in answer.text, path
        assert 'method="post"' not in answer.text.partition('id="main"')[2].partition("<dialog")[0]
    data = await form(auditor, mode="observe", base="2", reason="x")
    assert (await auditor.post("/policies/no-deletions/mode", data=data)).status_code == 403
    assert stage.store.snapshot().rules.policies["no-deletions"].mode == "enforce"


async def test_others_see_none_of_it(employee: httpx2.AsyncClient) -> None:
    """What is governed tells of everybody: 403 with who may look, and nothing in the rail."""
    for path in ("/policies", "/guardrails", "/policies/no-deletions", "/policies/nothing", "/changes", "/changes/x"):
        answer = await employee.get(path)
        assert answer.status_code == 403 and "those who see the metadata of all calls" in answer.text, path
    assert 'href="/policies"' not in (await employee.get("/saved")).text


async def test_a_policy_that_never_was_is_said_to_be_missing(admin: httpx2.AsyncClient) -> None:
    """404 with the way back, also for the name of a guardrail."""
    for path in ("/policies/no-such", "/policies/cards-masked", "/guardrails/no-deletions"):
        answer = await admin.get(path)
        assert answer.status_code == 404 and "never was" in answer.text, path


async def test_a_switch_waits_for_a_second_person_where_the_company_asks(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """It leads to the proposal, the list counts it, and the policy stays as it is."""
    await ask_for_two(stage, True)
    try:
        data = await form(admin, mode="observe", base=str(version_of(stage, "Policy", "no-deletions")), reason="for a day")
        answer = await admin.post("/policies/no-deletions/mode", data=data)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/changes/chg_")
        assert 'aria-label="1 waiting"' in (await admin.get("/policies")).text
        assert stage.store.snapshot().rules.policies["no-deletions"].mode == "enforce"
    finally:
        await ask_for_two(stage, False)


async def test_hits_are_a_dash_while_the_index_is_away(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """The list still stands; what is not known is not counted as none."""
    kept, stage.index = stage.index, None
    try:
        page = (await admin.get("/policies")).text
        assert ">–</a>" in row_of(page, "no-deletions")
        assert "does not answer now" in (await admin.get("/policies/no-deletions")).text
    finally:
        stage.index = kept


async def test_an_empty_list_says_how_to_begin(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """An example in place of rows, and where it opens."""
    gone = tuple(("Guardrail", name) for name in ("no-secrets-out", "cards-masked"))
    await stage.desk.changing.make(Wanted(deletions=gone), local_caller("root", stage.vault.subject), Terms(reason="for the tests"))
    page = (await admin.get("/guardrails")).text
    assert "No guardrail yet" in page and "kind: Guardrail" in page and "Open this example in the editor" in page
    deleted = (await admin.get("/guardrails/cards-masked")).text
    assert "It was deleted" in deleted and "Deletion" in deleted and "Roll back to version 1" in deleted and ">Edit<" not in deleted
    await apply(stage, "kind: Guardrail\nname: cards-masked\nspec: {detectors: [iban], action: log}\n", "again")
