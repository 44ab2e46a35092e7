"""The whole product with two workers: each public way to take access away, with open streams of both eras and calls in flight."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from fault.deployment import Deployment
from fault.joiners import CONNECTOR, People, Person
from fault.stage import open_connector
from gatebook.control import office
from gatebook.state.cut_offs import Receipt, read_receipts
from gatebook.state.opening import open_state
from tests.identity.oidc.forge import Forge, forging
from tests.identity.oidc.test_signals import logout_token

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
NAMES = ("ana", "bob", "dan", "eva", "kim")
ASKS = 20
"""Fresh connections: enough that one of two workers is missed with a chance of one in half a million."""


class House:
    """A deployment, its directory, and five people who use it."""

    def __init__(self, deployment: Deployment, forge: Forge, directory: httpx2.AsyncClient) -> None:
        self.deployment = deployment
        self.forge = forge
        self.directory = directory
        self.scim_ids: dict[str, str] = {}
        self.people: People | None = None

    async def scim(self, method: str, path: str, body: Any) -> dict[str, Any]:
        """Ask as the directory does."""
        answer = await self.directory.request(method, path, json=body)
        assert answer.status_code < 300, answer.text
        return dict(answer.json())

    async def hire(self, port: int) -> None:
        """Provider, connector, people by SCIM with a token each, in the group that has the connector."""
        spec = {"transport": "http", "url": f"http://127.0.0.1:{port}/mcp", "allow": {"groups": ["Desk"]}}
        provider = {"issuer": self.forge.issuer, "client_id": "gatebook", "title": "Corp"}
        documents = [("Connector", CONNECTOR, spec), ("IdentityProvider", "corp", provider)]
        texts = [
            {"text": msgspec.yaml.encode({"kind": kind, "name": name, "spec": spec}).decode(), "source": f"{name}.yaml"}
            for kind, name, spec in documents
        ]
        await asyncio.to_thread(office.run, self.deployment.settings, "apply", {"texts": texts})
        for name in NAMES:
            user = {"schemas": [USER], "userName": f"{name}@corp.example", "externalId": f"s-{name}", "active": True}
            self.scim_ids[name] = (await self.scim("POST", "/Users", user))["id"]
        members = [{"value": id} for id in self.scim_ids.values()]
        self.scim_ids["Desk"] = (await self.scim("POST", "/Groups", {"schemas": [GROUP], "displayName": "Desk", "members": members}))["id"]
        made = [
            await asyncio.to_thread(office.run, self.deployment.settings, "token_create", {"person": f"{name}@corp.example"})
            for name in NAMES
        ]
        tokens = [Person(f"{name}@corp.example", one["secret"]) for name, one in zip(NAMES, made, strict=True)]
        self.people = People(self.deployment.settings, tokens)

    async def patch(self, address: str, /, **operation: Any) -> None:
        """Change a user or a group by SCIM."""
        await self.scim("PATCH", address, {"schemas": [PATCH], "Operations": [operation]})

    async def log_out(self, name: str) -> None:
        """The provider says that somebody has logged out."""
        form = {"logout_token": logout_token(self.forge, sub=f"s-{name}", iat=int(time.time()), exp=int(time.time()) + 100)}
        async with httpx2.AsyncClient() as client:
            told = await client.post(f"{self.deployment.settings.console_url}/oidc/backchannel-logout", data=form)
        assert told.status_code == 200, told.text

    async def statuses(self, person: Person) -> set[int]:
        """What calls get, each on a connection of its own."""
        assert self.people is not None
        return set(await asyncio.gather(*(self.people.ask(person) for _ in range(ASKS))))

    def open_streams(self, person: Person) -> int:
        """How many of somebody's streams are open."""
        assert self.people is not None
        return sum(1 for one in self.people.streams if one.of is person and not one.ended_s)

    async def expect_gone(self, person: Person) -> None:
        """Nobody is let in from the answer on, and both streams have ended a second after it."""
        person.cut_s = time.monotonic()
        assert await self.statuses(person) == {401}
        await asyncio.sleep(max(0.0, person.cut_s + 1 - time.monotonic()))
        assert self.open_streams(person) == 0

    def receipts(self) -> Sequence[Receipt]:
        """All receipts."""
        store = open_state(self.deployment.settings, create=False)
        try:
            with store.read() as connection:
                return read_receipts(connection)
        finally:
            store.close()


@pytest.mark.timeout(150)
async def test_each_way_takes_access_away_before_it_is_answered(tmp_path: Path) -> None:
    """SCIM, the command line and back-channel logout cut off; a group that somebody leaves ends what it gave; nothing comes back with the person."""
    async with AsyncExitStack() as stack:
        port = stack.enter_context(open_connector(tmp_path))
        forge = await stack.enter_async_context(forging())
        deployment = Deployment(tmp_path / "data", supervised=True, workers=2)
        stack.callback(deployment.close)
        await asyncio.to_thread(deployment.start)
        made = await asyncio.to_thread(deployment.command, "scim", "token", "create", "--name", "Okta")
        headers = {"authorization": f"Bearer {made.stdout.strip()}", "content-type": "application/scim+json"}
        base = f"{deployment.settings.console_url}/scim/v2"
        directory = await stack.enter_async_context(httpx2.AsyncClient(base_url=base, headers=headers, timeout=60))
        house = House(deployment, forge, directory)
        await house.hire(port)
        assert house.people is not None
        people = await stack.enter_async_context(house.people)
        await people.settle_in()
        ana, bob, dan, eva, kim = people.all
        assert [house.open_streams(person) for person in people.all] == [2] * 5

        await house.patch(f"/Users/{house.scim_ids['ana']}", op="Replace", path="active", value="False")
        await house.expect_gone(ana)
        said = await asyncio.to_thread(deployment.command, "cut-off", bob.id, "--reason", "lost laptop", "--keep-active")
        await house.expect_gone(bob)
        assert "streams 2, calls in flight 1, on 2 workers" in said.stdout
        await house.log_out("dan")
        await house.expect_gone(dan)

        await house.patch(f"/Groups/{house.scim_ids['Desk']}", op="remove", path=f'members[value eq "{house.scim_ids["eva"]}"]')
        began_s = time.monotonic()
        assert await house.statuses(eva) == {404}
        await asyncio.sleep(max(0.0, began_s + 1 - time.monotonic()))
        assert house.open_streams(eva) == 1, "the stream of the connector has ended, the one of everything else goes on"

        await house.patch(f"/Users/{house.scim_ids['ana']}", op="replace", path="active", value=True)
        assert await house.statuses(ana) == {401}
        assert await house.statuses(kim) == {200} and house.open_streams(kim) == 2

        async with asyncio.timeout(20):
            while any(one.done_us is None for one in await asyncio.to_thread(house.receipts)):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        receipts = {one.person: one for one in house.receipts()}
        assert {id: one.cause for id, one in receipts.items()} == {
            ana.id: "deactivated",
            bob.id: "administrator",
            dan.id: "back_channel_logout",
        }
        assert [(one.tokens, one.streams, one.calls) for one in receipts.values()] == [(1, 2, 1)] * 3
