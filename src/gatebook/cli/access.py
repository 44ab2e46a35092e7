"""`gatebook access`: requests for what was denied, and the decision about them."""

import argparse
import json
from typing import Any, Final

from gatebook.cli import asking, book_access, look
from gatebook.cli.approvals import age, hours_of, print_table
from gatebook.cli.main import add_common, read_settings
from gatebook.cli.table import Column
from gatebook.cli.width import clean

_PATH: Final = "/access-requests"
_COLUMNS: Final = (
    Column(head="ASKED", text=lambda one: age(one["asked_us"]), limit=12, low=12),
    Column(head="STATE", text=lambda one: "over" if one["over"] else one["state"], limit=9, low=9),
    Column(head="UNTIL (UTC)", text=lambda one: look.moment(one["until_us"])[:16] if one["until_us"] else "", limit=16, low=16),
    Column(head="PERSON", text=lambda one: one["person"], limit=28),
    Column(head="CONNECTOR / TOOL", text=lambda one: f"{one['connector']} / {one['tool']}", limit=48, low=12),
    Column(head="DENIED BY", text=lambda one: ", ".join(one["rules"]) or "nothing allows it", limit=40),
    Column(head="REASON", text=lambda one: one["reason"], limit=60),
    Column(head="REQUEST", text=lambda one: one["id"], limit=20, low=16),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|ask|grant|decline|revoke")
    listing = actions.add_parser("list", help="what is asked for", description="Show requests for access, newest first.")
    listing.add_argument("--all", action="store_true", help="also those that are declined, withdrawn, revoked or over")
    ask = actions.add_parser("ask", help="ask for a person", description="Ask for what a call was denied, for the person who made it.")
    ask.add_argument("call", metavar="CALL_ID", help="id of the refused call")
    grant = actions.add_parser("grant", help="grant a request", description="Grant a request for some time.")
    decline = actions.add_parser("decline", help="decline a request", description="Decline a request; a reason is needed.")
    revoke = actions.add_parser("revoke", help="end what was granted", description="End what was granted; a reason is needed.")
    for action in (grant, decline, revoke):
        action.add_argument("request", metavar="REQUEST_ID", help="id of the request, as `access list` prints it")
    grant.add_argument("--for", dest="duration", metavar="TIME", default="8h", help="for how long, such as 1h, 8h or 7d (default: 8h)")
    grant.add_argument("--reason", default="", help="why; it stands in the record")
    for action in (ask, decline, revoke):
        action.add_argument("--reason", required=True, help="why; it stands in the record")
    for action in (listing, ask, grant, decline, revoke):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of list, ask, grant, decline, revoke."""
    try:
        return _list(args) if args.action == "list" else _change(args)
    except book_access.Refused as refused:
        raise asking.said(refused) from None


def _list(args: argparse.Namespace) -> int:
    found = book_access.get(read_settings(args), _PATH)["requests"]
    rows = [one for one in found if args.all or one["state"] == "open" or (one["state"] == "granted" and not one["over"])]
    if args.json:
        print(json.dumps(rows, ensure_ascii=False))
    elif rows:
        print_table(rows, _COLUMNS)
    else:
        print(
            "There is no request for access." if args.all else "Nobody asks for access, and nothing is granted now (--all shows the rest)."
        )
    return 0


def _change(args: argparse.Namespace) -> int:
    order: dict[str, Any] = {"reason": args.reason}
    if args.action == "ask":
        path, order = _PATH, {**order, "call": args.call.strip().lower()}
    else:
        path = f"{_PATH}/{args.request.strip()}/{args.action}"
    if args.action == "grant":
        order["hours"] = hours_of(args.duration)
    made = book_access.post(read_settings(args), path, order)
    print(json.dumps(made, ensure_ascii=False) if args.json else clean(_said(made)))
    return 0


def _said(made: dict[str, Any]) -> str:
    what = f"{made['connector']} / {made['tool']} for {made['person']}"
    if made["state"] == "open":
        return f"Asked: {what}, as {made['id']}."
    until = f" until {look.moment(made['until_us'])[:16]}Z" if made["state"] == "granted" else ""
    return f"{made['state'].capitalize()}: {what}{until}."
