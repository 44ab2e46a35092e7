"""`gatebook scim`: the tokens by which a directory provisions people and groups. A secret is printed once, alone on standard output."""

import argparse
import json
import sys
import time

from gatebook.cli.get import table, when
from gatebook.cli.main import add_common, read_settings
from gatebook.cli.token import life_s
from gatebook.control import office
from gatebook.settings import Settings


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    things = parser.add_subparsers(dest="thing", required=True, metavar="token")
    token = things.add_parser("token", help="tokens of the directory", description="Tokens of the directory. Two may live at once.")
    actions = token.add_subparsers(dest="action", required=True, metavar="create|list|revoke")
    create = actions.add_parser("create", help="make a token", description="Make a token for a directory such as Okta or Entra.")
    create.add_argument("--name", default="", help="what it is for, such as Okta")
    create.add_argument("--expires", metavar="TIME", default="365d", help="life of the token, such as 90d, or never (default: 365d)")
    listing = actions.add_parser("list", help="show all tokens", description="Show all tokens of the directory; never their secrets.")
    revoke = actions.add_parser("revoke", help="make a token worthless", description="Make a token of the directory worthless at once.")
    revoke.add_argument("token", metavar="ID", help="id of the token, or its shown beginning")
    for action in (create, listing, revoke):
        action.add_argument("--json", action="store_true", help="print JSON")
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of create, list, revoke."""
    return {"create": _create, "list": _list, "revoke": _revoke}[args.action](args)


def scim_url(settings: Settings) -> str:
    """The address that is entered in the directory."""
    return f"{settings.console_url}/scim/v2"


def _create(args: argparse.Namespace) -> int:
    settings = read_settings(args)
    expires_us = None if args.expires == "never" else time.time_ns() // 1000 + life_s(args.expires) * 1_000_000
    issued = office.run(settings, "scim_token_create", {"name": args.name, "expires_us": expires_us})
    token = issued["token"]
    if args.json:
        print(json.dumps({"token": issued["secret"], "id": token["id"], "expires_us": token["expires_us"], "scim_url": scim_url(settings)}))
        return 0
    print(issued["secret"])
    life = f"expires {when(token['expires_us'])}" if token["expires_us"] else "does not expire"
    print(f"Token {token['id']} of the directory, {life}. It is shown only now. Address: {scim_url(settings)}", file=sys.stderr)
    return 0


def _list(args: argparse.Namespace) -> int:
    found = office.run(read_settings(args), "scim_token_list", {})
    if args.json:
        print(json.dumps(found["tokens"]))
        return 0
    rows = []
    for token in found["tokens"]:
        expired = token["expires_us"] is not None and token["expires_us"] <= found["now_us"]
        state = "revoked" if token["revoked_us"] else "expired" if expired else "valid"
        times = [when(token["created_us"]), when(token["expires_us"]) or "never", when(token["last_used_us"]) or "never"]
        rows.append([token["id"], token["prefix"] + "…", token["name"], token["created_by"], *times, state])
    print(table(["ID", "BEGINS", "NAME", "MADE BY", "CREATED", "EXPIRES", "LAST USED", "STATE"], rows))
    return 0


def _revoke(args: argparse.Namespace) -> int:
    token = office.run(read_settings(args), "scim_token_revoke", {"token": args.token.rstrip("…")})
    print(json.dumps(token) if args.json else f"Token {token['id']} of the directory is revoked.")
    return 0
