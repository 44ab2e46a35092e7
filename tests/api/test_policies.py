"""Replays over HTTP: begun, watched, and read by those who read the whole book."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.console.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

DRAFT = """
kind: Connector
name: github
spec: {transport: http, url: "http://127.0.0.1:9/mcp", allow: {groups: [everyone]}}
---
kind: Policy
name: nothing-goes
spec: {effect: deny, reason: Not today.}
"""


async def finished(client: httpx2.AsyncClient, id: str) -> Any:
    """Wait for a replay."""
    for _ in range(200):
        found = (await client.get(f"/api/v1/policies/replays/{id}")).json()
        if found["state"] != "running":
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("the replay did not end")


async def test_a_draft_is_replayed_and_changes_nothing_in_force(
    admin: httpx2.AsyncClient, employee: httpx2.AsyncClient, stage: Stage
) -> None:
    """202 with an id, then the result; the reading of arguments is on the record, and the draft is not stored."""
    begun = await admin.post("/api/v1/policies/replays", json={"documents": DRAFT})
    assert begun.status_code == 202
    found = await finished(admin, begun.json()["id"])
    assert found["state"] == "done" and found["done"] == 1.0 and found["result"]["calls"] > 100
    assert (await employee.get(f"/api/v1/policies/replays/{begun.json()['id']}")).status_code == 404
    assert not stage.store.snapshot().rules.policies and "github" not in stage.store.snapshot().connectors


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"documents": "kind: Polcy\nname: x"}, "did you mean 'Policy'"),
        ({"documents": "kind: Policy\nname: x\nspec: {effect: deny, when: 'args.limit >'}"}, "draft:3"),
        ({"documents": ""}, "documents"),
        ({"documents": DRAFT, "more": 1}, "more"),
    ],
)
async def test_a_draft_with_a_mistake_says_where_it_is(admin: httpx2.AsyncClient, order: dict[str, Any], words: str) -> None:
    """As `gatebook apply` does."""
    answer = await admin.post("/api/v1/policies/replays", json=order)
    assert answer.status_code == 400 and words in answer.text


async def test_only_who_reads_the_whole_book_may_replay(employee: httpx2.AsyncClient, stranger: httpx2.AsyncClient) -> None:
    """A replay tells of calls of everybody."""
    assert (await employee.post("/api/v1/policies/replays", json={"documents": DRAFT})).status_code == 403
    assert (await stranger.post("/api/v1/policies/replays", json={"documents": DRAFT})).status_code == 401
