"""Light questions pass heavy ones; nobody's question runs on when nobody waits for it."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from gatebook.index.asking import current_ask
from gatebook.index.engine import Engine, QueryTooHeavy
from gatebook.reading.slots import Slots

_ENDLESS = "SELECT count() FROM numbers_mt(1000000000000) WHERE sipHash64(number) = 1"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = Engine(tmp_path / "engine")
    yield opened
    opened.close()


def running(engine: Engine) -> int:
    """How many queries run beside this one."""
    return engine.rows("SELECT query FROM system.processes WHERE query LIKE '%numbers_mt%' AND query NOT LIKE '%processes%'").count(b"\n")


async def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.01)


async def test_light_questions_are_answered_while_heavy_ones_fill_their_slots(engine: Engine) -> None:
    """Heavy ones wait for each other, and end when their readers go."""
    slots = Slots()
    heavy = [asyncio.create_task(slots.run(partial(engine.rows, _ENDLESS), 60, heavy=True)) for _ in range(6)]
    await until(lambda: running(engine) == 2)
    for number in range(20):
        assert await slots.run(partial(engine.rows, f"SELECT {number} AS n"), 30) == b'{"n":%d}\n' % number
    assert slots.busy and not any(task.done() for task in heavy)
    for task in heavy:
        task.cancel()
    await asyncio.gather(*heavy, return_exceptions=True)
    await until(lambda: running(engine) == 0)
    assert not slots.busy


async def test_a_question_over_its_budget_ends_in_the_engine_too(engine: Engine) -> None:
    """The one who asked is told in time, and the thread is free again."""
    slots = Slots(light=1)
    began_s = time.monotonic()
    with pytest.raises(TimeoutError):
        await slots.run(partial(engine.rows, _ENDLESS), 0.3)
    assert time.monotonic() - began_s < 10
    await until(lambda: running(engine) == 0)
    assert await slots.run(partial(engine.rows, "SELECT 1 AS n"), 30) == b'{"n":1}\n'


async def test_a_question_that_waited_too_long_for_a_thread_never_runs(engine: Engine) -> None:
    """Its place in the queue is skipped."""
    slots = Slots(light=1)
    held, ran = threading.Event(), threading.Event()
    first = asyncio.create_task(slots.run(lambda: held.wait(30), 30))
    await asyncio.sleep(0.01)
    with pytest.raises(TimeoutError):
        await slots.run(ran.set, 0.05)
    held.set()
    assert await first
    assert await slots.run(lambda: 5, 30) == 5
    assert not ran.is_set()


async def test_several_queries_of_one_question_end_together(engine: Engine) -> None:
    """After the first is stopped no second one begins."""
    slots = Slots()
    ends: list[str] = []

    def work() -> None:
        for _ in range(2):
            try:
                engine.rows(_ENDLESS)
            except QueryTooHeavy as error:
                ends.append(str(error))

    with pytest.raises(TimeoutError):
        await slots.run(work, 0.2)
    await until(lambda: len(ends) == 2)
    assert "the question was cancelled" in ends[1]


async def test_work_holds_up_no_question_and_is_no_reader() -> None:
    """What takes minutes has threads of its own; it is told when nobody waits for it any more."""
    slots = Slots(light=1, heavy=1)
    ended = threading.Event()

    def work() -> None:
        ask = current_ask()
        while ask is not None and not ask.cancelled:
            time.sleep(0.005)
        ended.set()

    tasks = [asyncio.create_task(slots.work(work, 60)) for _ in range(4)]
    await asyncio.sleep(0.05)
    assert not slots.busy
    assert await slots.run(lambda: 1, 30) == await slots.run(lambda: 1, 30, heavy=True) == 1
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await asyncio.to_thread(ended.wait, 30)
