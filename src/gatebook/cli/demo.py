"""`gatebook demo`: the whole product with invented people and real servers. Needs the extra `demo`."""

import argparse
import asyncio
from pathlib import Path

from gatebook.cli.main import Problem


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("--once", action="store_true", help="make the calls, stop, and compare what was sent, recorded and indexed")
    parser.add_argument("--json", action="store_true", help="with --once: print the counts as JSON")
    parser.add_argument("--calls", type=int, default=320, metavar="N", help="tool calls to make at once, at least 300 (default: 320)")
    parser.add_argument(
        "--past-days",
        type=int,
        default=30,
        metavar="N",
        help="days of invented calls to look back on; 0 for none, none with --once (default: 30)",
    )
    parser.add_argument("--mcp-port", type=int, default=0, metavar="PORT", help="port for AI clients (default: a free one)")
    parser.add_argument("--console-port", type=int, default=0, metavar="PORT", help="port of the console (default: a free one)")
    parser.add_argument("--node-modules", type=Path, metavar="DIR", help="where the MCP servers from npm are; without it they are left out")


def run(args: argparse.Namespace) -> int:
    """Run the demo."""
    try:
        from gatebook.demo import direct
    except ModuleNotFoundError as error:
        raise Problem(f"the demo needs the package {error.name}: pip install 'gatebook[demo]'") from error
    return asyncio.run(direct.run(args))
