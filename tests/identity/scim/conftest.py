"""A service provider over real state and a real book, asked without a listener."""

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gatebook.identity.cutting import Cutting
from gatebook.identity.journal import Journal
from gatebook.identity.scim.directory_tokens import DirectoryToken, add_directory_token
from gatebook.identity.scim.endpoint import ScimDeps, routes
from gatebook.identity.scim.visits import Visits
from gatebook.identity.tokens import make_token
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.state.store import Store
from tests.control.conftest import Recorded, book, recorded, settings, store, vault

__all__ = ["Recorded", "book", "recorded", "settings", "store", "vault"]

BASE_URL = "https://gatebook.example"
USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
def journal(store: Store, book: Book, vault: Vault) -> Journal:
    """State and book in one."""
    return Journal(store, book, vault.subject)


class AtOnce:
    """A barrier of a deployment without workers; remembers what was waited for."""

    def __init__(self) -> None:
        self.revisions: list[int] = []

    async def reached(self, revision: int, cut_offs: Sequence[str] = ()) -> list[Any]:
        """Nobody is to be waited for."""
        self.revisions.append(revision)
        return []


@pytest.fixture
def barrier() -> AtOnce:
    """The barrier."""
    return AtOnce()


@pytest.fixture
def deps(journal: Journal, barrier: AtOnce) -> ScimDeps:
    """What the service provider works with."""
    return ScimDeps(journal=journal, cutting=Cutting(journal, barrier), visits=Visits(journal), base_url=BASE_URL)


@pytest.fixture
def token(store: Store) -> str:
    """A token of the directory."""
    secret = make_token(bytes(range(32)), "directory")
    with store.write() as connection:
        made = DirectoryToken(id="scim_1", prefix="", name="Okta", created_by="root", created_us=time.time_ns() // 1000)
        add_directory_token(connection, secret, made)
    return secret


class Provisioner:
    """A directory that sends requests. Addresses are below /scim/v2."""

    def __init__(self, client: TestClient, token: str, visits: Visits) -> None:
        self._client = client
        self._visits = visits
        self._headers = {"Authorization": f"Bearer {token}"}

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Send one request; returns status and answer."""
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        kind = {"Content-Type": "application/scim+json"} if content is not None else {}
        response = self._client.request(method, f"/scim/v2{path}", content=content, headers={**self._headers, **kind, **headers})
        return response.status_code, response.json() if response.content else None

    def flush(self) -> None:
        """Write the list of requests now."""
        assert self._client.portal is not None
        self._client.portal.call(self._visits.flush)

    def user(self, user_name: str, **more: Any) -> dict[str, Any]:
        """Enter a user."""
        status, answer = self.send("POST", "/Users", {"schemas": [USER_SCHEMA], "userName": user_name, "active": True, **more})
        assert status == 201, answer
        return dict(answer)

    def group(self, name: str, *members: dict[str, Any]) -> dict[str, Any]:
        """Enter a group of users."""
        body = {"schemas": [GROUP_SCHEMA], "displayName": name, "members": [{"value": one["id"]} for one in members]}
        status, answer = self.send("POST", "/Groups", body)
        assert status == 201, answer
        return dict(answer)

    def patch(self, resource: dict[str, Any], *operations: dict[str, Any]) -> tuple[int, Any]:
        """Change a resource."""
        path = f"/{resource['meta']['resourceType']}s/{resource['id']}"
        return self.send("PATCH", path, {"schemas": [PATCH_SCHEMA], "Operations": list(operations)})

    def get(self, resource: dict[str, Any]) -> Any:
        """Read a resource anew; None when it is gone."""
        status, answer = self.send("GET", f"/{resource['meta']['resourceType']}s/{resource['id']}")
        return answer if status == 200 else None

    def members(self, group: dict[str, Any]) -> set[str]:
        """The ids of the members of a group."""
        return {one["value"] for one in self.get(group).get("members", ())}


@pytest.fixture
def directory(deps: ScimDeps, token: str) -> Iterator[Provisioner]:
    """A directory with a good token."""
    with TestClient(Starlette(routes=routes(deps))) as client:
        yield Provisioner(client, token, deps.visits)
