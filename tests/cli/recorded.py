"""Calls in the log of a data directory that `gatebook init` made, and a keeper over it."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from gatebook.control.client import KeeperAbsent
from gatebook.control.key_files import read_master_key
from gatebook.control.office import keeper_client
from gatebook.settings import Settings, load
from tests.index.conftest import Writer


def settings_of(data: Path) -> Settings:
    return load(None, data_dir=data)


@contextlib.contextmanager
def worker_stream(data: Path) -> Iterator[Writer]:
    """The stream of worker 0, written by the test."""
    settings = settings_of(data)
    writer = Writer(data, settings.worker_stream(0), read_master_key(settings))
    try:
        yield writer
        writer.sync()
    finally:
        writer.book.close()


def record(data: Path) -> list[str]:
    """Write three calls of two people, one of them refused; returns the ids of the first two."""
    with worker_stream(data) as writer:
        ids = [
            writer.call("line one\n\x1b[31m needle", arguments={"q": "haystack"}),
            writer.call("nothing", person="bob", tool="list_deals", arguments={"q": "x"}),
        ]
        writer.refuse()
    return ids


@contextlib.contextmanager
def keeper(data: Path) -> Iterator[Settings]:
    """A keeper process, from when it answers."""
    settings = settings_of(data)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "GATEBOOK_CONSOLE_PORT": "0"}
    process = subprocess.Popen([sys.executable, "-m", "gatebook", "keeper", "--data", str(data)], env=environ, stderr=subprocess.DEVNULL)
    try:
        ends_s = time.monotonic() + 90
        while True:
            try:
                if keeper_client(settings).get("/status")["follower"].get("index") == "up to date":
                    break
            except KeeperAbsent:
                pass
            assert process.poll() is None and time.monotonic() < ends_s, "the keeper does not answer"
            time.sleep(0.1)
        yield settings
    finally:
        process.terminate()
        process.wait(30)
