"""What is in force changes at once, people stay apart, and what is withdrawn ends."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from gatebook.gateway.gate import Gate
from tests.fixtures.hostile import BEHAVIOURS, Exchange, Hostile
from tests.gateway.conftest import ANN, BOB, Running, Start, call, modern, snapshot, spec
from tests.gateway.test_call import opened

SLOW = {"pause_s": 0.004}


async def tools(running: Running, path: str, token: str = ANN, era: str = "legacy") -> set[str]:
    """Return the names of the tools that are listed."""
    body, headers = ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, {}) if era == "legacy" else modern("tools/list")
    if era == "legacy":
        headers = await opened(running, path, token)
    _, message, _ = await running.post(path, body, headers, token)
    return {tool["name"] for tool in message["result"]["tools"]}


async def test_two_people_with_the_same_ids_do_not_mix(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """On one connector, at the same time, with the same request ids and progress tokens, in both eras: everybody gets their own."""

    async def echo(exchange: Exchange) -> None:
        who = exchange.request.arguments["who"]
        token = (exchange.request.params.get("_meta") or {}).get("progressToken")
        note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": token, "progress": 1, "message": who}}
        await asyncio.sleep(0.01)
        await exchange.stream(json.dumps(note).encode(), exchange.result(who))

    monkeypatch.setitem(BEHAVIOURS, "echo", echo)
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:

        async def ask(token: str, who: str, number: int, era: str, path: str) -> None:
            name = "echo" if path == "/mcp/x" else "x__echo"
            body, headers = (
                (call(name, {"who": who}, number), {})
                if era == "legacy"
                else modern("tools/call", {"name": name, "arguments": {"who": who}}, number)
            )
            body["params"].setdefault("_meta", {})["progressToken"] = number
            if path == "/mcp" and era == "legacy":
                headers = await opened(running, path, token)
            _, messages, _ = await running.post(path, body, headers, token)
            assert [message.get("id") for message in messages] == [None, number]
            assert messages[0]["params"] == {"progressToken": number, "progress": 1, "message": who}
            assert messages[1]["result"]["content"][0]["text"] == who

        people = ((ANN, "ann"), (BOB, "bob"))
        await asyncio.gather(
            *(
                ask(token, who, n, era, path)
                for n in range(3)
                for token, who in people
                for era in ("legacy", "modern")
                for path in ("/mcp/x", "/mcp")
            )
        )
        owners = {record.header.id: json.loads(record.parts["identity"])["id"] for record in running.records("call.started")}
        for record in running.records("call.finished"):
            response = record.parts["response"].decode()
            if '"text": "ann"' in response or '"text": "bob"' in response:
                assert f'"text": "{owners[record.body.call]}"' in response  # type: ignore[union-attr]


@pytest.mark.parametrize("path", ["/mcp/x", "/mcp"])
async def test_a_session_is_one_persons_at_one_endpoint(gateway: Start, path: str) -> None:
    """With the id of somebody else's session, or at another endpoint, everything is 404, as for an id that was made up."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url), "y": spec(url=upstream.url)}) as running:
        session = await opened(running, path)
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        assert (await running.post(path, ping, session))[0] == 200
        for headers, where, token in (
            (session, path, BOB),
            (session, "/mcp/y", ANN),
            ({"mcp-session-id": "w0-" + "0" * 32}, path, ANN),
            ({"mcp-session-id": ""}, path, ANN),
        ):
            assert (await running.post(where, ping, headers, token))[0] == 404
            assert (
                await running.post(
                    where, {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}, headers, token
                )
            )[0] == 404
            for method in ("GET", "DELETE"):
                async with running.http.request(
                    method, running.url + where, headers=headers | {"authorization": f"Bearer {token}"}
                ) as response:
                    assert response.status == 404
        assert len(running.records("call.refused")) == 16
        assert (await running.post(path, ping, session))[0] == 200


