"""`gatebook role`: what roles show of the log, who has them, and what somebody sees."""

import argparse
import json
from typing import Any, Final
from urllib.parse import quote

from gatebook.cli import asking, book_access
from gatebook.cli.get import table
from gatebook.cli.main import Problem, add_common, read_settings
from gatebook.cli.width import clean

_GROUPS: Final = ("metadata", "failure", "identity", "policy", "evidence", "arguments", "responses", "upstream")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|of")
    listing = actions.add_parser("list", help="all roles", description="Show what each role shows of whose calls, and who has it.")
    show = actions.add_parser("show", help="one role", description="Show one role.")
    show.add_argument("name", metavar="ROLE", help="name of the role, as `role list` prints it")
    of = actions.add_parser("of", help="what a person sees", description="Show the roles of a person, and what they see of the log.")
    of.add_argument("person", metavar="PERSON", help="id of the person")
    for action in (listing, show, of):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of list, show, of."""
    try:
        return {"list": _list, "show": _show, "of": _of}[args.action](args)
    except book_access.Refused as refused:
        raise asking.said(refused) from None


def _list(args: argparse.Namespace) -> int:
    found = book_access.get(read_settings(args), "/roles")
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    rows = [[one["name"], *_scopes(one), _bound(one)] for one in found["roles"]]
    print(table(["ROLE", *(group.upper() for group in _GROUPS), "WHO HAS IT"], [[clean(cell) for cell in row] for row in rows]))
    return 0


def _show(args: argparse.Namespace) -> int:
    found = book_access.get(read_settings(args), "/roles")
    one = next((role for role in found["roles"] if role["name"] == args.name), None)
    if one is None:
        raise Problem(f"there is no role {args.name!r}; `gatebook role list` shows all")
    if args.json:
        print(json.dumps(one, ensure_ascii=False))
        return 0
    print(clean(f"{one['name']}: {one['description']}" if one["description"] else one["name"]))
    print(clean(f"who has it: {_bound(one)} ({one['held_by']:,} now)"))
    _print_shown(one)
    return 0


def _of(args: argparse.Namespace) -> int:
    found = book_access.get(read_settings(args), f"/people/{quote(args.person.strip(), safe='')}/access")
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    print(clean(f"{found['person']}: {', '.join(found['roles'])}"))
    if found["team"]:
        print(f"team: {found['team']:,} below them")
    _print_shown(found)
    return 0


def _print_shown(one: dict[str, Any]) -> None:
    rows = [[group, one["shown"][group]] for group in _GROUPS]
    rows += [[f"metadata: {field}", scope] for field, scope in one["fields"].items()]
    print(table(["FIELDS", "WHOSE CALLS"], rows))
    if one["reason_required"]:
        print("Arguments and responses of others are shown only to who gives a reason.")


def _scopes(one: dict[str, Any]) -> list[str]:
    whole = [one["shown"][group] if one["shown"][group] != "none" else "-" for group in _GROUPS]
    if one["fields"] and whole[0] == "-":
        whole[0] = "fields"
    return whole


def _bound(one: dict[str, Any]) -> str:
    if one["everybody"]:
        return "everybody"
    return ", ".join([*one["groups"], *one["people"]]) or "nobody"
