"""Calls go on with the credential of whoever makes them: looked up, renewed, stepped up, and never the caller's own token."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import text

from gatebook.record.body import CallFinished, CallRefused, CallStarted
from gatebook.state import credentials as rows
from gatebook.state.store import Store
from tests.gateway.conftest import ANN, BOB, Running, Start, call, modern, spec
from tests.gateway.test_call import opened
from tests.identity.credentials.conftest import Keeper, Notes, connector

CONNECT = "http://127.0.0.1:8401/connect/notes"
ELICITS = {"io.modelcontextprotocol/clientCapabilities": {"elicitation": {"url": {}}}}


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """State that the worker and the keeper share."""
    opened_store = Store.open(tmp_path / "state.db")
    yield opened_store
    opened_store.close()


@pytest.fixture
def keeper(tmp_path: Path, store: Store) -> Any:
    """The keeper beside the worker; Ann and Bob are as the worker knows them."""
    made = Keeper(tmp_path / "keeper", store)
    with store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO people (id, kind, email, name, groups, active, version, created_us) SELECT 'ann', kind, '', '', '[]', 1, 1, 1 FROM people"
            )
        )
        connection.execute(
            text(
                "INSERT INTO people (id, kind, email, name, groups, active, version, created_us) SELECT 'bob', kind, '', '', '[]', 1, 1, 1 FROM people LIMIT 1"
            )
        )
    yield made
    made.book.close()


@pytest.fixture
async def notes() -> AsyncIterator[Notes]:
    """A server of its own, as a process."""
    from tests.fixtures import oauth_mcp

    async with oauth_mcp.running() as url:
        yield Notes(url)


def personal(notes: Notes, **fields: Any) -> dict[str, Any]:
    """A connector that wants an account of each person."""
    return {"notes": spec(url=notes.url, credential={"kind": "person"}, **fields)}


async def ask(running: Running, tool: str, token: str = ANN, capabilities: dict[str, Any] | None = None, **params: Any) -> Any:
    """Call a tool in the way of 2026-07-28; returns the message."""
    body, headers = modern("tools/call", {"name": tool, "arguments": {}, **params})
    body["params"]["_meta"] |= capabilities or {}
    return (await running.post("/mcp/notes", body, headers, token))[1]


def said(message: Any) -> str:
    """The text of a tool's answer; a stream's last message counts."""
    message = message[-1] if isinstance(message, list) else message
    return str(message["result"]["content"][0]["text"])


async def test_each_person_calls_with_an_account_of_their_own(gateway: Start, keeper: Keeper, notes: Notes, store: Store) -> None:
    """The record of each call names the credential, its owner and its scopes. The caller's own token goes nowhere."""
    for name in ("ann", "bob"):
        await keeper.connect(connector(notes.url), keeper.principal(name))
    async with gateway(personal(notes), store=store) as running:
        assert [said(await ask(running, "whoami", token)) for token in (ANN, BOB)] == ["person-1", "person-2"]
        started = [record.body for record in running.records("call.started") if isinstance(record.body, CallStarted)]
        found = [body.credential for body in started if body.tool == "whoami"]
        assert [(one.kind, one.owner, one.scopes) for one in found if one] == [
            ("person", running.gate._subject_of(name), ("read",)) for name in ("ann", "bob")
        ]
        assert {one.id for one in found if one} == {row.id for row in _rows(store)}
        sent = (await notes.control())["headers"]
        assert sent and not any(ANN in header or BOB in header for header in sent)


def _rows(store: Store) -> list[rows.Row]:
    with store.read() as connection:
        return rows.everything(connection)


async def test_who_is_not_connected_is_sent_to_connect(gateway: Start, keeper: Keeper, notes: Notes, store: Store) -> None:
    """By URL elicitation where the client knows it, else by a tool error; on the record, and the connector hears nothing of it."""
    async with gateway(personal(notes), store=store) as running:
        plain = await ask(running, "whoami")
        assert plain["result"]["isError"] and CONNECT in said(plain)
        asked = (await ask(running, "whoami", capabilities=ELICITS))["result"]
        assert asked["resultType"] == "input_required"
        assert (
            asked["inputRequests"]["connect"]["params"]["url"] == CONNECT and asked["inputRequests"]["connect"]["params"]["mode"] == "url"
        )
        again = await ask(running, "whoami", capabilities=ELICITS, requestState=asked["requestState"])
        assert CONNECT in said(again), "asked twice, the client gets the address in words"
        body, headers = modern("tools/list")
        listed = (await running.post("/mcp/notes", body, headers))[1]
        assert (listed["error"]["code"], listed["error"]["data"]["url"]) == (-32057, CONNECT)
        refused = [record.body for record in running.records("call.refused") if isinstance(record.body, CallRefused)]
        assert [(one.outcome.status, one.outcome.error_class) for one in refused] == [
            ("protocol_error", "auth"),
            ("pending", "auth"),
            ("protocol_error", "auth"),
            ("protocol_error", "auth"),
        ]
        assert (await notes.control())["headers"] == []
        await keeper.connect(connector(notes.url), keeper.principal("ann"))
        running.gate.wallet.look_again() if running.gate.wallet else None
        assert said(await ask(running, "whoami", capabilities=ELICITS, requestState=asked["requestState"])) == "person-1"


