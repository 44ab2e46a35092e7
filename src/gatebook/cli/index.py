"""`gatebook index`: how the search index stands, and building it anew from the log."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from gatebook.cli.main import Problem, add_common, read_settings
from gatebook.control import office
from gatebook.control.client import KeeperAbsent
from gatebook.control.key_files import read_master_key
from gatebook.settings import Settings

_POLL_S = 0.5


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of this verb."""
    verbs = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in (("status", "show how far the index is"), ("rebuild", "build the index anew from the log, then put it in force")):
        verb = verbs.add_parser(name, help=text)
        add_common(verb)
        verb.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Do it; exit code 1 when the index is behind or cannot be read."""
    settings = read_settings(args)
    return _status(settings, args.json) if args.action == "status" else _rebuild(settings, args.json)


def _status(settings: Settings, as_json: bool) -> int:
    try:
        follower: dict[str, Any] = office.keeper_client(settings).get("/status")["follower"]
    except KeeperAbsent:
        follower = {"state": "no keeper runs"}
    progress = _progress(settings.index_dir)
    shown = {"follower": follower, "streams": progress}
    if as_json:
        print(json.dumps(shown))
    else:
        print("\n".join(f"{name:<14} {value}" for name, value in follower.items() if value is not None))
        for name, seq in progress.items():
            print(f"{name:<14} indexed up to record {seq}")
    return 1 if follower.get("errors") or follower.get("failure") else 0


def _rebuild(settings: Settings, as_json: bool) -> int:
    from gatebook.index.generation import rebuild_requested, request_rebuild

    began_s = time.monotonic()
    try:
        office.keeper_client(settings).get("/status")
    except KeeperAbsent:
        _alone(settings)
    else:
        request_rebuild(settings.index_dir)
        while rebuild_requested(settings.index_dir):
            _meter(office.keeper_client(settings).get("/status")["follower"].get("rebuilt") or 0.0)
            time.sleep(_POLL_S)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    streams = _progress(settings.index_dir)
    result = {"records": sum(streams.values()), "streams": streams, "seconds": round(time.monotonic() - began_s, 1)}
    print(json.dumps(result) if as_json else f"rebuilt from {result['records']:,} records in {result['seconds']} s")
    return 0


def _alone(settings: Settings) -> None:
    """Rebuild in this process; holds the keeper's stream meanwhile, so that no keeper opens the index."""
    from gatebook.index import rebuild
    from gatebook.index.damage import open_index
    from gatebook.log.book import Book
    from gatebook.log.errors import StreamBusy
    from gatebook.log.vault import Vault

    master_key = read_master_key(settings)
    vault = Vault(settings.keys_dir, master_key)
    try:
        book = Book.open(settings.log_dir, settings.keeper_stream, vault, settings.log)
    except StreamBusy as error:
        raise Problem(f"a keeper runs (process {error.pid}) but does not answer on {settings.keeper_socket}; try again") from error
    try:
        index = open_index(settings.index_dir)
        try:
            rebuild(settings.log_dir, vault, index, _meter)
        finally:
            index.close()
    finally:
        book.close()


def _progress(index_dir: Path) -> dict[str, int]:
    from gatebook.index.generation import read_generation
    from gatebook.index.progress import read_progress

    generation = read_generation(index_dir)
    return {name: stream.seq for name, stream in read_progress(index_dir, generation.database).streams.items()} if generation else {}


def _meter(done: float) -> None:
    if sys.stderr.isatty():
        print(f"\rrebuilding the index: {done:4.0%}", end="", file=sys.stderr, flush=True)
