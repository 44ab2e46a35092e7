"""Serve the console over invented traffic, for looking at it: `python -m tests.console.seed [--calls N] [--port N] [--rate PER_S]`.

Prints one-time links. Needs no gateway; the records go through the real book, index and sealer.
"""

import argparse
import asyncio
import tempfile
from pathlib import Path

import uvicorn

from tests.console.stage import ADMIN, AUDITOR, EMPLOYEE, Stage
from tests.console.tooling import dress

_DAY_US = 86_400_000_000


async def serve(args: argparse.Namespace, path: Path) -> None:
    """Fill a stage and serve it until interrupted."""
    url = f"http://127.0.0.1:{args.port}"
    stage = Stage(path, url)
    try:
        await stage.enroll()
        await dress(stage)
        stage.crowd(args.calls, _DAY_US)
        await stage.settled()
        for person in (ADMIN, AUDITOR, EMPLOYEE):
            for _ in range(args.links):
                print(f"{person} {url}/sign-in#{await stage.link_secret(person)}", flush=True)
        server = uvicorn.Server(uvicorn.Config(stage.app, port=args.port, log_level="warning"))
        await asyncio.gather(server.serve(), follow(stage, server), live(stage, server, args.rate))
    finally:
        stage.close()


async def follow(stage: Stage, server: uvicorn.Server) -> None:
    """Index and seal."""
    while not server.should_exit:
        await asyncio.to_thread(stage.follower.step)
        await asyncio.to_thread(stage.sealer.step)
        await asyncio.sleep(0.2)


async def live(stage: Stage, server: uvicorn.Server, rate: float) -> None:
    """New calls at a low rate."""
    while rate and not server.should_exit:
        stage.play(stage.random_call())
        await asyncio.sleep(stage.dice.expovariate(rate))


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=600)
    parser.add_argument("--port", type=int, default=8499)
    parser.add_argument("--rate", type=float, default=0.7)
    parser.add_argument("--links", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as path:
        asyncio.run(serve(args, Path(path)))


if __name__ == "__main__":
    main()
