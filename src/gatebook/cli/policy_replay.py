"""`gatebook policy replay`: a draft of policies over the calls of the book."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from gatebook.cli import drafts, look
from gatebook.cli.get import table
from gatebook.cli.width import clean


def run(args: argparse.Namespace) -> int:
    """Replay and print what would change; 0 also when nothing would."""
    now_us = time.time_ns() // 1000
    draft = drafts.Draft(args.files)
    order = {"since": drafts.bound("since", args.since, now_us), "until": drafts.bound("until", args.until, now_us)}
    found = drafts.result_of(args, "/policies/replays", draft, order, "of the calls replayed")
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for line in lines(found, colour=look.coloured(sys.stdout)):
        print(line)
    return 0


def lines(found: dict[str, Any], *, colour: bool) -> Iterator[str]:
    """The result for people."""
    since, until = (look.moment(found[name])[:16] for name in ("since_us", "until_us"))
    share = f" ({100 * found['changed'] / found['calls']:.1f} %)" if found["calls"] else ""
    yield look.bold(f"{look.number(found['changed'])} of {look.number(found['calls'])} calls would be decided differently{share}", colour)
    yield f"{since} to {until} UTC, replayed in {found['took_s']:.1f} s; limits count as not reached."
    if found["undecided"]:
        yield f"{look.number(found['undecided'])} calls could not be replayed: their arguments are no longer there."
    for policy, count in found["errors"].items():
        yield f"The condition of {clean(policy)} could not be answered for {look.number(count)} calls."
    for title, named in (("By policy", "by_rule"), ("By person", "by_person"), ("By tool", "by_tool")):
        if found[named]:
            yield ""
            yield look.bold(title, colour)
            yield table(
                ["CALLS", "", "SEARCH"],
                [[look.number(one["count"]), clean(one["value"])[:50], clean(one["query"])] for one in found[named][:10]],
            )
    if found["transitions"]:
        yield ""
        yield look.bold("From what to what", colour)
        yield table(["CALLS", "NOW", "BY THE DRAFT"], [[look.number(one["count"]), one["was"], one["now"]] for one in found["transitions"]])
        yield ""
        yield look.bold("Examples", colour)
        rows = [
            [
                one["call"],
                clean(one["person"])[:24],
                clean(f"{one['connector']}/{one['tool']}")[:40],
                f"{one['was']} -> {one['now']}",
                clean(one["now_by"]),
            ]
            for one in drafts.of_each_kind(found["examples"])
        ]
        yield table(["CALL", "PERSON", "TOOL", "WOULD GO", "BY"], rows)
