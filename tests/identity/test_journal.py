"""No record, no change."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebook.identity.accounts import Wanted, find_person, put_person
from gatebook.identity.journal import Journal
from gatebook.log.book import Book
from gatebook.log.errors import LogUnavailable
from gatebook.log.reader import StreamReader
from gatebook.log.vault import Vault
from gatebook.record.body import ConfigChanged
from gatebook.record.codec import decode_body, decode_header
from gatebook.record.parts import Actor
from gatebook.settings import LogSettings
from gatebook.state.store import Store, bump

ROOT = Actor(subject="s", kind="person", auth="socket")


@pytest.fixture
def journal(tmp_path: Path, store: Store) -> Iterator[Journal]:
    """A journal over real state and a real book."""
    vault = Vault(tmp_path / "keys", bytes(range(32)))
    book = Book.open(tmp_path / "log", "n-k", vault, LogSettings(segment_bytes=1 << 20, reserve_bytes=0))
    yield Journal(store, book, vault.subject)
    book.close()


def body(name: str) -> ConfigChanged:
    """The record of a person."""
    return ConfigChanged(kind="Person", name=name, action="created", version=1, revision=1, actor=ROOT, reason=None)


def there(store: Store, id: str) -> bool:
    """Whether a person is in state."""
    with store.read() as connection:
        return find_person(connection, id) is not None


async def enter(journal: Journal, id: str) -> None:
    """Enter somebody, with the record."""
    async with journal.change() as connection:
        put_person(connection, Wanted(id=id), 1)
        bump(connection)
        await journal.record(body(id), journal.subject_of(id), [("diff", b"+ " + id.encode())])
        assert not there(journal.store, id), "nobody sees it before its record is durable and it is committed"


async def test_a_change_is_committed_after_its_record(journal: Journal, store: Store, tmp_path: Path) -> None:
    """The record is on disk with what only its subject's key opens."""
    await enter(journal, "ana")
    assert there(store, "ana")
    reader = StreamReader(tmp_path / "log" / "n-k")
    entries = [entry for entry in reader.read(10, 1 << 20) if decode_header(entry.core).type == "config.changed"]
    reader.close()
    (entry,) = entries
    found = decode_body(entry.core)
    assert isinstance(found, ConfigChanged) and found.name == "ana" and found.payload is not None
    assert b"+ ana" not in entry.core + entry.payload
    vault = Vault(tmp_path / "keys", bytes(range(32)))
    assert dict(vault.open(decode_header(entry.core).id, found.payload, entry.payload)) == {"diff": b"+ ana"}


async def test_without_a_record_there_is_no_change(journal: Journal, store: Store) -> None:
    """A book that cannot be written refuses; state stays as it was."""
    journal.book.close()
    with pytest.raises(LogUnavailable):
        await enter(journal, "ana")
    assert not there(store, "ana") and store.revision() == 0


async def test_changes_wait_for_each_other(journal: Journal, store: Store) -> None:
    """Each holds its transaction while its record becomes durable; none is refused as locked, and one that is given up leaves the way free."""
    await asyncio.gather(*(enter(journal, f"p{number}") for number in range(20)))
    assert store.revision() == 20

    async def hang() -> None:
        async with journal.change() as connection:
            put_person(connection, Wanted(id="hung"), 1)
            await asyncio.sleep(60)

    hanging = asyncio.create_task(hang())
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(enter(journal, "last"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    hanging.cancel()
    await waiting
    assert there(store, "last") and not there(store, "hung")