async def test_a_client_of_the_handshake_era_is_sent_to_connect(gateway: Start, keeper: Keeper, notes: Notes, store: Store) -> None:
    """With the error for URL elicitation where it declared that (2025-11-25), else in words."""
    async with gateway(personal(notes) | {"plain": spec(url=notes.url)}, store=store) as running:
        hello = {"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {"url": {}}}, "clientInfo": {"name": "t", "version": "1"}}
        _, message, headers = await running.post("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello})
        session = {"mcp-session-id": headers["mcp-session-id"], "mcp-protocol-version": "2025-11-25"}
        _, message, _ = await running.post("/mcp", call("notes__whoami"), session)
        assert message["error"]["code"] == -32042
        assert message["error"]["data"]["elicitations"][0]["url"] == CONNECT
        plain = await opened(running, "/mcp")
        _, message, _ = await running.post("/mcp", call("notes__whoami"), plain)
        assert message["result"]["isError"] and CONNECT in said(message)
        _, message, _ = await running.post("/mcp", {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}, plain)
        assert message["result"]["tools"] == [], "a connector that is not connected is left out of the list of all"


async def test_an_old_token_is_renewed_before_the_call(gateway: Start, keeper: Keeper, notes: Notes, store: Store) -> None:
    """On the record, by the worker; the call goes on as if nothing had been."""
    await notes.control(life_s=1)
    await keeper.connect(connector(notes.url), keeper.principal("ann"))
    await notes.control(life_s=3600)
    async with gateway(personal(notes), store=store) as running:
        assert said(await ask(running, "whoami")) == "person-1"
        seen = await notes.control()
        assert seen["refreshed"] == 1
        [changed] = running.records("credential.changed")
        assert (changed.body.action, changed.body.owner, changed.body.version) == ("refreshed", running.gate._subject_of("ann"), 2)  # type: ignore[attr-defined]
        log = b"".join(path.read_bytes() for path in running._log_dir.rglob("*") if path.is_file())
        assert not any(secret.encode() in log for secret in seen["secrets"])


async def test_a_token_that_is_refused_is_renewed_and_the_request_repeated(
    gateway: Start, keeper: Keeper, notes: Notes, store: Store
) -> None:
    """The server has forgotten its access tokens: 401, one renewal for many calls at once, and every call is answered."""
    await keeper.connect(connector(notes.url), keeper.principal("ann"))
    async with gateway(personal(notes), store=store) as running:
        assert said(await ask(running, "whoami")) == "person-1"
        await notes.control(forget=True)
        answers = await asyncio.gather(*(ask(running, "whoami") for _ in range(20)))
        assert {said(answer) for answer in answers} == {"person-1"}
        seen = await notes.control()
        assert (seen["refreshed"], seen["reused"]) == (1, 0)


async def test_a_refusal_that_comes_late_renews_nothing_again(gateway: Start, keeper: Keeper, notes: Notes, store: Store) -> None:
    """Of two requests with the same token, the second one hears that it was refused when the first has had it renewed already."""
    await keeper.connect(connector(notes.url), keeper.principal("ann"))
    async with gateway(personal(notes), store=store) as running:
        await ask(running, "whoami")
        held = running.gate.wallet.authority(running.gate.runtimes["notes"].connector, [], "ann")  # type: ignore[union-attr]
        sent = held.headers
        refusal: Any = SimpleNamespace(status=401, header=lambda name: b"Bearer")
        for _ in range(2):
            assert await held.refused(refusal, sent) and held.headers != sent
        assert (await notes.control())["refreshed"] == 1


async def test_a_renewal_that_is_refused_sends_the_person_to_connect_anew(
    gateway: Start, keeper: Keeper, notes: Notes, store: Store
) -> None:
    """After 401, with the call on the record; the next call does not ask the server again."""
    await keeper.connect(connector(notes.url), keeper.principal("ann"))
    async with gateway(personal(notes), store=store) as running:
        assert said(await ask(running, "whoami")) == "person-1"
        await notes.control(forget=True, refuse=True)
        answer = await ask(running, "whoami")
        assert answer["result"]["isError"] and "has ended" in said(answer) and CONNECT in said(answer)
        [row] = _rows(store)
        assert (row.status, row.detail) == ("needs_reconnect", "invalid_grant")
        asked = len((await notes.control())["headers"])
        assert "has ended" in said(await ask(running, "whoami")) and len((await notes.control())["headers"]) == asked
        finished = [record.body for record in running.records("call.finished") if isinstance(record.body, CallFinished)]
        assert (finished[-1].outcome.error_class, finished[-1].outcome.http_status) == ("auth", 401)
        assert [record.body.action for record in running.records("credential.changed")] == ["needs_reconnect"]  # type: ignore[attr-defined]


async def test_a_further_permission_is_asked_for_once(gateway: Start, keeper: Keeper, notes: Notes, store: Store) -> None:
    """403 insufficient_scope: the person is sent to agree to more, what was granted stays; what was asked for and refused leads in no circle."""
    await keeper.connect(connector(notes.url), keeper.principal("ann"))
    async with gateway(personal(notes), store=store) as running:
        answer = await ask(running, "write", capabilities=ELICITS)
        assert answer["result"]["resultType"] == "input_required"
        assert "write" in answer["result"]["inputRequests"]["connect"]["params"]["message"]
        assert said(await ask(running, "whoami")) == "person-1", "what was granted goes on"
        assert _rows(store)[0].wanted == ("write",)
        await keeper.connect(connector(notes.url), keeper.principal("ann"))
        assert running.gate.wallet is not None
        running.gate.wallet.look_again()
        assert said(await ask(running, "write")) == "written"
        assert (await notes.control())["authorized"] == ["read", "read write"]


async def test_a_token_that_was_taken_away_is_not_used(gateway: Start, keeper: Keeper, notes: Notes, store: Store) -> None:
    """From the next change of state on, whatever a worker has in memory."""
    await keeper.connect(connector(notes.url), keeper.principal("ann"))
    async with gateway(personal(notes), store=store) as running:
        assert said(await ask(running, "whoami")) == "person-1"
        await keeper.revoking.revoke_all("ann")
        assert running.gate.wallet is not None
        running.gate.wallet.look_again()
        assert CONNECT in said(await ask(running, "whoami"))


async def test_state_that_cannot_be_read_delays_nothing(gateway: Start, keeper: Keeper, notes: Notes, store: Store, tmp_path: Path) -> None:
    """What is in memory stays good until it expires."""
    await keeper.connect(connector(notes.url), keeper.principal("ann"))
    async with gateway(personal(notes), store=store) as running:
        assert said(await ask(running, "whoami")) == "person-1"
        with store.write() as connection:
            connection.execute(text("ALTER TABLE upstream_credentials RENAME TO hidden"))
        assert running.gate.wallet is not None
        running.gate.wallet.look_again()
        assert said(await ask(running, "whoami")) == "person-1"
        assert "cannot be read" in json.dumps(await ask(running, "whoami", BOB))


class Machine:
    """An upstream that takes a header, and a token endpoint for machines."""

    def __init__(self) -> None:
        self.issued = 0
        self.good: set[str] = {"Bearer s3cret-of-the-company"}
        self.heard: list[str] = []
        self.forms: list[dict[str, str]] = []

    async def mcp(self, request: web.Request) -> web.Response:
        """Answer every call."""
        message = await request.json()
        header = request.headers.get("authorization", "")
        self.heard.append(header)
        if header not in self.good:
            return web.Response(status=401, headers={"www-authenticate": 'Bearer error="invalid_token"'})
        if message["method"] == "server/discover":
            result: dict[str, Any] = {"supportedVersions": ["2026-07-28"], "capabilities": {}, "serverInfo": {"name": "m", "version": "1"}}
        else:
            result = {"content": [{"type": "text", "text": header.partition(" ")[2]}], "resultType": "complete"}
        return web.json_response({"jsonrpc": "2.0", "id": message["id"], "result": result})

    async def token(self, request: web.Request) -> web.Response:
        """Issue a token to Gatebook itself."""
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        self.issued += 1
        await asyncio.sleep(0.1)
        self.good = {f"Bearer machine-{self.issued}"}
        return web.json_response({"access_token": f"machine-{self.issued}", "token_type": "Bearer", "expires_in": 3600})


@pytest.fixture
async def machine() -> AsyncIterator[tuple[Machine, str]]:
    """It, and where it listens."""
    made, app = Machine(), web.Application()
    app.router.add_post("/mcp", made.mcp)
    app.router.add_post("/token", made.token)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield made, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize("named", [False, True])
async def test_a_connector_that_has_moved_gets_no_token_of_before(
    gateway: Start, keeper: Keeper, notes: Notes, machine: tuple[Machine, str], store: Store, *, named: bool
) -> None:
    """Whoever changes its address, or makes another connector of that name, does not get the accounts that people had connected."""
    upstream, base = machine
    moved = {"kind": "person", **({"resource": notes.url} if named else {})}
    await keeper.connect(connector(notes.url, **moved), keeper.principal("ann"))
    async with gateway({"notes": spec(url=f"{base}/mcp", credential=moved)}, store=store) as running:
        assert CONNECT in said(await ask(running, "any")) and upstream.heard == []
    async with gateway({"notes": spec(url=notes.url, credential=moved)}, store=store) as running:
        assert said(await ask(running, "whoami")) == "person-1", "where it was given for it is good"


async def test_gatebook_gets_another_token_where_the_connector_has_moved(
    gateway: Start, machine: tuple[Machine, str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that it has was given for the address before."""
    upstream, base = machine
    monkeypatch.setenv("MACHINE_SECRET", "machine-s3cret")
    own = {"kind": "client_credentials", "client_id": "g", "client_secret": "env:MACHINE_SECRET", "token_endpoint": f"{base}/token"}
    async with gateway({"notes": spec(url=f"{base}/mcp", credential=own)}, store=store) as running:
        assert said(await ask(running, "any")) == "machine-1"
    async with gateway({"notes": spec(url=base.replace("127.0.0.1", "localhost") + "/mcp", credential=own)}, store=store) as running:
        assert said(await ask(running, "any")) == "machine-2"
    assert [form["resource"].split("/")[2].split(":")[0] for form in upstream.forms] == ["127.0.0.1", "localhost"]


async def test_gatebook_gets_a_token_of_its_own(
    gateway: Start, machine: tuple[Machine, str], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for all people, when the first call needs it; another when it is refused."""
    upstream, base = machine
    monkeypatch.setenv("MACHINE_SECRET", "machine-s3cret")
    credential = {
        "kind": "client_credentials",
        "client_id": "gatebook",
        "client_secret": "env:MACHINE_SECRET",
        "token_endpoint": f"{base}/token",
        "scopes": ["a"],
    }
    async with gateway({"notes": spec(url=f"{base}/mcp", credential=credential)}, store=store) as running:
        answers = await asyncio.gather(*(ask(running, "any", token) for token in (ANN, BOB) * 10))
        assert {said(answer) for answer in answers} == {"machine-1"} and upstream.issued == 1
        assert upstream.forms[0]["scope"] == "a" and upstream.forms[0]["resource"] == f"{base}/mcp"
        upstream.good = set()
        assert said(await ask(running, "any")) == "machine-2"
        started = [record.body for record in running.records("call.started") if isinstance(record.body, CallStarted)]
        assert {(body.credential.kind, body.credential.owner) for body in started if body.credential} == {
            ("client_credentials", "connector")
        }
        assert [record.body.action for record in running.records("credential.changed")] == ["connected", "refreshed"]  # type: ignore[attr-defined]
        log = b"".join(path.read_bytes() for path in running._log_dir.rglob("*") if path.is_file())
        assert b"machine-s3cret" not in log and "machine-s3cret" not in str(_rows(store))


async def test_a_shared_secret_is_sent_from_the_vault(gateway: Start, keeper: Keeper, machine: tuple[Machine, str], store: Store) -> None:
    """Without it, calls are refused with a sentence for the administrator, and the connector hears nothing."""
    from gatebook.control.caller import local_caller
    from gatebook.control.credentials import SecretOrder, set_secret
    from gatebook.control.desk import Desk
    from gatebook.state.documents import parse_documents
    from tests.gateway.conftest import RING

    upstream, base = machine
    text_of = f"kind: Connector\nname: notes\nspec: {{transport: http, url: {base}/mcp, credential: {{kind: secret}}}}\n"
    desk, caller = Desk(keeper.journal, "http://127.0.0.1:8401"), local_caller("root", keeper.vault.subject)
    desk.ring = RING
    await desk.apply(parse_documents(text_of, "t"), caller)
    async with gateway({"notes": spec(url=f"{base}/mcp", credential={"kind": "secret"})}, store=store) as running:
        assert "an administrator has to set it" in said(await ask(running, "any")) and upstream.heard == []
        await set_secret(desk, SecretOrder(connector="notes", secret="s3cret-of-the-company"), caller)
        assert running.gate.wallet is not None
        running.gate.wallet.look_again()
        assert said(await ask(running, "any")) == "s3cret-of-the-company"
        upstream.good = set()
        assert "an administrator has to set it" in said(await ask(running, "any"))
