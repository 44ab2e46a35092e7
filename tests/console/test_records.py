"""The records page."""

import json

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings

from gatebook.console.records import line
from gatebook.index.rows import RecordRow
from gatebook.record.body import CallFinished, CallOutcomeUnknown, CallRefused, CallStarted, MessageRelayed
from gatebook.record.codec import encode_core
from tests.console.stage import Stage
from tests.record.cast import any_body

in_module = pytest.mark.asyncio(loop_scope="module")


@in_module
async def test_kinds_are_told_apart(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """Each tab shows its own records, with who and what."""
    await stage.settled()
    changes = (await admin.get("/records?kind=changes")).text
    assert "token.changed" in changes and "auth.signed_in" not in changes
    sign_ins = (await admin.get("/records?kind=sign-ins")).text
    assert "Nora Berg" in sign_ins and "Signed in to the console from 127.0.0.1" in sign_ins
    assert "Keeper started: process 412" in (await admin.get("/records?kind=processes")).text


@in_module
async def test_an_empty_kind_offers_more(admin: httpx2.AsyncClient) -> None:
    """Nothing there: the page says what to widen."""
    text = (await admin.get("/records?kind=log&range=15m")).text
    assert "No such records" in text and "Show all kinds" in text


def test_a_change_of_two_people_says_who_proposed_it() -> None:
    """By name where it is known, and where the second person was done without it says that."""
    told = {"subject": "a1", "kind": "person", "auth": "session"}
    core = {"kind": "Policy", "name": "p", "action": "changed", "version": 2, "revision": 7, "actor": {**told, "subject": "b2"}}
    for more, words in (
        ({"proposer": told, "reason": "why"}, "Policy p changed (version 2, revision 7, proposed by Ann): why"),
        ({"alone": True}, "Policy p changed (version 2, revision 7, without the second person who is asked for)"),
    ):
        row = RecordRow(id="x", time=1, type="config.changed", stream="n-k", seq=1, summary=json.dumps({**core, **more}))
        assert line(row, {"a1": "Ann"}).text == words


@given(any_body())
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
def test_every_record_has_a_line(body: object) -> None:
    """Whatever a record holds, its line is made."""
    if isinstance(body, CallStarted | CallRefused | CallFinished | CallOutcomeUnknown | MessageRelayed):
        return
    core = encode_core(body, id="x", stream="n-k", seq=1, prev="0" * 64, time_us=1)  # type: ignore[arg-type]
    kind = str(type(body).__struct_config__.tag)
    row = RecordRow(id="x", time=1, type=kind, stream="n-k", seq=1, summary=core.decode())
    assert line(row, {}).text
