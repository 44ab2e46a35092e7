"""`gatebook approvals`: calls that wait for an approval, and the decision about them."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from gatebook.cli import asking, book_access, look
from gatebook.cli.main import Problem, add_common, read_settings
from gatebook.cli.table import Column, render
from gatebook.cli.token import life_s
from gatebook.cli.width import clean

_HOUR_S: Final = 3600
_PATH: Final = "/approvals"
_WAITING: Final = (
    Column(head="ASKED", text=lambda one: age(one["time_us"]), limit=12, low=12),
    Column(head="PERSON", text=lambda one: one["name"] or one["person"] or "(erased)", limit=28),
    Column(head="CONNECTOR / TOOL", text=lambda one: f"{one['connector']} / {one['tool']}", limit=48, low=12),
    Column(head="ARGUMENTS", text=lambda one: _short(one["arguments"]), limit=60),
    Column(head="WHY", text=lambda one: one["reason"] or one["rule"], limit=60),
    Column(head="YOU", text=lambda one: "decide" if one["may_decide"] else "asked" if one["own"] else "", limit=6, low=6),
    Column(head="CALL", text=lambda one: one["call"], limit=36, low=36),
)
_DECIDED: Final = (
    Column(head="DECIDED", text=lambda one: age(one["decided_us"]), limit=12, low=12),
    Column(head="STATE", text=lambda one: state_of(one), limit=14, low=8),
    Column(head="BY", text=lambda one: one["decided_by"], limit=28),
    Column(head="PERSON", text=lambda one: one["person"], limit=28),
    Column(head="CONNECTOR / TOOL", text=lambda one: f"{one['connector']} / {one['tool']}", limit=48, low=12),
    Column(head="REASON", text=lambda one: one["reason"] or "", limit=60),
    Column(head="CALL", text=lambda one: one["call"], limit=36, low=36),
)
_ARGUMENTS_CHARACTERS_MAX: Final = 120


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|approve|decline")
    listing = actions.add_parser("list", help="what waits", description="Show the calls of the last seven days that wait.")
    listing.add_argument("--decided", action="store_true", help="what was decided in the last seven days instead")
    show = actions.add_parser("show", help="one call, with its arguments", description="Show one call with its exact arguments.")
    approve = actions.add_parser(
        "approve", help="let a call through", description="Let a call through when it is repeated with exactly these arguments."
    )
    approve.add_argument(
        "--for",
        dest="duration",
        metavar="TIME",
        help="for all equal calls within that time, such as 8h or 7d (default: one call, within 24h)",
    )
    decline = actions.add_parser("decline", help="decline a call", description="Decline a call; a reason is needed.")
    for action in (show, approve, decline):
        action.add_argument("call", metavar="CALL_ID", help="id of the call, as `approvals list` prints it")
    approve.add_argument("--reason", default="", help="why; it stands in the record")
    decline.add_argument("--reason", required=True, help="why; it stands in the record")
    for action in (listing, show, approve, decline):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of list, show, approve, decline."""
    try:
        return {"list": _list, "show": _show, "approve": _approve, "decline": _decline}[args.action](args)
    except book_access.Refused as refused:
        raise asking.said(refused) from None


def hours_of(text: str) -> int:
    """Whole hours in a text such as 8h or 7d. Raises Problem."""
    seconds = life_s(text, "--for")
    if seconds % _HOUR_S:
        raise Problem(f"--for {text!r}: write whole hours, days or weeks, such as 8h, 7d or 2w", exit_code=2)
    return seconds // _HOUR_S


