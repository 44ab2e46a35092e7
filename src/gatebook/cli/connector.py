"""`gatebook connector secret`: the shared secret of a connector, sealed. It is read from standard input, so that no list of processes shows it."""

import argparse
import getpass
import json
import sys

from gatebook.cli.main import Problem, add_common, read_settings
from gatebook.control import office

_BYTES_MAX = 64 * 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    what = parser.add_subparsers(dest="what", required=True, metavar="secret")
    secret = what.add_parser("secret", help="its shared secret", description="Set or take away the shared secret of a connector.")
    actions = secret.add_subparsers(dest="action", required=True, metavar="set|remove")
    put = actions.add_parser(
        "set", help="seal it, from standard input", description="Read the secret from standard input and seal it; it cannot be shown again."
    )
    remove = actions.add_parser(
        "remove", help="forget it", description="Forget the secret; calls to the connector are refused from then on."
    )
    for action in (put, remove):
        action.add_argument("connector", metavar="CONNECTOR", help="a connector with spec.credential.kind: secret")
        action.add_argument("--json", action="store_true", help="print JSON")
        add_common(action)
    add_common(secret)


def run(args: argparse.Namespace) -> int:
    """Do one of set, remove."""
    secret = _read() if args.action == "set" else None
    done = office.run(read_settings(args), "connector_secret_set", {"connector": args.connector, "secret": secret})
    if args.json:
        print(json.dumps(done))
    elif secret is None:
        print(f"The secret of {done['connector']} is forgotten.")
    else:
        print(f"The secret of {done['connector']} is sealed as {done['credential']}.")
    return 0


def _read() -> str:
    """The secret: typed unseen at a terminal, else all of standard input less the last line break. Raises Problem."""
    text = getpass.getpass("Secret: ") if sys.stdin.isatty() else sys.stdin.read(_BYTES_MAX)
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise Problem(
            "no secret came on standard input; write it there, as in `gatebook connector secret set crm < secret.txt`", exit_code=2
        )
    return secret
