"""What the demo does on the host: the operations of the command line, asked of the running keeper without a process for each."""

import asyncio
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from gatebook.control import office
from gatebook.control.office import keeper_client
from gatebook.demo.cast import LEAVER, PLAYERS
from gatebook.settings import load

_DAY_US = 86_400_000_000


class Host:
    """Root of the machine on which the product runs. `mcp_url` is the address for AI apps, `/mcp` included."""

    def __init__(self, data: Path, addresses: dict[str, Any]) -> None:
        self._settings = load(data / "gatebook.toml", {}, data_dir=data)
        self.console_url: str = addresses["console_url"]
        self.mcp_url: str = addresses["mcp_url"]

    async def run(self, operation: str, **params: Any) -> Any:
        """One of the operations of `control/operations.py`; returns its JSON."""
        return await asyncio.to_thread(office.run, self._settings, operation, params)

    async def get(self, path: str, **query: str) -> Any:
        """GET of the API; returns its JSON."""
        return await asyncio.to_thread(keeper_client(self._settings).get, f"/api/v1{path}" + (f"?{urlencode(query)}" if query else ""))

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST to the API, likewise."""
        return await asyncio.to_thread(keeper_client(self._settings).post, f"/api/v1{path}", body)

    async def token(self, person: str, name: str, *scopes: str, days: int = 90) -> tuple[str, str]:
        """Make an access token; returns its secret and its id."""
        expires_us = time.time_ns() // 1000 + days * _DAY_US
        made = await self.run("token_create", person=person, name=name, scopes=scopes, expires_us=expires_us)
        return made["secret"], made["token"]["id"]


async def issue_papers(host: Host) -> None:
    """Tokens beside those that the apps use: one that was lost, one of a script, and service accounts with an owner, one of whom leaves."""
    maya, priya = PLAYERS[0].email, PLAYERS[2].email
    _, lost = await host.token(maya, "old laptop", "mcp")
    await host.run("token_revoke", token=lost, reason="left on a train")
    await host.token(maya, "my statistics", "book:read", days=5)
    await host.run("service_account", id="nightly-report", owner=priya, name="Nightly report", groups=["engineering"])
    await host.token("nightly-report", "cron on build-3", "mcp:time", "mcp:git")
    await host.run("service_account", id="ticket-sync", owner=LEAVER.email, name="Ticket sync", groups=["support"])
    await host.token("ticket-sync", "cron on build-3", "mcp:time")


async def ask_for_access(host: Host) -> None:
    """Have somebody who was refused ask for access, so that a request is open."""
    query = f"person:{PLAYERS[0].email} rule:no-bulk-export decision:blocked"
    found = (await host.get("/calls", q=query, limit="1"))["calls"]
    if found:
        order = {"call": found[0]["call_id"], "reason": "The spring mailing needs all customers of Redhill."}
        await host.post("/access-requests", order)