def age(time_us: int) -> str:
    """How long ago, in two words."""
    minutes = max(0, time.time_ns() // 1000 - time_us) // 60_000_000
    if minutes < 100:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 2880 else f"{minutes // 1440} days ago"


def state_of(decision: dict[str, Any]) -> str:
    """What became of a decision, in a word."""
    if decision["decision"] == "declined":
        return "declined"
    if decision["single_use"] and decision["used_us"] is not None:
        return "used"
    return "over" if decision["until_us"] <= time.time_ns() // 1000 else "approved"


def print_table(rows: Sequence[Any], columns: Sequence[Column]) -> None:
    """Print rows as wide as the terminal."""
    for line in render(rows, columns, terminal=look.columns_of(sys.stdout), colour=look.coloured(sys.stdout)):
        print(line)


def _list(args: argparse.Namespace) -> int:
    settings = read_settings(args)
    name, path, columns = ("decisions", f"{_PATH}/decided", _DECIDED) if args.decided else ("waiting", _PATH, _WAITING)
    rows = book_access.get(settings, path)[name]
    if args.json:
        print(json.dumps(rows, ensure_ascii=False))
    elif rows:
        print_table(rows, columns)
    else:
        print("Nothing was decided in the last seven days." if args.decided else "No call waits for an approval.")
    return 0


def _show(args: argparse.Namespace) -> int:
    found = book_access.get(read_settings(args), f"{_PATH}/{args.call.strip()}")
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for line in _lines(found):
        print(line)
    return 0


def _approve(args: argparse.Namespace) -> int:
    order: dict[str, Any] = {"reason": args.reason}
    if args.duration is not None:
        order |= {"single_use": False, "hours": hours_of(args.duration)}
    made = book_access.post(read_settings(args), f"{_PATH}/{args.call.strip()}/approve", order)
    if args.json:
        print(json.dumps(made, ensure_ascii=False))
        return 0
    good = "once" if made["single_use"] else "as often as it is made"
    print(f"Approved: {clean(made['person'])} may call {_tool(made)} with these arguments {good}, until {_until(made['until_us'])}.")
    return 0


def _decline(args: argparse.Namespace) -> int:
    made = book_access.post(read_settings(args), f"{_PATH}/{args.call.strip()}/decline", {"reason": args.reason})
    print(json.dumps(made, ensure_ascii=False) if args.json else f"Declined: {_tool(made)} for {clean(made['person'])}.")
    return 0


def _lines(one: dict[str, Any]) -> Iterator[str]:
    colour = look.coloured(sys.stdout)
    who = one["name"] or one["person"] or "Somebody erased"
    yield look.bold(clean(f"{who} wants to call {one['tool']} of {one['connector']}; {one['rule']} asks for an approval."), colour)
    waits = "too old, has to be made again" if one["state"] == "too_old" else one["state"]
    facts = [
        ("state", waits),
        ("asked", f"{look.moment(one['time_us'])}Z, {age(one['time_us'])}"),
        ("person", one["person"]),
        ("client", one["client"]),
        ("reason", one["reason"]),
        ("decided by", ", ".join((*one["approvers"], "administrators"))),
        ("call", one["call"]),
    ]
    yield from (f"  {look.dim(f'{name:<12}', colour)} {clean(value)}" for name, value in facts if value)
    if decision := one["decision"]:
        reason = f": {decision['reason']}" if decision["reason"] else ""
        told = clean(f"{state_of(decision)}, by {decision['decided_by']}{reason}")
        yield f"  {look.dim('decision    ', colour)} {told}"
    yield ""
    yield look.bold("Arguments", colour)
    if one["arguments"] is None:
        yield "  cannot be read any more"
        return
    yield from (f"  {clean(line)}" for line in json.dumps(one["arguments"], indent=2, ensure_ascii=False).split("\n"))


def _short(value: Any) -> str:
    return "(cannot be read)" if value is None else json.dumps(value, ensure_ascii=False)[:_ARGUMENTS_CHARACTERS_MAX]


def _tool(made: dict[str, Any]) -> str:
    return clean(f"{made['connector']} / {made['tool']}")


def _until(time_us: int) -> str:
    return f"{look.moment(time_us)[:16]}Z"
