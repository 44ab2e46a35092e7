"""`gatebook up`: everything on this machine, with embedded parts only."""

import argparse
import asyncio
import contextlib
import json
import os
import sys

from gatebook import __version__
from gatebook.cli.get import when
from gatebook.cli.init import prepare
from gatebook.cli.main import Problem, read_settings
from gatebook.control import office
from gatebook.processes.listeners import reserve
from gatebook.processes.supervised import StopRequest
from gatebook.processes.supervisor import Child, InstanceLock
from gatebook.settings import Settings, load
from gatebook.settings_source import variable

_READY_S = 60.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb."""
    parser.add_argument("--json", action="store_true", help="once it runs, print the addresses as one line of JSON")


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM or Ctrl-C."""
    settings = read_settings(args)
    for line in prepare(settings):
        print(line, file=sys.stderr)
    if not InstanceLock(str(settings.run_dir / "up.lock")).take():
        raise Problem(f"`gatebook up` runs already with {settings.data_dir}")
    with asyncio.Runner() as runner:
        return runner.run(_supervise(args, settings))


async def _supervise(args: argparse.Namespace, settings: Settings) -> int:
    stop = StopRequest()
    stop.listen()
    with contextlib.closing(reserve(settings.mcp.host, settings.mcp.port)) as mcp:
        with contextlib.closing(reserve(settings.console.host, settings.console.port)) as console:
            ports = {"mcp.port": mcp.getsockname()[1], "console.port": console.getsockname()[1]}
        environ = {**os.environ, **{variable(name): str(port) for name, port in ports.items()}}
        keeper, workers = _children(args, settings, environ)
        for child in (keeper, *workers):
            child.start()
        try:
            waiting = asyncio.create_task(_announce(args, settings, environ, [keeper, *workers]))
            await stop.wait()
            waiting.cancel()
        finally:
            # Workers first: the keeper then seals and indexes all that they wrote.
            await asyncio.gather(*(worker.stop() for worker in workers))
            await keeper.stop()
    return 0


def _children(args: argparse.Namespace, settings: Settings, environ: dict[str, str]) -> tuple[Child, list[Child]]:
    base = [sys.executable, "-m", "gatebook"]
    places = ["--data", str(settings.data_dir)]
    if args.config is not None:
        places += ["--config", str(args.config)]
    drain_s = settings.limits.drain_s
    keeper = Child("keeper", [*base, "keeper", *places], environ, drain_s + 20)
    return keeper, [
        Child(f"worker {slot}", [*base, "worker", "--slot", str(slot), *places], environ, drain_s) for slot in range(settings.workers)
    ]


async def _announce(args: argparse.Namespace, settings: Settings, environ: dict[str, str], children: list[Child]) -> None:
    """Say where everything is, once it is there."""
    try:
        await _wait_ready(children)
        found = load(args.config, environ, data_dir=settings.data_dir)
        link = await asyncio.to_thread(office.run, found, "bootstrap", {"unless_provider": True})
    except Exception as error:
        print(f"gatebook up: it runs, but there is no link to the console: {error}", file=sys.stderr)
        return
    addresses = {"mcp_url": f"{found.mcp_url}/mcp", "console_url": found.console_url, "link": link["url"]}
    if args.json:
        print(json.dumps({**addresses, "data_dir": str(found.data_dir), "pid": os.getpid()}), flush=True)
    else:
        print(_screen(addresses, found, link["expires_us"]), flush=True)


async def _wait_ready(children: list[Child]) -> None:
    try:
        async with asyncio.timeout(_READY_S):
            await asyncio.gather(*(child.ready.wait() for child in children))
    except TimeoutError:
        late = ", ".join(child.name for child in children if not child.ready.is_set())
        print(f"gatebook up: not ready after {_READY_S:g} s: {late}; still trying", file=sys.stderr)
        await asyncio.gather(*(child.ready.wait() for child in children))


def _screen(addresses: dict[str, str], settings: Settings, link_expires_us: int | None) -> str:
    how = f"opens the console once, until {when(link_expires_us)}" if link_expires_us else "with the identity provider"
    return f"""
Gatebook {__version__} is running.

  MCP        {addresses["mcp_url"]}
  Console    {addresses["console_url"]}
  Sign in    {addresses["link"]}
             {how}
  Data       {settings.data_dir}

  Next       gatebook apply -f connectors.yaml
             gatebook token create you@example.com --groups staff
  Stop       Ctrl-C
"""
