"""From the signal to the receipt: one transaction with its record, the barrier, credentials at connectors, the receipt with its record."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gatebook.identity.accounts import Wanted, add_token, find_person, put_person
from gatebook.identity.credentials.revoking import Outcome
from gatebook.identity.cut_off import CutOff
from gatebook.identity.cutting import Answer, Cutting, make_id, outlook
from gatebook.identity.journal import Journal
from gatebook.identity.tokens import make_token
from gatebook.log.book import Book
from gatebook.log.errors import LogUnavailable
from gatebook.log.reader import StreamReader
from gatebook.log.vault import Vault
from gatebook.record.body_directory import AccessCutOff, AccessCutOffDone
from gatebook.record.codec import decode_body, decode_header
from gatebook.record.parts import Actor
from gatebook.settings import LogSettings
from gatebook.state.cut_offs import Receipt, Upstream, read_receipt
from gatebook.state.snapshot import Token
from gatebook.state.store import StateError, Store, bump

ROOT = Actor(subject="s", kind="person", auth="socket")
ANA = CutOff(id="c1", person="ana", cause="administrator", by="root", detail="left the company")


class Workers:
    """Answers for workers; remembers what was asked. While `closed` nobody answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, tuple[str, ...], int]] = []
        self.answers: list[Answer] = []
        self.open = asyncio.Event()
        self.open.set()
        self.store: Store | None = None

    async def reached(self, revision: int, cut_offs: Sequence[str] = ()) -> list[Answer]:
        """Answer, once the way is open."""
        self.asked.append((revision, tuple(cut_offs), self.store.revision() if self.store else -1))
        await self.open.wait()
        return self.answers


class House:
    """Cutting over real state and a real book."""

    def __init__(self, path: Path, store: Store) -> None:
        self.vault = Vault(path / "keys", bytes(range(32)))
        self.book = Book.open(path / "log", "n-k", self.vault, LogSettings(segment_bytes=1 << 20, reserve_bytes=0))
        self.store = store
        self.workers = Workers()
        self.workers.store = store
        self.outcomes: list[Outcome] | Exception = []
        self.revoked: list[str] = []
        self.journal = Journal(store, self.book, self.vault.subject)
        self.cutting = self.build()
        self._log = path / "log" / "n-k"
        with store.write() as connection:
            for person in ("ana", "bob"):
                put_person(connection, Wanted(id=person, name=person.title()), 1)
                blank = Token(id=f"t-{person}", sha256="", prefix="", person=person, name="", created_us=1)
                add_token(connection, make_token(person.encode().ljust(32, b".")), blank)
            bump(connection)

    def build(self) -> Cutting:
        """A keeper's cutting; a second one is that of the next start."""

        async def revoke(person: str) -> list[Outcome]:
            self.revoked.append(person)
            await asyncio.sleep(0.02)
            if isinstance(self.outcomes, Exception):
                raise self.outcomes
            return self.outcomes

        async def last_call(subject: str) -> int | None:
            return 77 if subject == self.vault.subject("ana") else None

        return Cutting(self.journal, self.workers, revoke_upstream=revoke, last_call=last_call)

    def receipt(self, id: str = "c1") -> Receipt:
        """A receipt that must be there."""
        with self.store.read() as connection:
            found = read_receipt(connection, id)
        assert found is not None
        return found

    def active(self, person: str) -> bool:
        """Whether a person is active."""
        with self.store.read() as connection:
            found = find_person(connection, person)
        return found is not None and found.active

    def records(self, kind: type[Any]) -> list[tuple[Any, dict[str, bytes]]]:
        """Records of a type with their clear parts."""
        reader = StreamReader(self._log)
        entries = [(entry, decode_body(entry.core)) for entry in reader.read(1000, 1 << 24)]
        reader.close()
        return [
            (
                body,
                self.vault.open(decode_header(entry.core).id, payload, entry.payload)
                if (payload := getattr(body, "payload", None))
                else {},
            )
            for entry, body in entries
            if isinstance(body, kind)
        ]


