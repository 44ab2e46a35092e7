"""A keeper's side of connections on a real store and book, and a real server that wants OAuth."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import msgspec
import pytest

from gatebook.gateway.upstream.fetching import fetch, reach_from
from gatebook.identity.accounts import Wanted, put_person
from gatebook.identity.credentials.connecting import Attempt, Connecting, Returned
from gatebook.identity.credentials.keys import KeyRing
from gatebook.identity.credentials.revoking import Revoking
from gatebook.identity.credentials.safe import Safe
from gatebook.identity.directory import Principal, make_principal
from gatebook.identity.journal import Journal
from gatebook.log.book import Book
from gatebook.log.reader import StreamReader
from gatebook.log.vault import Vault
from gatebook.record.body_credentials import CredentialChanged
from gatebook.record.codec import decode_body
from gatebook.settings import LogSettings
from gatebook.state.connectors import Connector, ConnectorSpec
from gatebook.state.snapshot import Person
from gatebook.state.store import Store
from tests.fixtures import oauth_mcp

ANN = "ann@example.com"
BROWSER = "b" * 64
RING = KeyRing({"k1": b"k" * 32})


class Keeper:
    """What connects and gives back, with all that it writes."""

    def __init__(self, path: Path, store: Store) -> None:
        self.store = store
        self.vault = Vault(path / "keys", b"m" * 32)
        self._log = path / "log"
        self.book = Book.open(self._log, "t-k", self.vault, LogSettings(segment_bytes=1 << 20, reserve_bytes=0))
        self.journal = Journal(store, self.book, self.vault.subject)
        self.safe = Safe(store, RING)
        self.connecting = Connecting(self.journal, self.safe, fetch, reach_from, "http://127.0.0.1:8401")
        self.revoking = Revoking(self.journal, self.safe, fetch)
        with store.write() as connection:
            put_person(connection, Wanted(id=ANN), 1)
        self.ann = self.principal(ANN)

    def principal(self, id: str) -> Principal:
        """Somebody who is signed in."""
        return make_principal(Person(id=id, email=id), self.vault.subject(id), "session")

    def changes(self) -> list[CredentialChanged]:
        """The records about credentials so far."""
        reader = StreamReader(self._log / "t-k")
        try:
            bodies = [decode_body(entry.core) for entry in reader.read(10_000, 1 << 24)]
        finally:
            reader.close()
        return [body for body in bodies if isinstance(body, CredentialChanged)]

    async def connect(self, connector: Connector, who: Principal | None = None) -> None:
        """Go the whole way."""
        who = who or self.ann
        attempt = await self.connecting.begin(connector, who, BROWSER)
        await self.connecting.finish(await agree(attempt), who, BROWSER)


async def agree(attempt: Attempt) -> Returned:
    """What the authorization server sends back when the person agrees."""
    async with aiohttp.ClientSession() as http, http.get(attempt.url, allow_redirects=False) as answer:
        query = parse_qs(urlsplit(answer.headers["location"]).query)
    found = {name: values[0] for name, values in query.items() if name in ("state", "code", "error", "iss")}
    return Returned(**found)


def connector(url: str, **credential: Any) -> Connector:
    """A connector that wants an account of each person."""
    spec = {"transport": "http", "url": url, "allow": {"groups": ["everyone"]}, "credential": {"kind": "person", **credential}}
    return Connector(name="notes", version=1, spec=msgspec.convert(spec, ConnectorSpec))


class Notes:
    """The server, and its controls."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._control = url.removesuffix("/mcp") + "/control"

    async def control(self, **behaviour: Any) -> dict[str, Any]:
        """Change how it behaves; returns what happened so far."""
        async with aiohttp.ClientSession() as http, http.post(self._control, json=behaviour) as answer:
            told: dict[str, Any] = await answer.json()
        return told


@pytest.fixture
async def notes() -> AsyncIterator[Notes]:
    """A server of its own, as a process."""
    async with oauth_mcp.running() as url:
        yield Notes(url)


@pytest.fixture
def keeper(tmp_path: Path, store: Store) -> Iterator[Keeper]:
    """The keeper's side."""
    made = Keeper(tmp_path, store)
    yield made
    made.book.close()
