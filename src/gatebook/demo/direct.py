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

import httpx2
import psutil

from gatebook.control.key_files import read_master_key
from gatebook.demo import history, players, tally
from gatebook.demo.browser import CLAUDE, LOOPBACK, App, Browser
from gatebook.demo.cast import PLAYERS
from gatebook.demo.company import CompanyDirectory
from gatebook.demo.host import Host, ask_for_access, issue_papers
from gatebook.demo.leaving import last_day
from gatebook.demo.players import Crew
from gatebook.demo.stage import Stage, stage
from gatebook.settings import load

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
    for folder in (work, data):
        folder.mkdir(parents=True, exist_ok=True)
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
            (work / "identity.yaml").write_text(set_up.identity_provider())
            await gatebook(data, "apply", "-f", str(work / "identity.yaml"), "--reason", "demo")
            host = Host(data, addresses)
            async with CompanyDirectory(host) as directory:
                await directory.send_everybody()
                crews = await _hire(host, set_up)
                await issue_papers(host)
                guests = await _sign_in(host, crews)
                await _burst(crews, addresses, args)
                leaver = await last_day(host, directory, set_up)
            await ask_for_access(host)
            if not args.once:
                return await _go_on(crews, addresses)
        found = await _verdict(data, [*crews, *guests, leaver])
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


async def _hire(host: Host, set_up: Stage) -> list[Crew]:
    crews = []
    for number, player in enumerate(PLAYERS):
        token, _ = await host.token(player.email, player.client, "mcp")
        crews.append(Crew(player, set_up, host.mcp_url, token, seed=1000 + number))
    return crews


async def _sign_in(host: Host, crews: list[Crew]) -> list[Crew]:
    """Have two people let an app call tools for them, by signing in; they connect accounts of their own. Their calls by these apps are counted too."""
    signed_in = []
    for crew, app, redirect in ((crews[-1], "Claude", CLAUDE), (crews[2], "Claude Code", LOOPBACK)):
        async with Browser(host.console_url, crew.player) as browser:
            if "tickets" in crew.player.connectors:
                await browser.connect("tickets")
            token = await browser.allow(await App.registered(host.console_url, app, redirect), host.mcp_url)
        async with Crew(crew.player, crew.stage, host.mcp_url, token, seed=2000) as by_app:
            await by_app.act()
        signed_in.append(by_app)
    return signed_in


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
    """Return as whom to sign in: one who sees everything, one who sees their team, and one who sees their own."""
    players = [crew.player for crew in crews]
    all_of_it = next(one for one in players if {"admins", "security"} <= set(one.groups))
    leads = next(one for one in players if "team-leads" in one.groups)
    employee = next(one for one in players if len(one.groups) == 1 and not one.manager)
    return (
        f"             as {all_of_it.name}, who reads and administers everything; {leads.name} sees what a team lead sees,\n"
        f"             {employee.name} what everybody sees: their own calls, connections and tokens"
    )


async def _go_on(crews: list[Crew], addresses: _Addresses) -> int:
    """Live traffic at a low rate, until Ctrl-C."""
    print(
        f"\n  Sign in    {addresses['console_url']}/login\n{_names(crews)}\n             {len(crews)} people go on working, about one call a second"
    )
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
        print("  identity   " + ", ".join(f"{found[name]} {name.replace('_', ' ')}" for name in tally.IDENTITY))
        print("  findings   " + ", ".join(f"{count} {detector}" for detector, count in found["findings"].items()))
        print("  waiting    " + ", ".join(found["quarantined"]))
    for text in found["disagreements"]:
        say(f"gatebook demo: {text}")
    return 1 if found["disagreements"] else 0
