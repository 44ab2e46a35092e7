"""Runs the suite's client scenarios of authorization against Gatebook as a client of connectors: discovery, registration, tokens, step-up.

    python -m conformance.upstream [SCENARIO ...]

One gateway with two workers serves all scenarios; conformance/upstream_client.py is the command that the suite runs. Exit code as for the rest.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp

from conformance import node, servers, suite
from conformance.upstream_client import PLACE

REQUIREMENTS = "2026-07-28"
# The suite expects clients that have a metadata document to name this one; the console is known to the world by its host.
_OUTSIDE = "https://conformance-test.local"
_WHO = "ada@example.com"
_AT_ONCE = 2


async def scenarios() -> list[str]:
    """The scored client scenarios of authorization."""
    _, output = await suite.call("list", "--requirements", REQUIREMENTS)
    scored = output.partition("Client scenarios")[2].partition("never scored")[0]
    return re.findall(r"- (auth/\S+)", scored)


async def run(names: Sequence[str] = ()) -> suite.Run:
    """Run scenarios, all that are scored when none is named. Raises NodeMissing, RuntimeError."""
    wanted = list(names) or await scenarios()
    checks: dict[str, list[suite.Check]] = {}
    turn, codes, said = asyncio.Semaphore(_AT_ONCE), [], []
    async with _gateway() as place:

        async def one(name: str) -> None:
            async with turn:
                code, found, output = await suite.run_client(name, REQUIREMENTS, f"{sys.executable} -m conformance.upstream_client", place)
            codes.append(code)
            checks[name] = found
            said.append(output)

        await asyncio.gather(*(one(name) for name in wanted))
    return suite.Run(max(codes), {name: checks[name] for name in wanted}, "\n".join(said))


@asynccontextmanager
async def _gateway() -> AsyncIterator[dict[str, str]]:
    """A running gateway and somebody who is signed in; yields the environment of the client under test."""
    extra = f'public_url = "{_OUTSIDE}"\n'
    async with servers.gateway("http://127.0.0.1:9/mcp", "token", workers=2, console=extra) as gateway:
        made = json.loads(await servers.gatebook(gateway.data, "token", "create", _WHO, "--json"))
        link = re.search(r"#(\S+)", await servers.gatebook(gateway.data, "bootstrap", _WHO))
        assert link is not None
        place = {
            "data": str(gateway.data),
            "mcp": gateway.url.removesuffix("/mcp/fixture"),
            "console": gateway.console_url,
            "outside": _OUTSIDE,
            "token": made["token"],
            "session": await sign_in(gateway.console_url, _OUTSIDE, link[1]),
        }
        yield {**os.environ, PLACE: json.dumps(place), "PYTHONPATH": os.pathsep.join([str(node.ROOT / "src"), str(node.ROOT)])}


async def sign_in(console: str, outside: str, secret: str) -> str:
    """Use a one-time link up as a browser does; returns the session of the cookie. Raises RuntimeError."""
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
        http.post(f"{console}/sign-in", data={"secret": secret}, headers={"origin": outside}, allow_redirects=False) as answer,
    ):
        cookie = re.search(r"gatebook=([^;]+)", answer.headers.get("set-cookie", ""))
    if cookie is None:
        raise RuntimeError(f"nobody could sign in: HTTP {answer.status}")
    return cookie[1]


def print_table(found: suite.Run) -> None:
    """Print the scenarios and what failed in them."""
    print(f"\nConnecting to connectors, requirements {REQUIREMENTS}")
    print(f"{'scenario':48} {'passed':>7} {'failed':>7} {'warned':>7}")
    for name in found.checks:
        numbers = [found.count(name, status) for status in ("SUCCESS", "FAILURE", "WARNING")]
        print(f"{name:48} {numbers[0]:>7} {numbers[1]:>7} {numbers[2]:>7}")
    for name, checks in found.checks.items():
        for check in checks:
            if check.status in ("FAILURE", "WARNING"):
                print(f"  {name}: {check.id} {check.status.lower()}: {check.message[:300]}")


def passed(found: suite.Run) -> bool:
    """Whether every scenario ran and nothing in it failed or was warned about."""
    return found.exit_code == 0 and all(found.checks.values()) and not found.total("FAILURE") and not found.total("WARNING")


def main() -> int:
    """Run; returns the exit code."""
    try:
        found = asyncio.run(run(sys.argv[1:]))
    except node.NodeMissing as error:
        print(f"SKIPPED: {error}", file=sys.stderr)
        return node.EXIT_SKIPPED
    print_table(found)
    if not passed(found):
        print(found.output[-6000:])
    return 0 if passed(found) else 1


if __name__ == "__main__":
    sys.exit(main())
