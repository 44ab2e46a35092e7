"""A real gateway for tests: a worker's parts on a real log, behind a real HTTP server, in the test's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import uvicorn

from gatebook.gateway.app import GatewayApp
from gatebook.gateway.gate import Gate
from gatebook.gateway.wallet import Wallet
from gatebook.identity.credentials.keys import KeyRing
from gatebook.identity.credentials.safe import Safe
from gatebook.identity.tokens import digest
from gatebook.log.book import Book
from gatebook.log.reader import StreamReader
from gatebook.log.vault import Vault
from gatebook.record.codec import decode_body, decode_header
from gatebook.settings import LimitSettings, LogSettings, McpSettings, PresidioSettings, Settings
from gatebook.state.connectors import Allow, Connector, ConnectorSpec
from gatebook.state.documents import parse_documents
from gatebook.state.snapshot import Person, Rules, Snapshot, Token, rules_of
from gatebook.state.store import Store
from tests.gateway.named import model, presidio_python

ANN = "gw_pat_" + "a" * 36
BOB = "gw_pat_" + "b" * 36
RING = KeyRing({"k1": b"k" * 32})


def spec(**fields: Any) -> ConnectorSpec:
    """Make a connector that everybody may use, unless `allow` says otherwise."""
    return msgspec.convert({"transport": "http", "allow": {"groups": ["everyone"]}} | fields, ConnectorSpec)


def rules(text: str = "") -> Rules:
    """Read policies, guardrails and so on from YAML, as `gatebook apply` does."""
    specs: dict[str, dict[str, Any]] = {}
    for document in parse_documents(text, "test.yaml"):
        specs.setdefault(document.kind, {})[document.name] = document.spec
    return rules_of(specs)


def snapshot(
    connectors: dict[str, ConnectorSpec], revision: int = 1, without: tuple[str, ...] = (), governed: Rules | None = None
) -> Snapshot:
    """Make a state with Ann (sales), Bob (engineering) and these connectors. Tokens of people in `without` are revoked."""
    people = {
        "ann": Person(id="ann", email="ann@example.com", name="Ann", groups=("sales",)),
        "bob": Person(id="bob", groups=("engineering",)),
    }
    tokens = {}
    for person, secret in (("ann", ANN), ("bob", BOB)):
        sha256 = digest(secret)
        tokens[sha256] = Token(
            id=f"t-{person}",
            sha256=sha256,
            prefix=secret[:12],
            person=person,
            name="test",
            created_us=0,
            revoked_us=1 if person in without else None,
        )
    named = {name: Connector(name=name, version=revision, spec=each) for name, each in connectors.items()}
    known = {"connectors": named, "people": people, "tokens": tokens, "rules": governed or Rules()}
    return Snapshot(revision=revision, config_hash="c" * 64, **known)


class Record:
    """A record as read back from disk: header, body, and clear payload parts."""

    def __init__(self, core: bytes, payload: bytes, vault: Vault) -> None:
        self.header = decode_header(core)
        self.body = decode_body(core)
        described = getattr(self.body, "payload", None)
        self.parts = dict(vault.open(self.header.id, described, payload)) if described is not None else {}

    @property
    def type(self) -> str:
        """The record type."""
        return self.header.type


class Running:
    """A gateway that listens."""

    def __init__(self, gate: Gate, url: str, log_dir: Path, vault: Vault) -> None:
        self.gate = gate
        self.url = url
        self._log_dir = log_dir
        self._vault = vault
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))

    def records(self, *types: str) -> list[Record]:
        """Read the whole stream from disk."""
        reader = StreamReader(self._log_dir / self.gate.recorder.book.stream)
        try:
            entries = reader.read(100_000, 1 << 30)
        finally:
            reader.close()
        found = [Record(entry.core, entry.payload, self._vault) for entry in entries]
        return [record for record in found if not types or record.type in types]

    async def settled(self, count: int, *types: str) -> list[Record]:
        """Wait until that many records of these types are on disk."""
        for _ in range(200):
            if len(found := self.records(*types)) >= count:
                return found
            await asyncio.sleep(0.02)
        return self.records(*types)

    async def post(self, path: str, body: Any, headers: dict[str, str] | None = None, token: str | None = ANN) -> tuple[int, Any, Any]:
        """POST and return status, JSON (or the messages of a stream) and headers."""
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        sent = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        sent |= {"authorization": f"Bearer {token}"} if token else {}
        async with self.http.post(self.url + path, data=data, headers=sent | (headers or {})) as response:
            raw = await response.read()
            if response.content_type == "text/event-stream":
                lines = [line[5:].strip() for line in raw.split(b"\n") if line.startswith(b"data:")]
                return response.status, [msgspec.json.decode(line) for line in lines if line], response.headers
            return response.status, msgspec.json.decode(raw) if raw else None, response.headers


def call(tool: str, arguments: dict[str, Any] | None = None, id: Any = 1) -> dict[str, Any]:
    """Make a tools/call of the handshake era."""
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments or {}}}


def modern(method: str, params: dict[str, Any] | None = None, id: Any = 1) -> tuple[dict[str, Any], dict[str, str]]:
    """Make a request of 2026-07-28 with its headers."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test-client", "version": "7"},
    }
    params = {**(params or {}), "_meta": meta}
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": method}
    name = params.get("name") or params.get("uri")
    if name is not None and method in ("tools/call", "prompts/get", "resources/read"):
        headers["mcp-name"] = name
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}, headers


