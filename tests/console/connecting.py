"""Connections for a stage: a real server to connect to, and connections that stand in every other way there is."""

from msgspec.structs import replace

from gatebook.control.caller import local_caller
from gatebook.identity.credentials.safe import Safe, new_row, put_sealed
from gatebook.identity.credentials.tokens import Grant
from gatebook.state.credentials import Status
from gatebook.state.documents import parse_documents
from gatebook.state.store import bump
from tests.console.stage import ADMIN, Stage

_ONE = """
kind: Connector
name: {name}
spec: {{transport: http, title: {title!r}, url: '{url}', credential: {{kind: person}}, allow: {{groups: [everyone]}}}}
---
"""
HOSTILE_SCOPE = "<img/src=x>&‮evil"
_STANDING: tuple[tuple[str, str, Status, tuple[str, ...], tuple[str, ...]], ...] = (
    ("tracker", "Issue tracker", "connected", ("issues:read", "issues:write"), ()),
    ("files", "Files and folders", "connected", ("files.read",), ("files.write",)),
    ("calendar", "Calendar", "needs_reconnect", ("calendar.events.read", HOSTILE_SCOPE), ()),
    ("mail", "Mail", "revoking", ("mail.send",), ()),
)


async def connect(stage: Stage, url: str) -> None:
    """Apply connectors, one of them at `url`, and seal credentials of the administrator and of others."""
    text = _ONE.format(name="notes", title="Notes", url=url)
    text += "".join(_ONE.format(name=name, title=title, url=f"https://{name}.example/mcp") for name, title, *_ in _STANDING)
    text += "kind: Connector\nname: private\nspec: {transport: http, url: 'https://p.example/mcp', credential: {kind: person}}\n---\n"
    text += (
        "kind: Connector\nname: erp\nspec: {transport: http, title: Ledger, url: 'https://erp.example/mcp', credential: {kind: secret}}\n"
    )
    await stage.desk.apply(parse_documents(text, "connecting.yaml"), local_caller("root", stage.vault.subject))
    safe: Safe = stage.upstream.connecting.safe
    now_us = stage.clock.wall_us()
    async with stage.desk.journal.change() as connection:
        for name, _, status, scopes, wanted in _STANDING:
            for number, owner in enumerate((ADMIN, "sofia@northwind.example", "hannah@northwind.example")):
                row = new_row(name, owner, "person", now_us - 20 * 86_400_000_000)
                changed = {"status": status if number == 0 else "connected", "wanted": wanted, "last_used_us": now_us - 180_000_000}
                grant = Grant(access="a", asked=scopes, address=f"https://{name}.example", resource=f"https://{name}.example/mcp")
                put_sealed(connection, safe, replace(row, scopes=scopes, detail="invalid_grant", **changed), grant)
        bump(connection)
