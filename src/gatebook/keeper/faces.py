"""The apps on the console listener: health, API, console; and the API alone for the unix socket."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from gatebook import __version__
from gatebook.api.app import create_api
from gatebook.api.deps import ApiDeps
from gatebook.console.app import create_console
from gatebook.console.deps import ConsoleDeps
from gatebook.control.deciding import Deciding
from gatebook.control.desk import Desk
from gatebook.control.server import show_health
from gatebook.control.sessions import IDLE_S
from gatebook.identity.access import Accesses
from gatebook.identity.credentials.routes import routes as credential_routes
from gatebook.identity.directory import Directory
from gatebook.identity.oauth.server import AuthorizationServer
from gatebook.identity.oidc.providers import Providers
from gatebook.identity.oidc.routes import routes as oidc_routes
from gatebook.identity.oidc.sign_ins import SECRET_PURPOSE, SignIns
from gatebook.identity.oidc.signals import Signals
from gatebook.identity.scim.endpoint import ScimDeps
from gatebook.identity.scim.endpoint import routes as scim_routes
from gatebook.identity.scim.visits import Visits
from gatebook.identity.self_granting import reads_payloads_of_others
from gatebook.keeper.background import Background
from gatebook.keeper.departures import EndWithReader
from gatebook.keeper.upstream import Upstream
from gatebook.log.vault import Vault
from gatebook.reading.backtests import Backtests
from gatebook.reading.client_room import ClientRoom
from gatebook.reading.cut_off_room import CutOffRoom
from gatebook.reading.directory_room import DirectoryRoom
from gatebook.reading.exports import Exports
from gatebook.reading.health import Health, health
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
from gatebook.record.views.call import Origin
from gatebook.settings import Settings
from gatebook.state.approvals import ARGUMENTS_KEY
from gatebook.state.identity_providers import IdentityProviderSpec
from gatebook.state.snapshot import Person, Snapshot


class Faces(Struct, frozen=True):
    """`public` for the console listener; `api` alone for the unix socket; the others to be stopped or closed with the keeper."""

    public: ASGIApp
    api: ASGIApp
    exports: Exports
    providers: Providers
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
        self._accesses = Accesses(snapshot, self._subject_of)
        self._directory = Directory(snapshot, self._subject_of, auth=self._settings.mcp.auth, before=self._directory)

    def directory(self) -> Directory:
        """Who is behind a token."""
        return self._directory

    def take_uses(self) -> dict[str, int]:
        """When tokens were used here since this was asked last, by id, microseconds since 1970. In any thread."""
        used = self._directory.used
        return dict([used.popitem() for _ in range(len(used))])

    def providers(self) -> Mapping[str, IdentityProviderSpec]:
        """The identity providers by name."""
        return self._directory.snapshot.providers

    def accesses(self) -> Accesses:
        """What people see of the log."""
        return self._accesses

    def idle_limit_s(self, person: Person) -> int | None:
        """After how long without use a console session of a person ends; None: it does not end by that."""
        return IDLE_S if reads_payloads_of_others(person, self._directory.snapshot.roles) else None

    def names(self) -> Mapping[str, str]:
        """Names by pseudonym, also of people who are gone."""
        return self._names

    @property
    def bundle(self) -> str:
        """Short hash of the configuration."""
        return self._directory.snapshot.bundle


def build_faces(settings: Settings, desk: Desk, vault: Vault, background: Background, roll: Roll, upstream: Upstream) -> Faces:
    """Build the apps on top of one reading room."""
    book = desk.journal.book
    room = ReadingRoom(lambda: background.index, book, vault, settings.log_dir)
    exports = Exports(room, settings.exports_dir, background.make_vault, Origin(deployment=settings.deployment, version=__version__))
    providers = Providers(roll.providers)
    oauth = AuthorizationServer(desk.journal, settings.console_url, settings.mcp_url, desk.cutting.in_force)
    visits = Visits(desk.journal)

    def how_it_stands() -> Health:
        return health(settings.log_dir, background.lag(), background.verified(), room.clock.wall_us())

    both: dict[str, Any] = {
        "room": room,
        "exports": exports,
        "backtests": Backtests(room, desk.store, background.make_vault),
        "replays": Replays(room, desk.store),
        "trials": Trials(room, desk.store),
        "requests": Requests(room, desk.store, Deciding(desk), vault.derive(ARGUMENTS_KEY)),
        "shelf": Shelf(desk.store, book, room.clock),
        "tools": ToolRoom(room, desk.store, desk),
        "rules": RuleRoom(room, desk.store, desk.changing),
        "people": PeopleRoom(room, desk.store, vault.subject),
        "tokens": TokenRoom(desk.store, desk.issuing, room.clock),
        "provisioned": DirectoryRoom(desk.journal, visits, lambda: roll.directory().snapshot, settings.console_url),
        "clients": ClientRoom(desk.journal, oauth.registry),
        "cut_offs": CutOffRoom(desk.store, desk),
        "connections": upstream.room,
        "roles": RolesRoom(room, roll.accesses),
        "accesses": roll.accesses,
        "health": how_it_stands,
        "deployment": settings.deployment,
        "console_url": settings.console_url,
    }
    api = create_api(ApiDeps(**both, store=desk.store, directory=roll.directory, session=desk.who))
    console = create_console(
        ConsoleDeps(
            **both,
            consenting=oauth.consenting,
            door=desk,
            sign_ins=SignIns(desk.journal, providers, vault.derive(SECRET_PURPOSE), settings.console_url),
            names=roll.names,
            reasons=Reasons(),
            mcp_url=settings.mcp_url,
        )
    )
    signals = Signals(desk.journal, providers, desk.cutting, settings.console_url)
    provisioning = scim_routes(
        ScimDeps(
            journal=desk.journal,
            cutting=desk.cutting,
            visits=visits,
            base_url=settings.console_url,
        )
    )
    doors: list[BaseRoute] = [*oidc_routes(signals), *oauth.routes(), *credential_routes(upstream.connecting), *provisioning]
    public = Starlette(routes=[Route("/healthz", show_health), *doors, Mount("/api", api), Mount("/", console)])
    return Faces(EndWithReader(public), EndWithReader(api), exports, providers, visits)
