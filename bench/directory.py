"""What a large directory costs a worker: the check of a token, a change of one person until it is in force, and memory.

`python -m bench.directory --people 100000 --tokens 50000`: real state on disk, a real gate with its watcher, no client. The check is compared with what it
cannot do without, in the same run: SHA-256 of the token and one look into a dictionary.
"""

import argparse
import asyncio
import gc
import hashlib
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from sqlalchemy import insert

from gatebook.control.key_files import create_keys, read_master_key
from gatebook.gateway.gate import Gate
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.directory import Directory, Principal
from gatebook.identity.tokens import digest, make_token, shown_part
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.settings import Settings
from gatebook.state.schema import people, tokens
from gatebook.state.snapshot import Snapshot
from gatebook.state.store import Store, bump
from gatebook.state.watcher import Watcher

_BATCH = 10_000
_ROUNDS = 7
_CHANGES = 40
_MIB = 1 << 20


def main() -> int:
    """Run and print JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--tokens", type=int, default=50_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        print(json.dumps(asyncio.run(measure(Path(directory), args.people, args.tokens)), indent=1))
    return 0


async def measure(directory: Path, number: int, live: int) -> dict[str, float]:
    """Fill a new deployment and put it in force in one gate; returns figures by name."""
    settings = Settings(data_dir=directory / "data")
    settings.data_dir.mkdir(mode=0o700)
    create_keys(settings)
    store = Store.open(settings.state_path)
    vault = Vault(settings.keys_dir, read_master_key(settings))
    book = Book.open(settings.log_dir, settings.worker_stream(0), vault, settings.log)
    gate = Gate(settings, book, vault)
    try:
        gc.collect()
        before_bytes = psutil.Process().memory_info().rss
        headers = _fill(store, number, live)
        began_s = time.monotonic()
        took: list[float] = []

        def apply(snapshot: Snapshot) -> None:
            at_s = time.perf_counter()
            gate.apply(snapshot)
            took.append(time.perf_counter() - at_s)

        watcher = Watcher(store, apply, gate.prepare)
        await watcher.start()
        first_s = time.monotonic() - began_s
        gc.collect()
        gc.freeze()  # as a worker does
        assert gate.directory is not None
        found = {"people": number, "tokens": live, "first_reading_s": first_s, "first_apply_ms": took[0] * 1000}
        found |= _check(gate.directory, headers)
        found["rss_mib"] = psutil.Process().memory_info().rss / _MIB
        found["rss_mib_of_the_directory"] = (psutil.Process().memory_info().rss - before_bytes) / _MIB
        found |= await _changes(store, watcher, took, live)
        await watcher.stop()
        return {name: round(value, 3) for name, value in found.items()}
    finally:
        await gate.close()
        book.close()
        store.close()


def _fill(store: Store, number: int, live: int) -> list[str]:
    """Enter people, in three groups of two hundred each, and tokens; returns the headers of the tokens."""
    headers = []
    for first in range(0, number, _BATCH):
        ids = range(first, min(number, first + _BATCH))
        secrets = [make_token(one.to_bytes(32, "big")) for one in ids if one < live]
        headers += [f"Bearer {secret}" for secret in secrets]
        with store.write() as connection:
            connection.execute(insert(people), [_person(one) for one in ids])
            if secrets:
                connection.execute(insert(tokens), [_token(one, secret) for one, secret in zip(ids, secrets, strict=False)])
            bump(connection)
        print(f"{ids[-1] + 1} people", file=sys.stderr)
    return headers


def _person(one: int) -> dict[str, object]:
    groups = json.dumps([f"Group {one % 200}", f"Team {one % 199}", f"Site {one % 197}"])
    address = f"person{one}@example.com"
    values = {"id": address, "email": address, "name": f"Given{one} Family{one}", "groups": groups, "department": f"Department {one % 40}"}
    return {"kind": "person", "active": 1, "version": 1, "created_us": 1, "source": "scim", "epoch": 0, "changed_us": 1, **values}


def _token(one: int, secret: str) -> dict[str, object]:
    values = {"id": f"tok_{one:012x}", "sha256": digest(secret), "prefix": shown_part(secret), "person": f"person{one}@example.com"}
    return {"name": "laptop", "created_us": one, "kind": "personal", "scopes": "[]", "epoch": 0, "created_by": "", **values}


def _check(directory: Directory, headers: list[str]) -> dict[str, float]:
    """CPU per check, of tokens that were met before and of others, and of what no check can do without. Medians over rounds taken by turns."""
    now_us = time.time_ns() // 1000
    known = {digest(header[7:]): number for number, header in enumerate(headers)}

    def full(header: str) -> None:
        assert isinstance(directory.authenticate(header, now_us), Principal)

    def bare(header: str) -> None:
        assert known[hashlib.sha256(header[7:].encode()).hexdigest()] >= 0

    first_us = _cpu_us(full, headers)
    rounds = [(_cpu_us(full, headers), _cpu_us(bare, headers)) for _ in range(_ROUNDS)]
    full_us, bare_us = (statistics.median(one[side] for one in rounds) for side in (0, 1))
    ratio = statistics.median(one[0] / one[1] for one in rounds)
    return {"check_first_time_us": first_us, "check_us": full_us, "bare_us": bare_us, "check_per_bare": ratio}


def _cpu_us(check: object, headers: list[str]) -> float:
    assert callable(check)
    began_s = time.process_time()
    for header in headers:
        check(header)
    return (time.process_time() - began_s) * 1e6 / len(headers)


async def _changes(store: Store, watcher: Watcher, took: list[float], live: int) -> dict[str, float]:
    """Cut people off one after the other, each looked for at once as the barrier does: until in force, and how long the event loop stands still for it."""
    took.clear()
    in_force: list[float] = []
    for number in range(_CHANGES):
        with store.write() as connection:
            order = CutOff(id=f"cut_{number}", person=f"person{number % live}@example.com", cause="deactivated", by="bench")
            cut_off(connection, order, time.time_ns() // 1000)
            bump(connection)
        at_s = time.perf_counter()
        await watcher.look()
        in_force.append(time.perf_counter() - at_s)
    return {
        "in_force_p50_ms": statistics.median(in_force) * 1000,
        "in_force_max_ms": max(in_force) * 1000,
        "apply_p50_ms": statistics.median(took) * 1000,
        "apply_max_ms": max(took) * 1000,
    }


if __name__ == "__main__":
    sys.exit(main())
