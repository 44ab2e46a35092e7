"""Calls that somebody may not see leave no trace elsewhere: not in records, numbers of records, errors, approvals, saved searches and shares."""

import re
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio

from gatebook.control.caller import local_caller
from gatebook.identity.issuing import TokenOrder
from gatebook.reading import requests
from gatebook.state.documents import parse_documents
from tests.api.conftest import client_of
from tests.console.conftest import signed_in
from tests.console.stage import ADMIN, EMPLOYEE, Stage
from tests.console.traffic import PEOPLE, Case
from tests.console.waiting import govern, pend, person

pytestmark = pytest.mark.asyncio(loop_scope="module")
GROUPS = {"helper": "it-support", "desk": "desk", "plain": "nobody"}
ROLE = """
kind: Role
name: desk
spec:
  grants: {metadata: all}
  groups: [desk]
"""
ABSENT = "01990000-0000-7000-8000-00000000abcd"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """People with narrow roles beside those of the stage, and a hundred calls."""
    stage = Stage(tmp_path_factory.mktemp("stage"))
    try:
        stage.tokens = await stage.enroll()
        caller = local_caller("root", stage.vault.subject)
        await stage.desk.apply(parse_documents(ROLE, "role.yaml"), caller)
        for name, group in GROUPS.items():
            order = TokenOrder(person=name, groups=(group,), person_name=name, name="laptop")
            stage.tokens[name] = (await stage.desk.issuing.create(order, caller)).secret
        await govern(stage)
        stage.crowd(100, 3_600_000_000)
        await stage.settled()
        yield stage
    finally:
        stage.close()


def told(answer: httpx2.Response, id: str) -> tuple[int, dict[str, str], str]:
    """All that an answer says, without the ids of call and request, and without the footer of a page, which has the time."""
    left_out = {"x-request-id", *(["content-length"] if "<footer" in answer.text else [])}
    headers = {name: value for name, value in answer.headers.items() if name not in left_out}
    return answer.status_code, headers, re.sub(r"<footer.*?</footer>", "", answer.text.replace(id, ""), flags=re.DOTALL)


async def test_a_hidden_call_and_an_absent_one_are_answered_alike(stage: Stage) -> None:
    """Status, body and headers of every address that takes the id of a call, by token and in the console."""
    hidden = stage.call(PEOPLE[3], Case())
    waits = pend(stage, person("amara"), {"segment": "secret"})
    await stage.settled()
    async with client_of(stage, "plain") as client:
        for id in (hidden, waits):
            for part in ("", "/proof", "/context"):
                answers = [told(await client.get(f"/api/v1/calls/{one}{part}"), one) for one in (id, ABSENT)]
                assert answers[0] == answers[1] and answers[0][0] == 404
            answers = [told(await client.get(f"/api/v1/approvals/{one}"), one) for one in (id, ABSENT)]
            assert answers[0] == answers[1] and answers[0][0] == 404
            for verb in ("approve", "decline"):
                answers = [told(await client.post(f"/api/v1/approvals/{one}/{verb}", json={"reason": "r"}), one) for one in (id, ABSENT)]
                assert answers[0] == answers[1] and answers[0][0] == 404
            orders = [told(await client.post("/api/v1/access-requests", json={"call": one, "reason": "r"}), one) for one in (id, ABSENT)]
            assert orders[0] == orders[1] and orders[0][0] == 404
    async with signed_in(stage, "plain") as client:
        for id in (hidden, waits):
            for path in ("/calls/{}", "/calls/{}?verify=1", "/calls/{}?context=1", "/approvals/{}", "/access/{}"):
                answers = [told(await client.get(path.format(one)), one) for one in (id, ABSENT)]
                assert answers[0] == answers[1] and answers[0][0] == 404, path


@pytest.mark.parametrize("reader", ["helper", "desk"])
async def test_who_called_is_not_told_by_calls_that_wait(stage: Stage, reader: str) -> None:
    """Somebody who sees that there was a call, but not who made it or what was decided, sees neither here."""
    call = pend(stage, person("amara"), {"segment": f"of {reader}"})
    await stage.settled()
    async with client_of(stage, reader) as client, signed_in(stage, reader) as console:
        assert (await client.get(f"/api/v1/calls/{call}")).json()["call"]["person"] == ""
        assert (await client.get(f"/api/v1/approvals/{call}")).status_code == 404
        assert (await console.get(f"/approvals/{call}")).status_code == 404
        for path in ("/api/v1/approvals", "/api/v1/approvals/decided", "/api/v1/access-requests"):
            answer = await client.get(path)
            assert answer.status_code == 200 and "amara" not in answer.text
    async with client_of(stage, ADMIN) as admin:
        assert (await admin.get(f"/api/v1/approvals/{call}")).json()["person"] == EMPLOYEE


