"""Cut-offs over the API: receipts and the button, in person alone."""

import httpx2
import pytest

from gatebook.state.workers import drop_worker
from tests.console.conftest import signed_in
from tests.console.severed import GOING, LEAVER, NIGHTLY, finish, populate
from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")
LIST = "/api/v1/cut-offs"


async def test_receipts_are_read_in_person(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """Not by a token, not by employees; what goes on says who is waited for."""
    populate(stage)
    assert (await admin.get(LIST)).status_code == (await admin.get(f"{LIST}/cut_done")).status_code == 403
    async with signed_in(stage, EMPLOYEE) as person:
        assert (await person.get(LIST)).status_code == 403
    async with signed_in(stage, AUDITOR) as person:
        found = (await person.get(LIST)).json()
        assert [one["id"] for one in found["cut_offs"]] == ["cut_open", "cut_lost", "cut_done"] and found["total"] == 3
        assert [one["id"] for one in (await person.get(LIST, params={"person": LEAVER})).json()["cut_offs"]] == ["cut_done"]
        one = (await person.get(f"{LIST}/cut_done")).json()
        assert one["services"] == [NIGHTLY] and [worker["after_us"] for worker in one["workers"]] == [9000, 20_000, 31_000, 42_000]
        assert {each["outcome"] for each in one["credentials"]} == {"revoked", "failed", "nothing_offered"} and one["in_force_us"] == 42_000
        going = (await person.get(f"{LIST}/cut_open")).json()
        assert going["waiting"] == ["node2-w1"] and going["done_us"] is None and going["person"] == GOING
        for bad in ("cut_nothing", "x"):
            assert (await person.get(f"{LIST}/{bad}")).status_code == 404
    finish(stage)


async def test_an_administrator_cuts_off(stage: Stage, admin: httpx2.AsyncClient) -> None:
    """A dry run ends nothing; a reason is needed; the answer holds the receipt."""
    path = f"/api/v1/people/{EMPLOYEE}/cut-off"
    with stage.store.write() as connection:
        for stream in ("node1-w0", "node2-w1"):
            drop_worker(connection, stream, "b")
    assert (await admin.post(path, json={"reason": "x"})).status_code == 403
    async with signed_in(stage, AUDITOR) as person:
        assert (await person.post(path, json={"reason": "x"})).status_code == 403
    async with signed_in(stage, ADMIN) as person:
        dry = (await person.post(path, json={"dry_run": True})).json()
        assert dry["cut_off"] is None and dry["prospect"]["tokens"] == 1 and dry["prospect"]["active"]
        for body in ({}, {"reason": "  "}, {"reason": "x", "more": 1}):
            assert (await person.post(path, json=body)).status_code == 400, body
        assert (await person.post("/api/v1/people/nobody/cut-off", json={"reason": "x"})).status_code == 404
        assert stage.desk.outlook(EMPLOYEE).tokens == 1
        done = (await person.post(path, json={"reason": "left"})).json()["cut_off"]
        assert (done["person"], done["tokens"], done["cause"], done["reason"]) == (EMPLOYEE, 1, "administrator", "left")
        assert not stage.store.snapshot().people[EMPLOYEE].active