@pytest.fixture
def house(tmp_path: Path, store: Store) -> Iterator[House]:
    """A keeper's parts."""
    made = House(tmp_path, store)
    yield made
    made.book.close()


async def until(true: Callable[[], bool]) -> None:
    """Wait for it, ten seconds at most."""
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - a database, not an event
            await asyncio.sleep(0.01)


async def test_a_cut_off_is_on_the_record_and_gets_a_receipt(house: House) -> None:
    """Two records: when it was committed, and when all of it was done. Names and reasons are payload, for the subject's key alone."""
    house.workers.answers = [
        Answer(stream="n-w0", at_us=5, ended={"c1": (house.journal.clock.wall_us() + 9_000_000, 2, 1)}),
        Answer(stream="n-w1", at_us=6),
        Answer(stream="n-w2", at_us=7, gone=True),
        Answer(stream="n-w3", at_us=8, lost=True),
    ]
    house.outcomes = [
        Outcome(connector="crm", credential="u1", result="revoked"),
        Outcome(connector="hr", credential="u2", result="failed", detail="503"),
    ]
    severed = await house.cutting.cut(ANA, ROOT)
    await house.cutting.completed("c1")
    assert house.workers.asked == [(severed.revision, ("c1",), severed.revision)], "asked once, after the commit"
    receipt = house.receipt()
    assert [(ack.stream, ack.streams, ack.calls, ack.lost) for ack in receipt.acks] == [
        ("n-w0", 2, 1, False),
        ("n-w1", 0, 0, False),
        ("n-w3", 0, 0, True),
    ]
    assert receipt.upstream == (
        Upstream(connector="crm", credential="u1", outcome="revoked"),
        Upstream(connector="hr", credential="u2", outcome="failed", detail="503"),
    )
    assert (receipt.upstream_revoked, receipt.upstream_failed, receipt.last_call_us) == (1, 1, 77)
    ((begun, parts),) = house.records(AccessCutOff)
    assert (begun.cut_off, begun.subject, begun.cause, begun.deactivated) == ("c1", house.vault.subject("ana"), "administrator", True)
    assert (begun.revision, begun.tokens, begun.sessions, begun.grants, begun.actor) == (severed.revision, 1, 0, 0, ROOT)
    assert b"Ana" in parts["identity"] and b"left the company" in parts["message"]
    ((done, _),) = house.records(AccessCutOffDone)
    assert (done.cut_off, done.workers, done.lost, done.streams, done.calls, done.last_call) == ("c1", 2, 1, 2, 1, 77)
    assert (done.upstream_revoked, done.upstream_failed, done.in_force - done.signal) == (1, 1, receipt.in_force_us)


async def test_nobody_is_answered_before_the_workers_are(house: House) -> None:
    """That is the promise of the answer; meanwhile it is committed, so that workers can have it."""
    house.workers.open.clear()
    asking = asyncio.create_task(house.cutting.cut(ANA, ROOT))
    await until(lambda: bool(house.workers.asked))
    assert not asking.done() and not house.active("ana")
    house.workers.open.set()
    await asking
    await house.cutting.completed("c1")


async def test_without_a_record_nobody_is_cut_off(house: House) -> None:
    """And the workers are not asked."""
    house.book.close()
    with pytest.raises(LogUnavailable):
        await house.cutting.cut(ANA, ROOT)
    assert house.active("ana") and house.workers.asked == []


async def test_nobodys_id_is_refused(house: House) -> None:
    """Nothing is recorded of somebody who is not there."""
    with pytest.raises(StateError, match="no person 'eva'"):
        await house.cutting.cut(CutOff(id="c1", person="eva", cause="administrator", by="root"), ROOT)
    assert house.records(AccessCutOff) == []


