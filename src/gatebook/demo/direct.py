"""Runs the demo: sets the stage, starts the product, lets the people work, and says where to look."""

import argparse
import asyncio
import contextlib
import json
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import psutil

from gatebook.control.key_files import read_master_key
from gatebook.control.office import keeper_client
from gatebook.demo import history, players, tally
from gatebook.demo.cast import PLAYERS
from gatebook.demo.identity import subject_of
from gatebook.demo.players import Crew
from gatebook.demo.stage import Stage, stage
from gatebook.identity import accounts
from gatebook.settings import load
from gatebook.state.store import Store, bump

_CALLS_MIN = 300
_READY_S = 90.0
_INDEX_WAIT_S = 60.0
_SETTINGS = "[mcp]\nport = {mcp_port}\n\n[console]\nport = {console_port}\n\n[limits]\ndrain_s = 3\n\n[log]\nsegment_bytes = 4194304\nreserve_bytes = 1048576\n"
_Addresses = dict[str, Any]


def say(text: str) -> None:
    """Tell the person at the terminal what happens."""
    print(text, file=sys.stderr, flush=True)


async def run(args: argparse.Namespace) -> int:
    """Run the demo; returns the exit code."""
    work = Path(tempfile.mkdtemp(prefix="gatebook-demo-")) if args.data is None else args.data / "stage"
    data = work / "data" if args.data is None else args.data
    shutil.rmtree(work / "stock-service", ignore_errors=True)
    shutil.rmtree(work / "shared-files", ignore_errors=True)
    data.mkdir(parents=True, exist_ok=True)
    try:
        return await _play(args, work, data)
    finally:
        if args.data is None:
            shutil.rmtree(work, ignore_errors=True)


async def _play(args: argparse.Namespace, work: Path, data: Path) -> int:
    (data / "gatebook.toml").write_text(_SETTINGS.format(mcp_port=args.mcp_port, console_port=args.console_port))
    async with stage(work, args.node_modules) as set_up:
        for missing in set_up.missing:
            say(f"Not in this demo: {missing}")
        await _invent_past(args, data)
        async with _product(data) as addresses:
            say("Gatebook runs; making connectors and tokens …")
            (work / "connectors.yaml").write_text(set_up.connectors())
            await gatebook(data, "apply", "-f", str(work / "connectors.yaml"), "--reason", "demo")
            await _govern(data, work)
            crews = await _hire(data, set_up, addresses["mcp_url"])
            await _papers(data)
            await _provision(data, work, set_up)
            await _burst(crews, addresses, args)
            await _ask_for_access(data)
            if not args.once:
                return await _go_on(crews, addresses)
        found = await _verdict(data, crews)
    return _report(found, as_json=args.json)


async def _govern(data: Path, work: Path) -> None:
    """Put policies and guardrails in force: one of them is changed once more, so that it has a history."""
    final, first = Path(__file__).with_name("governance.yaml"), work / "governance.yaml"
    first.write_text(final.read_text().replace("calls_max: 4,", "calls_max: 40,"))
    await gatebook(data, "apply", "-f", str(first), "--reason", "demo")
    await gatebook(data, "apply", "-f", str(final), "--reason", "forty exports a minute were too many")


