"""A process that writes to a log as fast as it can and says on standard output what has been acknowledged, to be killed at any moment.

Each line is `<seq> <record id> <call id or ->`, written only after `durable()` returned. `ready` comes first.
"""

import argparse
import asyncio
import os
import random
from pathlib import Path

from gatebook.log.book import Book
from gatebook.log.receipt import Receipt
from gatebook.log.vault import Vault
from tests.log.samples import STARTED, SUBJECT, Limits, finished


def say(receipt: Receipt, call: str) -> None:
    """Tell the parent, past every buffer of this process."""
    os.write(1, f"{receipt.seq} {receipt.id} {call}\n".encode())


async def call_for_ever(book: Book) -> None:
    """Record calls; each is acknowledged twice."""
    while True:
        started = book.append(STARTED, parts=[("arguments", os.urandom(random.randrange(2000)))], subject=SUBJECT)
        await started.durable()
        say(started, "-")
        await asyncio.sleep(random.random() * 0.002)
        response = os.urandom(random.randrange(6000))
        ended = book.append(finished(started), parts=[("response", response)], subject=SUBJECT)
        await ended.durable()
        say(ended, started.id)


async def record(options: argparse.Namespace) -> None:
    """Open the book and start the writers."""
    data_dir: Path = options.data_dir
    limits = Limits(segment_bytes=options.segment_bytes)
    book = Book.open(data_dir / "log", options.stream, Vault(data_dir / "keys", bytes(32)), limits)
    os.write(1, b"ready\n")
    await asyncio.gather(*(call_for_ever(book) for _ in range(options.writers)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("stream")
    parser.add_argument("--writers", type=int, default=32)
    parser.add_argument("--segment-bytes", type=int, default=256 * 1024)
    asyncio.run(record(parser.parse_args()))
