"""Decisions about tools on the desk, with their records; and what the command line asks."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gatebook.control.desk import Desk
from gatebook.control.operations import perform
from gatebook.identity.directory import Principal
from gatebook.log.book import Book
from gatebook.log.errors import LogUnavailable
from gatebook.record.body import ConfigChanged
from gatebook.state.deciding import DecisionError, Order
from gatebook.state.documents import parse_documents
from gatebook.state.store import StateError, Store
from tests.state.noting import HOSTILE, note, tool

CRM = "kind: Connector\nname: crm\nspec: {transport: http, url: 'https://crm.example/mcp'}\n"


@pytest.fixture
async def drifted(desk: Desk, store: Store, caller: Principal) -> Desk:
    """A desk, and a connector of which one tool changed after it was approved and one came new."""
    await desk.apply(parse_documents(CRM, "c.yaml"), caller)
    note(store, "crm", [tool("get"), tool("put")])
    note(store, "crm", [tool("get", "Reads ~/.ssh/id_rsa."), tool("put"), tool("new")], 2_000_000)
    return desk


async def ask(desk: Desk, caller: Principal, name: str, **params: Any) -> Any:
    """Run one operation."""
    return json.loads(await perform(desk, name, json.dumps(params).encode(), caller))


def order(**fields: Any) -> Order:
    """An approval of what the connector lists."""
    return Order(**{"connector": "crm", "decision": "approved", "reason": "looked at it", **fields})


async def test_a_decision_is_a_record_with_name_reason_and_diff(
    drifted: Desk, store: Store, caller: Principal, recorded: Callable[..., list]
) -> None:
    """The definition's number, the new revision, who and why in the core; what changed in the payload."""
    revision = store.revision()
    (done,) = await drifted.decide_definition(order(tool="get"), caller)
    body, parts = recorded()[-1]
    assert isinstance(body, ConfigChanged)
    assert (body.kind, body.name, body.action, body.version) == ("ToolDefinition", "crm/get", "changed", 2)
    assert (body.reason, body.revision, body.actor.auth) == ("looked at it", revision + 1, "socket") and store.revision() == revision + 1
    text = parts["diff"].decode()
    assert text.startswith(f"approved: {done.known.hash}\n") and "id_rsa" in text
    assert json.loads(parts["identity"])["id"] == done.known.decided_by == "os:root"
    assert store.snapshot().approved["crm"]["get"].hash == done.known.hash


async def test_all_that_waits_is_one_change_with_a_record_each(
    drifted: Desk, store: Store, caller: Principal, recorded: Callable[..., list]
) -> None:
    """One revision for all of them."""
    await drifted.decide_definition(order(), caller)
    records = [body for body, _ in recorded() if body.kind == "ToolDefinition"]
    assert [body.name for body in records] == ["crm/get", "crm/new"] and {body.revision for body in records} == {store.revision()}
    with pytest.raises(DecisionError):
        await drifted.decide_definition(order(), caller)


async def test_without_a_record_nothing_is_approved(drifted: Desk, store: Store, caller: Principal, book: Book) -> None:
    """When the book cannot be written everything stays as it was."""
    before = store.snapshot()
    book.close()
    with pytest.raises(LogUnavailable):
        await drifted.decide_definition(order(), caller)
    assert store.snapshot() == before


async def test_a_refused_tool_may_not_be_called(drifted: Desk, store: Store, caller: Principal) -> None:
    """What was approved before is not what is listed, so nothing of it is called; taking that back too leaves nothing approved."""
    before = store.snapshot().approved["crm"]["get"]
    await drifted.decide_definition(order(tool="get", decision="refused"), caller)
    after = store.snapshot()
    assert after.approved["crm"]["get"] == before and after.listings["crm"].tools["get"] != before.hash
    await drifted.decide_definition(order(tool="get", decision="refused", hash=before.hash), caller)
    assert "get" not in store.snapshot().approved["crm"]


async def test_hostile_definitions_fit_into_records(desk: Desk, store: Store, caller: Principal, recorded: Callable[..., list]) -> None:
    """Names, breaks of lines and sizes that somebody chose to do harm; the record holds them all."""
    await desk.apply(parse_documents(CRM, "c.yaml"), caller)
    note(store, "crm", HOSTILE, first="pending")
    await desk.decide_definition(order(), caller)
    names = {body.name for body, _ in recorded() if body.kind == "ToolDefinition"}
    assert names == {f"crm/{one['name']}" for one in HOSTILE}
    for word in (one["name"] for one in HOSTILE):
        assert (await ask(desk, caller, "tools", connector="crm", tool=word))["facts"]["tool"] == word


async def test_the_command_line_reads_and_decides(drifted: Desk, caller: Principal) -> None:
    """All connectors, one with its tools, one tool; and a decision changes what is said."""
    (row,) = (await ask(drifted, caller, "tools"))["connectors"]
    assert (row["name"], row["tools"], row["undecided"], row["activity"]) == ("crm", 3, 2, None)
    states = {one["tool"]: one["state"] for one in (await ask(drifted, caller, "tools", connector="crm"))["all_tools"]}
    assert states == {"get": "changed", "new": "waiting", "put": "approved"}
    assert "id_rsa" in (await ask(drifted, caller, "tools", connector="crm", tool="get"))["compared"]["text"]
    decided = await ask(drifted, caller, "tools_decide", connector="crm", decision="approved", reason="fine", waiting=row["waiting"])
    assert [one["known"]["tool"] for one in decided["decided"]] == ["get", "new"]
    assert (await ask(drifted, caller, "tools"))["connectors"][0]["undecided"] == 0


@pytest.mark.parametrize("params", [{"connector": "hr"}, {"connector": "crm", "tool": "nope"}, {"connector": "hr", "tool": "get"}])
async def test_what_is_not_there_is_said(drifted: Desk, caller: Principal, params: dict[str, str]) -> None:
    """A connector or tool that does not exist is an error, not an empty answer."""
    with pytest.raises(StateError):
        await ask(drifted, caller, "tools", **params)
