"""`gatebook token`: access tokens of people. The secret is printed once, alone on standard output."""

import argparse
import json
import re
import sys
import time
from typing import Any, Final

from gatebook.cli.get import table, when
from gatebook.cli.main import Problem, add_common, read_settings
from gatebook.control import office
from gatebook.identity.tokens import TokenKind, is_well_formed, kind_of, shown_part

_LIFE = re.compile(r"^([1-9][0-9]{0,4})([smhdw])$")
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_CHECKED_CHARACTERS_MAX = 4096
_KIND_WORDS: Final[dict[TokenKind, str]] = {
    "personal": "a person's",
    "service": "a service account's",
    "oauth": "an AI client's access token",
    "refresh": "an AI client's refresh token",
    "directory": "the directory's (SCIM)",
}
_FIND = "Find it with `gatebook token list` and revoke it with `gatebook token revoke`."
_END = "Revoke it in the console, on the page of AI clients."
_NEXT: Final[dict[TokenKind, str]] = {
    "personal": _FIND,
    "service": _FIND,
    "oauth": _END,
    "refresh": _END,
    "directory": "Revoke it in the console, on the page of the directory.",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="create|list|revoke|check")
    create = actions.add_parser("create", help="make a token, and its owner when new", description="Make a token, and its owner when new.")
    create.add_argument("person", metavar="PERSON", help="e-mail address or short name of the owner")
    create.add_argument("--groups", help="groups of the owner, separated by commas; replaces those the owner has")
    create.add_argument("--name", default="", help="what the token is for")
    create.add_argument("--email", help="e-mail address of the owner, where PERSON is not one")
    create.add_argument("--person-name", help="full name of the owner")
    create.add_argument("--owner", metavar="PERSON", help="make PERSON a service account, for which this person answers")
    create.add_argument(
        "--scope",
        action="append",
        default=[],
        metavar="SCOPE",
        help="what the token is good for: mcp, mcp:CONNECTOR or book:read; may be repeated (default: all that its owner may do)",
    )
    create.add_argument("--expires", metavar="TIME", default="90d", help="life of the token, such as 12h or 90d, or never (default: 90d)")
    create.add_argument("--reason", help="why it never expires")
    create.add_argument("--json", action="store_true", help="print JSON")
    listing = actions.add_parser("list", help="show all tokens", description="Show all tokens; never their secrets.")
    listing.add_argument("--person", help="only those of this person or service account")
    listing.add_argument("--json", action="store_true", help="print JSON")
    revoke = actions.add_parser("revoke", help="make a token worthless", description="Make a token worthless within a second, everywhere.")
    revoke.add_argument("token", metavar="ID", help="id of the token, or its shown beginning")
    revoke.add_argument("--reason", help="why, for the record")
    check = actions.add_parser(
        "check",
        help="tell whether a leaked text is a token",
        description="Tell whether a text can be a token of Gatebook, by its shape and check sum alone: nothing is asked and nothing kept.",
    )
    check.add_argument(
        "text", nargs="?", metavar="TEXT", help="the text; from standard input when it is left out, so that no shell keeps it"
    )
    for action in (create, listing, revoke, check):
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of create, list, revoke, check."""
    return {"create": _create, "list": _list, "revoke": _revoke, "check": _check}[args.action](args)


def life_s(text: str, option: str = "--expires") -> int:
    """Seconds in a text such as 90d, which `option` was given. Raises Problem."""
    match = _LIFE.match(text)
    if match is None:
        never = ", or never" if option == "--expires" else ""
        raise Problem(f"{option} {text!r}: write a number and one of s, m, h, d, w, such as 90d{never}", exit_code=2)
    return int(match[1]) * _UNIT_S[match[2]]


def _create(args: argparse.Namespace) -> int:
    never = args.expires == "never"
    groups = None if args.groups is None else [group.strip() for group in args.groups.split(",") if group.strip()]
    order = {
        "person": args.person,
        "groups": groups,
        "email": args.email,
        "person_name": args.person_name,
        "owner": args.owner,
        "name": args.name,
        "scopes": args.scope,
        "expires_us": None if never else time.time_ns() // 1000 + life_s(args.expires) * 1_000_000,
        "never": never,
        "reason": args.reason,
    }
    settings = read_settings(args)
    issued = office.run(settings, "token_create", order)
    token, person = issued["token"], issued["person"]
    if args.json:
        shown = {"token": issued["secret"], "id": token["id"], "person": person["id"], "groups": person["groups"]}
        more = {"kind": token["kind"], "scopes": token["scopes"], "expires_us": token["expires_us"], "mcp_url": f"{settings.mcp_url}/mcp"}
        print(json.dumps(shown | more))
        return 0
    print(issued["secret"])
    groups_text = ", ".join(person["groups"]) or "none"
    life = f"expires {when(token['expires_us'])}" if token["expires_us"] else "does not expire"
    good = f", good for {', '.join(token['scopes'])}" if token["scopes"] else ""
    print(f"Token {token['id']} of {person['id']} (groups: {groups_text}){good}, {life}. It is shown only now.", file=sys.stderr)
    return 0


def _list(args: argparse.Namespace) -> int:
    found = office.run(read_settings(args), "token_list", {})
    people = {person["id"]: person for person in found["people"]}
    tokens = [token for token in found["tokens"] if args.person is None or token["person"] == args.person.lower()]
    if args.json:
        print(json.dumps(tokens))
        return 0
    rows = []
    for token in tokens:
        person = people.get(token["person"], {})
        whose = f"{token['person']} ({person['owner']})" if person.get("owner") else token["person"]
        times = [when(token["created_us"]), when(token["expires_us"]) or "never", when(token["last_used_us"]) or "-"]
        good = ",".join(token["scopes"]) or "all"
        state = _state(token, person, found["now_us"])
        rows.append([token["id"], token["prefix"] + "…", whose, ",".join(person.get("groups", [])), token["name"], good, *times, state])
    print(table(["ID", "BEGINS", "PERSON", "GROUPS", "NAME", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "STATE"], rows))
    return 0


def _state(token: dict[str, Any], person: dict[str, Any], now_us: int) -> str:
    if token["revoked_us"] or token["epoch"] != person.get("epoch"):
        return "revoked"
    if token["expires_us"] is not None and token["expires_us"] <= now_us:
        return "expired"
    return "valid" if person.get("active") else "suspended"


def _revoke(args: argparse.Namespace) -> int:
    token = office.run(read_settings(args), "token_revoke", {"token": args.token.rstrip("…"), "reason": args.reason})
    print(f"Token {token['id']} of {token['person']} is revoked.")
    return 0


def _check(args: argparse.Namespace) -> int:
    text = (sys.stdin.read(_CHECKED_CHARACTERS_MAX) if args.text is None else args.text).strip()
    kind = kind_of(text)
    if kind is None or not is_well_formed(text):
        print("No token of Gatebook: its shape or its check sum is not that of one.")
        return 1
    print(f"A real token: {_KIND_WORDS[kind]}, begins with {shown_part(text)}. {_NEXT[kind]}")
    return 0
