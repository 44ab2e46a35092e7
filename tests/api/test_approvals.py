"""Calls that wait for an approval, over HTTP: who sees them, who decides, and what is said when the answer is no."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from tests.api.conftest import client_of
from tests.console.conftest import signed_in
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage
from tests.console.waiting import govern, pend, person

pytestmark = pytest.mark.asyncio(loop_scope="module")
AMARA = person("amara")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def governed(stage: Stage) -> AsyncIterator[None]:
    """The policies of the stage."""
    await govern(stage)
    yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """An administrator who is signed in: a token decides nothing."""
    async with signed_in(stage, ADMIN) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def employee(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """An employee who is signed in."""
    async with signed_in(stage, EMPLOYEE) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def approver(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody of the group that decides about exports."""
    async with signed_in(stage, AUDITOR) as client:
        yield client


async def test_a_call_is_listed_shown_approved_and_then_decided(
    stage: Stage, admin: httpx2.AsyncClient, employee: httpx2.AsyncClient, approver: httpx2.AsyncClient
) -> None:
    """Exact arguments, who may decide, and what was decided, as each of them sees it."""
    call = pend(stage, AMARA, {"big": 12345678901234567890, "segment": "emea"})
    await stage.settled()
    (listed,) = (await approver.get("/api/v1/approvals")).json()["waiting"]
    shown = await approver.get(f"/api/v1/approvals/{call}")
    assert shown.json() == listed and '{"big": 12345678901234567890, "segment": "emea"}' in shown.text
    assert (listed["state"], listed["may_decide"], listed["own"], listed["approvers"]) == ("waiting", True, False, ["security", "legal"])
    mine = (await employee.get(f"/api/v1/approvals/{call}")).json()
    assert (mine["may_decide"], mine["own"]) == (False, True)
    own = await employee.post(f"/api/v1/approvals/{call}/approve", json={})
    assert own.status_code == 403 and "of their own" in own.json()["detail"]
    made = await approver.post(f"/api/v1/approvals/{call}/approve", json={"single_use": False, "hours": 2, "reason": "agreed"})
    decision = made.json()
    assert made.status_code == 200 and (decision["decision"], decision["decided_by"], decision["reason"]) == ("approved", AUDITOR, "agreed")
    assert decision["until_us"] - decision["decided_us"] == 2 * 3_600_000_000
    again = await admin.post(f"/api/v1/approvals/{call}/decline", json={"reason": "no"})
    assert again.status_code == 409 and again.headers["content-type"] == "application/problem+json"
    assert again.json()["detail"] == f"This call was approved already, by {AUDITOR}."
    assert (await admin.get("/api/v1/approvals")).json()["waiting"] == []
    assert (await employee.get("/api/v1/approvals/decided")).json()["decisions"] == [decision]


async def test_to_who_may_neither_see_nor_decide_there_is_no_call(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """The same answer as for an id that does not exist, and for a call that does not wait."""
    call = pend(stage, AMARA, {"segment": "secret"})
    await stage.settled()
    other = (await admin.get("/api/v1/calls?limit=1&q=status:ok")).json()["calls"][0]["call_id"]
    async with client_of(stage, "kenji@northwind.example") as stranger:
        answers = [await stranger.get(f"/api/v1/approvals/{id}") for id in (call, call[:-1] + "0", "x")]
        answers.append(await stranger.post(f"/api/v1/approvals/{call}/approve", json={}))
        assert [answer.status_code for answer in answers] == [404] * 4 and "secret" not in "".join(answer.text for answer in answers)
    assert (await admin.get(f"/api/v1/approvals/{other}")).status_code == 404


@pytest.mark.parametrize(
    ("verb", "body", "status", "words"),
    [
        ("approve", {"hours": 49, "single_use": False}, 409, "At most 48 hours"),
        ("approve", {"hours": 0}, 400, "hours"),
        ("approve", {"more": 1}, 400, "more"),
        ("approve", {"reason": "a\u202eb"}, 400, "reason"),
        ("decline", {}, 409, "A reason is needed"),
        ("decline", {"reason": "x" * 501}, 400, "reason"),
    ],
)
async def test_what_cannot_be_decided_like_that_says_why(
    stage: Stage, admin: httpx2.AsyncClient, verb: str, body: dict[str, object], status: int, words: str
) -> None:
    """And nothing is decided."""
    call = pend(stage, AMARA, {"segment": f"{verb} {body}"})
    await stage.settled()
    answer = await admin.post(f"/api/v1/approvals/{call}/{verb}", json=body)
    assert answer.status_code == status and words in answer.json()["detail"]
    assert (await admin.get(f"/api/v1/approvals/{call}")).json()["decision"] is None


@pytest.mark.parametrize("holder", [ADMIN, AUDITOR])
async def test_a_token_reads_what_waits_and_decides_nothing(stage: Stage, holder: str) -> None:
    """Whoever owns it: an AI app could use it."""
    call = pend(stage, AMARA, {"segment": holder})
    await stage.settled()
    async with client_of(stage, holder) as program:
        shown = (await program.get(f"/api/v1/approvals/{call}")).json()
        answers = [await program.post(f"/api/v1/approvals/{call}/{verb}", json={"reason": "x"}) for verb in ("approve", "decline")]
        after = (await program.get(f"/api/v1/approvals/{call}")).json()
    assert [answer.status_code for answer in answers] == [403, 403] and "access token" in answers[0].json()["detail"]
    assert (shown["state"], shown["may_decide"], after["decision"]) == ("waiting", False, None)


async def test_a_session_alone_does_not_decide_from_a_foreign_page(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """What a foreign page could have a signed-in browser send is refused."""
    call = pend(stage, AMARA, {"segment": "foreign"})
    await stage.settled()
    async with signed_in(stage, ADMIN) as browser:
        answer = await browser.post(f"/api/v1/approvals/{call}/approve", json={}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert (await admin.get(f"/api/v1/approvals/{call}")).json()["state"] == "waiting"
    assert EMPLOYEE == AMARA.id