async def test_a_connector_that_does_not_answer_holds_up_neither_answer_nor_receipt(house: House) -> None:
    """The receipt says that it failed, and why."""
    house.outcomes = ConnectionError("no route")
    await house.cutting.cut(ANA, ROOT)
    await house.cutting.completed("c1")
    receipt = house.receipt()
    assert receipt.done_us is not None
    assert [(one.outcome, one.detail) for one in receipt.upstream] == [("failed", "no route")]


async def test_several_people_are_settled_together(house: House) -> None:
    """In the caller's own transaction, as a directory's bulk request does it; one question to the workers."""
    async with house.journal.change() as connection:
        both = [
            await house.cutting.within(connection, CutOff(id=f"c-{who}", person=who, cause="deactivated", by="okta"), ROOT)
            for who in ("ana", "bob")
        ]
        bump(connection)
    await house.cutting.settle(both)
    await house.cutting.settle([])
    for who in ("ana", "bob"):
        await house.cutting.completed(f"c-{who}")
        assert house.receipt(f"c-{who}").done_us is not None
    assert [ids for _, ids, _ in house.workers.asked] == [("c-ana", "c-bob")]


async def test_what_an_earlier_keeper_began_is_taken_up_again(house: House) -> None:
    """It ended between commit and receipt; the next start asks the workers and completes it, once."""
    async with house.journal.change() as connection:
        await house.cutting.within(connection, ANA, ROOT)
        bump(connection)
    after = house.build()
    await after.recover()
    await after.completed("c1")
    await after.recover()
    assert house.receipt().done_us is not None
    assert len(house.records(AccessCutOff)) == len(house.records(AccessCutOffDone)) == 1
    assert len(house.workers.asked) == 1


async def test_only_what_is_old_enough_is_taken_up_where_others_may_be_at_it(house: House) -> None:
    """A cut-off of this moment is under way on another node."""
    async with house.journal.change() as connection:
        await house.cutting.within(connection, ANA, ROOT)
        bump(connection)
    await house.cutting.recover(300.0)
    assert house.workers.asked == []
    await house.cutting.recover(-1.0)
    await house.cutting.completed("c1")
    assert house.receipt().done_us is not None


async def test_a_receipt_is_completed_once(house: House) -> None:
    """A start that takes up what was left open must not do again what is under way: revoke twice, and put two ends on the record."""
    async with house.journal.change() as connection:
        severed = await house.cutting.within(connection, ANA, ROOT)
        bump(connection)
    await asyncio.gather(house.cutting.settle([severed]), house.cutting.recover(), house.cutting.settle([severed]))
    await until(lambda: house.receipt().done_us is not None)
    await asyncio.sleep(0.1)
    assert house.revoked == ["ana"] and len(house.records(AccessCutOffDone)) == 1


async def test_two_keepers_put_one_end_on_the_record(house: House) -> None:
    """One that hangs and the one that was started in its place."""
    async with house.journal.change() as connection:
        severed = await house.cutting.within(connection, ANA, ROOT)
        bump(connection)
    other = house.build()
    await asyncio.gather(house.cutting.settle([severed]), other.settle([severed]))
    await asyncio.gather(house.cutting.completed("c1"), other.completed("c1"))
    assert len(house.records(AccessCutOffDone)) == 1


async def test_stopping_leaves_the_rest_to_the_next_start(house: House) -> None:
    """A receipt without an end stays open."""
    await house.cutting.cut(ANA, ROOT)
    await house.cutting.stop()
    assert house.receipt().done_us is None
    await house.cutting.recover()
    await house.cutting.completed("c1")
    assert house.receipt().done_us is not None


def test_the_outlook_counts_what_would_end(house: House) -> None:
    """And ends nothing."""
    with house.store.read() as connection:
        found = outlook(connection, "ana", house.journal.clock.wall_us())
        assert (found.person.id, found.tokens, found.sessions, found.grants, found.credentials) == ("ana", 1, 0, 0, 0)
        with pytest.raises(StateError, match="no person"):
            outlook(connection, "eva", 1)
    assert house.active("ana") and make_id() != make_id()
