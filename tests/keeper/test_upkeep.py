"""What the keeper looks after by itself."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from gatebook.identity.accounts import Wanted, add_token, put_person
from gatebook.identity.cut_off import CutOff, cut_off
from gatebook.identity.cutting import Cutting
from gatebook.identity.journal import Journal
from gatebook.identity.tokens import make_token
from gatebook.keeper.upkeep import Upkeep
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.record.parts import Actor
from gatebook.state import pruning
from gatebook.state.cut_offs import read_receipt
from gatebook.state.feed import note_people, prune_feed
from gatebook.state.snapshot import Token
from gatebook.state.store import StateError, Store, bump
from gatebook.state.uses import read_uses
from gatebook.state.workers import Worker, put_worker, read_workers


class Nobody:
    """A deployment without workers. `faults` are raised first, one at a time."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)

    async def reached(self, revision: int, cut_offs: Sequence[str] = ()) -> list[Any]:
        """Nobody is to be waited for."""
        if self.faults:
            raise self.faults.pop(0)
        return []


async def until(true: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - a database, not an event
            await asyncio.sleep(0.01)


async def test_a_receipt_that_an_earlier_keeper_began_is_completed(store: Store, book: Book, vault: Vault, monkeypatch: Any) -> None:
    """Committed before a kill -9, completed at the next start; where state fails first, a moment later."""
    monkeypatch.setattr("gatebook.keeper.upkeep._AGAIN_S", 0.01)
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 1)
        cut_off(connection, CutOff(id="c1", person="ana", cause="deactivated", by="okta"), 2)
        bump(connection)
    cutting = Cutting(Journal(store, book, vault.subject), Nobody(StateError("locked"), StateError("locked")))
    upkeep = Upkeep(store, cutting)
    upkeep.start()

    def done() -> bool:
        with store.read() as connection:
            receipt = read_receipt(connection, "c1")
        return receipt is not None and receipt.done_us is not None

    await until(done)
    await upkeep.stop()
    await cutting.stop()


async def test_a_receipt_whose_completion_failed_is_completed_later(store: Store, book: Book, vault: Vault, monkeypatch: Any) -> None:
    """Without a restart: whoever reads it is not left with one that goes on for ever."""
    monkeypatch.setattr("gatebook.keeper.upkeep._EVERY_S", 0.05)
    monkeypatch.setattr("gatebook.keeper.upkeep._BEGUN_S", 0.0)
    faults = [StateError("the disk is full")]

    async def last_call(_subject: str) -> int | None:
        if faults:
            raise faults.pop()
        return None

    cutting = Cutting(Journal(store, book, vault.subject), Nobody(), last_call=last_call)
    upkeep = Upkeep(store, cutting)
    upkeep.start()
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 1)
        bump(connection)
    await cutting.cut(CutOff(id="c1", person="ana", cause="deactivated", by="okta"), Actor(subject="s", kind="person", auth="socket"))

    def done() -> bool:
        with store.read() as connection:
            receipt = read_receipt(connection, "c1")
        return receipt is not None and receipt.done_us is not None

    await until(done)
    assert not faults
    await upkeep.stop()
    await cutting.stop()


async def test_dropping_what_nobody_follows_is_no_change(store: Store, book: Book, vault: Vault, monkeypatch: Any) -> None:
    """After thousands of changes of people the feed is shortened; that must not count revisions, of which each worker would read everything anew."""
    monkeypatch.setattr(pruning, "prune_feed", lambda connection: prune_feed(connection, kept=5))
    for number in range(30):
        with store.write() as connection:
            note_people(connection, [f"p{number}"])
            bump(connection)
    with store.note() as connection:
        put_worker(connection, Worker(stream="w", node="n", boot="b", revision=1, renewed_us=1))
    upkeep = Upkeep(store, Cutting(Journal(store, book, vault.subject), Nobody()))
    upkeep.start()

    def dropped() -> bool:
        with store.read() as connection:
            return not read_workers(connection)

    await until(dropped)
    await asyncio.sleep(0.2)
    await upkeep.stop()
    assert store.revision() == 30


async def test_tokens_that_are_long_over_are_dropped_in_turns(store: Store, book: Book, vault: Vault, monkeypatch: Any) -> None:
    """All of them at one time of the day, a batch in each transaction; followers hear of each."""
    monkeypatch.setattr(pruning, "_BATCH", 2)
    now_us = time.time_ns() // 1000
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 1)
        for number in range(5):
            token = Token(
                id=f"t{number}", sha256="", prefix="", person="ana", name="", created_us=1, expires_us=1 if number else now_us + 10**9
            )
            add_token(connection, make_token(bytes([number]) * 32), token)
        bump(connection)
    before = store.snapshot()
    upkeep = Upkeep(store, Cutting(Journal(store, book, vault.subject), Nobody()))
    upkeep.start()
    await until(lambda: len(store.snapshot().tokens) == 1)
    await upkeep.stop()
    newer = store.newer(before)
    assert newer is not None and [token.id for token in newer.snapshot.tokens.values()] == ["t0"]
    assert store.revision() == 3


async def test_uses_of_tokens_at_the_console_are_noted_each_minute_and_at_the_end(
    store: Store, book: Book, vault: Vault, monkeypatch: Any
) -> None:
    """What could not be written is written later; none of it is a change."""
    monkeypatch.setattr("gatebook.keeper.upkeep.EVERY_S", 0.01)
    with store.write() as connection:
        put_person(connection, Wanted(id="ana"), 1)
        add_token(connection, make_token(bytes(32)), Token(id="t1", sha256="", prefix="", person="ana", name="", created_us=1))
        bump(connection)
        connection.exec_driver_sql("ALTER TABLE oauth_grants RENAME TO away")
    taken = [{"t1": 40}]
    upkeep = Upkeep(store, Cutting(Journal(store, book, vault.subject), Nobody()), lambda: taken.pop() if taken else {})
    upkeep.start()

    def used() -> int | None:
        with store.read() as connection:
            return read_uses(connection, "ana").get("t1")

    await until(lambda: not taken)
    await asyncio.sleep(0.05)
    assert used() is None
    with store.write() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO oauth_grants")
    await until(lambda: used() == 40)
    monkeypatch.setattr("gatebook.keeper.upkeep.EVERY_S", 60)
    await asyncio.sleep(0.05)
    taken.append({"t1": 50})
    await upkeep.stop()
    assert used() == 50 and store.revision() == 1
