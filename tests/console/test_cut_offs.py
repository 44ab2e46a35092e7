"""Pages of cut-offs over HTTP: the list, receipts, and the form by which an administrator cuts somebody off."""

import html
import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from gatebook.control.caller import local_caller
from gatebook.identity.accounts import Wanted, put_person
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.issuing import TokenOrder
from gatebook.identity.service_accounts import ServiceOrder, put_service_account
from gatebook.state.documents import parse_documents
from gatebook.state.store import bump
from gatebook.state.workers import Worker, drop_worker, put_worker
from tests.console.conftest import signed_in
from tests.console.severed import GOING, LEAVER, finish, populate
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
GONE = "gone@northwind.example"
FORM = f"/people/{GONE}/cut-off"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def cut(stage: Stage) -> AsyncIterator[None]:
    """Receipts of every kind; and somebody with a token and a service account."""
    populate(stage)
    finish(stage)
    caller = local_caller("root", stage.vault.subject)
    await stage.desk.issuing.create(TokenOrder(person=GONE, person_name="Gone <b>Girl</b>", groups=("sales",), name="laptop"), caller)
    with stage.store.write() as connection:
        for stream in ("node1-w0", "node2-w1"):
            drop_worker(connection, stream, "b")
        put_service_account(connection, ServiceOrder(id="weekly", owner=GONE), stage.room.clock.wall_us())
        bump(connection)
    yield


def text_of(page: str) -> str:
    """What a page says, without its tags."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2])))


async def token_of(who: httpx2.AsyncClient, path: str) -> str:
    """The token of the forms of a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', (await who.get(path)).text)
    assert found is not None
    return found[1]


async def test_the_list_tells_each_cut_off(admin: httpx2.AsyncClient) -> None:
    """Who, why, by whom, what ended, what could not be revoked; names are text, without characters that hide."""
    page = (await admin.get("/cut-offs")).text
    said = text_of(page)
    assert "Leo Marchetti" in said and "By an administrator nora@northwind.example" in said and "Not all revoked" in said
    assert (
        "identity provider okta" in said
        and "Worker without answer" in said
        and "Deactivated in the directory directory, token “Okta”" in said
    )
    assert "<img src=x" not in page and "‮" not in page
    one = text_of((await admin.get(f"/cut-offs?person={LEAVER}")).text)
    assert "1 cut-off " in one and "okta" not in one
    assert "no cut-off of this person" in text_of((await admin.get("/cut-offs?person=nobody")).text)
    assert (await admin.get("/cut-offs?page=9")).status_code == 200


async def test_a_receipt_tells_workers_credentials_and_accounts(admin: httpx2.AsyncClient) -> None:
    """Milliseconds of each worker, the outcome of each credential, the accounts that were suspended, and the way to calls and records."""
    page = (await admin.get("/cut-offs/cut_done")).text
    said = text_of(page)
    assert "all 4 workers refused within 42 ms of the signal" in said and "node2-w0" in said and "31 ms" in said
    assert "Left; laptop not returned" in said and "nightly-report" in said
    assert "Revoked" in said and "Failed the connector answered 503" in said.replace("  ", " ") and "Deleted here" in said
    assert 'class="chart waits"' in page and "<img src=x" not in page and "data-running" not in page
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page)]
    (calls,) = [link for link in links if link.startswith("/?q=person")]
    assert "leo" in calls and "from=" in calls and any(link.startswith("/records?kind=cut-offs&from=") for link in links)
    assert (await admin.get("/cut-offs/cut_nothing")).status_code == 404


async def test_a_receipt_names_the_token_of_the_directory(admin: httpx2.AsyncClient) -> None:
    """By the name that it was given."""
    said = text_of((await admin.get("/cut-offs/cut_open")).text)
    assert "Deactivated in the directory By directory, token “Okta”" in said


async def test_a_worker_without_an_answer_is_told(admin: httpx2.AsyncClient) -> None:
    """With how long it was waited for."""
    said = text_of((await admin.get("/cut-offs/cut_lost")).text)
    assert "1 did not answer and refuses everybody until back in touch" in said and "no answer in 10.25 s" in said


