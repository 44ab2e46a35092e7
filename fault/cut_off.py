"""People are cut off while they call, listen and wait, on two workers; a worker, then the keeper is killed in the middle, and a worker stands still.

After the answer nobody who was cut off is let in, on any connection; their streams have ended within a second; every receipt is complete.
"""

import asyncio
import contextlib
import random
import signal
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from fault.deployment import KEEPER, Deployment, wait_until
from fault.joiners import People, Person, provision
from fault.result import Result
from fault.stage import open_connector
from gatebook.control.client import KeeperAbsent, KeeperClient, KeeperRefused
from gatebook.log.reader import StreamReader
from gatebook.record.body import AnyBody, CallFinished
from gatebook.record.body_directory import AccessCutOffDone
from gatebook.record.codec import decode_body
from gatebook.state.cut_offs import Receipt, read_receipts
from gatebook.state.opening import open_state
from gatebook.state.workers import LEASE_S

_PEOPLE = 200
_STREAMS_END_S = 1.0
_RECEIPTS_S = 20.0
_ANSWER_S = 60.0
_AT_ONCE = 4


def run(directory: Path, rounds: int, say: Callable[[str], None]) -> Result:
    """All of it once; `rounds` is not asked."""
    result = Result("cut off")
    began_s = time.monotonic()
    with open_connector(directory) as port:
        deployment = Deployment(directory / "data", supervised=True, workers=2)
        try:
            people = People(deployment.settings, provision(deployment.settings, port, _PEOPLE))
            deployment.start()
            asyncio.run(_play(deployment, people, result, say))
            _check_receipts(deployment, people, result)
        finally:
            deployment.close()
        _check_records(deployment, people, result)
    result.rounds = 1
    result.seconds = time.monotonic() - began_s
    return result


async def _play(deployment: Deployment, people: People, result: Result, say: Callable[[str], None]) -> None:
    async with people:
        await people.settle_in()
        result.expect(len(people.streams) == 2 * _PEOPLE, f"{len(people.streams)} streams are open instead of {2 * _PEOPLE}")
        say(f"{_PEOPLE} people are in, with {len(people.streams)} streams and {people.waiting} calls that wait")
        calling = asyncio.create_task(people.keep_calling())
        quiet, killed, keeperless, still = people.all[:150], people.all[150:170], people.all[170:190], people.all[190:195]
        await _cut_all(deployment, people, quiet, result)
        say(f"cut off {len(quiet)}: the slowest answer took {1000 * max(one.took_s for one in quiet):.0f} ms")
        await _while_killed(deployment, people, killed, "worker 0", result)
        await _while_killed(deployment, people, keeperless, KEEPER, result)
        await _while_still(deployment, people, still, result)
        await asyncio.sleep(_STREAMS_END_S)
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)
        _judge(people, result, [*quiet, *killed, *keeperless, *still], people.all[195:])
        result.notes.append(
            f"{people.asked} requests, each on a connection of its own; the slowest stream ended after {people.slowest_s:.3f} s"
        )


async def _cut_all(deployment: Deployment, people: People, whom: Iterable[Person], result: Result) -> None:
    """Cut off some at a time, and ask for each on eight fresh connections as soon as the answer is there."""
    few = asyncio.Semaphore(_AT_ONCE)

    async def cut(person: Person) -> None:
        async with few:
            began_s = time.monotonic()
            await asyncio.to_thread(wait_until, lambda: _ask(deployment, person), _ANSWER_S, 0.2)
            person.cut_s, person.took_s = time.monotonic(), time.monotonic() - began_s
        await asyncio.gather(*(people.ask(person) for _ in range(8)))

    await asyncio.gather(*(cut(person) for person in whom))
    result.expect(all(person.cut_s for person in whom), "somebody could not be cut off")


def _ask(deployment: Deployment, person: Person) -> bool:
    """Ask the keeper to cut somebody off; False when it could not be asked or could not answer."""
    client = KeeperClient(deployment.settings.keeper_socket, "fault", 3 * LEASE_S)
    try:
        client.post("/control/cut_off", {"person": person.id, "reason": "left the company"})
    except (KeeperAbsent, KeeperRefused):
        return False
    return True


async def _while_killed(deployment: Deployment, people: People, whom: list[Person], name: str, result: Result) -> None:
    cutting = asyncio.create_task(_cut_all(deployment, people, whom, result))
    await asyncio.sleep(random.uniform(0.02, 0.2))
    before = await asyncio.to_thread(deployment.kill, name)
    await cutting
    await asyncio.to_thread(deployment.await_ready, before)


