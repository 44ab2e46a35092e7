"""Search, one call and its proof, over the real index and log."""

import asyncio

import httpx2
import pytest

from gatebook.log.errors import LogUnavailable
from gatebook.log.proof import parse_proof, verify_proof
from gatebook.reading.room import ReadingRoom
from tests.console.stage import EMPLOYEE, Stage
from tests.console.traffic import PEOPLE, Case

pytestmark = pytest.mark.asyncio(loop_scope="module")
AMARA, JONAS = PEOPLE[0], PEOPLE[1]


async def test_pages_hold_every_call_once_newest_first(admin: httpx2.AsyncClient) -> None:
    """Following the next links gives each call exactly once, in order, and as many as the count says."""
    seen: list[tuple[int, str]] = []
    address: str | None = "/api/v1/calls?limit=70&count=1"
    total = None
    while address:
        page = (await admin.get(address)).json()
        total = page["total"] if total is None else total
        seen += [(call["time"], call["call_id"]) for call in page["calls"]]
        address = page["next"]
    assert len(seen) == len({id for _, id in seen}) == total == 300
    assert [time for time, _ in seen] == sorted((time for time, _ in seen), reverse=True)


async def test_a_query_narrows_and_the_link_header_keeps_it(admin: httpx2.AsyncClient) -> None:
    """Filters apply, and the next link asks the same question."""
    answer = await admin.get("/api/v1/calls", params={"q": "connector:crm status:ok", "limit": "5"})
    assert {(call["connector"], call["status"]) for call in answer.json()["calls"]} == {("crm", "ok")}
    assert "connector%3Acrm" in answer.headers["link"] and 'rel="next"' in answer.headers["link"]
    assert answer.headers["cache-control"] == "no-store"


async def test_since_and_until_are_half_open(admin: httpx2.AsyncClient) -> None:
    """A call at `since` is in, a call at `until` is not."""
    calls = (await admin.get("/api/v1/calls?limit=3")).json()["calls"]
    newest, oldest = calls[0]["time"], calls[2]["time"]
    found = (await admin.get(f"/api/v1/calls?since={oldest}&until={newest}")).json()["calls"]
    assert [call["call_id"] for call in found] == [calls[1]["call_id"], calls[2]["call_id"]]


async def test_an_employee_sees_own_calls_only(employee: httpx2.AsyncClient, stage: Stage) -> None:
    """No query, however it is written, shows somebody else's call or counts it."""
    others = stage.vault.subject(JONAS.id)
    for query in ("", "person:jonas*", f"subject:{others}", f"subject:{others} OR status:ok", "NOT person:amara*", "-subject:x"):
        page = (await employee.get("/api/v1/calls", params={"q": query, "limit": "500", "count": "1"})).json()
        assert {call["person"] for call in page["calls"]} <= {EMPLOYEE}
        assert page["total"] == len(page["calls"])
    assert (await employee.get("/api/v1/calls?q=person:jonas*&count=1")).json()["total"] == 0


async def test_a_call_of_somebody_else_looks_like_none(employee: httpx2.AsyncClient, admin: httpx2.AsyncClient) -> None:
    """The answers for a foreign call and for no call are the same, for show and proof."""
    foreign = (await admin.get("/api/v1/calls?q=person:jonas*&limit=1")).json()["calls"][0]["call_id"]
    nothing = "0" * 8 + "-0000-7000-8000-" + "0" * 12
    for path in ("", "/proof"):
        one = await employee.get(f"/api/v1/calls/{foreign}{path}")
        other = await employee.get(f"/api/v1/calls/{nothing}{path}")
        assert one.status_code == other.status_code == 404
        assert one.json() == other.json()


