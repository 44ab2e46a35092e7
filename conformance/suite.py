"""Runs the conformance suite against one URL and reads its checks."""

import asyncio
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from conformance import node

REQUIREMENTS = ("2025-11-25", "2026-07-28")
_RUN_TIMEOUT_S = 900
_DIRECTORY = re.compile(r"server-(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z")
# What `list` says before the scenarios that a revision runs but does not score, one per line as "- name [server]".
_UNSCORED = "never scored"


@dataclass(frozen=True)
class Check:
    """One check of one scenario: its id, its name and how it ended (SUCCESS, FAILURE, WARNING, SKIPPED or INFO)."""

    id: str
    name: str
    status: str
    message: str = field(default="", compare=False)


@dataclass(frozen=True)
class Run:
    """One run of one requirement set. `exit_code` is 0 when all scored scenarios passed."""

    exit_code: int
    checks: dict[str, list[Check]]
    output: str

    def count(self, scenario: str, status: str) -> int:
        """Count the checks of a scenario that ended so."""
        return sum(check.status == status for check in self.checks.get(scenario, []))

    def total(self, status: str) -> int:
        """Count the checks of all scenarios that ended so."""
        return sum(self.count(scenario, status) for scenario in self.checks)


async def unscored(requirements: str) -> set[str]:
    """Return the scenarios that the suite runs and does not score."""
    _, output = await call("list", "--requirements", requirements)
    _, _, rest = output.partition(_UNSCORED)
    return set(re.findall(r"- (\S+) \[server\]", rest))


async def run(url: str, requirements: str) -> Run:
    """Run one requirement set against the server at `url`. Raises NodeMissing, and RuntimeError when no scenario ran."""
    with tempfile.TemporaryDirectory(prefix="gatebook-conformance-") as out:
        exit_code, output = await call("server", "--url", url, "--requirements", requirements, "-o", out)
        checks = {}
        for directory in sorted(Path(out).iterdir()):
            if match := _DIRECTORY.fullmatch(directory.name):
                checks[match["scenario"]] = read_checks(directory / "checks.json")
    if not checks:
        raise RuntimeError(f"the suite ran no scenario of {requirements} against {url}:\n{output[-2000:]}")
    return Run(exit_code, checks, output)


def read_checks(path: Path) -> list[Check]:
    """Read the checks of one scenario."""
    found = json.loads(path.read_bytes())
    return [Check(check["id"], check["name"], check["status"], check.get("errorMessage", "")) for check in found]


def command(*words: str) -> list[str]:
    """The command line of the suite, which is installed first. Raises NodeMissing."""
    script = node.install(node.SUITE) / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    return [str(node.binary()), str(script), *words]


async def run_client(scenario: str, requirements: str, client: str, environment: Mapping[str, str]) -> tuple[int, list[Check], str]:
    """Run one client scenario with the command `client`; returns exit code, checks and output."""
    with tempfile.TemporaryDirectory(prefix="gatebook-conformance-") as out:
        words = ("client", "--command", client, "--scenario", scenario, "--spec-version", requirements, "-o", out, "--verbose")
        exit_code, output = await call(*words, environment=environment)
        found = sorted(Path(out).glob("**/checks.json"))
        return exit_code, read_checks(found[0]) if found else [], output


async def call(*words: str, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run the suite's own command line; returns exit code and output."""
    process = await asyncio.create_subprocess_exec(
        *command(*words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=environment
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _RUN_TIMEOUT_S)
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    return process.returncode or 0, output.decode(errors="replace")
