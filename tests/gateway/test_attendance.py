"""A worker's place on the list, its lease, and what it tells of itself."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gatebook.gateway import attendance as module
from gatebook.gateway.attendance import Attendance, News, Place
from gatebook.gateway.severing import Ended
from gatebook.identity.accounts import Wanted, add_token, put_person
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.tokens import make_token
from gatebook.state.cut_offs import read_receipt
from gatebook.state.schema import tokens
from gatebook.state.snapshot import Token
from gatebook.state.store import StateError, Store, bump
from gatebook.state.watcher import Watcher
from gatebook.state.workers import Worker, drop_worker, put_worker, read_workers

PLACE = Place("n-w0", "n", "boot1")
NOTHING = News(1, {}, {})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renew often."""
    monkeypatch.setattr(module, "RENEW_S", 0.02)


def rows(store: Store) -> list[Worker]:
    """Who is on the list."""
    with store.read() as connection:
        return read_workers(connection)


async def until(true: Callable[[], Any]) -> None:
    """Wait for it, five seconds at most."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - a database, not an event
            await asyncio.sleep(0.01)


def used(store: Store) -> int | None:
    """When the token was last used."""
    with store.read() as connection:
        return connection.execute(select(tokens.c.last_used_us)).scalar()


def hire(store: Store) -> None:
    """Ana with a token, cut off a moment ago."""
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 1)
        add_token(connection, make_token(bytes(32)), Token(id="t1", sha256="", prefix="", person="ana", name="", created_us=1))
        cut_off(connection, CutOff(id="c1", person="ana", cause="deactivated", by="okta"), 1)
        bump(connection)


async def test_a_worker_is_on_the_list_from_before_its_first_reading_until_it_stops(store: Store) -> None:
    """Its row carries the revision that it has in force, and counts no revision itself."""
    attendance = Attendance(store, PLACE, lambda: 0.0)
    with store.read() as connection, pytest.raises(StateError, match="not on the list"):
        attendance.check(connection)
    await attendance.register()
    assert [(row.stream, row.boot, row.revision) for row in rows(store)] == [("n-w0", "boot1", -1)]
    with store.read() as connection:
        attendance.check(connection)
    attendance.start(lambda uses: News(7, {}, {}))
    await until(lambda: rows(store)[0].revision == 7)
    await attendance.stop(lambda: NOTHING)
    assert rows(store) == [] and store.revision() == 0


async def test_a_reading_without_a_place_does_not_count(store: Store) -> None:
    """Another run has taken it, or it was dropped as dead: then nobody waits for this worker, so it must not go on; its next renewal brings it back."""
    attendance = Attendance(store, PLACE, lambda: watcher.age_s, lease_s=0.2)
    seen: list[int] = []
    watcher = Watcher(store, lambda snapshot: seen.append(snapshot.revision), poll_s=0.02, present=attendance.check)
    await attendance.register()
    await watcher.start()
    assert attendance.out_of_touch() is None
    with store.write() as connection:
        drop_worker(connection, PLACE.stream, PLACE.boot)
        bump(connection)
    await until(attendance.out_of_touch)
    assert seen == [0]
    attendance.start(lambda uses: NOTHING)
    await until(lambda: attendance.out_of_touch() is None)
    assert seen == [0, 1]
    await watcher.stop()
    await attendance.stop(lambda: NOTHING)


async def test_the_lease_is_over_without_a_reading_or_without_a_renewal(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sentences that say which, for whoever calls and for whoever operates it."""
    age_s = 0.0
    attendance = Attendance(store, PLACE, lambda: age_s, lease_s=3)
    await attendance.register()
    assert attendance.out_of_touch() is None
    age_s = 3.1
    assert "has lost touch with its state for 3 s" in str(attendance.out_of_touch())
    age_s = 0.0
    monkeypatch.setattr(module, "UNRENEWED_S_MAX", -1)
    assert "could not say" in str(attendance.out_of_touch())
    await attendance.stop(lambda: NOTHING)


async def test_what_a_cut_off_ended_is_told_once(store: Store) -> None:
    """In one transaction with the revision, so that whoever sees the one sees the other."""
    hire(store)
    attendance = Attendance(store, PLACE, lambda: 0.0)
    await attendance.register()
    attendance.start(lambda uses: News(1, {"c1": Ended(5, 2, 1)}, {}))
    await until(lambda: rows(store)[0].revision == 1)
    with store.read() as connection:
        receipt = read_receipt(connection, "c1")
    assert receipt is not None and [(ack.stream, ack.at_us, ack.streams, ack.calls) for ack in receipt.acks] == [("n-w0", 5, 2, 1)]
    await attendance.stop(lambda: NOTHING)


async def test_uses_of_tokens_are_written_now_and_then_and_at_the_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The renewal asks for them once a minute only."""
    hire(store)
    asked: list[bool] = []
    attendance = Attendance(store, PLACE, lambda: 0.0)

    def news(uses: bool) -> News:
        asked.append(uses)
        return News(1, {}, {"t1": 40} if uses else {})

    await attendance.register()
    attendance.start(news)
    await until(lambda: len(asked) > 3)
    assert not any(asked) and used(store) is None
    monkeypatch.setattr(module, "EVERY_S", 0.0)
    await until(lambda: used(store) == 40)
    await attendance.stop(lambda: News(1, {}, {"t1": 50}))
    assert used(store) == 50 and store.revision() == 1


async def test_uses_that_could_not_be_written_are_written_later(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate tells each use once; a locked database must not lose it. The failure is no end of renewing."""
    hire(store)
    monkeypatch.setattr(module, "EVERY_S", 0.0)
    told = [News(1, {}, {"t1": 40})]
    attendance = Attendance(store, PLACE, lambda: 0.0)
    await attendance.register()
    direct = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    direct.execute("ALTER TABLE workers RENAME TO away")
    attendance.start(lambda uses: told.pop() if told else NOTHING)
    await until(lambda: not told)
    await asyncio.sleep(0.05)
    direct.execute("ALTER TABLE away RENAME TO workers")
    direct.close()
    await until(lambda: used(store) == 40)
    renewed_us = rows(store)[0].renewed_us
    await until(lambda: rows(store)[0].renewed_us > renewed_us)
    await attendance.stop(lambda: NOTHING)


async def test_a_stop_without_state_is_a_stop(store: Store, tmp_path: Path) -> None:
    """It is logged; the row is forgotten by itself later."""
    attendance = Attendance(store, PLACE, lambda: 0.0)
    await attendance.register()
    direct = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    direct.execute("DROP TABLE workers")
    direct.close()
    began_s = time.monotonic()
    await attendance.stop(lambda: NOTHING)
    assert time.monotonic() - began_s < 2


async def test_other_runs_of_the_stream_take_the_place(store: Store) -> None:
    """The earlier run's reading no longer counts, and its stop does not take the later one off the list."""
    attendance = Attendance(store, PLACE, lambda: 0.0)
    await attendance.register()
    with store.note() as connection:
        put_worker(connection, Worker(stream="n-w0", node="n", boot="boot2", revision=1, renewed_us=1))
    with store.read() as connection, pytest.raises(StateError):
        attendance.check(connection)
    with store.note() as connection:
        drop_worker(connection, "n-w0", "boot1")
    assert [row.boot for row in rows(store)] == ["boot2"]
    await attendance.stop(lambda: NOTHING)
