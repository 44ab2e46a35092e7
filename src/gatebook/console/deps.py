"""What the console needs of the process that it runs in."""

from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import Struct

from gatebook.identity.access import Accesses
from gatebook.identity.directory import Principal
from gatebook.identity.oauth.consenting import Consenting
from gatebook.identity.oidc.sign_ins import SignIns
from gatebook.identity.sessions import Session
from gatebook.reading.backtests import Backtests
from gatebook.reading.client_room import ClientRoom
from gatebook.reading.connections_room import ConnectionsRoom
from gatebook.reading.cut_off_room import CutOffRoom
from gatebook.reading.directory_room import DirectoryRoom
from gatebook.reading.exports import Exports
from gatebook.reading.health import Health
from gatebook.reading.people_room import PeopleRoom
from gatebook.reading.reasons import Reasons
from gatebook.reading.replays import Replays
from gatebook.reading.requests import Requests
from gatebook.reading.roles_room import RolesRoom
from gatebook.reading.room import ReadingRoom
from gatebook.reading.rule_room import RuleRoom
from gatebook.reading.saved import Shelf
from gatebook.reading.token_room import TokenRoom
from gatebook.reading.tool_room import ToolRoom
from gatebook.reading.trials import Trials
from gatebook.record.parts import Source


class Opened(Protocol):
    """A session that was opened."""

    @property
    def secret(self) -> str:
        """What goes into the cookie."""

    @property
    def principal(self) -> Principal:
        """Who signed in."""


class Sessions(Protocol):
    """The sessions of people: `gatebook.control.sessions`."""

    def of(self, person: str) -> list[Session]:
        """Those of a person that are good, newest first."""

    def id_of(self, secret: str) -> str | None:
        """The id of a session, by its secret."""

    async def end(self, person: str, id: str | None, caller: Principal, source: Source | None = None) -> int:
        """Close one session of a person, or all, on the record; returns how many there were."""


class Door(Protocol):
    """Sign-in and sign-out, each on the record: the desk of `gatebook.control`."""

    @property
    def sessions(self) -> Sessions:
        """The sessions of people."""

    async def sign_in(self, link_secret: str, source: Source, user_agent: str = "") -> Opened | None:
        """Use a one-time link up; None when it is not, or no longer, good."""

    async def sign_out(self, secret: str, source: Source | None = None) -> None:
        """Close a session."""

    def who(self, session_secret: str) -> Principal | None:
        """Who is behind a session; None when it is over."""


class ConsoleDeps(Struct, frozen=True, kw_only=True):
    """`names` gives the name of each known person by pseudonym; `console_url` and `mcp_url` are base addresses without a path."""

    room: ReadingRoom
    exports: Exports
    backtests: Backtests
    replays: Replays
    trials: Trials
    requests: Requests
    shelf: Shelf
    tools: ToolRoom
    rules: RuleRoom
    people: PeopleRoom
    clients: ClientRoom
    provisioned: DirectoryRoom
    cut_offs: CutOffRoom
    consenting: Consenting
    connections: ConnectionsRoom
    roles: RolesRoom
    tokens: TokenRoom
    door: Door
    sign_ins: SignIns
    health: Callable[[], Health]
    names: Callable[[], Mapping[str, str]]
    accesses: Callable[[], Accesses]
    reasons: Reasons
    console_url: str
    mcp_url: str
    deployment: str

    @property
    def https(self) -> bool:
        """Whether browsers come over https: then the cookie is Secure and bound to the host."""
        return self.console_url.startswith("https://")
