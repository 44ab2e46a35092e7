"""`gatebook policy replay`: a draft of policies over the calls of the book."""

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from gatebook.cli import asking, book_access, look
from gatebook.cli.apply import read_files
from gatebook.cli.get import table
from gatebook.cli.main import Problem, read_settings
from gatebook.cli.progress import Progress
from gatebook.cli.width import clean
from gatebook.control.governance import Text, read_texts
from gatebook.state.documents import DocumentError

_AGE: Final = re.compile(r"\d+[smhdw]")
_EXAMPLES: Final = 5


def run(args: argparse.Namespace) -> int:
    """Replay and print what would change; 0 also when nothing would."""
    now_us = time.time_ns() // 1000
    bounds = {"since": _bound("since", args.since, now_us), "until": _bound("until", args.until, now_us)}
    order = {"documents": draft_of(args.files), **bounds}
    settings = read_settings(args)
    progress = Progress(sys.stderr)
    try:
        job = book_access.job(
            settings, "/policies/replays", order, lambda done: progress.show(round(done * 1000), 1000, "of the calls replayed")
        )
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


def draft_of(names: Sequence[str]) -> str:
    """The documents of files or directories as one text. Raises Problem; a mistake has the name and the line of its file."""
    texts = [text for name in names for text in read_files(name)]
    try:
        read_texts([Text(**text) for text in texts])
    except DocumentError as error:
        raise Problem("\n".join(error.problems)) from None
    return "\n---\n".join(text["text"] for text in texts)


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
            for one in _some(found["examples"])
        ]
        yield table(["CALL", "PERSON", "TOOL", "WOULD GO", "BY"], rows)


def _some(examples: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A few of each kind of change."""
    shown: Counter[tuple[str, str]] = Counter()
    for one in examples:
        shown[one["was"], one["now"]] += 1
        if shown[one["was"], one["now"]] <= _EXAMPLES:
            yield one


def _bound(name: str, value: str | None, now_us: int) -> int | None:
    if value is not None and _AGE.fullmatch(value):
        value = f"-{value}"
    return asking.bound(name, value, now_us)