async def _stop(server: uvicorn.Server) -> None:
    for each in server.servers:
        each.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    for task in list(server.server_state.tasks):
        with contextlib.suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(task, 1)
    await asyncio.sleep(0)


Start = Callable[..., contextlib.AbstractAsyncContextManager[Running]]


@pytest.fixture
def gateway(tmp_path: Path) -> Start:
    """Return a function that runs a gateway with the given connectors."""

    @contextlib.asynccontextmanager
    async def start(
        connectors: dict[str, ConnectorSpec],
        governed: Rules | None = None,
        store: Store | None = None,
        presidio_python: str = "",
        **limits: Any,
    ) -> AsyncIterator[Running]:
        # With the protocol named, asyncio switches Nagle's algorithm off; else each reply may take 40 ms longer.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = Settings(
            data_dir=tmp_path,
            mcp=McpSettings(public_url=url),
            limits=LimitSettings(**{"drain_s": 0.2, "timeout_s": 10.0} | limits),
            presidio=PresidioSettings(python=presidio_python),
            log=LogSettings(segment_bytes=4 << 20, reserve_bytes=1 << 18),
        )
        vault = Vault(tmp_path / "keys", b"m" * 32)
        book = Book.open(settings.log_dir, "t-w0", vault, settings.log)
        gate = Gate(settings, book, vault, store=store)
        if store is not None:
            gate.wallet = Wallet(Safe(store, RING), gate.recorder, vault.subject, settings.console_url)
        gate.apply(snapshot(connectors, governed=governed))
        server = uvicorn.Server(uvicorn.Config(GatewayApp(gate), lifespan="off", log_level="critical", timeout_graceful_shutdown=1))
        # Without its main loop and its shutdown, which sleep, the server starts and stops ten times as fast.
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[listener])
        running = Running(gate, url, settings.log_dir, vault)
        try:
            yield running
        finally:
            await running.http.close()
            await gate.close()
            await _stop(server)
            book.close()

    return start


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new, empty state database."""
    opened = Store.open(tmp_path / "state.db")
    yield opened
    opened.close()


__all__ = ["ANN", "BOB", "Allow", "Running", "call", "model", "modern", "presidio_python", "rules", "snapshot", "spec"]


def free_ports(number: int) -> list[int]:
    """Return ports that nobody listens on at the moment."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
