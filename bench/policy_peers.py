"""Cedar with the rules of `bench.policy`, as near as its language comes. Runs with an interpreter that has cedarpy: `python policy_peers.py RULES` prints microseconds of CPU."""

import importlib
import statistics
import sys
import time
from typing import Any

_GROUPS = ("engineering", "everyone-berlin", "on-call")
_ROUNDS, _BLOCK = 21, 20


def main() -> None:
    """Measure the given number of rules."""
    cedarpy: Any = importlib.import_module("cedarpy")
    policies = cedarpy.PolicySet.from_str("\n".join(_rules(int(sys.argv[1]))))
    answer = cedarpy.is_authorized(*_asking(0, policies))
    assert answer.allowed, answer
    figures = []
    for number in range(_ROUNDS):
        began = time.process_time()
        for at in range(_BLOCK):
            cedarpy.is_authorized(*_asking(number * _BLOCK + at, policies))
        figures.append((time.process_time() - began) / _BLOCK * 1e6)
    print(statistics.median(figures))


def _rules(size: int) -> list[str]:
    texts = [
        'permit(principal in Group::"engineering", action, resource in Connector::"warehouse");',
        'forbid(principal, action, resource in Connector::"warehouse") when { context.limit > 1000 };',
    ]
    for number in range(size - 2):
        effect, group, connector = "forbid" if number % 2 else "permit", f"group-{number % 97}", f"connector-{number % 40}"
        when = f" when {{ context.amount > {number} }}" if number % 5 == 0 else ""
        texts.append(f'{effect}(principal in Group::"{group}", action, resource in Connector::"{connector}"){when};')
    return texts


def _asking(number: int, policies: object) -> tuple[dict[str, object], object, list[dict[str, object]]]:
    """Return what one decision is asked with: request, policies, and the person with the groups."""
    groups: list[dict[str, object]] = [{"uid": {"type": "Group", "id": group}, "attrs": {}, "parents": []} for group in _GROUPS]
    connector = {"type": "Connector", "id": "warehouse"}
    entities: list[dict[str, object]] = [
        *groups,
        {"uid": {"type": "Person", "id": f"p{number}"}, "attrs": {}, "parents": [group["uid"] for group in groups]},
        {"uid": connector, "attrs": {}, "parents": []},
        {"uid": {"type": "Tool", "id": "run_query"}, "attrs": {}, "parents": [connector]},
    ]
    request: dict[str, object] = {
        "principal": f'Person::"p{number}"',
        "action": 'Action::"call"',
        "resource": 'Tool::"run_query"',
        "context": {"limit": 50, "amount": 0},
    }
    return request, policies, entities


if __name__ == "__main__":
    main()
