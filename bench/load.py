"""Load: wrk where it is installed, else a small generator of our own that gives the same figures at a higher cost."""

import argparse
import asyncio
import itertools
import json
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.wire import Target

_numbers = itertools.count(1)
_NUMBERS_PER_RUN = 10_000_000

_LUA = """\
local number = {first}
local before, after = {before}, {after}
function init(args)
  wrk.method = "POST"
{headers}
end
function request()
  number = number + 1
  return wrk.format(nil, nil, nil, before .. number .. after)
end
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '\\nRESULT {{"calls":%d,"duration_s":%f,"failed":%d,"p50_ms":%f,"p95_ms":%f,"p99_ms":%f}}\\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True)
class Load:
    """What one run of load saw. `failed` are connections that broke, time-outs and answers that were not 2xx."""

    calls: int
    duration_s: float
    failed: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


def generator() -> str:
    """Name of the generator that is used."""
    return "wrk" if shutil.which("wrk") else "own"


def run(target: Target, concurrency: int, duration_s: float, cpu: int) -> Load:
    """Call the target with as many connections as `concurrency`, from one thread on one CPU. Raises RuntimeError."""
    first = next(_numbers) * _NUMBERS_PER_RUN
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "bench.load", json.dumps(asdict(target)), str(first), str(concurrency), str(duration_s)]
        if generator() == "wrk":
            script = Path(directory) / "call.lua"
            script.write_text(_script(target, first))
            command = ["wrk", "-t1", f"-c{concurrency}", f"-d{duration_s:.0f}s", "--timeout", "30s", "-s", str(script), target.url]
        done = subprocess.run(["taskset", "-c", str(cpu), *command], capture_output=True, text=True)
    # wrk goes on, with exit code 0, when its script has a mistake.
    if done.returncode or done.stderr:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-2000:]}")
    return Load(**json.loads(done.stdout.rpartition("RESULT ")[2]))


def _script(target: Target, first: int) -> str:
    lines = [f"  wrk.headers[ {_quoted(name)} ] = {_quoted(value)}" for name, value in target.headers.items()]
    return _LUA.format(first=first, before=_quoted(target.before), after=_quoted(target.after), headers="\n".join(lines))


def _quoted(text: str) -> str:
    return "[==[" + text + "]==]"


async def _own(target: Target, first: int, concurrency: int, duration_s: float) -> Load:
    numbers = itertools.count(first)
    latencies_ms: list[float] = []
    started = time.perf_counter()
    until = started + duration_s
    failed = sum(await asyncio.gather(*(_connection(target, numbers, until, latencies_ms) for _ in range(concurrency))))
    latencies_ms.sort()
    p50, p95, p99 = (latencies_ms[min(len(latencies_ms) - 1, len(latencies_ms) * part // 100)] for part in (50, 95, 99))
    return Load(len(latencies_ms), time.perf_counter() - started, failed, p50, p95, p99)


async def _connection(target: Target, numbers: "itertools.count[int]", until: float, latencies_ms: list[float]) -> int:
    """Send one call after the other over one connection; returns how many failed."""
    url = urlsplit(target.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in ({"Host": url.netloc} | target.headers).items())
    failed = 0
    while time.perf_counter() < until:
        body = f"{target.before}{next(numbers)}{target.after}"
        sent = time.perf_counter()
        writer.write(f"POST {url.path} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        await _skip_body(reader, answer.lower())
        latencies_ms.append((time.perf_counter() - sent) * 1000)
        failed += b" 2" not in answer[8:11]
    writer.close()
    return failed


async def _skip_body(reader: asyncio.StreamReader, head: bytes) -> None:
    if b"content-length:" in head:
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        return
    while size := int(await reader.readuntil(b"\r\n"), 16):
        await reader.readexactly(size + 2)
    await reader.readexactly(2)


def main() -> None:
    """Run our own generator: `python -m bench.load TARGET FIRST CONCURRENCY DURATION_S`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target", type=lambda text: Target(**json.loads(text)))
    parser.add_argument("first", type=int)
    parser.add_argument("concurrency", type=int)
    parser.add_argument("duration_s", type=float)
    args = parser.parse_args()
    load = asyncio.run(_own(args.target, args.first, args.concurrency, args.duration_s))
    print(f"RESULT {json.dumps(asdict(load))}")


if __name__ == "__main__":
    main()
