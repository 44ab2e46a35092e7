"""Runs the MCP conformance suite against the fixture directly and through the gateway, and lays the outcomes side by side.

    python -m conformance [--json] [--direct] [--requirements 2025-11-25] [--authorization]

Runs its scenarios for authorization servers as well, against the keeper.
Exit code: 0 when the same checks pass both ways, all scored scenarios pass and every message of the run is in the log;
1 when not; 77 when Node cannot be had here. There is no list of expected failures.
"""

import argparse
import asyncio
import json
import sys
from dataclasses import dataclass
from typing import Any

from conformance import authorization, node, recorded, servers, suite, upstream
from conformance.tap import Message, Tap


@dataclass
class Side:
    """One requirement set, both ways; `gateway` is None when only the direct way was run."""

    requirements: str
    unscored: set[str]
    direct: suite.Run
    gateway: suite.Run | None = None

    def scenarios(self) -> list[str]:
        """Return the scenarios of either way, in the order in which they ran."""
        return list(self.direct.checks | (self.gateway.checks if self.gateway else {}))

    def same(self, scenario: str) -> bool:
        """Say whether all checks of a scenario ended the same way."""
        return self.gateway is None or self.direct.checks.get(scenario) == self.gateway.checks.get(scenario)

    def passed(self) -> bool:
        """Say whether the scored scenarios passed and nothing differs."""
        runs = [run for run in (self.direct, self.gateway) if run]
        return all(run.exit_code == 0 for run in runs) and all(map(self.same, self.scenarios()))


async def run_all(requirements: list[str], direct_only: bool) -> tuple[list[Side], recorded.Comparison | None]:
    """Run each requirement set directly, then all of them through one gateway; compares its log with what passed."""
    async with servers.fixture() as fixture:
        sides = [Side(each, await suite.unscored(each), await suite.run(fixture, each)) for each in requirements]
        if direct_only:
            return sides, None
        async with servers.gateway(fixture) as gateway:
            messages: list[Message] = []
            for side in sides:
                async with Tap(gateway.url) as tap:
                    side.gateway = await suite.run(tap.url, side.requirements)
                    messages += tap.messages
            await gateway.stop()
            return sides, recorded.compare(messages, recorded.read_log(gateway.data))


def print_table(side: Side) -> None:
    """Print the scenarios of one requirement set, then the checks that differ and the scored ones that failed."""
    print(f"\nRequirements {side.requirements}")
    print(f"{'scenario':48} {'direct':>11} {'gateway':>11}  same")
    for scenario in side.scenarios():
        name = scenario + (" (not scored)" if scenario in side.unscored else "")
        print(f"{name:48} {_score(side.direct, scenario)} {_score(side.gateway, scenario)}  {'yes' if side.same(scenario) else 'NO'}")
    print(f"{'total':48} {_score(side.direct)} {_score(side.gateway)}  {'yes' if all(map(side.same, side.scenarios())) else 'NO'}")
    for line in _explain(side):
        print(line)


def _score(run: suite.Run | None, scenario: str | None = None) -> str:
    """Return passed/failed."""
    if run is None:
        return f"{'-':>11}"
    count = run.total if scenario is None else lambda status: run.count(scenario, status)
    return f"{count('SUCCESS'):>5}/{count('FAILURE'):<5}"


def _explain(side: Side) -> list[str]:
    lines = []
    for way, run in (("direct", side.direct), ("gateway", side.gateway)):
        for scenario, checks in run.checks.items() if run else ():
            for check in checks:
                if check.status == "FAILURE" and (scenario not in side.unscored or not side.same(scenario)):
                    lines.append(f"  {way}: {scenario}: {check.id} failed: {check.message[:300]}")
    return lines


def print_authorization(run: suite.Run) -> None:
    """Print the scenarios for authorization servers."""
    print(f"\n{'authorization server':48} {'keeper':>11}")
    for scenario, checks in run.checks.items():
        print(f"{scenario:48} {_score(run, scenario)}")
        for check in checks:
            if check.status == "FAILURE":
                print(f"  {check.id} failed: {check.message[:300]}")


def print_log(comparison: recorded.Comparison) -> None:
    """Print how many messages of the run are in the log."""
    print(f"\n{'messages through the gateway':30} {'seen':>6} {'in the log':>11} {'in the log only':>16}")
    for kind in sorted(comparison.seen | comparison.in_log_only):
        print(f"{kind:30} {comparison.seen[kind]:>6} {comparison.found[kind]:>11} {comparison.in_log_only[kind]:>16}")
    for line in comparison.missing[:50]:
        print(f"  not in the log: {line}")


def report(sides: list[Side], comparison: recorded.Comparison | None, passed: bool, keeper: suite.Run | None = None) -> dict[str, Any]:
    """Return the outcome as JSON; `keeper`: of the scenarios for authorization servers."""
    return {
        "authorization": _summary(keeper) if keeper else None,
        "passed": passed,
        "requirements": {
            side.requirements: {
                "same": all(map(side.same, side.scenarios())),
                "unscored": sorted(side.unscored),
                **{way: _summary(run) for way, run in (("direct", side.direct), ("gateway", side.gateway)) if run},
            }
            for side in sides
        },
        "log": vars(comparison) if comparison else None,
    }


def _summary(run: suite.Run) -> dict[str, Any]:
    checks = {name: [[check.id, check.status] for check in found] for name, found in run.checks.items()}
    return {"exit_code": run.exit_code, "passed": run.total("SUCCESS"), "failed": run.total("FAILURE"), "checks": checks}


def main() -> int:
    """Run; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--direct", action="store_true", help="leave the gateway out")
    parser.add_argument("--requirements", action="append", choices=suite.REQUIREMENTS, help="one set alone")
    parser.add_argument("--authorization", action="store_true", help="the scenarios for authorization servers alone")
    chosen = parser.parse_args()
    wanted = [] if chosen.authorization else chosen.requirements or list(suite.REQUIREMENTS)
    try:
        sides, comparison = asyncio.run(run_all(wanted, chosen.direct)) if wanted else ([], None)
        keeper = None if chosen.direct or chosen.requirements else asyncio.run(authorization.run())
        connecting = None if chosen.direct or chosen.requirements or chosen.authorization else asyncio.run(upstream.run())
    except node.NodeMissing as error:
        print(f"SKIPPED: the conformance suite did not run: {error}", file=sys.stderr)
        return node.EXIT_SKIPPED
    except RuntimeError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 1
    passed = all(side.passed() for side in sides) and not (comparison and comparison.missing) and not (keeper and keeper.exit_code)
    passed = passed and (not connecting or upstream.passed(connecting))
    if chosen.json:
        told = report(sides, comparison, passed, keeper) | ({"connecting": _summary(connecting)} if connecting else {})
        print(json.dumps(told, indent=1))
        return 0 if passed else 1
    for side in sides:
        print_table(side)
    if comparison:
        print_log(comparison)
    if keeper:
        print_authorization(keeper)
    if connecting:
        upstream.print_table(connecting)
    print(f"\nconformance: {'passed' if passed else 'FAILED'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
