"""`gatebook directory`: how the directory stands, and people who are handed over to it."""

import argparse
import json

from gatebook.cli import asking, book_access
from gatebook.cli.get import table, when
from gatebook.cli.main import add_common, read_settings
from gatebook.cli.width import clean
from gatebook.control import office


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="status|adopt")
    status = actions.add_parser(
        "status", help="show how the directory stands", description="Show people, groups, tokens and failed requests."
    )
    status.add_argument("--json", action="store_true", help="print one JSON object")
    adopt = actions.add_parser(
        "adopt",
        help="hand a person over to the directory",
        description="Hand a person who was entered by hand over to the directory: its next new user of that name or address is this person.",
    )
    adopt.add_argument("person", metavar="PERSON", help="id of the person")
    for action in (status, adopt):
        add_common(action)


def run(args: argparse.Namespace) -> int:
    """Do one of status, adopt."""
    if args.action == "adopt":
        person = office.run(read_settings(args), "directory_adopt", {"person": args.person})
        print(f"{clean(person['id'])} is the directory's now; its next new user of that name or address is this person.")
        return 0
    settings = read_settings(args)
    try:
        facts = book_access.get(settings, "/directory")
        failed = book_access.get(settings, "/directory/requests", failed="1")["requests"]
    except book_access.Refused as refused:
        raise asking.said(refused) from None
    if args.json:
        print(json.dumps({**facts, "failed": failed}))
        return 0
    live = sum(
        1 for token in facts["tokens"] if not token["revoked_us"] and not (token["expires_us"] and token["expires_us"] <= facts["now_us"])
    )
    print(f"address      {facts['scim_url']}")
    print(f"tokens       {live} good of {len(facts['tokens'])}")
    print(f"people       {facts['people']}, {facts['active']} active")
    print(f"groups       {len(facts['groups'])}")
    print(f"last change  {when(facts['changed_us']) if facts['changed_us'] else 'never'}")
    if facts["groups"]:
        print()
        rows = [[clean(one["name"]), str(one["members"]), str(one["grants"])] for one in facts["groups"]]
        print(table(["GROUP", "MEMBERS", "NAMED BY"], rows))
    if failed:
        print()
        rows = [
            [when(one["at_us"]), one["method"], clean(one["path"]), str(one["status"]), clean(one["detail"])[:80]] for one in failed[:10]
        ]
        print(table(["FAILED AT", "METHOD", "PATH", "STATUS", "WHAT WAS WRONG"], rows))
    return 0
