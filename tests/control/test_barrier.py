"""Nobody is answered while a worker still decides by what was before."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import text

from gatebook.control import unix_socket
from gatebook.control.barrier import Barrier, node_barrier
from gatebook.gateway.looking import InForce, Question
from gatebook.gateway.severing import Ended
from gatebook.processes.listeners import Listener
from gatebook.settings import Settings
from gatebook.state.store import Store
from gatebook.state.workers import Worker, drop_worker, put_worker

LEASE_S = 0.6


def register(store: Store, stream: str, node: str = "here", boot: str = "b1", revision: int = 0) -> None:
    """Put a worker on the list."""
    with store.note() as connection:
        put_worker(connection, Worker(stream=stream, node=node, boot=boot, revision=revision, renewed_us=time.time_ns() // 1000))


class Asked:
    """A worker's end of its socket: `revisions` are what it has in force at each question, the last one for good; None: not to be known."""

    def __init__(self, *revisions: int | None, ended: dict[str, Ended] | None = None) -> None:
        self.revisions = list(revisions)
        self.ended = ended or {}
        self.questions: list[Question] = []
        self.hangs = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one question."""
        body = (await receive())["body"]
        if self.hangs:
            await asyncio.sleep(60)
        self.questions.append(msgspec.json.decode(body, type=Question))
        revision = self.revisions.pop(0) if len(self.revisions) > 1 else self.revisions[0]
        content = b'{"error":"x"}' if revision is None else msgspec.json.encode(InForce("b1", revision, self.ended))
        await send({"type": "http.response.start", "status": 503 if revision is None else 200, "headers": []})
        await send({"type": "http.response.body", "body": content})


@asynccontextmanager
async def serving(path: Path, asked: Asked) -> AsyncIterator[None]:
    """Serve at a socket."""
    listener = Listener(asked, unix_socket.listen(path), 0.1)
    task = asyncio.create_task(listener.run_until_stopped())
    await listener.accepting.wait()
    yield
    listener.stop()
    await task


def barrier(store: Store, tmp_path: Path, lease_s: float = LEASE_S) -> Barrier:
    """The barrier of this node."""
    return Barrier(store, "here", lambda stream: tmp_path / f"{stream}.sock", lease_s)


async def timed(work: Any) -> tuple[Any, float]:
    """What it gives, and how long it took, seconds."""
    began_s = time.monotonic()
    return await work, time.monotonic() - began_s


async def later(seconds: float, act: Callable[[], object]) -> None:
    """Do something after a while."""
    await asyncio.sleep(seconds)
    act()


async def test_without_workers_nobody_is_waited_for(store: Store, tmp_path: Path) -> None:
    """There is nobody who could let anybody in."""
    assert await barrier(store, tmp_path).reached(1) == []


async def test_a_worker_of_this_node_is_asked_and_tells_what_it_ended(store: Store, tmp_path: Path) -> None:
    """Its row may be older: the answer counts."""
    register(store, "w0")
    asked = Asked(3, ended={"c1": Ended(5, 2, 1)})
    async with serving(tmp_path / "w0.sock", asked):
        (answer,) = await barrier(store, tmp_path).reached(3, ["c1"])
    assert (answer.stream, answer.ended, answer.gone, answer.lost) == ("w0", {"c1": (5, 2, 1)}, False, False)
    assert asked.questions == [Question(("c1",))]


async def test_who_cannot_say_yet_is_asked_again(store: Store, tmp_path: Path) -> None:
    """State was not to be read for a moment."""
    register(store, "w0")
    asked = Asked(None, None, 3)
    async with serving(tmp_path / "w0.sock", asked):
        (answer,) = await barrier(store, tmp_path).reached(3)
    assert not answer.lost and len(asked.questions) == 3


async def test_a_dead_worker_of_this_node_is_not_waited_for(store: Store, tmp_path: Path) -> None:
    """Nobody listens at its socket, or there is none any more; its row is still there."""
    register(store, "w0")
    register(store, "w1")
    unix_socket.listen(tmp_path / "w1.sock").close()
    answers, took_s = await timed(barrier(store, tmp_path, 30).reached(3))
    assert [answer.gone for answer in answers] == [True, True] and took_s < 5


async def test_one_that_hangs_is_waited_for_until_its_lease_is_over(store: Store, tmp_path: Path) -> None:
    """And not longer: then it refuses by itself. Others are asked meanwhile."""
    register(store, "w0")
    register(store, "w1")
    hanging = Asked(0)
    hanging.hangs = True
    async with serving(tmp_path / "w0.sock", hanging), serving(tmp_path / "w1.sock", Asked(3)):
        answers, took_s = await timed(barrier(store, tmp_path).reached(3))
    assert [(answer.stream, answer.lost) for answer in answers] == [("w0", True), ("w1", False)]
    assert LEASE_S <= took_s < LEASE_S + 2
    assert answers[1].at_us < answers[0].at_us - 300_000


async def test_one_of_another_node_tells_by_its_row(store: Store, tmp_path: Path) -> None:
    """Or is gone when its row is, or another run has taken its place, which read what was committed."""
    for stream in ("there-w0", "there-w1", "there-w2"):
        register(store, stream, "there", revision=2)

    def move() -> None:
        register(store, "there-w0", "there", revision=3)
        register(store, "there-w1", "there", boot="b2")
        with store.note() as connection:
            drop_worker(connection, "there-w2", "b1")

    moving = asyncio.create_task(later(0.2, move))
    answers, took_s = await timed(barrier(store, tmp_path, 30).reached(3))
    await moving
    assert [(answer.gone, answer.lost) for answer in answers] == [(False, False), (True, False), (True, False)]
    assert 0.15 < took_s < 10


async def test_one_of_another_node_that_says_nothing_is_lost(store: Store, tmp_path: Path) -> None:
    """After its lease, whatever its clock says."""
    register(store, "there-w0", "there", revision=2)
    (answer,), took_s = await timed(barrier(store, tmp_path).reached(3))
    assert answer.lost and took_s >= LEASE_S


async def test_while_the_list_cannot_be_read_the_lease_is_waited_for(store: Store, tmp_path: Path) -> None:
    """Nobody known is not nobody there; as soon as it can be read, who is on it is asked."""
    register(store, "w0")

    def rename(before: str, after: str) -> None:
        with store.write() as connection:
            connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))

    rename("workers", "away")
    answers, took_s = await timed(barrier(store, tmp_path).reached(3))
    assert answers == [] and took_s >= LEASE_S
    back = asyncio.create_task(later(0.1, lambda: rename("away", "workers")))
    async with serving(tmp_path / "w0.sock", Asked(3)):
        (answer,) = await barrier(store, tmp_path, 30).reached(3)
    await back
    assert answer.stream == "w0" and not answer.lost


async def test_the_barrier_of_a_node_knows_its_sockets(settings: Settings, store: Store) -> None:
    """Streams of workers of the settings' node have one; a row without a listener is gone at once."""
    register(store, settings.worker_stream(1), settings.node)
    (answer,) = await node_barrier(settings, store).reached(1)
    assert answer.gone
