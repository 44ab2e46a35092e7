"""Cost of one decision of policy, in microseconds of CPU.

    python -m bench.policy [--json FILE] [--peers PYTHON]

The bundle: one rule that allows and one that denies by an argument match the call, among others that do not; a fifth of all has a condition. `--peers`: an
interpreter with cedarpy, which then decides the same. Exit code 1 when a goal is missed.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.report import table
from gatebook.policy.access import AccessRules
from gatebook.policy.bundle import Bundle, Sources
from gatebook.policy.engine import default_engine
from gatebook.policy.replay import PastCall, replay
from gatebook.policy.request import Request
from gatebook.policy.rules import Rule
from gatebook.policy.selectors import Selector

SIZES = (10, 100, 1000)
ROUNDS, BLOCK = 41, 50
ARGUMENTS = json.dumps({"query": "select id from customers where region = 'north'", "limit": 50, "format": "csv"}).encode()
GOALS_US = {100: 60.0, 1000: 120.0}
Figures = dict[int, dict[str, float]]
_PEERS_PROGRAM = Path(__file__).with_name("policy_peers.py")
_PEER_S_MAX = 60
GROUPS = ("engineering", "everyone-berlin", "on-call")


def rules(size: int) -> tuple[Rule, ...]:
    """Return `size` rules, two of which match the measured call."""
    own = Selector(groups=("engineering",), connectors=("warehouse",), tools=("run_*",))
    chosen = [
        Rule(id="allow-it", effect="allow", selector=own),
        Rule(
            id="cap", effect="deny", selector=Selector(connectors=("warehouse",), tools=("*query*",)), when="args.?limit.orValue(0) > 1000"
        ),
    ]
    for number in range(size - 2):
        selector = Selector(
            groups=(f"group-{number % 97}",), connectors=(f"connector-{number % 40}", "ware*"), tools=(f"tool_{number}_*", "run_*")
        )
        when = f"args.?amount.orValue(0) > {number}" if number % 5 == 0 else None
        chosen.append(Rule(id=f"rule-{number}", effect="deny" if number % 2 else "allow", selector=selector, when=when))
    return tuple(chosen)


def asking(number: int, limit: int | None = None, tool: str = "") -> Request:
    """Return a call; another number is another person, and mostly another tool."""
    arguments = ARGUMENTS if limit is None else ARGUMENTS.replace(b"50", str(limit).encode())
    return Request(
        person=f"person-{number}",
        email=f"p{number}@corp.example",
        groups=GROUPS,
        client="Cursor",
        connector="warehouse",
        tool=tool or f"run_query_{number % 500}",
        arguments=arguments,
        time_us=1_767_614_400_000_000,
        source_ip="10.1.2.3",
    )


def median_us(call: Callable[[Any], object], subjects: list[Any]) -> float:
    """Return the median over rounds of the mean time of one call, over blocks of fresh subjects."""
    figures = []
    for number in range(ROUNDS):
        block = [subjects[(number * BLOCK + at) % len(subjects)] for at in range(BLOCK)]
        began = time.process_time()
        for subject in block:
            call(subject)
        figures.append((time.process_time() - began) / BLOCK * 1e6)
    return statistics.median(figures)


def ours(size: int) -> dict[str, float]:
    """Measure a bundle of this size."""
    began = time.process_time()
    bundle = Bundle.compile(
        Sources(access=(AccessRules(connector="warehouse", groups=("engineering",)),), rules=rules(size), default="deny", hash="0" * 16)
    )
    compile_ms = (time.process_time() - began) * 1e3
    calls = [asking(number) for number in range(ROUNDS * BLOCK)]
    assert bundle.decide(calls[0]).rule == "allow-it"
    assert bundle.decide(asking(0, limit=5000)).rule == "cap"
    candidates = bundle.candidates(calls[0])
    return {
        "compile_ms": compile_ms,
        "allowed_us": median_us(bundle.decide, calls),
        "unseen_tool_us": median_us(bundle.decide, [asking(number, tool=f"run_query_new_{number}") for number in range(ROUNDS * BLOCK)]),
        "denied_us": median_us(bundle.decide, [asking(number, limit=5000) for number in range(ROUNDS * BLOCK)]),
        "cached_us": median_us(candidates.decide, calls),
        "visible_us": median_us(bundle.visible, calls),
        "candidates_us": median_us(bundle.candidates, calls),
    }


def replayed_per_s(size: int) -> float:
    """Return calls per second of a replay against a bundle of this size, the median of some runs. Callers and tools come back, as in a log."""
    sources = Sources(
        access=(AccessRules(connector="warehouse", groups=("engineering",)),), rules=rules(size), default="deny", hash="0" * 16
    )
    bundle = Bundle.compile(sources)
    calls = [PastCall(id=str(n), request=asking(n % 200, limit=n), effect="allowed", rule="x") for n in range(20_000)]
    figures = []
    for _ in range(5):
        began = time.process_time()
        report = replay(calls, bundle)
        figures.append(len(calls) / (time.process_time() - began))
        assert report.changed == sum(n > 1000 for n in range(20_000))
    return statistics.median(figures)


def _cedar(python: str, size: int) -> float | None:
    """Return what cedarpy takes in microseconds, in an interpreter that has it; None when that does not succeed."""
    try:
        done = subprocess.run([python, str(_PEERS_PROGRAM), str(size)], capture_output=True, timeout=_PEER_S_MAX, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        print(f"cedarpy, {size} rules: not measured: {error}", file=sys.stderr)
        return None
    return float(done.stdout)


def measure(peers: str | Path | None) -> Figures:
    """Measure bundles of all sizes, and cedarpy with the interpreter `peers`."""
    figures: Figures = {}
    for size in SIZES:
        print(f"  policy, {size} rules        ", end="\r", file=sys.stderr, flush=True)
        figures[size] = ours(size) | {"replay_per_s": replayed_per_s(size)}
        cedar = _cedar(str(peers), size) if peers else None
        if cedar is not None:
            figures[size]["cedarpy_us"] = cedar
    return figures


def missed(figures: Figures) -> bool:
    """Whether a goal was missed."""
    return any(figures[size]["allowed_us"] > goal for size, goal in GOALS_US.items())


def render(figures: Figures) -> str:
    """Return the table: microseconds, except where the name says otherwise."""
    names = dict.fromkeys(name for row in figures.values() for name in row)
    lines = [("", *(f"{size} rules" for size in figures))]
    for name in names:
        lines.append((name, *(f"{row[name]:.1f}" if name in row else "-" for row in figures.values())))
    if "cedarpy_us" in names:
        lines.append(
            (
                "cedarpy_us / allowed_us",
                *(f"{row['cedarpy_us'] / row['allowed_us']:.0f}" if "cedarpy_us" in row else "-" for row in figures.values()),
            )
        )
    goals = [
        f"{'met   ' if figures[size]['allowed_us'] <= goal else 'MISSED'}  one decision with {size} rules, us: {figures[size]['allowed_us']:.0f}   goal: at most {goal:.0f}"
        for size, goal in GOALS_US.items()
    ]
    head = f"Conditions: {default_engine().name}; medians of {ROUNDS} rounds of {BLOCK} calls, each of another person."
    return "\n".join([head, "", *table(lines), "", *goals])


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--peers", help="an interpreter with cedarpy")
    args = parser.parse_args()
    figures = measure(args.peers)
    print(render(figures))
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(missed(figures))


if __name__ == "__main__":
    sys.exit(main())
