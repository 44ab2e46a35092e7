"""`gatebook cut-off`: end all that a person has: tokens, sessions, grants of AI clients, open streams, calls in flight."""

import argparse
import json
from typing import Any

from gatebook.cli.get import when
from gatebook.cli.main import Problem, read_settings
from gatebook.control import office


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("person", metavar="PERSON", help="id of the person")
    parser.add_argument("--reason", default="", help="why; it goes on the record and is asked for unless --dry-run is given")
    parser.add_argument("--keep-active", action="store_true", help="end what they have, but let them sign in anew")
    parser.add_argument("--dry-run", action="store_true", help="show what would end, and end nothing")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Cut off, wait until every worker refuses, and print the receipt."""
    if not args.dry_run and not args.reason.strip():
        raise Problem("say why with --reason; it goes on the record", exit_code=2)
    order = {"person": args.person, "reason": args.reason, "keep_active": args.keep_active, "dry_run": args.dry_run}
    done = office.run(read_settings(args), "cut_off", order)
    if args.json:
        print(json.dumps(done))
    elif done["dry_run"]:
        _print_outlook(done["outlook"])
    else:
        _print_receipt(done["receipt"])
    return 0


def _print_outlook(found: dict[str, Any]) -> None:
    person = found["person"]
    state = "active" if person["active"] else "inactive already"
    print(f"{person['id']} ({person['name'] or 'no name'}) is {state}. A cut-off would end:")
    for name, what in (("tokens", "access token"), ("sessions", "console session"), ("grants", "grant"), ("credentials", "credential")):
        print(f"  {_plural(found[name], what)}{_WHERE.get(name, '')}")
    print("  all open streams and calls in flight, on every worker")


_WHERE = {"grants": " of AI clients", "credentials": " at connectors"}


def _print_receipt(receipt: dict[str, Any]) -> None:
    acks = receipt["acks"]
    slowest_us = max((max(0, ack["at_us"] - receipt["signal_us"]) for ack in acks), default=0)
    print(f"{receipt['person']} is cut off since {when(receipt['signal_us'])}. Receipt {receipt['id']}:")
    print(f"  tokens {receipt['tokens']}, console sessions {receipt['sessions']}, grants of AI clients {receipt['grants']}")
    streams, calls = sum(ack["streams"] for ack in acks), sum(ack["calls"] for ack in acks)
    print(f"  streams {streams}, calls in flight {calls}, on {_plural(len(acks), 'worker')} within {slowest_us / 1000:.0f} ms")
    if lost := [ack["stream"] for ack in acks if ack["lost"]]:
        print(f"  no answer from {', '.join(lost)}: out of touch, and refusing everybody until back")
    print(f"  credentials at connectors: {receipt['upstream_revoked']} revoked, {receipt['upstream_failed']} failed")
    print(f"  last call: {when(receipt['last_call_us']) or 'none'}")


def _plural(number: int, what: str) -> str:
    """A number and its noun."""
    return f"{number} {what}{'' if number == 1 else 's'}"
