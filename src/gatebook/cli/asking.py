"""What the verbs that ask the book have in common: the query, its bounds in time, and what they say when the answer is no."""

import argparse
import re
import time
from typing import Any, Final

from gatebook.cli import book_access
from gatebook.cli.main import Problem
from gatebook.cli.width import clean
from gatebook.query import parse, resolve
from gatebook.query.tree import Compare

# Makes `--since -1h` a value; argparse would take it for an option.
_RELATIVE: Final = re.compile(r"-\d+([a-z]{1,2})?$")


class Asked:
    """A query and its bounds, as parameters of the API."""

    def __init__(self, args: argparse.Namespace) -> None:
        """Raises Problem where the query or a bound cannot be read."""
        self.text = book_access.check(" ".join(args.query))
        now_us = time.time_ns() // 1000
        self.since_us = bound("since", args.since, now_us)
        self.until_us = bound("until", args.until, now_us)

    @property
    def params(self) -> dict[str, Any]:
        """Parameters; those that are None are left out later."""
        return {"q": self.text or None, "since": self.since_us, "until": self.until_us}


def add_query(parser: argparse.ArgumentParser, examples: str, *, bounds: bool = True) -> None:
    """Add the query and its bounds in time to a verb, and examples below its help."""
    parser._negative_number_matcher = _RELATIVE
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "examples:\n" + examples.rstrip("\n")
    parser.add_argument("query", nargs="*", metavar="QUERY", help="words and field:value filters (docs/search.md); empty: every call")
    if not bounds:
        parser.set_defaults(since=None, until=None)
        return
    parser.add_argument("--since", metavar="TIME", help="only from then on: -1h, -7d, 2026-11-01 or 2026-11-01T09:30")
    parser.add_argument("--until", metavar="TIME", help="only before then")


def bound(name: str, value: str | None, now_us: int) -> int | None:
    """A bound in time, microseconds since 1970. Raises Problem, which shows the mistake."""
    if value is None:
        return None
    tree = resolve(parse(book_access.check(f"{name}:{value}")), now_us).tree
    if not isinstance(tree, Compare) or not isinstance(tree.value, int):
        raise Problem(f"--{name} {clean(value)[:60]} is not a time; write -1h, 2026-11-01 or 2026-11-01T09:30", exit_code=2)
    return max(0, tree.value)


def said(refused: book_access.Refused) -> Problem:
    """The refusal of the API as a sentence."""
    return Problem(clean(str(refused)))