async def test_a_call_is_shown_with_its_payloads_and_messages(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Arguments, response, both cores and the messages within the call come from the log."""
    case = Case(tool="export_contacts", params={"name": "export_contacts", "arguments": {"n": 2**63}}, result={"rows": 3})
    id = stage.call(AMARA, case)
    await stage.settled()
    shown = (await admin.get(f"/api/v1/calls/{id}")).json()
    assert shown["arguments"]["json"]["arguments"] == {"n": 2**63}
    assert shown["response"]["json"]["result"]["content"][0]["text"] == '{"rows": 3}'
    assert [record["core"]["type"] for record in shown["records"]] == ["call.started", "call.finished"]
    assert shown["messages"][0]["message"]["json"]["params"]["progress"] == 2100
    assert shown["identity"]["json"]["email"] == AMARA.email


async def test_an_open_call_is_found_and_shown(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """A call without an outcome is open in search and has one record."""
    id = stage.call(AMARA, Case(), finish=False)
    await stage.settled()
    assert (await admin.get("/api/v1/calls?limit=1")).json()["calls"][0]["status"] == "open"
    assert len((await admin.get(f"/api/v1/calls/{id}")).json()["records"]) == 1


async def test_the_proof_is_one_that_a_stranger_can_check(admin: httpx2.AsyncClient) -> None:
    """The proofs that come out verify by themselves, and fail when the record is changed."""
    id = (await admin.get("/api/v1/calls?q=status:ok&limit=1")).json()["calls"][0]["call_id"]
    answer = (await admin.get(f"/api/v1/calls/{id}/proof")).json()
    assert answer["verified"] is True and len(answer["records"]) == 2
    for record in answer["records"]:
        header, checkpoint = verify_proof(parse_proof(httpx2.Response(200, json=record["proof"]).content))
        assert header.seq == record["seq"] and checkpoint.root.hex() == record["tree_root"]


@pytest.mark.parametrize(
    ("query", "position", "word"),
    [("conector:crm", 0, "connector"), ("status:ok (a", 10, ")"), ("duration:>x", 10, "duration"), ('"a', 0, "quotation")],
)
async def test_a_bad_query_says_where_and_what(admin: httpx2.AsyncClient, query: str, position: int, word: str) -> None:
    """The problem has the position and what was expected there."""
    answer = await admin.get("/api/v1/calls", params={"q": query})
    assert answer.status_code == 400 and answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["position"] == position
    assert word in answer.text


@pytest.mark.parametrize(
    "params",
    [
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "٣"},
        {"since": "yesterday"},
        {"until": "9" * 16},
        {"before": "abc"},
        {"before": "x" * 5000},
        {"q": "a" * 10_001},
        {"q": "(" * 200},
        {"q": "\x00"},
        {"q": "\\N"},
    ],
)
async def test_bad_parameters_are_refused_or_answered(admin: httpx2.AsyncClient, params: dict[str, str]) -> None:
    """Nothing that a parameter can hold makes the API fail."""
    assert (await admin.get("/api/v1/calls", params=params)).status_code in (200, 400)


async def test_each_reading_is_on_the_record_before_its_rows(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Search, show and verify each leave one record that says what was read, by whom and how much."""
    before = len(await stage.reads())
    id = (await admin.get("/api/v1/calls?q=connector:git&limit=2")).json()["calls"][0]["call_id"]
    await admin.get(f"/api/v1/calls/{id}")
    await admin.get(f"/api/v1/calls/{id}/proof")
    new = (await stage.reads())[before:]
    assert [(read["action"], read["query"], read["payloads"]) for read in new] == [
        ("search", "connector:git", False),
        ("show", id, True),
        ("verify", id, False),
    ]
    assert new[0]["rows"] == 2 and new[0]["actor"]["auth"] == "token" and new[0]["source"]["ip"] == "127.0.0.1"


async def test_nothing_is_shown_when_the_reading_cannot_be_recorded(admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log that cannot be written refuses the rows."""

    async def refuse(*_args: object, **_more: object) -> None:
        await asyncio.sleep(0)
        raise LogUnavailable("disk_full")

    monkeypatch.setattr(ReadingRoom, "note", refuse)
    answer = await admin.get("/api/v1/calls")
    assert answer.status_code == 503 and "calls" not in answer.json()
