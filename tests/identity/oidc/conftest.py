"""State, a book, and sign-in at a provider that a test commands."""

import secrets
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from gatebook.control.barrier import Barrier
from gatebook.identity import accounts
from gatebook.identity.cutting import Cutting
from gatebook.identity.issuers.fetching import Fetcher
from gatebook.identity.journal import Journal
from gatebook.identity.oidc.providers import Providers
from gatebook.identity.oidc.sign_ins import Entered, SignIns, Visitor
from gatebook.identity.oidc.signals import Signals
from gatebook.log.book import Book
from gatebook.log.reader import StreamReader
from gatebook.log.vault import Vault
from gatebook.record.codec import decode_body, decode_header
from gatebook.record.parts import Source
from gatebook.settings import LogSettings
from gatebook.state.identity_providers import IdentityProviderSpec
from gatebook.state.store import Store
from tests.identity.oidc.forge import Forge, forging

CONSOLE = "https://console.example"
SOURCE = Source(ip="198.51.100.7", port=5)
LOG = LogSettings(segment_bytes=1 << 20, reserve_bytes=0)


class Clock:
    """Both clocks, moved by hand."""

    offset_us = 0

    def wall_us(self) -> int:
        """The moved wall clock."""
        return time.time_ns() // 1000 + self.offset_us

    def monotonic_us(self) -> int:
        """The moved monotonic clock."""
        return time.monotonic_ns() // 1000 + self.offset_us


class House:
    """What sign-in needs of a keeper. `specs` are the providers of state."""

    def __init__(self, path: Path, store: Store) -> None:
        self.vault = Vault(path / "keys", bytes(range(32)))
        self.book = Book.open(path / "log", "node1-k", self.vault, LOG)
        self.store = store
        self.clock = Clock()
        self.journal = Journal(store, self.book, self.vault.subject, self.clock)
        self.specs: dict[str, IdentityProviderSpec] = {}
        self.fetcher = Fetcher(total_s=1.0)
        self.providers = Providers(lambda: self.specs, self.fetcher)
        self.sign_ins = SignIns(self.journal, self.providers, bytes(32), CONSOLE)
        self.signals = Signals(
            self.journal, self.providers, Cutting(self.journal, Barrier(self.journal.store, "", lambda _: None)), CONSOLE
        )
        self._log = path / "log" / "node1-k"

    def provision(self, id: str, external_id: str | None = None, email: str = "") -> None:
        """Enter somebody as a directory does."""
        with self.store.write() as connection:
            wanted = accounts.Wanted(id=id, email=email, name=id.title())
            accounts.put_provisioned(connection, wanted, external_id or f"x-{id}", self.clock.wall_us())

    def sql(self, text: str) -> list[Any]:
        """Change or read state behind everybody's back."""
        with self.store.write() as connection:
            done = connection.exec_driver_sql(text)
            return list(done) if done.returns_rows else []

    async def enter(self, forge: Forge, params: dict[str, str] | None = None, **visitor: Any) -> Entered:
        """Go there and come back."""
        browser = secrets.token_urlsafe(32)
        address = await self.sign_ins.begin("corp", "/", browser, SOURCE)
        return await self.sign_ins.finish({**forge.grant(address), **(params or {})}, Visitor(browser=browser, source=SOURCE, **visitor))

    def recorded(self) -> list[tuple[Any, dict[str, bytes]]]:
        """All records with their clear parts."""
        reader = StreamReader(self._log)
        found = []
        for entry in reader.read(1000, 1 << 24):
            body = decode_body(entry.core)
            payload = getattr(body, "payload", None)
            found.append((body, self.vault.open(decode_header(entry.core).id, payload, entry.payload) if payload else {}))
        reader.close()
        return found


@pytest_asyncio.fixture
async def house(tmp_path: Path, store: Store) -> AsyncIterator[House]:
    """A keeper's parts."""
    made = House(tmp_path, store)
    yield made
    await made.providers.close()
    made.book.close()


@pytest_asyncio.fixture
async def forge(house: House) -> AsyncIterator[Forge]:
    """A provider, known as `corp`."""
    async with forging() as made:
        house.specs["corp"] = made.spec(title="Corp")
        yield made
