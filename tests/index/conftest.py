"""A log that tests write calls into, and the index beside it. The engine takes one directory per process, so every index is closed again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from gatebook.index import FullRow, Index
from gatebook.log.book import Book
from gatebook.log.receipt import Receipt
from gatebook.log.vault import Vault
from gatebook.record.body import CallFinished, CallRefused, CallStarted, ConfigChanged, MessageRelayed
from gatebook.record.parts import Actor, Client, Decision, Outcome, Source, Timing, Trace

MASTER_KEY = b"m" * 32


class Limits(Struct):
    segment_bytes: int = 256 << 10
    reserve_bytes: int = 0


class Writer:
    """Writes records of one stream, as a worker would."""

    def __init__(self, data: Path, stream: str, master_key: bytes = MASTER_KEY) -> None:
        self.vault = Vault(data / "keys", master_key)
        self.book = Book.open(data / "log", stream, self.vault, Limits())

    def start(self, person: str = "ann", arguments: object = None, **more: Any) -> tuple[str, Receipt]:
        subject = self.vault.subject(person)
        body = CallStarted(**{**request(subject), **more})
        parts = [
            ("identity", json.dumps({"id": person, "email": f"{person}@corp.example", "name": person.title(), "groups": ["eng"]}).encode()),
            ("arguments", json.dumps({"name": body.tool, "arguments": arguments}).encode()),
        ]
        id = self.book.new_id()
        return id, self.book.append(body, parts=parts, subject=subject, id=id)  # type: ignore[arg-type]

    def finish(self, call: str, started: Receipt, response: object = "done", person: str = "ann", **outcome: Any) -> Receipt:
        ended = Outcome(**{"status": "ok", "transport": "ok", "http_status": 200, **outcome})
        body = CallFinished(
            call=call, started_seq=started.seq, outcome=ended, timing=Timing(total_us=2500, gateway_us=500, upstream_us=2000)
        )
        answer = json.dumps({"jsonrpc": "2.0", "id": 1, "result": {"content": [{"type": "text", "text": response}]}}).encode()
        return self.book.append(body, parts=[("response", answer)], subject=self.vault.subject(person))

    def call(self, response: object = "done", **more: Any) -> str:
        id, started = self.start(**more)
        self.finish(id, started, response, more.get("person", "ann"))
        return id

    def refuse(self, person: str = "ann") -> Receipt:
        subject = self.vault.subject(person)
        body = CallRefused(
            **{**request(subject), "decision": Decision(effect="blocked", rule="no-deletes", bundle="b" * 16, reason="not allowed")},
            outcome=Outcome(status="blocked", transport="not_sent", error_class="policy"),
            timing=Timing(total_us=90),
        )
        return self.book.append(
            body, parts=[("arguments", b'{"name":"drop"}'), ("response", b'{"error":{"message":"forbidden"}}')], subject=subject
        )

    def message(self, call: str) -> Receipt:
        subject = self.vault.subject("ann")
        body = MessageRelayed(direction="to_client", kind="notification", actor=actor(subject), method="notifications/progress", call=call)
        return self.book.append(body, parts=[("message", b'{"method":"notifications/progress"}')], subject=subject)

    def change(self) -> Receipt:
        body = ConfigChanged(kind="Connector", name="crm", action="created", version=1, revision=2, actor=actor("s" * 24))
        return self.book.append(body, parts=[("diff", b"+ kind: Connector")], subject="s" * 24)

    def sync(self) -> None:
        self.change().wait(10)


def actor(subject: str) -> Actor:
    return Actor(subject=subject, kind="person", auth="token", token="tok_1")


def request(subject: str) -> dict[str, Any]:
    return {
        "method": "tools/call",
        "endpoint": "/mcp",
        "actor": actor(subject),
        "client": Client(name="Claude", version="1.2"),
        "source": Source(ip="127.0.0.1", port=5),
        "trace": Trace(id="a" * 32, parent="b" * 16),
        "decision": Decision(effect="allowed", rule="everyone", bundle="b" * 16, matched=("everyone", "other")),
        "connector": "crm",
        "tool": "find_customer",
        "request_id": "7",
        "session": "s1",
    }


def full_row(number: int, **values: Any) -> FullRow:
    """A row as the follower makes them; `number` gives it a time and an id of its own."""
    base = {
        "call_id": f"01a20000-0000-7000-8000-{number:012x}",
        "time": 1_793_000_000_000_000 + number * 1_000_000,
        "status": "ok",
        "stream": "n-w0",
        "started_seq": 2 * number + 1,
        "outcome_seq": 2 * number + 2,
    }
    return FullRow(**{**base, **values})


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(tmp_path, "n-w0")
    yield made
    made.book.close()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index.open(tmp_path / "index")
    yield made
    made.close()


def dump(index: Index) -> list[str]:
    """Every row of every table, sorted; without the number of its batch, which is another one after a rebuild."""
    tables = ("calls", "payloads", "records")
    rows = [(name, row) for name in tables for row in index.ask(f"SELECT * FROM {index.database}.{name}", {})]
    return sorted(json.dumps([name, {column: row[column] for column in row if column != "batch"}], sort_keys=True) for name, row in rows)
