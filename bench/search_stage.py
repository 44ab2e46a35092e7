"""What is measured: a data directory with a copy of the prepared index, a keeper that serves it, a writer that adds calls, and a browser that opens the explorer."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import Struct

from bench.processes import Running, free_port, gatebook, started, wait_for_port
from bench.search_ask import Client, Marks
from bench.search_load import clone, say
from gatebook.index.generation import read_generation
from gatebook.index.progress import Progress, write_progress

CHROMIUM: Final = "/usr/bin/chromium"
_PAINT_S_MAX: Final = 60.0
_OPEN_S_MAX: Final = 300.0
SETTLE_S: Final = 8.0
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_SETTINGS: Final = """\
[console]
port = {console}

[mcp]
port = {mcp}
"""
# The moment when rows of calls are there and the browser has drawn a frame with them.
_WATCH: Final = """
(() => {
  const look = () => {
    if (document.querySelector('tr[data-call]')) {
      requestAnimationFrame(() => setTimeout(() => { window.__rows = performance.now(); }, 0));
    } else { setTimeout(look, 5); }
  };
  look();
})();
"""


@dataclass(frozen=True)
class Stage:
    """A keeper that runs. `opened_s`: from its start until it answered from the index."""

    data: Path
    port: int
    token: str
    keeper: Running
    opened_s: float

    def connect(self) -> Client:
        """A client of its API."""
        return Client(self.port, self.token)


@contextmanager
def stage(index: Path, data: Path) -> Iterator[Stage]:
    """Run a keeper on a new data directory with a copy of the index."""
    data.mkdir(parents=True)
    port = free_port()
    (data / "gatebook.toml").write_text(_SETTINGS.format(console=port, mcp=free_port()))
    place = ("--data", str(data))
    gatebook("init", *place)
    token = gatebook("token", "create", "bench@example.com", "--groups", "security", *place).strip()
    clone(index, data / "index")
    generation = read_generation(data / "index")
    assert generation is not None
    # The corpus has no log behind it: the follower begins with the streams that come.
    write_progress(data / "index", Progress(database=generation.database, streams={}))
    log, began_s = data / "keeper.log", time.monotonic()
    with started([sys.executable, "-m", "bench.search_keeper", *place], None, log) as keeper:
        wait_for_port(port, keeper, log)
        client = Client(port, token)
        while not client.json("/bench/tables"):
            if time.monotonic() - began_s > _OPEN_S_MAX or keeper.process.poll() is not None:
                raise RuntimeError(f"the keeper did not open the index: {log.read_text()[-2000:]}")
            time.sleep(0.05)
        client.json("/api/v1/calls?limit=1")
        client.close()
        yield Stage(data, port, token, keeper, time.monotonic() - began_s)


@contextmanager
def writing(on: Stage, rate: float, calls: int, settle_s: float = SETTLE_S) -> Iterator[Marks]:
    """Write calls at this rate meanwhile; they have been written for `settle_s` when this begins."""
    command = [sys.executable, "-m", "bench.search_writer", "--data", str(on.data), "--rate", str(rate), "--calls", str(calls)]
    marks = Marks()
    with started(command, None, on.data / "writer.log") as writer:
        assert writer.process.stdout
        threading.Thread(target=marks.read, args=(writer.process.stdout,), daemon=True).start()
        marks.next(0)
        until_s = time.monotonic() + settle_s
        while time.monotonic() < until_s or len(marks.seen) < 2:
            if writer.process.poll() is not None:
                raise RuntimeError(f"the writer ended: {(on.data / 'writer.log').read_text()[-2000:]}")
            time.sleep(0.2)
        say(f"{marks.rate:,.0f} calls/s are being written")
        yield marks


def resident_max_bytes(pid: int) -> int:
    """The most memory that a process has had resident."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the system does not say how much memory a process had")


def tables(on: Stage) -> list[dict[str, Any]]:
    """Rows, bytes and parts of the tables."""
    client = on.connect()
    found: list[dict[str, Any]] = client.json("/bench/tables")
    client.close()
    return found


class Painted(Struct, frozen=True, kw_only=True):
    """Milliseconds of each opening of a page of the console: until something was painted, and until rows of calls were."""

    first_ms: list[float] = []
    rows_ms: list[float] = []


def explorer(on: Stage, ranges: list[tuple[str, dict[str, str]]], rounds: int) -> dict[str, Painted]:
    """Open the explorer in a browser, signed in, some times for each range. Raises RuntimeError when there is no browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise RuntimeError("playwright is not installed") from error
    if not Path(CHROMIUM).exists():
        raise RuntimeError("there is no chromium")
    link = gatebook("bootstrap", "--data", str(on.data)).strip()
    seen = {name: Painted() for name, _ in ranges}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        try:
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            page.goto(link)
            page.wait_for_selector("tr[data-call]", timeout=60_000)
            page.add_init_script(_WATCH)
            for turn in range(rounds + 1):
                for name, asked in ranges:
                    page.goto(f"http://127.0.0.1:{on.port}/?{urlencode(asked)}", wait_until="commit")
                    rows_ms = _rows_painted_ms(page)
                    first_ms = page.evaluate("(performance.getEntriesByName('first-contentful-paint')[0] || {startTime: 0}).startTime")
                    if turn:
                        seen[name].first_ms.append(first_ms)
                        seen[name].rows_ms.append(rows_ms)
        finally:
            browser.close()
    return seen


def _rows_painted_ms(page: Any) -> float:
    # Not `wait_for_function`: the page's own rules forbid what that does.
    until_s = time.monotonic() + _PAINT_S_MAX
    while not (painted_ms := page.evaluate("window.__rows")):
        if time.monotonic() > until_s:
            raise RuntimeError(f"no row of calls within {_PAINT_S_MAX:g} s")
        time.sleep(0.02)
    return float(painted_ms)