async def test_receipts_are_for_readers_and_reasons_for_fewer(stage: Stage, employee: httpx2.AsyncClient) -> None:
    """An auditor sees both, a role that shows metadata alone the receipt, an employee nothing; forms are for administrators alone."""
    assert (await employee.get("/cut-offs")).status_code == (await employee.get("/cut-offs/cut_done")).status_code == 403
    async with signed_in(stage, AUDITOR) as auditor:
        assert "laptop not returned" in (await auditor.get("/cut-offs/cut_done")).text
        assert (await auditor.get(FORM)).status_code == 403
        assert "Cut off …" not in (await auditor.get(f"/people/{EMPLOYEE}")).text
    with stage.store.write() as connection:
        put_person(connection, Wanted(id="helga@northwind.example", groups=("counters",)), 1)
        bump(connection)
    role = "kind: Role\nname: counter\nspec: {groups: [counters], grants: {metadata: all}}\n"
    await stage.desk.apply(parse_documents(role, "role.yaml"), local_caller("root", stage.vault.subject))
    async with signed_in(stage, "helga@northwind.example") as helga:
        page = await helga.get("/cut-offs/cut_done")
        assert page.status_code == 200 and "laptop" not in page.text


async def test_an_administrator_cuts_somebody_off(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """From the page of the person over what would end to the receipt; a mistake ends nobody and keeps what was typed."""
    assert f'href="{FORM}"' in (await admin.get(f"/people/{GONE}")).text
    page = (await admin.get(FORM)).text
    said = text_of(page)
    assert "1 access token" in said and "weekly" in said and "Gone <b>Girl</b>" in said and "<b>Girl" not in page
    csrf = await token_of(admin, FORM)
    for fields, words in (
        ({"sure": "yes"}, "Say why"),
        ({"reason": "phished & gone"}, "Tick the box"),
        ({"csrf": "x", "reason": "y", "sure": "yes"}, "out of date"),
    ):
        answer = await admin.post(FORM, data={"csrf": csrf, **fields})
        assert answer.status_code == 400 and words in text_of(answer.text), fields
        if fields.get("reason") == "phished & gone":
            assert "phished &amp; gone" in answer.text
    assert stage.desk.outlook(GONE).tokens == 1
    done = await admin.post(FORM, data={"csrf": csrf, "reason": "phished & gone", "sure": "yes"})
    assert done.status_code == 303 and done.headers["location"].startswith("/cut-offs/cut_")
    await stage.desk.cutting.completed(done.headers["location"].rpartition("/")[2])
    said = text_of((await admin.get(done.headers["location"])).text)
    assert "phished & gone" in said and "Complete" in said and f"By an administrator By {ADMIN}" in said and "weekly" in said
    found = stage.store.snapshot().people
    assert not found[GONE].active and not found["weekly"].active and stage.desk.outlook(GONE).tokens == 0
    assert (await admin.get("/people/nobody/cut-off")).status_code == 404


async def test_who_may_sign_in_again_stays_active(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """They lose all that they had, and nothing else."""
    path = f"/people/{AUDITOR}/cut-off"
    csrf = await token_of(admin, path)
    answer = await admin.post(path, data={"csrf": csrf, "reason": "lost laptop", "sure": "yes", "after": "active"})
    assert answer.status_code == 303
    await stage.desk.cutting.completed(answer.headers["location"].rpartition("/")[2])
    assert stage.store.snapshot().people[AUDITOR].active and stage.desk.outlook(AUDITOR).tokens == 0


async def test_what_goes_on_is_told_and_follows(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """What is still open is named; the fragment is that of the page."""
    with stage.store.write() as connection:
        severed = cut_off(connection, CutOff(id="cut_again", person=GOING, cause="deleted", by="Okta"), stage.room.clock.wall_us())
        put_worker(connection, Worker(stream="node9-w0", node="node9", boot="b", revision=severed.revision - 1, renewed_us=1))
        bump(connection)
    page = (await admin.get("/cut-offs/cut_again")).text
    assert "node9-w0 has not said yet that it refuses" in text_of(page) and 'data-running="/cut-offs/cut_again"' in page
    part = await admin.get("/cut-offs/cut_again", headers={"x-fragment": "receipt"})
    assert part.headers["x-fragment"] == "receipt" and part.text.lstrip().startswith('<div id="receipt"') and "<html" not in part.text


async def test_the_records_tell_it(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """Both records of the cut-off above, on a tab of their own."""
    await stage.settled()
    said = text_of((await admin.get("/records?kind=cut-offs")).text)
    assert "Cut off Gone <b>Girl</b>, by an administrator: 1 token, 0 sessions, 0 grants; suspended" in said
    assert "Cut-off of Gone <b>Girl</b> complete: in force within" in said and "; may sign in again" in said
