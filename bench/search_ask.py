"""Asks the running keeper and takes the times: questions, how fresh the index is, and both while heavy questions run."""

import http.client
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, Final
from urllib.parse import urlencode

from msgspec import Struct

from bench.search_load import say
from bench.search_questions import TURNS, WARM_UPS, Question

_POLL_S: Final = 0.03
_MARK_TIMEOUT_S: Final = 60.0
_TOO_HEAVY: Final = 503
_REFUSED_MAX: Final = 5
HEAVY: Final = 4
HEAVY_S: Final = 30.0


class Timed(Struct, frozen=True, kw_only=True):
    """Milliseconds of one question. `bare_p50_ms`: the same of the index alone, None when it was not compared. `problem`: why there are none."""

    name: str
    goal_ms: float | None
    first_ms: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    bare_p50_ms: float | None = None
    key: str = ""
    refused: int = 0
    problem: str = ""


class Refused(Exception):
    """The keeper did not answer with 200. `status`: what it answered with, 0 when it did not answer."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Client:
    """One client of the API with a connection that stays open."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> bytes:
        """Return the body. Raises Refused."""
        try:
            try:
                response = self._asked(path)
            except http.client.RemoteDisconnected:
                # The server closes a connection that was idle for some seconds.
                self._connection.close()
                response = self._asked(path)
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Refused(f"{path}: {error}") from error
        if response.status != 200:
            raise Refused(f"{response.status} {body[:300].decode('utf-8', 'replace')} ({path[:200]})", response.status)
        return body

    def _asked(self, path: str) -> http.client.HTTPResponse:
        self._connection.request("GET", path, headers=self._headers)
        return self._connection.getresponse()

    def json(self, path: str) -> Any:
        """Return the body, decoded. Raises Refused."""
        return json.loads(self.get(path))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def measure(client: Client, question: Question) -> Timed:
    """Ask a question in turns: through the API, and the index alone with the values of another turn, so that neither warms the other.

    A turn that is refused for its weight counts with the time until then; after some of them the question is given up.
    """
    times_ms: list[float] = []
    bare_ms: list[float] = []
    refused: list[Refused] = []
    for turn in (*range(TURNS, TURNS + WARM_UPS), *range(TURNS)):
        began_s = time.perf_counter()
        try:
            for path in question.ask(turn).paths:
                client.get(path)
            times_ms.append((time.perf_counter() - began_s) * 1000)
            bare_ms.append(sum(client.json(path)["ms"] for path in question.ask((turn + TURNS // 2) % TURNS).bare))
        except Refused as problem:
            refused.append(problem)
            times_ms.append((time.perf_counter() - began_s) * 1000)
            if problem.status != _TOO_HEAVY or len(refused) > _REFUSED_MAX:
                say(f"{question.name}: {problem}")
                return Timed(name=question.name, goal_ms=question.goal_ms, key=question.key, problem=str(problem)[:200])
    warm_ms, bare_ms = times_ms[WARM_UPS:], bare_ms[WARM_UPS:]
    timed = Timed(
        name=question.name,
        goal_ms=question.goal_ms,
        first_ms=times_ms[0],
        p50_ms=statistics.median(warm_ms),
        p95_ms=p95(warm_ms),
        bare_p50_ms=statistics.median(bare_ms) or None,
        key=question.key,
        refused=len(refused),
    )
    say(
        f"{timed.name}: {timed.first_ms:.0f} / {timed.p50_ms:.0f} / {timed.p95_ms:.0f} ms, bare {timed.bare_p50_ms or 0:.0f}, {timed.refused} refused"
    )
    return timed


def p95(values: list[float]) -> float:
    """The value that 95 % are not above."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))]


@dataclass
class Marks:
    """What the writer says: marked calls with the time when they were durable, and its rate."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    rate: float = 0.0
    written: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def read(self, pipe: IO[str]) -> None:
        """Take lines until the writer ends."""
        for line in pipe:
            said = json.loads(line)
            with self.changed:
                if "mark" in said:
                    self.seen.append(said)
                else:
                    self.rate, self.written = said["rate"], said["written"]
                self.changed.notify_all()

    def next(self, after: int) -> dict[str, Any]:
        """The first mark that comes when there are `after` already. Raises TimeoutError."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.seen) > after, _MARK_TIMEOUT_S):
                raise TimeoutError("the writer marks no calls any more")
            return self.seen[-1]


class Live:
    """Calls that were written a moment ago and are indexed."""

    def __init__(self, client: Client, stream: str) -> None:
        self._client = client
        self._path = f"/api/v1/calls?{urlencode({'q': f'stream:{stream} -status:open', 'limit': '50'})}"
        self._ids: list[str] = []

    def call_id(self, turn: int) -> str:
        """Id of one. Raises Refused when none is indexed."""
        if not self._ids:
            self._ids = [row["call_id"] for row in self._client.json(self._path)["calls"]]
        if not self._ids:
            raise Refused("none of the calls that are being written is indexed yet")
        return self._ids[turn % len(self._ids)]


def freshness(client: Client, marks: Marks, count: int) -> list[float]:
    """Return for some marked calls the seconds from durable to seen through the API with its outcome."""
    ages_s = []
    for _ in range(count):
        mark = marks.next(len(marks.seen))
        since_us = time.time_ns() // 1000 - 300_000_000
        path = f"/api/v1/calls?{urlencode({'q': 'session:' + mark['mark'] + ' status:ok', 'since': str(since_us)})}"
        until_s = time.monotonic() + _MARK_TIMEOUT_S
        # A call that is not seen for long counts as seen then: the goal is missed by far, and the run goes on.
        while not _sees(client, path) and time.monotonic() < until_s:
            time.sleep(_POLL_S)
        ages_s.append(time.monotonic() - mark["durable_s"])
    say(f"freshness: p50 {statistics.median(ages_s):.2f} s, p95 {p95(ages_s):.2f} s")
    return ages_s


def _sees(client: Client, path: str) -> bool:
    try:
        return bool(client.json(path)["calls"])
    except Refused:
        return False


class Starved(Struct, frozen=True, kw_only=True):
    """What light questions and the follower see while heavy ones run, and how many were answered or refused."""

    newest_p50_ms: float
    newest_p95_ms: float
    fresh_p95_s: float
    light_refused: int
    heavy_answered: int
    heavy_refused: int


def starvation(connect: Callable[[], Client], marks: Marks, light: list[Question], least_s: float) -> Starved:
    """Ask some light questions and look for marked calls while heavy ones run in a loop."""
    times_ms: list[float] = []
    with _heavy(connect) as heavy, ThreadPoolExecutor(1) as beside:
        client = connect()
        fresh = beside.submit(lambda: freshness(connect(), marks, 12 if least_s >= HEAVY_S else 2))
        until_s, turn, refused = time.monotonic() + least_s, 0, 0
        while time.monotonic() < until_s or not fresh.done():
            asked = light[turn % len(light)].ask(turn // len(light) % TURNS)
            began_s = time.perf_counter()
            try:
                for path in asked.paths:
                    client.get(path)
            except Refused:
                refused += 1
            times_ms.append((time.perf_counter() - began_s) * 1000)
            turn += 1
            time.sleep(0.1)
        ages_s = fresh.result()
    starved = Starved(
        newest_p50_ms=statistics.median(times_ms),
        newest_p95_ms=p95(times_ms),
        fresh_p95_s=p95(ages_s),
        light_refused=refused,
        heavy_answered=heavy["answered"],
        heavy_refused=heavy["refused"],
    )
    say(f"while {HEAVY} heavy questions run: newest 50 p95 {starved.newest_p95_ms:.0f} ms, freshness p95 {starved.fresh_p95_s:.2f} s")
    return starved


@contextmanager
def _heavy(connect: Callable[[], Client]) -> Iterator[dict[str, int]]:
    """Threads that count calls whose payload has some letters anywhere: a look into everything, again and again."""
    stop = threading.Event()
    seen = {"answered": 0, "refused": 0}
    lock = threading.Lock()

    def ask(number: int) -> None:
        client, turn = connect(), 0
        while not stop.is_set():
            turn += 1
            letter = "aeiounrt"[(number + turn) % 8]
            try:
                client.get(f"/api/v1/calls?{urlencode({'q': f'text:*{letter}*', 'count': '1', 'limit': '1'})}")
                name = "answered"
            except Refused:
                name = "refused"
            with lock:
                seen[name] += 1

    threads = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(HEAVY)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
