"""Proves that every message that a tap saw is in the log, by content and not only by number.

| message at the tap                         | record                                               | compared by |
|---|---|---|
| request                                    | call.started or call.refused, part `arguments`       | method, id, params |
| answer of the connector                    | call.finished, part `response`                       | the whole message |
| answer of the gateway itself               | call.refused, part `response`                        | the whole message |
| notification, server's request, its answer | message.relayed, part `message`                      | direction and the whole message |
| what the gateway refused without reading it | call.refused, part `arguments` where it has one     | the raw body, else by number |
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.tap import Message
from gatebook.log.master_key import load_or_create_master_key
from gatebook.log.reader import StreamReader, streams
from gatebook.log.vault import Vault
from gatebook.record.body import AnyBody, CallFinished, CallRefused, CallStarted, MessageRelayed
from gatebook.record.codec import decode_body, decode_header

Key = tuple[str, ...]
_KINDS = {"request": "requests", "answer": "answers", "relayed": "relayed messages"}


@dataclass(frozen=True)
class Recorded:
    """A record with its payload in clear."""

    body: AnyBody
    parts: dict[Any, bytes]


@dataclass
class Comparison:
    """`seen`, `found` and `in_log_only` are by kind; `missing` describes each message that is not in the log."""

    seen: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    in_log_only: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)


def read_log(data: Path) -> list[Recorded]:
    """Return all records of a data directory whose gateway has stopped. Raises LogError."""
    vault = Vault(data / "keys", load_or_create_master_key(data / "secrets" / "master.key"))
    found: list[Recorded] = []
    for stream in streams(data / "log"):
        reader = StreamReader(data / "log" / stream, whole=True)
        while entries := reader.read():
            for entry in entries:
                body = decode_body(entry.core)
                payload = getattr(body, "payload", None)
                parts = vault.open(decode_header(entry.core).id, payload, entry.payload) if payload else {}
                found.append(Recorded(body, dict(parts)))
        reader.close()
    return found


def compare(messages: Iterable[Message], records: Iterable[Recorded]) -> Comparison:
    """Match each message with a record of its own; one record never stands for two messages."""
    book = Counter(key for record in records for key in _keys_of_record(record))
    result = Comparison()
    for message in messages:
        keys = list(_keys_of_message(message))
        kind = _KINDS[keys[0][0]]
        result.seen[kind] += 1
        key = next((key for key in keys if book[key]), None)
        if key is None:
            result.missing.append(f"{message.direction} {message.kind}: {message.raw[:300].decode(errors='replace')}")
        else:
            book[key] -= 1
            result.found[kind] += 1
    for key, number in book.items():
        result.in_log_only[_KINDS[key[0]]] += number
    return result


def _keys_of_message(message: Message) -> Iterator[Key]:
    """Yield what a record of the message may be known by, the most exact first."""
    if message.direction == "to_connector":
        if message.kind == "request":
            content = message.json
            yield "request", str(content["method"]), _text(content["id"]), _text(content.get("params"))
        if message.kind in ("notification", "response", "error"):
            yield "relayed", "to_connector", _text(message.json)
        yield "request", "body", _canonical(message.raw)
        yield "request", "unread"
    elif message.kind in ("notification", "request"):
        yield "relayed", "to_client", _text(message.json)
    else:
        yield "answer", _canonical(message.raw)
        yield "answer", "unread"


def _keys_of_record(record: Recorded) -> Iterator[Key]:
    body, parts = record.body, record.parts
    if isinstance(body, CallStarted | CallRefused) and body.http_method is None:
        arguments = parts.get("arguments")
        if body.method:
            yield "request", body.method, body.request_id or "null", "null" if arguments is None else _canonical(arguments)
        elif arguments is not None:
            yield "request", "body", _canonical(arguments)
        else:
            yield "request", "unread"
    if isinstance(body, CallFinished | CallRefused) and "response" in parts:
        yield "answer", _canonical(parts["response"])
    elif isinstance(body, CallRefused):
        yield "answer", "unread"
    # The end of a session is an HTTP request without a message; it has a record, but nothing of it passes the tap as JSON-RPC.
    if isinstance(body, MessageRelayed) and body.relayed and parts.get("message"):
        yield "relayed", body.direction, _canonical(parts["message"])


def _canonical(raw: bytes) -> str:
    try:
        return _text(json.loads(raw))
    except ValueError:
        return raw.decode("latin-1")


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
