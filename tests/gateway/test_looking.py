"""The keeper's question to a worker, over its own socket."""

import sqlite3
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gatebook.gateway.app import GatewayApp
from gatebook.gateway.attendance import Place
from gatebook.gateway.looking import PATH, InForce
from gatebook.identity.accounts import Wanted, put_person
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.state.store import Store, bump
from gatebook.state.watcher import Watcher
from tests.gateway.conftest import Start


async def ask(app: GatewayApp, *pieces: bytes, door: str = "of_neighbour") -> tuple[int, bytes]:
    """Ask over the socket, or at another door."""
    scope = {"type": "http", "method": "POST", "path": PATH, "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1)}
    pending = [{"type": "http.request", "body": piece, "more_body": index + 1 < len(pieces)} for index, piece in enumerate(pieces)]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return pending.pop(0) if pending else {"type": "http.disconnect"}

    async def send(event: MutableMapping[str, Any]) -> None:
        sent.append(event)

    await (app if door == "__call__" else app.of_neighbour)(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


async def test_a_worker_looks_at_once_and_says_what_it_ended(gateway: Start, store: Store) -> None:
    """Not at its next poll: the answer to a directory waits for this."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ann"), 1)
        bump(connection)
    async with gateway({}) as running:
        watcher = Watcher(store, running.gate.apply, running.gate.prepare, poll_s=60)
        await watcher.start()
        running.gate.look, running.gate.place = watcher.look, Place("n-w0", "n", "boot1")
        with store.write() as connection:
            cut_off(connection, CutOff(id="c1", person="ann", cause="deleted", by="okta"), 1)
            bump(connection)
        status, body = await ask(GatewayApp(running.gate), b'{"cut_offs":', b'["c1","c9"]}')
        found = msgspec.json.decode(body, type=InForce)
        assert (status, found.boot, found.revision, list(found.ended)) == (200, "boot1", 2, ["c1"])
        await watcher.stop()


@pytest.mark.parametrize(
    ("body", "expected"), [(b"", 503), (b"[1]", 503), (b'{"cut_offs": 3}', 503), (b'{"cut_offs": ["' + b"a" * (1 << 20) + b'"]}', 413)]
)
async def test_what_is_no_question_is_not_answered_with_a_revision(gateway: Start, store: Store, body: bytes, expected: int) -> None:
    """One sentence; whoever asks waits on."""
    async with gateway({}) as running:
        watcher = Watcher(store, running.gate.apply, running.gate.prepare, poll_s=60)
        await watcher.start()
        running.gate.look, running.gate.place = watcher.look, Place("n-w0", "n", "boot1")
        half = len(body) // 2
        status, said = await ask(GatewayApp(running.gate), body[:half], body[half:])
        assert status == expected and list(msgspec.json.decode(said)) == ["error"]
        await watcher.stop()


async def test_without_state_there_is_no_answer(gateway: Start, store: Store, tmp_path: Path) -> None:
    """Only a reading that worked says what is in force."""
    async with gateway({}) as running:
        watcher = Watcher(store, running.gate.apply, running.gate.prepare, poll_s=60)
        await watcher.start()
        running.gate.look, running.gate.place = watcher.look, Place("n-w0", "n", "boot1")
        direct = sqlite3.connect(tmp_path / "state.db")
        direct.execute("DROP TABLE meta")
        direct.close()
        status, said = await ask(GatewayApp(running.gate), b"{}")
        assert status == 503 and b"state cannot be read" in said
        await watcher.stop()


async def test_clients_cannot_ask(gateway: Start) -> None:
    """The listener for AI clients knows no such address."""
    async with gateway({}) as running:
        running.gate.place = Place("n-w0", "n", "boot1")
        assert (await ask(GatewayApp(running.gate), b"{}", door="__call__"))[0] == 404
