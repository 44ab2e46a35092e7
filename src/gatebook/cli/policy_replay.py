"""`gatebook policy replay`: a draft of policies over the calls of the book."""

import argparse
import json
import re
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from gatebook.cli import asking, book_access, look
from gatebook.cli.apply import read_files
from gatebook.cli.get import table
from gatebook.cli.main import Problem, read_settings
from gatebook.cli.progress import Progress
from gatebook.cli.width import clean

_AGE: Final = re.compile(r"\d+[smhdw]")
_EVERY_S: Final = 0.25
_EXAMPLES: Final = 20


def run(args: argparse.Namespace) -> int:
    """Replay and print what would change; 0 also when nothing would."""
    now_us = time.time_ns() // 1000
    documents = "\n---\n".join(text["text"] for name in args.files for text in read_files(name))
    order = {"documents": documents, "since": _bound("since", args.since, now_us), "until": _bound("until", args.until, now_us)}
    settings = read_settings(args)
    progress = Progress(sys.stderr)
    try:
        job = book_access.post(settings, "/policies/replays", order)
        while job["state"] == "running":
            progress.show(round(job["done"] * 1000), 1000, "of the calls replayed")
            time.sleep(_EVERY_S)
            job = book_access.get(settings, f"/policies/replays/{job['id']}")
    except book_access.Refused as refused:
        raise Problem("\n".join(refused.members.get("problems") or [clean(str(refused))])) from None
    finally:
        progress.end()
    if job["state"] == "failed":
        raise Problem(f"the replay failed: {clean(job['failure'])}")
    if args.json:
        print(json.dumps(job["result"], ensure_ascii=False))
        return 0
    for line in lines(job["result"], colour=look.coloured(sys.stdout)):
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
            for one in found["examples"][:_EXAMPLES]
        ]
        yield table(["CALL", "PERSON", "TOOL", "WOULD GO", "BY"], rows)


def _bound(name: str, value: str | None, now_us: int) -> int | None:
    if value is not None and _AGE.fullmatch(value):
        value = f"-{value}"
    return asking.bound(name, value, now_us)
