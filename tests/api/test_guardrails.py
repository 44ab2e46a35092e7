"""Guardrails over HTTP: backtests begun and watched, texts tried, by those who read the whole book."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.console.stage import Stage
from tests.reading.payloads import CODED, IBAN, enforce, guardrail, recorded, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
BACKTESTS = "/api/v1/guardrails/backtests"
TRY = "/api/v1/guardrails/try"


async def finished(client: httpx2.AsyncClient, id: str) -> Any:
    """Wait for a backtest."""
    for _ in range(400):
        found = (await client.get(f"{BACKTESTS}/{id}")).json()
        if found["state"] != "running":
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("the backtest did not end")


async def test_a_draft_is_backtested_and_changes_nothing_in_force(
    admin: httpx2.AsyncClient, employee: httpx2.AsyncClient, stage: Stage
) -> None:
    """202 with an id, then the result without any value; nobody else sees it, and the draft is not stored."""
    recorded(stage, {"note": IBAN}, text_of(CODED))
    await stage.settled()
    begun = await admin.post(BACKTESTS, json={"documents": guardrail("accounts"), "max": 200})
    assert begun.status_code == 202
    assert (await employee.get(f"{BACKTESTS}/{begun.json()['id']}")).status_code == 404
    found = await finished(admin, begun.json()["id"])
    result = found["result"]
    assert found["state"] == "done" and result["looked_at"] == 200 < result["calls"]
    assert {"was": "allowed", "now": "blocked", "count": 1} in result["transitions"] and IBAN not in str(found)
    assert not stage.store.snapshot().rules.guardrails


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"documents": "kind: Gardrail\nname: x"}, "did you mean 'Guardrail'"),
        ({"documents": guardrail("accounts", detectors="ibann")}, "Did you mean 'iban'"),
        ({"documents": guardrail("accounts"), "max": 0}, "max"),
        ({"documents": guardrail("accounts"), "more": 1}, "more"),
    ],
)
async def test_a_draft_with_a_mistake_says_where_it_is(admin: httpx2.AsyncClient, order: dict[str, Any], words: str) -> None:
    """As `gatebook apply` does, with file and line."""
    answer = await admin.post(BACKTESTS, json=order)
    assert answer.status_code == 400 and words in answer.text
    assert "documents" not in order or "Gardrail" not in order["documents"] or "draft:" in answer.text


async def test_only_who_reads_the_whole_book_may_try_guardrails(employee: httpx2.AsyncClient, stranger: httpx2.AsyncClient) -> None:
    """A backtest tells of calls of everybody, and a trial of the rules."""
    for address, body in ((BACKTESTS, {"documents": guardrail("accounts")}), (TRY, {"text": "x"})):
        assert (await employee.post(address, json=body)).status_code == 403
        assert (await stranger.post(address, json=body)).status_code == 401


async def test_a_text_is_tried_on_what_is_in_force_and_on_a_draft(admin: httpx2.AsyncClient, stage: Stage) -> None:
    """What is found, where, and what becomes of it; the text leaves no trace in the book."""
    await enforce(stage, guardrail("accounts", action="redact"))
    before = len(await stage.reads())
    text = f'{{"pay": "{IBAN}", "note": "{CODED}"}}'
    found = (await admin.post(TRY, json={"text": text, "part": "response"})).json()
    assert (found["effect"], found["is_json"]) == ("redacted", True)
    assert found["becomes"] == '{"pay": "[redacted:iban]", "note": "[redacted:iban]"}'
    assert [(one["pointer"], one["layers"], one["guardrail"], one["action"]) for one in found["found"]] == [
        ("/pay", [], "accounts", "redact"), ("/note", ["base64"], "accounts", "redact"),
    ]  # fmt: skip
    assert [text[start:end] for one in found["found"] for start, end in one["spans"]] == [IBAN, CODED]
    draft = guardrail("accounts", more="parts: [arguments], reason: Not here.")
    blocked = (await admin.post(TRY, json={"text": text, "documents": draft})).json()
    assert (blocked["effect"], blocked["reason"], blocked["becomes"]) == ("blocked", "Not here.", None)
    other = (await admin.post(TRY, json={"text": text, "documents": draft, "part": "response"})).json()
    assert (other["effect"], other["becomes"], other["guardrails"]) == ("allowed", text, [])
    assert len(await stage.reads()) == before


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"text": "x" * 64 * 1024}, 413, "65,536"),
        ({"text": "ü" * 33_000}, 413, "65,536"),
        ({"text": "x", "documents": "kind: Guardrail\nname: a\nspec: {detectors: [x]}"}, 400, "draft:"),
        ({"text": "x", "part": "both"}, 400, "part"),
    ],
)
async def test_a_trial_that_cannot_be_made_says_why(admin: httpx2.AsyncClient, body: dict[str, Any], status: int, words: str) -> None:
    """Too large, or wrong, each with one sentence."""
    answer = await admin.post(TRY, json=body)
    assert answer.status_code == status and words in answer.text
