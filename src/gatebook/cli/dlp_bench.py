"""How fast detectors are, on a text that is the same every time: ordinary records, and now and then something to find."""

import json
import random
import statistics
import time
from collections.abc import Callable, Iterable

from msgspec import Struct

from gatebook.dlp.detector import Detector
from gatebook.dlp.hit import Limits
from gatebook.dlp.scanner import Scanner

TEXT_BYTES = 1_000_000
ALL = "all together"
_ROUNDS = 3
_LIMITS = Limits(scan_bytes_max=2 * TEXT_BYTES, hits_max=1_000_000)
_WORDS = (
    "order invoice renewal customer meeting account delivery the a of with for and is was status open closed late report contract "
    "number review team budget quarter plan call note address bank tax passport routing medical record token key region build"
).split()
_STATES = ("open", "won", "lost", "waiting")


class Timed(Struct, frozen=True, kw_only=True):
    """One detector, or all of them: millions of bytes in a second (median of three scans), and how often it found something."""

    detector: str
    mb_per_s: float
    found: int


def corpus(size_bytes: int = TEXT_BYTES) -> bytes:
    """Return a JSON text of at least this size: an array of records. The same every time."""
    dice = random.Random(20260105)
    records: list[bytes] = []
    size = 0
    while size < size_bytes:
        records.append(json.dumps(_record(dice, len(records))).encode())
        size += len(records[-1]) + 1
    return b"[" + b",".join(records) + b"]"


def timed(detectors: Iterable[Detector], payload: bytes | None = None, clock: Callable[[], float] = time.perf_counter) -> list[Timed]:
    """Time each detector alone on a text, slowest first, and before them all together."""
    chosen = list(detectors)
    text = corpus() if payload is None else payload
    alone = [_time(one.id, [one], text, clock) for one in chosen]
    return [_time(ALL, chosen, text, clock), *sorted(alone, key=lambda one: (one.mb_per_s, one.detector))]


def _time(name: str, detectors: list[Detector], payload: bytes, clock: Callable[[], float]) -> Timed:
    scanner = Scanner(detectors, _LIMITS)
    found = len(scanner.scan(payload).hits)
    took: list[float] = []
    for _ in range(_ROUNDS):
        began = clock()
        scanner.scan(payload)
        took.append(clock() - began)
    return Timed(detector=name, mb_per_s=len(payload) / 1e6 / max(statistics.median(took), 1e-9), found=found)


def _record(dice: random.Random, number: int) -> dict[str, object]:
    record: dict[str, object] = {
        "id": f"{dice.getrandbits(128):032x}",
        "number": 100_000 + number,
        "state": dice.choice(_STATES),
        "amount": round(dice.uniform(10, 90_000), 2),
        "updated": f"2026-01-{dice.randint(1, 28):02d}T{dice.randint(0, 23):02d}:{dice.randint(0, 59):02d}:00Z",
        "link": f"https://files.example/{dice.getrandbits(40):x}/view?page={dice.randint(1, 9)}",
        "note": " ".join(dice.choices(_WORDS, k=dice.randint(12, 60))),
    }
    if number % 20 == 0:
        record["contact"] = f"{dice.choice(_WORDS)}.{dice.choice(_WORDS)}@corp.example"
    if number % 50 == 0:
        record["card"] = "4242 4242 4242 4242"
    return record
