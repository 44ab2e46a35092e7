"""Names in prose on the way of a call: looked for where that was asked for, and nowhere passed unread."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.fixtures.hostile import BEHAVIOURS, Exchange, Hostile
from tests.gateway.conftest import Running, Start, call, rules, spec
from tests.gateway.named import ENDLESS

REDACT = "kind: Guardrail\nname: people\nspec: {detectors: [ner/*], action: redact, reason: Names stay here.}"
TEXT = "Dear Ann Smith, greetings from Hamburg"
CLEAN = "Dear [redacted:person], greetings from [redacted:location]"
Named = Callable[..., contextlib.AbstractAsyncContextManager[tuple[Running, Hostile]]]


@pytest.fixture
def named(gateway: Start, presidio_python: str, model: str, monkeypatch: pytest.MonkeyPatch) -> Named:
    """Return a function that runs a gateway with the connectors x and y, where names are looked for in what x does, and a tool `says`."""

    async def says(exchange: Exchange) -> None:
        result = {"content": [{"type": "text", "text": exchange.request.params["arguments"]["text"]}], "isError": False}
        await exchange.answer(json.dumps({"jsonrpc": "2.0", "id": exchange.request.id, "result": result}).encode())

    monkeypatch.setitem(BEHAVIOURS, "says", says)

    @contextlib.asynccontextmanager
    async def start(
        rails: str = REDACT, python: str = presidio_python, more: str = "", **presidio: Any
    ) -> AsyncIterator[tuple[Running, Hostile]]:
        asked = {"connectors": ["x"], "model": model, "time_budget_ms": 5_000} | presidio
        governed = f"{rails}\n---\nkind: Governance\nname: default\nspec: {{presidio: {json.dumps(asked)}{more}}}"
        async with Hostile() as upstream:
            connectors = {"x": spec(url=upstream.url), "y": spec(url=upstream.url)}
            async with gateway(connectors, rules(governed), presidio_python=python) as running:
                yield running, upstream

    return start


async def said(running: Running, text: str, path: str = "/mcp/x", tool: str = "says") -> str:
    """Call a tool that says something; returns its text."""
    _, message, _ = await running.post(path, call(tool, {"text": text}))
    return str(message["result"]["content"][0]["text"])


def the(running: Running, kind: str) -> Any:
    """Return the only record of a type."""
    (record,) = running.records(kind)
    return record


async def test_names_are_taken_out_of_an_answer_and_stay_out_of_the_book(named: Named) -> None:
    """Detector, place, count and fingerprint are on the record; also in JSON within text, and in its keys."""
    async with named() as (running, _):
        assert await said(running, TEXT) == CLEAN
        finished = the(running, "call.finished")
        assert (finished.body.decision.effect, finished.body.decision.rule) == ("redacted", "people")
        assert {(one.detector, one.action, one.pointer, one.part) for one in finished.body.findings} == {
            ("ner/person", "redacted", "/content/0/text", "response"),
            ("ner/location", "redacted", "/content/0/text", "response"),
        }
        assert all(len(one.fingerprint) == 16 for one in finished.body.findings)
        assert b"Smith" not in finished.parts["response"] and finished.body.timing.dlp_us > 0
        assert json.loads(await said(running, json.dumps({"Ann Smith": ["of Hamburg"]}))) == {
            "[redacted:person]": ["of [redacted:location]"]
        }


async def test_only_chosen_connectors_tools_and_parts_are_looked_at(named: Named) -> None:
    """Another connector, another tool and the other direction pass as they are, and cost no question to the model."""
    async with named(tools=["sa*"]) as (running, upstream):
        assert await said(running, TEXT, "/mcp/y") == TEXT
        await running.post("/mcp/x", call("ok", {"text": TEXT}))
        assert TEXT.encode() in upstream.requests[-1].body
        assert await said(running, TEXT) == CLEAN and TEXT.encode() in upstream.requests[-1].body


async def test_arguments_are_looked_at_where_that_is_asked_for(named: Named) -> None:
    """The connector gets what is left, and so does the book; or it hears nothing, and the caller reads the reason."""
    rails = (
        REDACT.replace("ner/*", "ner/person")
        + "\n---\nkind: Guardrail\nname: places\nspec: {detectors: [ner/location], action: block, reason: No places.}"
    )
    async with named(rails, parts=["arguments"]) as (running, upstream):
        assert await said(running, "Dear Ann Smith") == "Dear [redacted:person]"
        assert b"Smith" not in upstream.requests[-1].body
        started = the(running, "call.started")
        assert started.body.decision.effect == "redacted" and b"Smith" not in started.parts["arguments"]
        count = len(upstream.requests)
        assert "No places." in await said(running, TEXT) and len(upstream.requests) == count
        refused = the(running, "call.refused")
        assert refused.body.decision.rule == "places" and not any(name in refused.parts["arguments"] for name in (b"Smith", b"Hamburg"))


async def test_calls_that_are_looked_at_count_once(named: Named) -> None:
    """While the model reads arguments nobody slips through under a limit, and a session is not taken for having called twice."""
    limit = "\n---\nkind: Policy\nname: two\nspec: {effect: deny, selector: {tools: [says]}, limit: {calls_max: 2, per_s: 3600}, reason: Enough.}"
    more = ', toxic_flows: {action: block, labels: {"x/says": [untrusted_source, private_source, external_sink]}}'
    async with named(REDACT, more=more, parts=["arguments"]) as (running, _):
        assert await said(running, TEXT) == CLEAN
    async with named(REDACT + limit, parts=["arguments"]) as (running, _):
        texts = await asyncio.gather(*(said(running, f"{TEXT} {number}") for number in range(6)))
        assert sum(text.startswith(CLEAN) for text in texts) == 2


@pytest.mark.parametrize("broken", ["no interpreter", "no presidio"])
async def test_what_cannot_be_looked_at_is_blocked(named: Named, broken: str) -> None:
    """The caller reads why in a sentence, the record too; the answer is withheld, and other connectors are not touched."""
    how: dict[str, Any] = {
        "no interpreter": {"python": "/nowhere/python"},
        "no presidio": {"python": ""},
        "no model": {"model": "en_missing"},
    }
    async with named(**how[broken]) as (running, _):
        text = await said(running, TEXT)
        assert (
            text
            == "The answer was withheld: Names cannot be looked for in the payload: Presidio or its model is missing or does not start."
        )
        finished = the(running, "call.finished")
        assert (finished.body.outcome.status, finished.body.decision.rule) == ("blocked", "people") and b"Smith" not in finished.parts[
            "response"
        ]
        assert await said(running, TEXT, "/mcp/y") == TEXT


async def test_it_may_pass_unread_and_the_record_says_so(named: Named) -> None:
    """Only where the document says pass; patterns are looked for all the same."""
    rails = REDACT.replace("[ner/*]", "[ner/*, email], parts: [response]")
    async with named(rails, python="/nowhere/python", on_failure="pass") as (running, _):
        assert await said(running, f"{TEXT}, ann@tallpine.io") == f"{TEXT}, [redacted:email]"
        found = {(one.detector, one.action) for one in the(running, "call.finished").body.findings}
        assert found == {("pii/email", "redacted"), ("ner/unread", "logged")}


async def test_a_text_that_takes_for_ever_is_blocked_in_time_and_the_next_call_goes_on(named: Named) -> None:
    """The model is stopped; the caller of the next text does not notice."""
    async with named(time_budget_ms=700) as (running, _):
        assert await said(running, TEXT) == CLEAN
        assert await said(running, ENDLESS) == "The answer was withheld: Looking for names in the payload took more than its budget."
        assert await said(running, TEXT) == CLEAN


async def test_an_observing_guardrail_notes_names_and_lets_them_pass(named: Named) -> None:
    """Nothing that only observes stops a call."""
    async with named(REDACT.replace("action", "mode: observe, action")) as (running, _):
        assert running.gate.names._starting is not None  # it is there before the first call
        assert await said(running, TEXT) == TEXT
        assert {one.action for one in the(running, "call.finished").body.findings} == {"logged"}


async def test_messages_on_the_way_are_looked_at(named: Named, monkeypatch: pytest.MonkeyPatch) -> None:
    """A progress message reaches the client without the name, before the answer."""

    async def tells(exchange: Exchange) -> None:
        note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": "p", "progress": 1, "message": TEXT}}
        await exchange.stream(json.dumps(note).encode(), exchange.result("done"))

    monkeypatch.setitem(BEHAVIOURS, "tells", tells)
    async with named() as (running, _):
        _, messages, _ = await running.post("/mcp/x", call("tells"))
        assert [message.get("method") for message in messages] == ["notifications/progress", None]
        assert messages[0]["params"]["message"] == CLEAN


async def test_there_is_no_process_where_nobody_asks_for_names(named: Named) -> None:
    """Without a guardrail that names them, or without a connector that is chosen."""
    async with named("kind: Guardrail\nname: cards\nspec: {detectors: [credit_card], action: redact}") as (running, _):
        assert await said(running, TEXT) == TEXT and running.gate.names.pid is None
    async with named(connectors=[]) as (running, _):
        assert await said(running, TEXT) == TEXT and running.gate.names.pid is None
