"""`gatebook dlp backtest`: a draft of guardrails and detectors over the stored payloads of past calls."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

from gatebook.cli import drafts, look
from gatebook.cli.get import table
from gatebook.cli.width import clean
from gatebook.reading.wording import FAULT_WORDS, MISSING_WORDS

_ROWS: Final = 10
_EXAMPLES: Final = 20


def run(args: argparse.Namespace) -> int:
    """Backtest and print what would change; 0 also when nothing would."""
    now_us = time.time_ns() // 1000
    draft = drafts.Draft(args.files)
    order = {"since": drafts.bound("since", args.since, now_us), "until": drafts.bound("until", args.until, now_us), "max": args.max}
    found = drafts.result_of(args, "/guardrails/backtests", draft, order, "of the calls looked at")
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return 0
    for line in lines(found, colour=look.coloured(sys.stdout)):
        print(line)
    return 0


def lines(found: dict[str, Any], *, colour: bool) -> Iterator[str]:
    """The result for people."""
    share = f" ({100 * found['changed'] / found['looked_at']:.1f} %)" if found["looked_at"] else ""
    yield look.bold(f"{look.number(found['changed'])} of {look.number(found['looked_at'])} calls would end differently{share}", colour)
    yield from _said(found)
    yield from _section("From what to what", ["CALLS", "NOW", "BY THE DRAFT"], _transitions(found), colour)
    rules = [
        [look.number(one["calls"]), look.number(one["calls_before"]), look.number(one["finds"]), clean(one["guardrail"]), _action(one)]
        for one in found["by_guardrail"][:_ROWS]
    ]
    yield from _section("By guardrail", ["CALLS", "IN FORCE", "FINDS", "GUARDRAIL", "DOES"], rules, colour)
    detectors = [
        [look.number(one["calls"]), look.number(one["calls_before"]), look.number(one["finds"]), clean(one["detector"]), one["severity"]]
        for one in found["by_detector"][:_ROWS]
    ]
    yield from _section("By detector", ["CALLS", "IN FORCE", "FINDS", "DETECTOR", "SEVERITY"], detectors, colour)
    for title, name in (("By tool", "by_tool"), ("By person", "by_person")):
        rows = [
            [look.number(one["changed"]), look.number(one["found"]), clean(one["value"])[:50], clean(one["query"])]
            for one in found[name][:_ROWS]
        ]
        yield from _section(title, ["CHANGED", "WITH FINDS", "", "SEARCH"], rows, colour)
    yield from _section("Changed calls", ["CALL", "PERSON", "TOOL", "WOULD GO", "BY"], _changed(found), colour)
    places = [
        [clean(one["detector"]), one["call"], one["part"], clean(one["pointer"])[:60] + (" (key)" if one["in_key"] else ""), clean(one["shape"]), ", ".join(one["layers"])]
        for one in found["found"][:_EXAMPLES]
    ]  # fmt: skip
    yield from _section("Found, masked", ["DETECTOR", "CALL", "PART", "PLACE", "SHAPE", "WITHIN"], places, colour)


def _said(found: dict[str, Any]) -> Iterator[str]:
    since, until = (look.moment(found[name])[:16] for name in ("since_us", "until_us"))
    yield f"{since} to {until} UTC, in {found['took_s']:.1f} s: {look.number(round(found['calls_per_s']))} calls/s, {found['mb_per_s']:.1f} MB/s."
    if found["looked_at"] < found["calls"]:
        oldest = look.moment(found["oldest_us"])[:16]
        yield f"Looked at the newest {look.number(found['looked_at'])} of {look.number(found['calls'])} calls, since {oldest}; --max takes more."
    if found["undecided"]:
        why = ", ".join(f"{look.number(count)} {MISSING_WORDS.get(name, clean(name))}" for name, count in found["missing"].items())
        yield f"{_calls(found['undecided'])} could not be looked at, because a payload is not there: {why}."
    if found["stopped"]:
        yield f"Policy stopped {_calls(found['stopped'])} before guardrails looked."
    if found["altered"]:
        yield (
            f"Of {_calls(found['altered'])} the book has a payload without values that a guardrail took out then; what was found then is counted,"
            " but no other detector can look at it."
        )
    for name, count in found["faults"].items():
        yield f"In {_calls(count)} a payload cannot be scanned, and so does not pass: it is {FAULT_WORDS.get(name, clean(name))}."


def _calls(count: int) -> str:
    return f"{look.number(count)} {'call' if count == 1 else 'calls'}"


def _section(title: str, head: list[str], rows: list[list[str]], colour: bool) -> Iterator[str]:
    if rows:
        yield ""
        yield look.bold(title, colour)
        yield table(head, rows)


def _transitions(found: dict[str, Any]) -> list[list[str]]:
    return [[look.number(one["count"]), one["was"], one["now"]] for one in found["transitions"]]


def _action(one: dict[str, Any]) -> str:
    return f"{one['action']}, observed" if one["observed"] else str(one["action"])


def _changed(found: dict[str, Any]) -> list[list[str]]:
    return [
        [
            one["call"],
            clean(one["person"])[:24],
            clean(f"{one['connector']}/{one['tool']}")[:40],
            f"{one['was']} -> {one['now']}",
            clean(one["now_by"] or one["was_by"]),
        ]
        for one in drafts.of_each_kind(found["examples"])
    ]
