"""Groups: their names are what policies know, and nobody is lost when two requests come at once."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
from starlette.applications import Starlette
from starlette.testclient import TestClient

from gatebook.identity.cutting import Cutting
from gatebook.identity.journal import Journal
from gatebook.identity.scim.endpoint import ScimDeps, routes
from gatebook.identity.scim.visits import Visits
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.record.body import ConfigChanged
from gatebook.settings import Settings
from gatebook.state.opening import open_state
from gatebook.state.snapshot import read_people
from gatebook.state.store import Store
from tests.identity.scim.conftest import GROUP_SCHEMA, PATCH_SCHEMA, AtOnce, Provisioner, Recorded


def groups_of(store: Store, person: str) -> tuple[str, ...]:
    """The groups of a person as policies see them."""
    with store.read() as connection:
        return read_people(connection)[person].groups


def test_groups_are_known_by_their_names(directory: Provisioner, store: Store, barrier: AtOnce) -> None:
    """Joining, a new name and the end of a group show in the person. Each may take access away, as policies also deny by group, so each is waited for."""
    ana = directory.user("ana@example.com")
    sales = directory.group("Sales", ana)
    assert groups_of(store, "ana@example.com") == ("Sales",)
    assert barrier.revisions == [store.revision()]
    bo = directory.user("bo@example.com")
    directory.patch(sales, {"op": "add", "path": "members", "value": [{"value": bo["id"]}]})
    assert barrier.revisions[1:] == [store.revision()]
    directory.group("Nobody yet")
    directory.patch(sales, {"op": "replace", "path": "externalId", "value": "g-1"})
    assert len(barrier.revisions) == 2
    directory.patch(sales, {"op": "replace", "path": "displayName", "value": "Field sales"})
    assert groups_of(store, "ana@example.com") == ("Field sales",)
    assert directory.send("DELETE", f"/Groups/{sales['id']}")[0] == 204
    assert groups_of(store, "ana@example.com") == ()
    assert len(barrier.revisions) == 4


def test_names_of_groups_are_unique(directory: Provisioner) -> None:
    """Two groups of one name would be one to policies."""
    directory.group("Sales")
    for name in ("sales", "", "x" * 300, "a\nb"):
        status, _ = directory.send("POST", "/Groups", {"schemas": [GROUP_SCHEMA], "displayName": name})
        assert status == (409 if name == "sales" else 400)


def test_put_sets_exactly_the_members(directory: Provisioner) -> None:
    """A whole group replaces members, and one that says nothing of them has none."""
    ana, bo = directory.user("ana"), directory.user("bo")
    sales = directory.group("Sales", ana)
    body = {"schemas": [GROUP_SCHEMA], "displayName": "Sales", "members": [{"value": bo["id"]}]}
    assert directory.send("PUT", f"/Groups/{sales['id']}", body)[0] == 200
    assert directory.members(sales) == {bo["id"]}
    assert directory.send("PUT", f"/Groups/{sales['id']}", {"schemas": [GROUP_SCHEMA], "displayName": "Sales"})[0] == 200
    assert directory.members(sales) == set()


def test_versions_follow_members(directory: Provisioner) -> None:
    """A group has another version when its members change, also when one is deleted; an old one is refused by If-Match."""
    ana = directory.user("ana")
    sales = directory.group("Sales", ana)
    old = sales["meta"]["version"]
    directory.send("DELETE", f"/Users/{ana['id']}")
    assert directory.get(sales)["meta"]["version"] != old
    body = {"schemas": [PATCH_SCHEMA], "Operations": [{"op": "remove", "path": "members"}]}
    assert directory.send("PATCH", f"/Groups/{sales['id']}", body, **{"If-Match": old})[0] == 412


async def test_requests_at_once_lose_nobody(deps: ScimDeps, token: str) -> None:
    """Forty requests at once, half of which put somebody in and half take somebody out, each have their effect and are answered with 200."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    transport = httpx2.ASGITransport(app=Starlette(routes=routes(deps)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://x/scim/v2", headers=headers) as client:
        ids = []
        for number in range(40):
            ids.append((await client.post("/Users", json={"userName": f"p{number}"})).json()["id"])
        members = [{"value": id} for id in ids[:20]]
        group = (await client.post("/Groups", json={"displayName": "g", "members": members})).json()

        async def change(number: int) -> int:
            removal = {"op": "remove", "path": f'members[value eq "{ids[number]}"]'}
            addition = {"op": "add", "path": "members", "value": [{"value": ids[number]}]}
            body = {"schemas": [PATCH_SCHEMA], "Operations": [removal if number < 20 else addition]}
            return int((await client.patch(f"/Groups/{group['id']}", content=json.dumps(body))).status_code)

        assert set(await asyncio.gather(*map(change, range(40)))) == {200}
        after = (await client.get(f"/Groups/{group['id']}")).json()
    await deps.visits.stop()
    assert {one["value"] for one in after["members"]} == set(ids[20:])


def test_two_keepers_at_once_lose_nobody(deps: ScimDeps, token: str, settings: Settings, vault: Vault) -> None:
    """Two nodes that share state, each with a directory's requests: every member comes, and every request is answered with 200."""
    store, log = open_state(settings), settings.log_dir.with_name("log-of-another-node")
    book = Book.open(log, "other-k", vault, settings.log)
    journal = Journal(store, book, vault.subject)
    other = ScimDeps(journal=journal, cutting=Cutting(journal, AtOnce()), visits=Visits(journal), base_url=deps.base_url)
    try:
        with TestClient(Starlette(routes=routes(deps))) as one, TestClient(Starlette(routes=routes(other))) as two:
            nodes = [Provisioner(one, token, deps.visits), Provisioner(two, token, other.visits)]
            people = [nodes[0].user(f"p{number}") for number in range(40)]
            group = nodes[1].group("g", *people[:20])

            def change(number: int) -> int:
                leaves = {"op": "remove", "path": f'members[value eq "{people[number]["id"]}"]'}
                joins = {"op": "add", "path": "members", "value": [{"value": people[number]["id"]}]}
                return nodes[number % 2].patch(group, leaves if number < 20 else joins)[0]

            with ThreadPoolExecutor(8) as pool:
                assert set(pool.map(change, range(40))) == {200}
            assert nodes[0].members(group) == nodes[1].members(group) == {one["id"] for one in people[20:]}
    finally:
        book.close()
        store.close()


def test_a_group_is_on_the_record_once(directory: Provisioner, recorded: Callable[[], Recorded]) -> None:
    """A change of members is one record, which names who came and who went."""
    ana, bo = directory.user("ana"), directory.user("bo")
    sales = directory.group("Sales", ana)
    directory.patch(sales, {"op": "replace", "path": "members", "value": [{"value": bo["id"]}]})
    [_, (body, parts)] = [(body, parts) for body, parts in recorded() if isinstance(body, ConfigChanged) and body.kind == "Group"]
    assert (body.name, body.action, body.version) == ("Sales", "changed", 2)
    assert parts["diff"] == b"-member: ana\n+member: bo\n"
