"""`gatebook worker`: one gateway worker alone, in the foreground."""

import argparse

from gatebook import app
from gatebook.cli.main import read_settings
from gatebook.processes.supervised import ARGUMENT, Lifeline


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("--slot", type=int, required=True, metavar="N", help="number of the worker on this node, from 0: names its stream")
    parser.add_argument(ARGUMENT, type=int, metavar="FD", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C."""
    return app.run_worker(read_settings(args), args.slot, Lifeline(args.supervised))
