"""A deployment in a temporary directory, and a desk in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gatebook.control.caller import local_caller
from gatebook.control.desk import Desk
from gatebook.control.key_files import create_keys, read_master_key
from gatebook.identity.directory import Principal
from gatebook.identity.journal import Journal
from gatebook.log.book import Book
from gatebook.log.reader import StreamReader
from gatebook.log.vault import Vault
from gatebook.record.body import AnyBody
from gatebook.record.codec import decode_body, decode_header
from gatebook.record.parts import PartName
from gatebook.settings import LogSettings, Settings, StateSettings
from gatebook.state.opening import open_state
from gatebook.state.store import Store

Recorded = list[tuple[AnyBody, dict[PartName, bytes]]]


@pytest.fixture
def settings(tmp_path: Path, state_url: str) -> Settings:
    """A deployment that `gatebook init` has been run for."""
    log = LogSettings(segment_bytes=1 << 20, reserve_bytes=0)
    made = Settings(data_dir=tmp_path / "data", log=log, state=StateSettings(url=state_url))
    made.data_dir.mkdir(mode=0o700)
    create_keys(made)
    open_state(made).close()
    return made


@pytest.fixture
def vault(settings: Settings) -> Vault:
    """The vault of the deployment."""
    return Vault(settings.keys_dir, read_master_key(settings))


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """The state of the deployment."""
    opened = open_state(settings)
    yield opened
    opened.close()


@pytest.fixture
def book(settings: Settings, vault: Vault) -> Iterator[Book]:
    """The keeper's book."""
    opened = Book.open(settings.log_dir, settings.keeper_stream, vault, settings.log)
    yield opened
    opened.close()


@pytest.fixture
def desk(settings: Settings, store: Store, book: Book, vault: Vault) -> Desk:
    """A desk over state and book."""
    return Desk(Journal(store, book, vault.subject), settings.console_url)


@pytest.fixture
def caller(vault: Vault) -> Principal:
    """A local administrator."""
    return local_caller("root", vault.subject)


@pytest.fixture
def recorded(settings: Settings, vault: Vault) -> Callable[[], Recorded]:
    """Reads all records of the keeper's stream with their clear payloads."""

    def read() -> Recorded:
        reader = StreamReader(settings.log_dir / settings.keeper_stream)
        found: Recorded = []
        for entry in reader.read(10_000, 1 << 26):
            body = decode_body(entry.core)
            payload = getattr(body, "payload", None)
            found.append((body, vault.open(decode_header(entry.core).id, payload, entry.payload) if payload else {}))
        reader.close()
        return found

    return read
