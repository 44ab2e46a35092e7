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

_ROWS: Final = 10
_EXAMPLES: Final = 20
REASONS: Final = {
    "dropped": "dropped by retention",
    "erased": "erased",
    "damaged": "damaged",
    "too_large": "too large to be kept",
    "disk_full": "not kept, because the disk was full",
    "cut": "kept in part",
    "withheld": "withheld without being kept",
}
FAULTS: Final = {
    "too_large": "larger than what is scanned",
    "too_deep": "nested too deep",
    "not_json": "no JSON",
    "budget": "beyond the budget of time",
    "too_many": "too many candidates",
}


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
        why = ", ".join(f"{look.number(count)} {REASONS.get(name, clean(name))}" for name, count in found["missing"].items())
        yield f"{look.number(found['undecided'])} calls could not be looked at, because a payload is not there: {why}."
    if found["stopped"]:
        yield f"{look.number(found['stopped'])} calls were stopped by policy before guardrails looked at them."
    if found["altered"]:
        yield (
            f"{look.number(found['altered'])} calls are stored without values that were taken out then; what was found then is counted,"
            " but other detectors cannot look at it."
        )
    for name, count in found["faults"].items():
        yield f"{look.number(count)} calls hold a payload that cannot be scanned: {FAULTS.get(name, clean(name))}."


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
        for one in found["examples"][:_EXAMPLES]
    ]