async def _invent_past(args: argparse.Namespace, data: Path) -> None:
    """Write the weeks before today, unless that was done for this directory, or counts are to be compared."""
    if args.once or not args.past_days or (data / "log" / history.STREAM).exists():
        return
    await gatebook(data, "init")
    settings = load(data / "gatebook.toml", {}, data_dir=data)
    calls = await asyncio.to_thread(history.write, settings, read_master_key(settings), args.past_days, time.time_ns() // 1000)
    say(f"Invented {calls:,} calls of the last {args.past_days} days, in the stream {history.STREAM}.")


@contextlib.asynccontextmanager
async def _product(data: Path) -> AsyncIterator[_Addresses]:
    """Start `gatebook up` and stop it as an operator would."""
    log = (data / "up.log").open("ab")
    process = await asyncio.create_subprocess_exec(*_command(data, "up", "--json"), stdout=asyncio.subprocess.PIPE, stderr=log)
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), _READY_S)
        if not line:
            raise RuntimeError(f"gatebook up did not start; see {data / 'up.log'}")
        addresses: _Addresses = json.loads(line)
        yield addresses
    finally:
        log.close()
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def gatebook(data: Path, *words: str) -> str:
    """Run one verb of the command line; returns what it printed. Raises RuntimeError with its words when it fails."""
    process = await asyncio.create_subprocess_exec(*_command(data, *words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
    out, err = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"gatebook {words[0]} failed: {(err or out).decode().strip()}")
    return out.decode()


def _command(data: Path, verb: str, *words: str) -> list[str]:
    return [sys.executable, "-m", "gatebook", verb, "--data", str(data), *words]


async def _hire(data: Path, set_up: Stage, url: str) -> list[Crew]:
    crews = []
    for number, player in enumerate(PLAYERS):
        words = ("--groups", ",".join(player.groups), "--person-name", player.name, "--name", player.client, "--scope", "mcp", "--json")
        token = json.loads(await gatebook(data, "token", "create", player.email, *words))["token"]
        crews.append(Crew(player, set_up, url, token, seed=1000 + number))
    return crews


async def _provision(data: Path, work: Path, set_up: Stage) -> None:
    """Enter the people as a directory would, so that they can sign in at the identity provider, and make that known."""
    with contextlib.closing(Store.open(load(data / "gatebook.toml", {}, data_dir=data).state_path, create=False)) as store:
        with store.write() as connection:
            for player in PLAYERS:
                wanted = accounts.Wanted(id=player.email, email=player.email, name=player.name)
                accounts.put_provisioned(connection, wanted, subject_of(player.email), time.time_ns() // 1000)
            bump(connection)
    (work / "identity.yaml").write_text(set_up.identity_provider())
    await gatebook(data, "apply", "-f", str(work / "identity.yaml"), "--reason", "demo")


async def _papers(data: Path) -> None:
    """Tokens beside those that the apps use: one that was lost, one of a script, and a service account with an owner."""
    maya, priya = PLAYERS[0].email, PLAYERS[2].email
    lost = json.loads(await gatebook(data, "token", "create", maya, "--name", "old laptop", "--scope", "mcp", "--json"))
    await gatebook(data, "token", "revoke", lost["id"], "--reason", "left on a train")
    await gatebook(data, "token", "create", maya, "--name", "my statistics", "--scope", "book:read", "--expires", "5d")
    await gatebook(data, "accounts", "put", "nightly-report", "--owner", priya, "--name", "Nightly report", "--groups", "engineering")
    await gatebook(data, "token", "create", "nightly-report", "--name", "cron on build-3", "--scope", "mcp:time", "--scope", "mcp:git")


async def _ask_for_access(data: Path) -> None:
    """Have somebody who was refused ask for access, so that a request is open."""
    keeper = keeper_client(load(data / "gatebook.toml", {}, data_dir=data))
    asked = urlencode({"q": f"person:{PLAYERS[0].email} rule:no-bulk-export decision:blocked", "limit": "1"})
    found = (await asyncio.to_thread(keeper.get, f"/api/v1/calls?{asked}"))["calls"]
    if found:
        order = {"call": found[0]["call_id"], "reason": "The spring mailing needs all customers of Redhill."}
        await asyncio.to_thread(keeper.post, "/api/v1/access-requests", order)


async def _burst(crews: list[Crew], addresses: _Addresses, args: argparse.Namespace) -> None:
    """Let everybody work at once until there are enough calls, and kill a worker in the middle of one."""
    began_s = time.monotonic()
    target = max(_CALLS_MIN, args.calls)

    async def shift(crew: Crew) -> None:
        async with crew:
            await players.special(crew)
            while sum(each.calls for each in crews) < target:
                await crew.act()

    progress = asyncio.create_task(_show_progress(crews, target))
    try:
        await asyncio.gather(*(shift(crew) for crew in crews))
        crews[0].stage.drift()
        async with crews[0]:
            await players.after_the_change(crews[0])
        await _accident(crews[0], addresses)
    finally:
        progress.cancel()
    seen = sum((crew.outcomes for crew in crews), Counter[str]())
    took_s = time.monotonic() - began_s
    say(
        f"\r{sum(crew.calls for crew in crews)} calls in {took_s:.0f} s by {len(crews)} people: "
        + ", ".join(f"{count} {name}" for name, count in seen.most_common())
    )


async def _show_progress(crews: list[Crew], target: int) -> None:
    while sys.stderr.isatty():
        print(f"\r{sum(crew.calls for crew in crews)} of {target} calls ", end="", file=sys.stderr, flush=True)
        await asyncio.sleep(0.2)


async def _accident(crew: Crew, addresses: _Addresses) -> None:
    """Kill a worker while a call is under way: the book must show that call, with an unknown outcome."""

    async def wait_in_vain() -> None:
        async with crew:
            await players.slow(crew)

    # A task of its own, because the SDK's client cancels whoever called when its connection breaks.
    call = asyncio.create_task(wait_in_vain())
    await asyncio.sleep(1.0)
    for child in psutil.Process(addresses["pid"]).children():
        if "worker" in child.cmdline():
            child.send_signal(signal.SIGKILL)
    await asyncio.wait({call}, timeout=10)
    async with asyncio.timeout(_READY_S), httpx2.AsyncClient() as http:
        while not await _healthy(http, addresses["mcp_url"].removesuffix("/mcp") + "/healthz"):  # noqa: ASYNC110 - another process, which sends no event
            await asyncio.sleep(0.2)


async def _healthy(http: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == 200
    except httpx2.TransportError:
        return False


def _names(crews: list[Crew]) -> str:
    """Return the people whom somebody who looks around may want to be: one who reads all, and one who does not."""
    readers = [crew.player for crew in crews if "security" in crew.player.groups]
    others = [crew.player for crew in crews if "security" not in crew.player.groups]
    return f"{readers[0].name}, who reads all calls, or {others[0].name}, who reads their own"


async def _go_on(crews: list[Crew], addresses: _Addresses) -> int:
    """Live traffic at a low rate, until Ctrl-C."""
    print(
        f"\n  Sign in    {addresses['console_url']}/login\n             as {_names(crews)}; {len(crews)} people go on working, about one call a second"
    )
    if "#" in addresses["link"]:
        print(f"  Or         {addresses['link']}\n             opens the console for an administrator, once")
    print(f"  MCP        {addresses['mcp_url']}\n  Data       {addresses['data_dir']}\n  Stop       Ctrl-C\n", flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    chance = crews[0].chance
    async with contextlib.AsyncExitStack() as stack:
        for crew in crews:
            await stack.enter_async_context(crew)
        while not stop.is_set():
            with contextlib.suppress(Exception):
                await chance.choice(crews).act()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), chance.uniform(0.4, 1.6))
    return 0


async def _verdict(data: Path, crews: list[Crew]) -> dict[str, Any]:
    """Count everywhere, now that the product has stopped."""
    found = tally.count_log(data / "log")
    found["calls"] = sum(crew.calls for crew in crews)
    deadline_s = time.monotonic() + _INDEX_WAIT_S
    while True:
        found["indexed"] = json.loads(await gatebook(data, "search", f"method:{tally.CALLS}", "--count", "--json"))["count"]
        if found["indexed"] == found["started"] + found["refused"] or time.monotonic() > deadline_s:
            break
        await asyncio.sleep(1.0)
    report = json.loads(await gatebook(data, "verify", "--json"))
    found["verified"] = report["ok"]
    found["sealed"] = report["tree_size"]
    found["disagreements"] = tally.disagreements(found)
    return found


def _report(found: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        print(json.dumps(found))
    else:
        for name in ("calls", "started", "refused", "finished", "unknown", "indexed", "records", "sealed", "verified"):
            print(f"  {name:<10} {found[name]}")
        print("  outcomes   " + ", ".join(f"{count} {status}" for status, count in found["status"].items()))
        print("  governance " + ", ".join(f"{count} {effect}" for effect, count in found["decisions"].items()))
        print("  findings   " + ", ".join(f"{count} {detector}" for detector, count in found["findings"].items()))
        print("  waiting    " + ", ".join(found["quarantined"]))
    for text in found["disagreements"]:
        say(f"gatebook demo: {text}")
    return 1 if found["disagreements"] else 0
