"""Heavy questions in a loop: light ones are answered meanwhile, and the follower keeps up."""

import asyncio
import time
from pathlib import Path

from gatebook.index import Follower, Index
from gatebook.index.engine import QueryTooHeavy
from gatebook.log.vault import Vault
from gatebook.reading.slots import Slots
from tests.index.conftest import MASTER_KEY, Writer, full_row

_ROWS = 60_000
_LIGHT = 8


def fill(index: Index) -> None:
    """Many calls with texts in which the heavy pattern is everywhere."""
    for start in range(0, _ROWS, 10_000):
        index.insert([full_row(n, arguments=f"alpha beta {n} gamma", response="a banana " * 3) for n in range(start, start + 10_000)])


async def test_heavy_questions_hold_up_neither_light_ones_nor_the_follower(tmp_path: Path, writer: Writer, index: Index) -> None:
    """Not a matter of milliseconds: the light ones come back, and new calls appear, while the heavy ones still run."""
    fill(index)
    slots = Slots()
    following = Follower(tmp_path / "log", Vault(tmp_path / "keys", MASTER_KEY), index, batch_s=0.0)
    heavy_done = 0
    stopping = False

    async def heavy() -> None:
        nonlocal heavy_done
        while not stopping:
            try:
                await slots.run(lambda: index.count("*a* *n* -*zz*", timeout_s=60), 60, heavy=True)
            except (TimeoutError, QueryTooHeavy):
                continue
            heavy_done += 1

    tasks = [asyncio.create_task(heavy()) for _ in range(4)]
    await asyncio.sleep(0.2)
    for number in range(_LIGHT):
        page = await slots.run(lambda: index.search("", limit=50, timeout_s=60), 60)
        assert len(page.rows) == 50
        writer.call(f"fresh{number}")
        writer.sync()
        await asyncio.to_thread(following.step)
        assert following.lag().behind_bytes == 0
        assert not any(task.done() for task in tasks)
    assert await slots.run(lambda: index.count(f"fresh{_LIGHT - 1}", timeout_s=60), 60) == 1
    stopping = True
    began_s = time.monotonic()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await slots.run(lambda: index.count("", timeout_s=60), 60) >= _ROWS
    assert time.monotonic() - began_s < 60