async def test_own_calls_that_wait_are_not_crowded_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many calls of others wait, which would tell how many do."""
    monkeypatch.setattr(requests, "LOOKED_MAX", 2)
    own = pend(stage, person("amara"), {"segment": "mine"})
    for number in range(4):
        pend(stage, person("kenji"), {"segment": f"other {number}"})
    await stage.settled()
    async with client_of(stage, EMPLOYEE) as client:
        assert own in [one["call"] for one in (await client.get("/api/v1/approvals")).json()["waiting"]]


async def test_the_record_of_a_reading_does_not_tell_its_reader_who_it_was(stage: Stage) -> None:
    """Pseudonyms of people whom a role hides stand in the record for those people and for auditors, not for the reader."""
    async with client_of(stage, "helper") as client:
        assert len((await client.get("/api/v1/calls?limit=5")).json()["calls"]) == 5
        await stage.settled()
        own = [one["core"] for one in (await client.get("/api/v1/records?kind=reads")).json()["records"]]
    whole = [one for one in await stage.reads() if one["actor"]["subject"] == stage.vault.subject("helper") and one.get("subjects")]
    assert whole and own and not any(one.get("subjects") for one in own)


async def test_numbers_of_records_are_not_shown_to_who_sees_some_calls(stage: Stage) -> None:
    """They count what others do: in answers, in rows, in cores of records, in the state of the log, and in the console's footer."""
    stage.call(PEOPLE[0], Case(params={"name": "x", "arguments": {"word": "own-glimpse"}}))
    await stage.settled()
    async with client_of(stage, EMPLOYEE) as client:
        page = (await client.get("/api/v1/calls?limit=1")).json()
        row = page["calls"][0]
        assert page["positions"] == {} and row["started_seq"] == row["outcome_seq"] == row["started_offset"] == row["outcome_segment"] == 0
        shown = (await client.get(f"/api/v1/calls/{row['call_id']}")).json()
        assert "json" in shown["arguments"] and all(not {"seq", "started_seq", "prev"} & set(one["core"]) for one in shown["records"])
        own = (await client.get("/api/v1/records?kind=reads&limit=5")).json()["records"]
        assert own and all(not {"seq", "prev"} & set(one["core"]) for one in own)
        status = (await client.get("/api/v1/status")).json()
        assert (
            status["positions"] == {}
            and status["records"] == status["open_calls"] == status["sealed"]["size"] == 0
            and status["index_state"]
        )
        for path in ("/api/v1/histogram?since=0&until=3600000000&step_s=600", "/api/v1/facets?fields=status"):
            assert (await client.get(path)).json()["positions"] == {}
        for path in ("/api/v1/investigation", "/api/v1/trends"):
            assert (await client.get(path)).json()["snapshot"] == {}
        for text in ("seq:>3", "outcome_seq:1"):
            refused = await client.get("/api/v1/calls", params={"q": text})
            assert refused.status_code == 400 and "your role does not show" in refused.text
    async with signed_in(stage, EMPLOYEE) as client:
        page_text = (await client.get("/")).text
        assert "Log position" not in page_text and "As of record" not in page_text and "Checkpoint" in page_text
        assert "own-glimpse" in page_text
    async with client_of(stage, ADMIN) as client:
        assert (await client.get("/api/v1/calls?limit=1")).json()["calls"][0]["started_seq"] > 0
        assert (await client.get("/api/v1/status")).json()["records"] > 100


async def test_a_shared_question_about_a_hidden_field_is_not_handed_on(stage: Stage) -> None:
    """Neither its values nor that it is there, in lists, by id, by link and in the console; a question that they may ask themselves is."""
    async with client_of(stage, ADMIN) as admin, client_of(stage, EMPLOYEE) as client, signed_in(stage, EMPLOYEE) as console:
        saved = []
        for number, text in enumerate(("fingerprint:abc123", "tool:git_log")):
            made = await admin.post("/api/v1/searches", json={"name": f"one {number}", "q": text, "shared": ["everyone"]})
            saved.append(made.json()["id"])
        listed = await client.get("/api/v1/searches")
        assert [one["id"] for one in listed.json()["searches"]] == [saved[1]] and "abc123" not in listed.text
        assert (await client.get(f"/api/v1/searches/{saved[0]}")).status_code == 404
        assert "abc123" not in (await console.get("/saved")).text
        link = (await admin.post("/api/v1/shares", json={"q": "fingerprint:abc123"})).json()["id"]
        opened = await client.get(f"/api/v1/shares/{link}")
        assert opened.status_code == 400 and "your role does not show fingerprint" in opened.text and "abc123" not in opened.text
        page = await console.get(f"/s/{link}")
        assert page.status_code == 403 and "does not show fingerprint" in page.text and "abc123" not in page.text
        assert (await admin.get(f"/api/v1/shares/{link}")).json()["q"] == "fingerprint:abc123"


@pytest.mark.parametrize("path", ["/api/v1/searches", "/api/v1/shares"])
async def test_a_question_with_a_token_in_it_is_not_kept(stage: Stage, path: str) -> None:
    """Whoever reads it later could use it."""
    async with client_of(stage, EMPLOYEE) as client:
        answer = await client.post(path, json={"q": f'"{stage.tokens[EMPLOYEE]}"', **({"name": "x"} if path.endswith("searches") else {})})
        assert answer.status_code == 400 and "holds an access token" in answer.text and stage.tokens[EMPLOYEE][:20] not in answer.text


async def test_the_one_who_reads_what_waits_is_on_the_record_of_whose_it_is(stage: Stage) -> None:
    """Arguments of calls that wait are readings of those calls, in the list and one by one; so is a proof."""
    call = pend(stage, person("amara"), {"segment": "read by an approver"})
    await stage.settled()
    before, amara = len(await stage.reads()), stage.vault.subject(EMPLOYEE)
    async with client_of(stage, ADMIN) as client:
        for path in ("/api/v1/approvals", f"/api/v1/approvals/{call}", f"/api/v1/calls/{call}/proof"):
            assert (await client.get(path)).status_code == 200
    found = (await stage.reads())[before:]
    assert len(found) == 3 and all(amara in one.get("subjects", ()) for one in found)
