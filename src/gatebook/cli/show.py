"""`gatebook show`: everything about one call: what happened in a sentence, then who, what, how it ended, arguments, response, its place in the log."""

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from gatebook.cli import asking, book_access, look, table
from gatebook.cli.call_sections import sections, sentence
from gatebook.cli.main import read_settings
from gatebook.cli.width import clean, width

_LINES_MAX = 400
_CONTEXT = 5
_IDS_FIT = 96
_EXAMPLES = """
  gatebook show 01a2062b-7d56-71db-8e44-bf184c20a826
  gatebook show 01a2062b-7d56-71db-8e44-bf184c20a826 --proof --context
  gatebook show 01a2062b-7d56-71db-8e44-bf184c20a826 --json | jq .arguments.json
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "examples:" + _EXAMPLES.rstrip("\n")
    parser.add_argument("call", metavar="CALL_ID", help="id of the call, as `search` prints it")
    parser.add_argument("--proof", action="store_true", help="also prove that its records stand in the signed tree")
    parser.add_argument(
        "--context", type=int, nargs="?", const=_CONTEXT, metavar="N", help=f"also the N calls before and after it (default: {_CONTEXT})"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the call; exit code 1 when there is none of this id, or when a proof does not hold."""
    settings, path = read_settings(args), f"/calls/{args.call.strip()}"
    try:
        shown = book_access.get(settings, path)
        proof = book_access.get(settings, f"{path}/proof") if args.proof else None
        context = book_access.get(settings, f"{path}/context", n=args.context) if args.context else None
    except book_access.Refused as refused:
        raise asking.said(refused) from None
    code = 0 if proof is None or proof["verified"] else 1
    if args.json:
        more = {name: value for name, value in (("proof", proof), ("context", context)) if value is not None}
        print(json.dumps({**shown, **more}, ensure_ascii=False))
        return code
    colour = look.coloured(sys.stdout)
    for line in lines(shown, colour=colour):
        print(line)
    for line in (*_proof(proof, colour), *_context(shown["call"], context, colour)):
        print(line)
    return code


def lines(shown: dict[str, Any], *, colour: bool) -> Iterator[str]:
    """The call for people, line by line."""
    call = shown["call"]
    yield look.bold(clean(sentence(call)), colour)
    yield ""
    for title, pairs in sections(call, colour=colour):
        present = [(name, value) for name, value in pairs if value]
        if present:
            yield _title(title, colour)
            yield from (f"  {look.dim(f'{name:<13}', colour)} {value}" for name, value in present)
    for title, part in (("Arguments", shown["arguments"]), ("Response", shown["response"])):
        yield _title(title, colour)
        yield from (f"  {line}" for line in _part(part))
    for message in shown["messages"]:
        core = message["core"]
        yield _title(clean(f"Message {core.get('direction', '')}, {core.get('method') or core.get('kind')}"), colour)
        yield from (f"  {line}" for line in _part(message["message"]))
    yield _title("In the log", colour)
    for record in shown["records"]:
        core = record["core"]
        yield f"  {core['type']:<20} stream {core['stream']}  record {core['seq']}  {look.moment(core['time'])}Z"
        yield look.dim(f"  leaf {record['leaf_hash']}", colour)


def _proof(proof: dict[str, Any] | None, colour: bool) -> Iterator[str]:
    if proof is None:
        return
    yield _title("Proof", colour)
    for record in proof["records"]:
        place = f"stream {record['stream']}  record {record['seq']}"
        if record["problem"]:
            word = look.paint(
                "waits for the next checkpoint" if record["waiting"] else "does not hold", "33" if record["waiting"] else "31", colour
            )
            yield f"  {place}  {word}: {clean(record['problem'])}"
            continue
        yield f"  {place}  {look.paint('holds', '32', colour)}"
        yield look.dim(f"  in the tree of {record['tree_size']:,} records, signed {record['sealed_at']}", colour)
        yield look.dim(f"  by {clean(record['origin'])}", colour)
        yield look.dim(f"  root {record['tree_root']}", colour)


def _context(call: dict[str, Any], context: dict[str, Any] | None, colour: bool) -> Iterator[str]:
    if context is None:
        return
    yield _title(f"Around it, of the same {context['by']}", colour)
    terminal = look.columns_of(sys.stdout)
    columns = table.choose("short_time,status,what,duration" + (",call" if (terminal or _IDS_FIT) >= _IDS_FIT else ""), None)
    rows = [*context["after"], call, *context["before"]]
    head, *rest = table.render(rows, columns, terminal=terminal - 2 if terminal else None, colour=colour)
    yield f"  {head}"
    if context["more_after"]:
        yield look.dim("  … newer ones", colour)
    for at, line in enumerate(rest):
        yield f"{look.bold('▸', colour)} {line}" if at == len(context["after"]) else f"  {line}"
    if context["more_before"]:
        yield look.dim("  … older ones", colour)


def _title(text: str, colour: bool) -> str:
    return look.bold(text, colour) if colour else f"{text}\n{'─' * width(text)}"


def _part(part: dict[str, Any] | None) -> list[str]:
    if part is None:
        return ["none"]
    if "missing" in part:
        return [clean(part["missing"])]
    text = json.dumps(part["json"], indent=2, ensure_ascii=False) if "json" in part else part.get("text", part.get("base64", ""))
    found = [clean(line) for line in text.split("\n")]
    rest = len(found) - _LINES_MAX
    return found[:_LINES_MAX] + ([f"… {rest} more lines (--json shows all)"] if rest > 0 else [])
