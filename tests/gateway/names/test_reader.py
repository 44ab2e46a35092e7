"""Names for one worker: one process, held to its budget, started anew when it hangs or dies."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from gatebook.dlp.names import Named
from gatebook.gateway.names import reader as module
from gatebook.gateway.names.reader import NamesReader
from gatebook.gateway.names.standing import Standing, standing
from gatebook.state.governance import Presidio
from tests.gateway.named import ENDLESS

BOB = Named(((0, 0, 3, "PERSON"),))


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader(presidio_python: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NamesReader]:
    """One reader for all tests, since loading a model takes a second; it is closed in the end."""
    made = NamesReader(presidio_python, Standing(tmp_path_factory.mktemp("run"), 0))
    yield made
    await made.close()
    assert made.pid is None


@pytest.fixture(scope="module")
def wanted(model: str) -> Presidio:
    """Names with the small model, and a budget that a busy machine keeps."""
    return Presidio(connectors=("*",), model=model, time_budget_ms=10_000)


def told(reader: NamesReader) -> str | None:
    """Return how it stands, as the keeper reads it."""
    return standing(reader._standing._path.parent)


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so, at most ten seconds."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not happen")


async def test_each_text_gets_what_was_found_in_it(reader: NamesReader, wanted: Presidio) -> None:
    """Also those that stand in the payload several times; one process serves all."""
    reader.apply(wanted)
    assert await reader.read(["Bob", "no", "Bob"]) == Named(((0, 0, 3, "PERSON"), (2, 0, 3, "PERSON")))
    pid = reader.pid
    assert set(await asyncio.gather(*(reader.read(["Bob"]) for _ in range(20)))) == {BOB} and reader.pid == pid
    assert told(reader) == "ready"


async def test_a_text_that_takes_for_ever_costs_the_budget_and_the_process(reader: NamesReader, wanted: Presidio) -> None:
    """Who asked gets no answer in time; the process is replaced, and the next one who asks does not notice."""
    reader.apply(wanted)
    await reader.read(["Bob"])
    pid = reader.pid
    reader.apply(replace(wanted, time_budget_ms=300))
    assert reader.pid == pid  # another budget is no reason to load the model again
    began = time.monotonic()
    assert (await reader.read([ENDLESS])).fault == "names_late"
    assert time.monotonic() - began < 2
    assert await reader.read(["Bob"]) == BOB and reader.pid != pid


async def test_a_process_that_is_killed_in_the_middle_is_replaced(reader: NamesReader, wanted: Presidio) -> None:
    """The payload that it was reading counts as not read, and the next one is read."""
    reader.apply(wanted)
    await reader.read(["Bob"])
    pid = reader.pid
    assert pid is not None
    asking = asyncio.create_task(reader.read([ENDLESS]))
    await asyncio.sleep(0.2)
    os.kill(pid, signal.SIGKILL)
    assert (await asking).fault == "names_failed"
    assert await reader.read(["Bob"]) == BOB and reader.pid != pid


async def test_a_process_that_dies_while_nobody_asks_is_not_missed(reader: NamesReader, wanted: Presidio) -> None:
    """The next one who asks gets a new one and an answer."""
    reader.apply(wanted)
    await reader.read(["Bob"])
    process = reader._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    await until(lambda: not process.alive)
    assert await reader.read(["Bob"]) == BOB


async def test_the_queue_has_an_end(reader: NamesReader, wanted: Presidio) -> None:
    """More than may wait are told so at once; those who wait are held to the budget."""
    reader.apply(replace(wanted, time_budget_ms=500))
    await reader.read(["Bob"])
    faults = [named.fault for named in await asyncio.gather(*(reader.read([ENDLESS]) for _ in range(module._WAITING_MAX + 10)))]
    assert faults.count("names_busy") == 10 and faults.count("names_late") == module._WAITING_MAX
    assert await reader.read(["Bob"]) == BOB


async def test_who_goes_away_leaves_no_answer_for_the_next(reader: NamesReader, wanted: Presidio) -> None:
    """The answer that nobody waits for any more is not taken for that of somebody else."""
    reader.apply(wanted)
    await reader.read(["Bob"])
    pid = reader.pid
    leaving = asyncio.create_task(reader.read(["nothing " * 20_000]))
    await asyncio.sleep(0.01)
    leaving.cancel()
    assert await reader.read(["Bob"]) == BOB and reader.pid == pid


async def test_another_model_takes_over_what_was_being_read(reader: NamesReader, wanted: Presidio) -> None:
    """A change of the configuration costs nobody an answer."""
    reader.apply(wanted)
    await reader.read(["Bob"])
    pid = reader.pid
    reading = asyncio.create_task(reader.read(["nothing " * 60_000 + "Bob"]))
    await asyncio.sleep(0.05)
    reader.apply(replace(wanted, language="de", time_budget_ms=30_000))
    assert len((await reading).finds) == 1 and reader.pid != pid


async def test_what_cannot_start_fails_at_once_and_says_why(reader: NamesReader, wanted: Presidio) -> None:
    """It is not tried again for every call; after a while it is, and another configuration is tried at once."""
    reader.apply(replace(wanted, model="en_not_installed"))
    assert (await reader.read(["Bob"])).fault == "names_absent"
    assert str(told(reader)).startswith("failed: there is no model 'en_not_installed'")
    began = time.monotonic()
    assert (await reader.read(["Bob"])).fault == "names_absent" and time.monotonic() - began < 0.1
    reader.apply(wanted)
    assert await reader.read(["Bob"]) == BOB and told(reader) == "ready"


async def test_it_is_tried_again_after_a_while(
    reader: NamesReader, wanted: Presidio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that is installed later is found without a restart."""
    monkeypatch.setattr(module, "_TRY_AGAIN_S", 0.0)
    later = tmp_path / "model"
    reader.apply(replace(wanted, model=str(later)))
    assert (await reader.read(["Bob"])).fault == "names_absent"
    later.symlink_to(wanted.model)
    assert await reader.read(["Bob"]) == BOB


async def test_switched_off_there_is_no_process(reader: NamesReader, wanted: Presidio) -> None:
    """It ends, nobody is told that it stands ready, and no descriptor is left."""
    reader.apply(None)
    await until(lambda: not reader._tasks)
    before = len(os.listdir("/proc/self/fd"))
    reader.apply(wanted)
    await reader.read(["Bob"])
    pid = reader.pid
    reader.apply(None)
    await until(lambda: not os.path.exists(f"/proc/{pid}"))
    assert (await reader.read(["Bob"])).fault == "names_absent" and told(reader) is None
    await until(lambda: len(os.listdir("/proc/self/fd")) <= before)
