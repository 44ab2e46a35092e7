"""What the API needs of the process that it runs in."""

from collections.abc import Callable

from msgspec import Struct

from gatebook.identity.access import Accesses
from gatebook.identity.directory import Directory, Principal
from gatebook.reading.backtests import Backtests
from gatebook.reading.client_room import ClientRoom
from gatebook.reading.connections_room import ConnectionsRoom
from gatebook.reading.cut_off_room import CutOffRoom
from gatebook.reading.directory_room import DirectoryRoom
from gatebook.reading.exports import Exports
from gatebook.reading.health import Health
from gatebook.reading.people_room import PeopleRoom
from gatebook.reading.replays import Replays
from gatebook.reading.requests import Requests
from gatebook.reading.roles_room import RolesRoom
from gatebook.reading.room import ReadingRoom
from gatebook.reading.rule_room import RuleRoom
from gatebook.reading.saved import Shelf
from gatebook.reading.token_room import TokenRoom
from gatebook.reading.tool_room import ToolRoom
from gatebook.reading.trials import Trials
from gatebook.state.store import Store

SESSION_COOKIES = ("__Host-gatebook", "gatebook")
"""Names of the cookie that holds a console session: over https, and over plain http on a loopback address."""

CALLER_KEY = "gatebook.principal"
"""Key of the ASGI scope under which a trusted listener (the unix socket) puts the principal of the caller."""


class ApiDeps(Struct, frozen=True, kw_only=True):
    """`directory` gives that of the newest snapshot, `accesses` what its roles show; `session` who is behind the secret of a console session.

    `deployment` and `console_url` stand in what leaves the console, such as a report: its name, and where its links lead.
    """

    room: ReadingRoom
    exports: Exports
    backtests: Backtests
    replays: Replays
    trials: Trials
    requests: Requests
    shelf: Shelf
    store: Store
    tools: ToolRoom
    rules: RuleRoom
    people: PeopleRoom
    clients: ClientRoom
    provisioned: DirectoryRoom
    cut_offs: CutOffRoom
    connections: ConnectionsRoom
    roles: RolesRoom
    tokens: TokenRoom
    directory: Callable[[], Directory]
    accesses: Callable[[], Accesses]
    session: Callable[[str], Principal | None]
    health: Callable[[], Health]
    deployment: str
    console_url: str
