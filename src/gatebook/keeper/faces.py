"""The apps on the console listener: health, API, console; and the API alone for the unix socket."""

from collections.abc import Callable, Mapping

from msgspec import Struct
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from gatebook import __version__
from gatebook.api.app import create_api
from gatebook.api.deps import ApiDeps
from gatebook.console.app import create_console
from gatebook.console.deps import ConsoleDeps
from gatebook.control.barrier import node_barrier
from gatebook.control.deciding import Deciding
from gatebook.control.desk import Desk
from gatebook.control.server import show_health
from gatebook.identity.directory import Directory
from gatebook.identity.scim import endpoint as scim
from gatebook.identity.scim.visits import Visits
from gatebook.keeper.background import Background
from gatebook.keeper.departures import EndWithReader
from gatebook.log.book import Book
from gatebook.log.vault import Vault
from gatebook.reading.backtests import Backtests
from gatebook.reading.exports import Exports
from gatebook.reading.health import Health, health
from gatebook.reading.people_room import PeopleRoom
from gatebook.reading.replays import Replays
from gatebook.reading.requests import Requests
from gatebook.reading.room import ReadingRoom
from gatebook.reading.rule_room import RuleRoom
from gatebook.reading.saved import Shelf
from gatebook.reading.tool_room import ToolRoom
from gatebook.reading.trials import Trials
from gatebook.record.views.call import Origin
from gatebook.settings import Settings
from gatebook.state.approvals import ARGUMENTS_KEY
from gatebook.state.snapshot import Snapshot


class Faces(Struct, frozen=True):
    """`public` for the console listener; `api` alone for the unix socket; `exports` and `visits` to be stopped with the keeper."""

    public: ASGIApp
    api: ASGIApp
    exports: Exports
    visits: Visits


class Roll:
    """The people of the newest snapshot, as the faces ask for them."""

    def __init__(self, subject_of: Callable[[str], str], settings: Settings) -> None:
        self._subject_of = subject_of
        self._settings = settings
        self._directory = Directory(Snapshot(), subject_of, auth=settings.mcp.auth)
        self._names: dict[str, str] = {}

    def prepare(self, snapshot: Snapshot) -> None:
        """Note the names of whom a snapshot has anew, in any thread: a hundred thousand pseudonyms take a while."""
        changed = snapshot.people.keys() if snapshot.changed is None else snapshot.changed
        for person in filter(None, map(snapshot.people.get, changed)):
            self._names[self._subject_of(person.id)] = person.name or person.id

    def apply(self, snapshot: Snapshot) -> None:
        """Put a new snapshot in force."""
        self._directory = Directory(snapshot, self._subject_of, auth=self._settings.mcp.auth, before=self._directory)

    def directory(self) -> Directory:
        """Who is behind a token."""
        return self._directory

    def names(self) -> Mapping[str, str]:
        """Names by pseudonym, also of people who are gone."""
        return self._names

    @property
    def bundle(self) -> str:
        """Short hash of the configuration."""
        return self._directory.snapshot.bundle


def build_faces(settings: Settings, desk: Desk, book: Book, vault: Vault, background: Background, roll: Roll) -> Faces:
    """Build the apps on top of one reading room."""
    room = ReadingRoom(lambda: background.index, book, vault, settings.log_dir)
    exports = Exports(room, settings.exports_dir, background.make_vault, Origin(deployment=settings.deployment, version=__version__))
    backtests = Backtests(room, desk.store, background.make_vault)
    replays = Replays(room, desk.store)
    trials = Trials(room, desk.store)
    visits = Visits(desk.journal)
    shelf = Shelf(desk.store, book, room.clock)
    requests = Requests(room, desk.store, Deciding(desk), vault.derive(ARGUMENTS_KEY))
    tools = ToolRoom(room, desk.store, desk)
    rules = RuleRoom(room, desk.store, desk.changing)
    people = PeopleRoom(room, desk.store, vault.subject)

    def how_it_stands() -> Health:
        return health(settings.log_dir, background.lag(), background.verified(), room.clock.wall_us())

    api = create_api(
        ApiDeps(
            room=room,
            exports=exports,
            backtests=backtests,
            replays=replays,
            trials=trials,
            requests=requests,
            shelf=shelf,
            store=desk.store,
            tools=tools,
            rules=rules,
            people=people,
            directory=roll.directory,
            session=desk.who,
            health=how_it_stands,
            deployment=settings.deployment,
            console_url=settings.console_url,
        )
    )
    console = create_console(
        ConsoleDeps(
            room=room,
            exports=exports,
            backtests=backtests,
            replays=replays,
            trials=trials,
            requests=requests,
            shelf=shelf,
            tools=tools,
            rules=rules,
            people=people,
            door=desk,
            health=how_it_stands,
            names=roll.names,
            console_url=settings.console_url,
            mcp_url=settings.mcp_url,
            deployment=settings.deployment,
        )
    )
    provisioning = scim.routes(
        scim.ScimDeps(
            journal=desk.journal,
            cutter=desk.cutting,
            barrier=node_barrier(settings, desk.store),
            visits=visits,
            base_url=settings.console_url,
        )
    )
    routes: list[BaseRoute] = [Route("/healthz", show_health), Mount("/api", api), *provisioning, Mount("/", console)]
    return Faces(EndWithReader(Starlette(routes=routes)), EndWithReader(api), exports, visits)
