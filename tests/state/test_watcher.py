"""Following changes of state."""

import asyncio
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text

from gatebook.state.snapshot import Snapshot
from gatebook.state.store import StateError, Store, bump
from gatebook.state.watcher import Watcher


async def until(condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Wait until a condition holds, which something outside of the event loop makes true."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.01)


def change(store: Store) -> float:
    """Make a change; return when."""
    with store.write() as connection:
        bump(connection)
    return time.monotonic()


def rename(store: Store, table: str, name: str) -> None:
    """Put a table out of everybody's reach, or back."""
    with store.note() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


async def test_a_change_arrives_within_half_a_second(store: Store) -> None:
    """The first snapshot is there when start returns; each later one comes by itself, once."""
    seen: list[Snapshot] = []
    watcher = Watcher(store, seen.append)
    await watcher.start()
    assert [snapshot.revision for snapshot in seen] == [0]
    changed_s = change(store)
    await until(lambda: len(seen) == 2)
    assert time.monotonic() - changed_s < 0.5
    await asyncio.sleep(0.5)
    assert [snapshot.revision for snapshot in seen] == [0, 1]
    assert watcher.age_s < 0.5
    await watcher.stop()


async def test_state_that_fails_leaves_the_last_snapshot_in_force(store: Store) -> None:
    """While state cannot be read nothing is handed over and the failure can be asked for; afterwards it goes on."""
    seen: list[Snapshot] = []
    watcher = Watcher(store, seen.append, poll_s=0.02)
    await watcher.start()
    rename(store, "meta", "away")
    await until(lambda: watcher.failure is not None)
    rename(store, "away", "meta")
    await until(lambda: watcher.failure is None)
    assert len(seen) == 1
    change(store)
    await until(lambda: len(seen) == 2)
    await watcher.stop()


async def test_a_snapshot_that_cannot_be_taken_over_is_tried_again(store: Store) -> None:
    """A mistake in what takes the snapshot does not end the following."""
    seen: list[int] = []

    def take(snapshot: Snapshot) -> None:
        seen.append(snapshot.revision)
        if len(seen) == 2:
            raise ValueError("not this time")

    watcher = Watcher(store, take, poll_s=0.02)
    await watcher.start()
    change(store)
    await until(lambda: seen == [0, 1, 1])
    await watcher.stop()


async def test_without_any_state_there_is_nothing_to_start_with(store: Store) -> None:
    """The first load must work: a worker without people and connectors is no worker."""
    rename(store, "meta", "away")
    watcher = Watcher(store, lambda snapshot: None)
    with pytest.raises(StateError):
        await watcher.start()
    await watcher.stop()