async def test_a_deleted_session_ends_its_calls(gateway: Start) -> None:
    """DELETE cancels what is in flight, tells the connector, and the id is unknown from then on."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        session = await opened(running)
        waiting = asyncio.create_task(running.post("/mcp/x", call("never_answers", id=7), session))
        await asyncio.sleep(0.2)
        async with running.http.delete(running.url + "/mcp/x", headers=session | {"authorization": f"Bearer {ANN}"}) as response:
            assert response.status == 200
        _, message, _ = await waiting
        assert message["error"]["code"] == -32055 and message["id"] == 7
        await upstream.until_left("never_answers")
        assert upstream.requests[-1].method == "DELETE" and upstream.requests[-1].headers["mcp-session-id"] == "hostile-session"
        assert (await running.post("/mcp/x", call("ok"), session))[0] == 404
        assert [record.body.outcome.status for record in running.records("call.finished")][-1] == "cancelled"  # type: ignore[union-attr]


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_lists_show_what_a_person_may_use(gateway: Start, era: str) -> None:
    """The aggregate has the tools of the connectors that are granted, under their names, and no others."""
    async with Hostile() as upstream:
        connectors = {
            "a": spec(url=upstream.url, allow={"groups": ["sales"]}),
            "b": spec(url=upstream.url, allow={"people": ["bob"]}),
            "c": spec(url=upstream.url, tools={"allow": ["ok"]}),
        }
        async with gateway(connectors) as running:
            ann, bob = await tools(running, "/mcp", ANN, era), await tools(running, "/mcp", BOB, era)
            assert {name.partition("__")[0] for name in ann} == {"a", "c"} and {name.partition("__")[0] for name in bob} == {"b", "c"}
            assert {name for name in ann | bob if name.startswith("c__")} == {"c__ok"}


@pytest.mark.parametrize(("path", "name"), [("/mcp/b", "ok"), ("/mcp", "b__ok")])
async def test_a_connector_without_a_grant_is_unknown(gateway: Start, path: str, name: str) -> None:
    """Whoever may not use it is told the same as for one that does not exist; the book knows better."""
    async with Hostile() as upstream, gateway({"b": spec(url=upstream.url, allow={"people": ["bob"]})}) as running:
        refused = await running.post(path, call(name))
        unknown = await running.post(path.replace("b", "n"), call(name.replace("b", "n")))
        assert (refused[0], refused[1]["error"]["code"]) == (unknown[0], unknown[1]["error"]["code"])
        assert refused[1]["error"]["message"].replace("'b", "'n") == unknown[1]["error"]["message"]
        (blocked, missing) = [record.body for record in running.records("call.refused")]
        assert (blocked.outcome.status, blocked.decision.rule) == ("blocked", "default-deny") and missing.decision is None  # type: ignore[union-attr]
        assert upstream.requests == []


async def test_a_change_is_hot(gateway: Start) -> None:
    """A connector that is added, changed or deleted is so with the next request; a call in flight ends as it began."""
    async with Hostile() as one, Hostile() as two, gateway({}) as running:
        assert (await running.post("/mcp/x", call("ok")))[0] == 404
        running.gate.apply(snapshot({"x": spec(url=one.url)}, 2))
        assert (await running.post("/mcp/x", call("ok")))[0] == 200
        slow = asyncio.create_task(running.post("/mcp/x", call("slow_drip", SLOW)))
        await asyncio.sleep(0.1)
        running.gate.apply(snapshot({"x": spec(url=two.url)}, 3))
        assert (await running.post("/mcp/x", call("ok")))[0] == 200 and len(two.requests) == 1
        assert (await slow)[1]["result"]["content"][0]["text"] == "ok"
        running.gate.apply(snapshot({}, 4))
        assert (await running.post("/mcp/x", call("ok")))[0] == 404
        bundles = {record.body.decision.bundle for record in running.records("call.started")}  # type: ignore[union-attr]
        assert bundles == {"c" * 16}


async def test_one_bad_connector_does_not_stop_the_others(gateway: Start) -> None:
    """An address that cannot be read makes its own connector fail, not the whole change."""
    async with (
        Hostile() as upstream,
        gateway({"bad": spec(url="http://" + "ü" * 80 + ".example/"), "x": spec(url=upstream.url)}) as running,
    ):
        assert (await running.post("/mcp/x", call("ok")))[0] == 200
        _, message, _ = await running.post("/mcp/bad", call("ok"))
        assert message["result"]["isError"]


def with_tokens(gate: Gate, **changes: Any) -> None:
    """Apply the snapshot again with Ann's token changed."""
    now = gate.directory.snapshot  # type: ignore[union-attr]
    tokens = {key: msgspec.structs.replace(token, **changes) if token.person == "ann" else token for key, token in now.tokens.items()}
    gate.apply(msgspec.structs.replace(now, tokens=tokens, revision=now.revision + 1))


