"""One call as sections of names and values, for `gatebook show`. Every value is free of what could steer the terminal."""

from typing import Any

import msgspec

from gatebook.cli import look
from gatebook.cli.width import clean

Section = tuple[str, list[tuple[str, str]]]


def sentence(call: dict[str, Any]) -> str:
    """What happened, in words."""
    from gatebook.index.rows import CallRow
    from gatebook.reading.sentence import sentence as told

    return told(msgspec.convert(call, CallRow))


def sections(call: dict[str, Any], *, colour: bool) -> list[Section]:
    """The sections; those values that are empty are not shown."""
    found = [
        ("Call", _call(call)),
        ("Who", _who(call)),
        ("Decision", _decision(call)),
        ("Outcome", _outcome(call)),
        ("Connector", _connector(call)),
    ]
    cleaned = [(title, [(name, clean(value)) for name, value in pairs]) for title, pairs in found]
    return [
        (title, [(name, look.status(call["status"], value, colour=colour) if name == "status" else value) for name, value in pairs])
        for title, pairs in cleaned
    ]


def _call(call: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("id", call["call_id"]),
        ("time", f"{look.moment(call['time'])}Z"),
        ("method", call["method"]),
        ("connector", call["connector"]),
        ("tool", call["tool"]),
        ("endpoint", " ".join(text for text in (call["http_method"], call["endpoint"]) if text)),
        ("protocol", call["protocol"]),
        ("session", call["session"]),
        ("trace", call["trace"]),
        ("round", f"{call['round_number']}, first {call['round_first']}" if call["round_first"] else ""),
    ]


def _who(call: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("person", " · ".join(dict.fromkeys(text for text in (call["name"], call["email"], call["person"]) if text))),
        ("groups", ", ".join(call["groups"])),
        ("subject", call["subject"]),
        ("signed in", " ".join(text for text in (call["auth"], call["token"]) if text)),
        ("app", " ".join(text for text in (call["client"], call["client_version"]) if text)),
        ("address", call["ip"]),
    ]


def _decision(call: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("effect", call["effect"]),
        ("rules", ", ".join(call["rules"])),
        ("reason", call["reason"]),
        ("configuration", call["bundle"]),
        ("findings", ", ".join(call["findings"])),
        ("severities", ", ".join(call["severities"])),
        ("fingerprints", ", ".join(call["fingerprints"])),
    ]


def _outcome(call: dict[str, Any]) -> list[tuple[str, str]]:
    times = {name: call[f"{name}_us"] for name in ("gateway", "policy", "dlp", "log", "upstream")}
    codes = [("HTTP", call["http_status"]), ("JSON-RPC", call["rpc_code"])]
    return [
        ("status", call["status"]),
        ("transport", call["transport"]),
        ("codes", ", ".join(f"{name} {value}" for name, value in codes if value)),
        ("error class", call["error_class"]),
        ("detail", call["detail"]),
        ("took", "" if call["status"] == "open" else look.took(call["duration_us"])),
        ("of which", ", ".join(f"{name} {look.took(us)}" for name, us in times.items() if us)),
        ("size", f"{look.size(call['bytes_in'])} in, {look.size(call['bytes_out'])} out"),
        ("records back", look.number(call["returned"]) if call["returned"] else ""),
    ]


def _connector(call: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("server", call["server"]),
        (
            "credential",
            " ".join(text for text in (call["credential"], f"({call['credential_kind']})" if call["credential_kind"] else "") if text),
        ),
        ("API hosts", ", ".join(call["api_hosts"])),
        ("API statuses", ", ".join(map(str, call["api_statuses"]))),
    ]
