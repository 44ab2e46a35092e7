"""Starts a recorder, kills it, and compares what it had acknowledged with what the log holds."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from gatebook.log.errors import LogDamaged
from gatebook.log.reader import StreamReader
from gatebook.record.codec import FIRST_PREV, leaf_hash

ROOT = Path(__file__).parents[2]
STREAM = "n1-w0"


@dataclass
class Acknowledged:
    """What all runs together said was durable: ids of records by seq."""

    records: dict[int, str] = field(default_factory=dict)


def run_and_kill(data_dir: Path, acked: Acknowledged, *, after_s: float, env: dict[str, str] | None = None, writers: int = 32) -> int:
    """Run one recorder and kill -9 it `after_s` after it is ready (at a random moment of its opening when negative). Returns how much it acknowledged."""
    paths = f"{ROOT}/src{os.pathsep}{ROOT}"
    command = [sys.executable, "-m", "tests.fault.recorder", str(data_dir), STREAM, "--writers", str(writers)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths, **(env or {})})
    assert process.stdout is not None
    with process, process.stdout:
        if after_s < 0:
            time.sleep(random.uniform(0.1, -after_s))
            process.send_signal(signal.SIGKILL)
        elif process.stdout.readline() == b"ready\n":
            time.sleep(after_s)
            process.send_signal(signal.SIGKILL)
        before = len(acked.records)
        for line in process.stdout.read().splitlines(keepends=True):
            if line.endswith(b"\n") and line != b"ready\n":
                seq, record_id, _ = line.decode().split()
                acked.records[int(seq)] = record_id
        return len(acked.records) - before


@dataclass
class Found:
    """What a log holds: ids by seq, how often each call was started and ended, and the damage that ended the reading, if any."""

    records: dict[int, str] = field(default_factory=dict)
    started: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    damage: LogDamaged | None = None

    def lost(self, acked: Acknowledged) -> list[int]:
        """Return the seqs of acknowledged records that are not there as acknowledged."""
        return [seq for seq, record_id in acked.records.items() if self.records.get(seq) != record_id]


def read_all(data_dir: Path) -> Found:
    """Read the whole stream and check the chain on the way."""
    found = Found()
    reader = StreamReader(data_dir / "log" / STREAM, whole=True)
    previous = FIRST_PREV
    try:
        while entries := reader.read():
            for entry in entries:
                fields = msgspec.json.decode(entry.core)
                assert fields["prev"] == previous, fields["seq"]
                assert fields["seq"] == len(found.records) + 1
                previous = leaf_hash(entry.core).hex()
                found.records[fields["seq"]] = fields["id"]
                found.types[fields["type"]] += 1
                if fields["type"] == "call.started":
                    found.started[fields["id"]] += 1
                elif fields["type"] in ("call.finished", "call.outcome_unknown"):
                    found.ended[fields["call"]] += 1
    except LogDamaged as damage:
        found.damage = damage
    finally:
        reader.close()
    return found
