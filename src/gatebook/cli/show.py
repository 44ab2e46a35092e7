"""`gatebook show`: everything about one call: who, what, how it ended, arguments, response, and where it stands in the log."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from gatebook.cli import book_access, look
from gatebook.cli.main import Problem, read_settings

_LINES_MAX = 400


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("call", metavar="CALL_ID", help="id of the call, as `search` prints it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the call; exit code 1 when there is none of this id."""
    try:
        shown = book_access.get(read_settings(args), f"/calls/{args.call.strip()}")
    except book_access.Refused as refused:
        raise Problem(str(refused)) from None
    if args.json:
        print(json.dumps(shown, ensure_ascii=False))
        return 0
    for line in lines(shown, colour=look.coloured(sys.stdout)):
        print(line)
    return 0


def lines(shown: dict[str, Any], *, colour: bool) -> Iterator[str]:
    """The call for people, line by line."""
    call = shown["call"]
    yield f"{call['method'] or 'request'} {_target(call)}  {look.status(call['status'], colour=colour)}"
    yield ""
    for title, pairs in _sections(call):
        present = [(name, value) for name, value in pairs if value]
        if present:
            yield _title(title, colour)
            yield from (f"  {name:<12} {look.clean(value)}" for name, value in present)
    for title, part in (("Arguments", shown["arguments"]), ("Response", shown["response"])):
        yield _title(title, colour)
        yield from (f"  {line}" for line in _part(part))
    for message in shown["messages"]:
        core = message["core"]
        yield _title(f"Message {core.get('direction', '')}, {core.get('method') or core.get('kind')}", colour)
        yield from (f"  {line}" for line in _part(message["message"]))
    yield _title("In the log", colour)
    for record in shown["records"]:
        core = record["core"]
        yield f"  {core['type']:<20} stream {core['stream']}  record {core['seq']}  {look.moment(core['time'])}Z"
        yield f"  {'':<20} leaf {record['leaf_hash']}"


def _sections(call: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    person = " · ".join(dict.fromkeys(text for text in (call["name"], call["email"], call["person"]) if text))
    client = " ".join(text for text in (call["client"], call["client_version"]) if text)
    times = {name: call[f"{name}_us"] for name in ("gateway", "policy", "dlp", "log", "upstream")}
    codes = [("HTTP", call["http_status"]), ("JSON-RPC", call["rpc_code"])]
    return [
        (
            "Call",
            [
                ("id", call["call_id"]),
                ("time", f"{look.moment(call['time'])}Z"),
                ("connector", call["connector"]),
                ("tool", call["tool"]),
                ("endpoint", call["endpoint"]),
                ("session", call["session"]),
                ("trace", call["trace"]),
                ("round", f"{call['round_number']}, first {call['round_first']}" if call["round_first"] else ""),
            ],
        ),
        (
            "Who",
            [
                ("person", person),
                ("groups", ", ".join(call["groups"])),
                ("subject", call["subject"]),
                ("signed in", " ".join(text for text in (call["auth"], call["token"]) if text)),
                ("client", client),
                ("address", call["ip"]),
            ],
        ),
        (
            "Decision",
            [
                ("effect", call["effect"]),
                ("rules", ", ".join(call["rules"])),
                ("reason", call["reason"]),
                ("configuration", call["bundle"]),
            ],
        ),
        (
            "Outcome",
            [
                ("status", call["status"]),
                ("transport", call["transport"]),
                ("codes", ", ".join(f"{name} {value}" for name, value in codes if value)),
                ("error class", call["error_class"]),
                ("detail", call["detail"]),
                ("credential", call["credential"]),
                ("took", "" if call["status"] == "open" else look.took(call["duration_us"])),
                ("of which", ", ".join(f"{name} {look.took(us)}" for name, us in times.items() if us)),
                ("size", f"{look.size(call['bytes_in'])} in, {look.size(call['bytes_out'])} out"),
            ],
        ),
    ]


def _target(call: dict[str, Any]) -> str:
    return look.clean(" / ".join(text for text in (call["connector"], call["tool"]) if text))


def _title(text: str, colour: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if colour else text


def _part(part: dict[str, Any] | None) -> list[str]:
    if part is None:
        return ["none"]
    if "missing" in part:
        return [part["missing"]]
    text = json.dumps(part["json"], indent=2, ensure_ascii=False) if "json" in part else part.get("text", part.get("base64", ""))
    found = [look.clean(line) for line in text.splitlines()]
    rest = len(found) - _LINES_MAX
    return found[:_LINES_MAX] + ([f"… {rest} more lines (--json shows all)"] if rest > 0 else [])
