"""The directory of the invented company: sends its people and groups by SCIM, with a token of its own, as Okta and Entra do."""

from types import TracebackType
from typing import Any, Final, Self

import httpx2

from gatebook.demo.cast import PEOPLE, Player
from gatebook.demo.host import Host
from gatebook.demo.identity import subject_of

_ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
_PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_TOKEN_NAME: Final = "Company directory"


class CompanyDirectory:
    """Knows each person and group by the id that was answered."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._ids: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        for old in (await self._host.run("scim_token_list"))["tokens"]:
            if old["revoked_us"] is None:
                await self._host.run("scim_token_revoke", token=old["id"])
        made = await self._host.run("scim_token_create", name=_TOKEN_NAME)
        headers = {"authorization": f"Bearer {made['secret']}", "user-agent": "Harbour & Pine directory"}
        self._http = httpx2.AsyncClient(base_url=f"{self._host.console_url}/scim/v2", headers=headers, timeout=30)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._http.aclose()

    async def send_everybody(self) -> None:
        """Test the connection, then send people and groups. What an earlier demo left in the same place is brought up to date."""
        await self._ask("GET", "/Users", params={"startIndex": "1", "count": "2"})
        for player in PEOPLE:
            self._ids[player.email] = await self._put("/Users", "userName", player.email, self._user(player))
        for group in sorted({group for player in PEOPLE for group in player.groups}):
            members = [{"value": self._ids[player.email]} for player in PEOPLE if group in player.groups]
            await self._put("/Groups", "displayName", group, {"displayName": group, "members": members})

    async def deactivate(self, email: str) -> None:
        """Somebody leaves. Answered when no worker lets them in any more."""
        operations = [{"op": "Replace", "path": "active", "value": "False"}]
        await self._ask("PATCH", f"/Users/{self._ids[email]}", json={"schemas": [_PATCH], "Operations": operations})

    def _user(self, player: Player) -> dict[str, Any]:
        given, _, family = player.name.partition(" ")
        enterprise: dict[str, Any] = {"department": player.department}
        if player.manager:
            enterprise["manager"] = {"value": self._ids[player.manager]}
        return {
            "userName": player.email,
            "externalId": subject_of(player.email),
            "displayName": player.name,
            "name": {"givenName": given, "familyName": family},
            "emails": [{"value": player.email, "type": "work", "primary": True}],
            "active": True,
            _ENTERPRISE: enterprise,
        }

    async def _put(self, path: str, key: str, name: str, body: dict[str, Any]) -> str:
        """Create a resource, or replace the one that has its name; returns its id."""
        schema = "urn:ietf:params:scim:schemas:core:2.0:" + path.strip("/").removesuffix("s")
        whole = {"schemas": [schema, *(name for name in body if name == _ENTERPRISE)], **body}
        answer = await self._http.post(path, json=whole)
        if answer.status_code == 409:
            found = await self._ask("GET", path, params={"filter": f'{key} eq "{name}"'})
            return str((await self._ask("PUT", f"{path}/{found['Resources'][0]['id']}", json=whole))["id"])
        answer.raise_for_status()
        return str(answer.json()["id"])

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        answer = await self._http.request(method, path, **more)
        answer.raise_for_status()
        return answer.json()