@pytest.mark.parametrize("how", ["revoked", "group", "deleted", "inactive"])
@pytest.mark.parametrize("tool", ["never_answers", "stream_never_answers"])
async def test_what_is_withdrawn_ends_within_a_second(gateway: Start, how: str, tool: str) -> None:
    """A revoked token, a lost group, a deleted connector or a person who left end the call, here and at the connector; Bob's goes on."""
    connector = {"allow": {"groups": ["sales", "engineering"]}}
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url, **connector)}) as running:
        waiting = asyncio.create_task(running.post("/mcp/x", call(tool, id=1)))
        other = asyncio.create_task(running.post("/mcp/x", call("slow_drip", {"pause_s": 0.006}, id=1), token=BOB))
        await asyncio.sleep(0.2)
        state = running.gate.directory.snapshot  # type: ignore[union-attr]
        if how == "revoked":
            with_tokens(running.gate, revoked_us=1)
        elif how == "group":
            changed = msgspec.structs.replace(state.people["ann"], groups=())
            running.gate.apply(msgspec.structs.replace(state, people={**state.people, "ann": changed}))
        elif how == "inactive":
            changed = msgspec.structs.replace(state.people["ann"], active=False)
            running.gate.apply(msgspec.structs.replace(state, people={**state.people, "ann": changed}))
        else:
            running.gate.apply(msgspec.structs.replace(state, connectors={}))
        _, got, _ = await asyncio.wait_for(waiting, 1)
        message = got[-1] if isinstance(got, list) else got
        assert message["id"] == 1 and message["error"]["code"] == -32055
        await upstream.until_left(tool, 1)
        _, got, _ = await other
        assert ("result" in got) == (how != "deleted")
        statuses = {record.body.outcome.detail for record in running.records("call.finished")}  # type: ignore[union-attr]
        assert "access was withdrawn" in statuses


async def test_a_token_that_expires_ends_its_streams(gateway: Start) -> None:
    """Time alone ends what an expired token began, without a change of state."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        waiting = asyncio.create_task(running.post("/mcp/x", call("never_answers")))
        await asyncio.sleep(0.1)
        import time

        with_tokens(running.gate, expires_us=time.time_ns() // 1000 + 200_000)
        _, message, _ = await asyncio.wait_for(waiting, 2)
        assert message["error"]["code"] == -32055


@pytest.mark.parametrize("path", ["/mcp/x", "/mcp"])
async def test_the_stream_of_a_session_ends_with_the_token(gateway: Start, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """A GET stream ends within a second of the revocation."""
    well = Hostile._serve_well

    async def serve(self: Hostile, exchange: Exchange) -> None:
        if exchange.request.method == "GET":
            await exchange.start_stream()
            await exchange.hang()
        await well(self, exchange)

    monkeypatch.setattr(Hostile, "_serve_well", serve)
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        session = await opened(running, path)
        async with running.http.get(running.url + path, headers=session | {"authorization": f"Bearer {ANN}"}) as response:
            assert response.status == 200
            with_tokens(running.gate, revoked_us=1)
            assert await asyncio.wait_for(response.read(), 1) == b""


async def test_a_connector_that_forgot_the_session_is_greeted_again(gateway: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a connector answers 404 to the session that the gateway holds with it, the next call opens another."""
    lost: list[str] = []

    async def forgetful(exchange: Exchange) -> None:
        if not lost:
            lost.append("once")
            await exchange.answer(b"", "404 Not Found", "text/plain")
        else:
            await exchange.answer(exchange.result())

    monkeypatch.setitem(BEHAVIOURS, "forgetful", forgetful)
    for path, era in (("/mcp/x", "modern"), ("/mcp", "modern"), ("/mcp", "legacy")):
        lost.clear()
        async with Hostile("legacy") as upstream, gateway({"x": spec(url=upstream.url)}) as running:
            name = "forgetful" if path == "/mcp/x" else "x__forgetful"
            body, headers = (
                (call(name), await opened(running, path)) if era == "legacy" else modern("tools/call", {"name": name, "arguments": {}})
            )
            await running.post(path, body, headers)
            _, message, _ = await running.post(path, body, headers)
            assert not message["result"].get("isError")
            assert [request.rpc_method for request in upstream.requests].count("initialize") == 2
        lost.clear()


async def test_a_stopping_gateway_ends_calls_with_an_outcome(gateway: Start) -> None:
    """Calls in flight at stop are answered or cancelled, each with its record."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        waiting = asyncio.create_task(running.post("/mcp/x", call("never_answers", id=1)))
        await asyncio.sleep(0.2)
        await running.gate.close()
        _, message, _ = await waiting
        assert message["error"]["code"] == -32055
        (end,) = running.records("call.finished")
        assert (end.body.outcome.status, end.body.outcome.detail) == ("cancelled", "the gateway is stopping")  # type: ignore[union-attr]


async def test_shutting_down_ends_the_streams_of_sessions(gateway: Start) -> None:
    """An open GET stream does not keep the gateway from stopping."""
    async with Hostile() as upstream, gateway({"x": spec(url=upstream.url)}) as running:
        session = await opened(running, "/mcp")
        async with running.http.get(running.url + "/mcp", headers=session | {"authorization": f"Bearer {ANN}"}) as response:
            await running.gate.close()
            assert await asyncio.wait_for(response.read(), 1) == b""
