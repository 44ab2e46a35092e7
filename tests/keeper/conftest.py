"""A deployment, and a keeper's parts in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebook.control.key_files import create_keys, epoch_file, read_master_key
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.settings import LogSettings, Settings
from gatebook.state.store import Store


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A deployment that `gatebook init` has been run for; it seals often."""
    made = Settings(data_dir=tmp_path / "data", log=LogSettings(segment_bytes=1 << 20, reserve_bytes=0, seal_interval_s=0.05))
    made.data_dir.mkdir(mode=0o700)
    create_keys(made)
    epoch_file(made).write_text("20261123-010203\n")
    return made


@pytest.fixture
def vault(settings: Settings) -> Vault:
    """The vault of this thread."""
    return Vault(settings.keys_dir, read_master_key(settings))


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """The state of the deployment."""
    opened = Store.open(settings.state_path)
    yield opened
    opened.close()


@pytest.fixture
def book(settings: Settings, vault: Vault) -> Iterator[Book]:
    """The keeper's book."""
    opened = Book.open(settings.log_dir, settings.keeper_stream, vault, settings.log)
    yield opened
    opened.close()