async def _while_still(deployment: Deployment, people: People, whom: list[Person], result: Result) -> None:
    """A worker that stands still delays the answer by its lease at most, and lets nobody in when it goes on."""
    stopped = await asyncio.to_thread(lambda: deployment.kill("worker 1", number=signal.SIGSTOP))
    began_s = time.monotonic()
    await _cut_all_waiting(deployment, people, whom)
    took_s = time.monotonic() - began_s
    result.expect(took_s < LEASE_S + 3, f"with a worker that stands still the answer took {took_s:.1f} s")
    queued = [asyncio.create_task(people.ask(person)) for person in whom for _ in range(16)]
    staying = [asyncio.create_task(people.ask(person)) for person in people.all[195:] for _ in range(16)]
    await asyncio.sleep(0.3)
    hanging = sum(not task.done() for task in staying)
    # It would look into state before it has read the first request, so that is put out of its reach for a moment.
    with _unreadable(deployment):
        await asyncio.to_thread(lambda: deployment.kill("worker 1", number=signal.SIGCONT))
        await asyncio.gather(*queued)
        codes = await asyncio.gather(*staying)
    result.expect(bool(stopped) and hanging > 0, "no request met the worker that stood still")
    result.expect(set(codes) == {200, 503}, f"the worker did not refuse when it went on, or another one did: {sorted(set(codes))}")
    await asyncio.sleep(1.0)
    back = await asyncio.gather(*(people.ask(person) for person in people.all[195:] for _ in range(8)))
    result.expect(set(back) == {200}, f"the worker did not come back by itself: {sorted(set(back))}")


@contextlib.contextmanager
def _unreadable(deployment: Deployment) -> Iterator[None]:
    direct = sqlite3.connect(deployment.settings.state_path, timeout=10, isolation_level=None)
    direct.execute("ALTER TABLE meta RENAME TO away")
    try:
        yield
    finally:
        direct.execute("ALTER TABLE away RENAME TO meta")
        direct.close()


async def _cut_all_waiting(deployment: Deployment, people: People, whom: list[Person]) -> None:
    async def cut(person: Person) -> None:
        await asyncio.to_thread(_ask, deployment, person)
        person.cut_s = time.monotonic()

    await asyncio.gather(*(cut(person) for person in whom))


def _judge(people: People, result: Result, gone: list[Person], staying: list[Person]) -> None:
    let_in = [
        (person.id, at_s - person.cut_s) for person in gone for at_s, status in person.answers if at_s > person.cut_s and status == 200
    ]
    result.expect(not let_in, f"{len(let_in)} requests were let in after the answer: {let_in[:3]}")
    late = {
        one.person: one.ended_s - one.of.cut_s for one in people.streams if one.of in gone and one.ended_s - one.of.cut_s > _STREAMS_END_S
    }
    open_still = [one.person for one in people.streams if one.of in gone and not one.ended_s]
    result.expect(not late, f"{len(late)} streams ended too late: {dict(list(late.items())[:3])}")
    result.expect(not open_still, f"{len(open_still)} streams did not end: {open_still[:3]}")
    refused = [person.id for person in staying if person.answers[-1][1] != 200]
    result.expect(not refused, f"people who were not cut off are refused: {refused}")


def _check_receipts(deployment: Deployment, people: People, result: Result) -> None:
    """Each of those who were cut off has a complete receipt; the counts agree with what the people saw."""
    store = open_state(deployment.settings, create=False)

    def read() -> list[Receipt]:
        with store.read() as connection:
            return read_receipts(connection, limit=1000)

    try:
        wait_until(lambda: all(one.done_us is not None for one in read()), _RECEIPTS_S, 0.2)
        receipts = read()
    finally:
        store.close()
    unfinished = [one.id for one in receipts if one.done_us is None]
    result.expect(not unfinished, f"receipts without an end: {unfinished}")
    cut = {person.id for person in people.all if person.cut_s}
    result.expect({one.person for one in receipts} == cut, "not everybody who was cut off has a receipt")
    result.expect(
        all(sum(one.tokens for one in receipts if one.person == person) == 1 for person in cut), "a token is on no receipt, or on two"
    )
    quiet = {person.id for person in people.all[:150]}
    streams = sum(one.streams for one in receipts if one.person in quiet)
    calls = sum(one.calls for one in receipts if one.person in quiet)
    result.expect(streams == 2 * len(quiet), f"the receipts of {len(quiet)} people count {streams} streams")
    result.expect(calls >= people.waiting, f"the receipts count {calls} calls of {people.waiting} that waited")
    result.expect(all(one.last_call_us for one in receipts if one.person in quiet), "a receipt without the last call")
    times = [(ack.at_us - one.signal_us) / 1000 for one in receipts if one.person in quiet for ack in one.acks]
    result.notes.append(
        f"{len(receipts)} receipts, {streams} streams, {calls} calls; the slowest worker had one in force after {max(times):.0f} ms"
    )


def _check_records(deployment: Deployment, people: People, result: Result) -> None:
    settings = deployment.settings
    calls = [body for slot in (0, 1) for body in _bodies(settings.log_dir / settings.worker_stream(slot)) if isinstance(body, CallFinished)]
    found = sum(body.outcome.error_class == "cut_off" for body in calls)
    result.expect(found >= people.waiting, f"{found} calls are recorded as cut off; {people.waiting} waited")
    done = [body for body in _bodies(settings.log_dir / settings.keeper_stream) if isinstance(body, AccessCutOffDone)]
    cut = sum(1 for person in people.all if person.cut_s)
    ends = len({body.cut_off for body in done})
    result.expect(ends == len(done) and ends >= cut, f"{len(done)} ends of {ends} cut-offs of {cut} people are on the record")
    # The receipt itself forgets it once the worker is back and tells what it ended.
    result.expect(any(body.lost for body in done), "no record tells of the worker that stood still")


def _bodies(stream: Path) -> Iterator[AnyBody]:
    reader = StreamReader(stream)
    try:
        while entries := reader.read(10_000, 1 << 26):
            yield from (decode_body(entry.core) for entry in entries)
    finally:
        reader.close()
