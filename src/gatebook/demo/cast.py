"""Who plays in the demo: people of an invented company, with the AI client and the protocol revision that each uses."""

from typing import Literal

from msgspec import Struct

COMPANY = "Harbour & Pine"


class Player(Struct, frozen=True, kw_only=True):
    """A person with an AI client. `mode` is that of the SDK's client: `auto` opens with 2026-07-28, `legacy` with initialize.

    `manager` is the address of somebody who stands before them in the list, empty for whoever has none.
    """

    email: str
    name: str
    groups: tuple[str, ...]
    department: str
    manager: str = ""
    client: str
    version: str
    mode: Literal["auto", "legacy"]
    connectors: tuple[str, ...]


PLAYERS = (
    Player(
        email="maya.okafor@harbourpine.example",
        name="Maya Okafor",
        groups=("sales", "team-leads"),
        department="Sales",
        client="claude-ai",
        version="1.8.2",
        mode="auto",
        connectors=("crm", "time", "fetch"),
    ),
    Player(
        email="tomas.lind@harbourpine.example",
        name="Tomas Lind",
        groups=("sales",),
        department="Sales",
        manager="maya.okafor@harbourpine.example",
        client="cursor-vscode",
        version="2.3.1",
        mode="legacy",
        connectors=("crm", "time"),
    ),
    Player(
        email="priya.raman@harbourpine.example",
        name="Priya Raman",
        groups=("engineering", "team-leads"),
        department="Engineering",
        client="claude-code",
        version="2.1.317",
        mode="auto",
        connectors=("git", "time", "files", "crm", "tickets"),
    ),
    Player(
        email="jonas.weber@harbourpine.example",
        name="Jonas Weber",
        groups=("engineering",),
        department="Engineering",
        manager="priya.raman@harbourpine.example",
        client="codex-mcp-client",
        version="0.165.0",
        mode="legacy",
        connectors=("git", "fetch", "everything"),
    ),
    Player(
        email="lucia.moreno@harbourpine.example",
        name="Lucia Moreno",
        groups=("finance",),
        department="Finance",
        client="ChatGPT",
        version="2026.11",
        mode="auto",
        connectors=("crm", "billing", "memory"),
    ),
    Player(
        email="sam.hughes@harbourpine.example",
        name="Sam Hughes",
        groups=("support", "it-support"),
        department="Support",
        manager="priya.raman@harbourpine.example",
        client="Visual Studio Code",
        version="1.107.0",
        mode="legacy",
        connectors=("crm", "files"),
    ),
    Player(
        email="aiko.tanaka@harbourpine.example",
        name="Aiko Tanaka",
        groups=("security", "auditors", "admins"),
        department="Security",
        client="claude-ai",
        version="1.8.2",
        mode="auto",
        connectors=("time", "git", "tickets"),
    ),
)

LEAVER = Player(
    email="nils.brandt@harbourpine.example",
    name="Nils Brandt",
    groups=("support", "contractors"),
    department="Support",
    manager="priya.raman@harbourpine.example",
    client="cursor-vscode",
    version="2.3.1",
    mode="legacy",
    connectors=("crm", "time", "tickets"),
)
"""A contractor whose last day it is: cut off by the directory in the middle of a call."""
PEOPLE = (*PLAYERS, LEAVER)
