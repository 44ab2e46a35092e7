"""Cost of one decision of policy, in microseconds, beside Cedar (cedarpy) where that is installed. Run: `python -m bench.policy [--json FILE]`.

The bundle: one rule that allows and one that denies by an argument match the call, among others that do not; a fifth of all has a condition.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        began = time.perf_counter()
        for subject in block:
            call(subject)
        figures.append((time.perf_counter() - began) / BLOCK * 1e6)
    return statistics.median(figures)


def ours(size: int) -> dict[str, float]:
    """Measure a bundle of this size."""
    began = time.perf_counter()
    bundle = Bundle.compile(
        Sources(access=(AccessRules(connector="warehouse", groups=("engineering",)),), rules=rules(size), default="deny", hash="0" * 16)
    )
    compile_ms = (time.perf_counter() - began) * 1e3
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
        began = time.perf_counter()
        report = replay(calls, bundle)
        figures.append(len(calls) / (time.perf_counter() - began))
        assert report.changed == sum(n > 1000 for n in range(20_000))
    return statistics.median(figures)


def cedar(size: int) -> dict[str, float]:
    """Measure cedarpy with the same rules, as near as its language comes; an empty answer without it."""
    try:
        import cedarpy
    except ImportError:
        return {}
    texts = [
        'permit(principal in Group::"engineering", action, resource in Connector::"warehouse");',
        'forbid(principal, action, resource in Connector::"warehouse") when { context.limit > 1000 };',
    ]
    for number in range(size - 2):
        when = f" when {{ context.amount > {number} }}" if number % 5 == 0 else ""
        texts.append(
            f'{"forbid" if number % 2 else "permit"}(principal in Group::"group-{number % 97}", action, resource in Connector::"connector-{number % 40}"){when};'
        )
    policies = cedarpy.PolicySet.from_str("\n".join(texts))
    people = [{"uid": {"type": "Group", "id": group}, "attrs": {}, "parents": []} for group in GROUPS]

    def decide(number: int) -> object:
        entities = [
            *people,
            {"uid": {"type": "Person", "id": f"p{number}"}, "attrs": {}, "parents": [one["uid"] for one in people]},
            {"uid": {"type": "Connector", "id": "warehouse"}, "attrs": {}, "parents": []},
            {"uid": {"type": "Tool", "id": "run_query"}, "attrs": {}, "parents": [{"type": "Connector", "id": "warehouse"}]},
        ]
        request = {
            "principal": f'Person::"p{number}"',
            "action": 'Action::"call"',
            "resource": 'Tool::"run_query"',
            "context": {"limit": 50, "amount": 0},
        }
        return cedarpy.is_authorized(request, policies, entities)

    answer: Any = decide(0)
    assert answer.allowed, answer
    return {"allowed_us": median_us(decide, list(range(ROUNDS * BLOCK)) if size < 1000 else list(range(BLOCK)))}


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    figures = {}
    print(f"engine of conditions: {default_engine().name}; medians of {ROUNDS} rounds of {BLOCK} calls, each of another person")
    for size in SIZES:
        own, peer = ours(size), cedar(size)
        figures[str(size)] = {"gatebook": own, "cedar": peer}
        own["replay_per_s"] = replayed_per_s(size)
        print(f"\n{size} rules")
        for name, value in own.items():
            print(f"  {name:<16}{value:>10.1f}")
        if peer:
            print(f"  {'cedarpy':<16}{peer['allowed_us']:>10.1f}   {peer['allowed_us'] / own['allowed_us']:.0f} times")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
