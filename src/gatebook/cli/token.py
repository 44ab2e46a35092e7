"""`gatebook token`: access tokens of people. The secret is printed once, alone on standard output."""

import argparse
import json
import re
import sys
import time

from gatebook.cli.get import table, when
from gatebook.cli.main import Problem, add_common, read_settings
from gatebook.control import office

_LIFE = re.compile(r"^([1-9][0-9]{0,4})([smhdw])$")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="create|list|revoke")
    create = actions.add_parser("create", help="make a token, and its owner when new", description="Make a token, and its owner when new.")
    create.add_argument("person", metavar="PERSON", help="e-mail address or short name of the owner")
    create.add_argument("--groups", help="groups of the owner, separated by commas; replaces those the owner has")
    create.add_argument("--name", default="", help="what the token is for")
    create.add_argument("--email", help="e-mail address of the owner, where PERSON is not one")
    create.add_argument("--person-name", help="full name of the owner")
    create.add_argument("--expires", metavar="TIME", default="90d", help="life of the token, such as 12h or 90d, or never (default: 90d)")
    create.add_argument("--json", action="store_true", help="print JSON")
    listing = actions.add_parser("list", help="show all tokens", description="Show all tokens; never their secrets.")
    listing.add_argument("--json", action="store_true", help="print JSON")
    revoke = actions.add_parser("revoke", help="make a token worthless", description="Make a token worthless within a second, everywhere.")
    revoke.add_argument("token", metavar="ID", help="id of the token, or its shown beginning")
    for action in (create, listing, revoke):
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of create, list, revoke."""
    return {"create": _create, "list": _list, "revoke": _revoke}[args.action](args)


def life_s(text: str, option: str = "--expires") -> int:
    """Seconds in a text such as 90d, which `option` was given. Raises Problem."""
    match = _LIFE.match(text)
    if match is None:
        never = ", or never" if option == "--expires" else ""
        raise Problem(f"{option} {text!r}: write a number and one of s, m, h, d, w, such as 90d{never}", exit_code=2)
    return int(match[1]) * _UNIT_S[match[2]]


def _create(args: argparse.Namespace) -> int:
    expires_us = None if args.expires == "never" else time.time_ns() // 1000 + life_s(args.expires) * 1_000_000
    groups = None if args.groups is None else [group.strip() for group in args.groups.split(",") if group.strip()]
    order = {
        "person": args.person,
        "groups": groups,
        "email": args.email,
        "person_name": args.person_name,
        "name": args.name,
        "expires_us": expires_us,
    }
    settings = read_settings(args)
    issued = office.run(settings, "token_create", order)
    token, person = issued["token"], issued["person"]
    if args.json:
        shown = {"token": issued["secret"], "id": token["id"], "person": person["id"], "groups": person["groups"]}
        print(json.dumps({**shown, "expires_us": token["expires_us"], "mcp_url": f"{settings.mcp_url}/mcp"}))
        return 0
    print(issued["secret"])
    groups_text = ", ".join(person["groups"]) or "none"
    life = f"expires {when(token['expires_us'])}" if token["expires_us"] else "does not expire"
    print(f"Token {token['id']} of {person['id']} (groups: {groups_text}), {life}. It is shown only now.", file=sys.stderr)
    return 0


def _list(args: argparse.Namespace) -> int:
    found = office.run(read_settings(args), "token_list", {})
    people = {person["id"]: person for person in found["people"]}
    if args.json:
        print(json.dumps(found["tokens"]))
        return 0
    rows = []
    for token in found["tokens"]:
        expired = token["expires_us"] is not None and token["expires_us"] <= found["now_us"]
        state = "revoked" if token["revoked_us"] else "expired" if expired else "valid"
        groups = ",".join(people.get(token["person"], {}).get("groups", []))
        times = [when(token["created_us"]), when(token["expires_us"]) or "never"]
        rows.append([token["id"], token["prefix"] + "…", token["person"], groups, token["name"], *times, state])
    print(table(["ID", "BEGINS", "PERSON", "GROUPS", "NAME", "CREATED", "EXPIRES", "STATE"], rows))
    return 0


def _revoke(args: argparse.Namespace) -> int:
    token = office.run(read_settings(args), "token_revoke", {"token": args.token.rstrip("…")})
    print(f"Token {token['id']} of {token['person']} is revoked.")
    return 0
