"""A whole deployment in one directory without a gateway: real book, index, sealer, desk and apps. Tests and the seed script play on it."""

import asyncio
import json
import random
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.routing import Mount

from gatebook.api.app import create_api
from gatebook.api.deps import ApiDeps
from gatebook.console.app import create_console
from gatebook.console.deps import ConsoleDeps
from gatebook.control.caller import local_caller
from gatebook.control.deciding import Deciding
from gatebook.control.desk import Desk
from gatebook.identity import sign_in
from gatebook.identity.access import Accesses
from gatebook.identity.credentials.keys import KeyRing
from gatebook.identity.directory import Directory
from gatebook.identity.issuing import TokenOrder
from gatebook.identity.journal import Journal
from gatebook.identity.oauth.server import AuthorizationServer
from gatebook.identity.oidc.providers import Providers
from gatebook.identity.oidc.routes import routes as oidc_routes
from gatebook.identity.oidc.sign_ins import SECRET_PURPOSE, SignIns
from gatebook.identity.oidc.signals import Signals
from gatebook.identity.scim.visits import Visits
from gatebook.identity.sign_in import Link
from gatebook.index import Follower, Index
from gatebook.keeper.upstream import build_upstream
from gatebook.log.book import Book
from gatebook.log.seal import Sealer, load_or_create_signing_key
from gatebook.log.vault import Vault
from gatebook.reading.backtests import Backtests
from gatebook.reading.client_room import ClientRoom
from gatebook.reading.cut_off_room import CutOffRoom
from gatebook.reading.directory_room import DirectoryRoom
from gatebook.reading.exports import Exports
from gatebook.reading.health import Health, health
from gatebook.reading.people_room import PeopleRoom
from gatebook.reading.reasons import Reasons
from gatebook.reading.records import RecordQuestion, find
from gatebook.reading.replays import Replays
from gatebook.reading.requests import Requests
from gatebook.reading.roles_room import RolesRoom
from gatebook.reading.room import ReadingRoom
from gatebook.reading.rule_room import RuleRoom
from gatebook.reading.saved import Shelf
from gatebook.reading.token_room import TokenRoom
from gatebook.reading.tool_room import ToolRoom
from gatebook.reading.trials import Trials
from gatebook.reading.viewer import Viewer
from gatebook.record.body import MessageRelayed, ProcessStarted
from gatebook.record.parts import PartName
from gatebook.record.views.call import Origin
from gatebook.settings import LogSettings, Settings
from gatebook.state.approvals import ARGUMENTS_KEY
from gatebook.state.snapshot import Person
from gatebook.state.store import Store, bump
from tests.console.traffic import PEOPLE, Case, Planned, build, plan

ADMIN = "admin@northwind.example"
AUDITOR = "priya@northwind.example"
EMPLOYEE = "amara@northwind.example"
MASTER_KEY = bytes(range(32))
LOG = LogSettings(segment_bytes=4 * 1024 * 1024, reserve_bytes=0)


async def in_force(_revision: int) -> None:
    """There is no worker that a change could be waited for."""


class MovingClock:
    """Both clocks of the machine, moved together, so that a day can pass in a moment without a step."""

    def __init__(self) -> None:
        self.offset_us = 0

    def wall_us(self) -> int:
        """The moved wall clock."""
        return time.time_ns() // 1000 + self.offset_us

    def monotonic_us(self) -> int:
        """The moved monotonic clock."""
        return time.monotonic_ns() // 1000 + self.offset_us


class Stage:
    """Everything in `path`. `settle` brings index and tree up to the log."""

    def __init__(self, path: Path, console_url: str = "http://127.0.0.1:8401") -> None:
        self.settings = Settings(data_dir=path, log=LOG)
        self.clock = MovingClock()
        self.dice = random.Random(7)
        self.tokens: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.vault = Vault(self.settings.keys_dir, MASTER_KEY)
        self.store = Store.open(self.settings.state_path)
        self.worker = Book.open(self.settings.log_dir, "node1-w0", self.vault, LOG, self.clock)
        self.keeper = Book.open(self.settings.log_dir, "node1-k", self.vault, LOG)
        self.desk = Desk(Journal(self.store, self.keeper, self.vault.subject), console_url)
        self.index: Index | None = Index.open(self.settings.index_dir)
        self.follower = Follower(self.settings.log_dir, Vault(self.settings.keys_dir, MASTER_KEY), self.index)
        key = load_or_create_signing_key(self.settings.secrets_dir / "signing.key")
        self.sealer = Sealer(self.settings.log_dir, key, f"{self.settings.origin}/e1", 1.0)
        self.room = ReadingRoom(lambda: self.index, self.keeper, self.vault, self.settings.log_dir)
        origin = Origin(deployment="northwind", version="0.0.0")
        self.shelf = Shelf(self.store, self.keeper)
        self.tools = ToolRoom(self.room, self.store, self.desk)
        self.rules = RuleRoom(self.room, self.store, self.desk.changing)
        self.people = PeopleRoom(self.room, self.store, self.vault.subject)
        self.roles = RolesRoom(self.room, self.accesses)
        self.token_room = TokenRoom(self.store, self.desk.issuing, self.room.clock)
        self.exports = Exports(self.room, self.settings.exports_dir, lambda: Vault(self.settings.keys_dir, MASTER_KEY), origin)
        self.backtests = Backtests(self.room, self.store, lambda: Vault(self.settings.keys_dir, MASTER_KEY))
        self.replays = Replays(self.room, self.store)
        self.trials = Trials(self.room, self.store)
        self.requests = Requests(self.room, self.store, Deciding(self.desk), self.vault.derive(ARGUMENTS_KEY))
        self.oauth = AuthorizationServer(self.desk.journal, console_url, "http://127.0.0.1:8400", in_force)
        self.clients = ClientRoom(self.desk.journal, self.oauth.registry)
        self.visits = Visits(self.desk.journal)
        self.provisioned = DirectoryRoom(self.desk.journal, self.visits, self.store.snapshot, console_url)
        self.cut_offs = CutOffRoom(self.store, self.desk)
        self.console_url = console_url
        self.providers = Providers(lambda: self.store.snapshot().providers)
        self.sign_ins = SignIns(self.desk.journal, self.providers, self.vault.derive(SECRET_PURPOSE), console_url)
        self.upstream = build_upstream(self.desk.journal, KeyRing({"k1": b"k" * 32}), console_url)
        self.app = self._app()

    def _app(self) -> Starlette:
        api = create_api(self.api_deps())
        signals = Signals(self.desk.journal, self.providers, self.desk.cutting, self.console_url)
        doors = [*oidc_routes(signals), *self.oauth.routes()]
        return Starlette(routes=[*doors, Mount("/api", api), Mount("/", create_console(self.console_deps()))])

    def console_deps(self) -> ConsoleDeps:
        """What the console is made of."""
        return ConsoleDeps(
            room=self.room,
            exports=self.exports,
            backtests=self.backtests,
            replays=self.replays,
            trials=self.trials,
            requests=self.requests,
            shelf=self.shelf,
            tools=self.tools,
            rules=self.rules,
            people=self.people,
            clients=self.clients,
            provisioned=self.provisioned,
            cut_offs=self.cut_offs,
            consenting=self.oauth.consenting,
            connections=self.upstream.room,
            roles=self.roles,
            tokens=self.token_room,
            door=self.desk,
            sign_ins=self.sign_ins,
            health=self.health,
            names=self.names,
            accesses=self.accesses,
            reasons=Reasons(),
            console_url=self.console_url,
            mcp_url="http://127.0.0.1:8400",
            deployment="northwind",
        )

    def api_deps(self) -> ApiDeps:
        """What the API is made of."""
        return ApiDeps(
            room=self.room,
            exports=self.exports,
            backtests=self.backtests,
            replays=self.replays,
            trials=self.trials,
            requests=self.requests,
            shelf=self.shelf,
            store=self.store,
            tools=self.tools,
            rules=self.rules,
            people=self.people,
            clients=self.clients,
            provisioned=self.provisioned,
            cut_offs=self.cut_offs,
            connections=self.upstream.room,
            roles=self.roles,
            tokens=self.token_room,
            directory=self.directory,
            accesses=self.accesses,
            session=self.desk.who,
            health=self.health,
            deployment="northwind",
            console_url=self.console_url,
        )

    def directory(self) -> Directory:
        """People and tokens as of now."""
        return Directory(self.store.snapshot(), self.vault.subject)

    def accesses(self) -> Accesses:
        """What people see as of now."""
        return Accesses(self.store.snapshot(), self.vault.subject)

    def health(self) -> Health:
        """What the footer shows."""
        return health(self.settings.log_dir, self.follower.lag(), None, self.room.clock.wall_us())

    def names(self) -> Mapping[str, str]:
        """Names of people by pseudonym."""
        return {self.vault.subject(person.id): person.name for person in self.desk.people()}

    async def enroll(self) -> dict[str, str]:
        """Enter the people; returns an access token of each, by id."""
        caller = local_caller("root", self.vault.subject)
        tokens = {}
        self.keeper.append(ProcessStarted(role="keeper", pid=412, boot="b7c1", version="0.1.0", config="5b1f0c9a7d3e4412"))
        for person in PEOPLE:
            order = TokenOrder(person=person.id, groups=person.groups, person_name=person.name, name="laptop")
            tokens[person.id] = (await self.desk.issuing.create(order, caller)).secret
        order = TokenOrder(person=ADMIN, groups=("admins", "security"), person_name="Nora Berg", name="admin")
        tokens[ADMIN] = (await self.desk.issuing.create(order, caller)).secret
        return tokens

    async def reads(self) -> list[dict[str, Any]]:
        """The records of all readings so far, oldest first."""
        return await self.records("reads")

    async def records(self, kind: str) -> list[dict[str, Any]]:
        """The cores of the records of a kind, oldest first."""
        await self.settled()
        viewer = Viewer(principal=local_caller("root", self.vault.subject))
        found = find(self.room.index, viewer, RecordQuestion(kind=kind, limit=1000))
        return [json.loads(row.summary) for row in reversed(found.rows)]

    async def link_secret(self, person: str) -> str:
        """The secret of a new one-time link. The desk makes links for administrators only; here anybody gets one."""
        secret = secrets.token_urlsafe(32)
        with self.store.write() as connection:
            bump(connection)
            sign_in.add_link(connection, secret, Link(person=person), time.time_ns() // 1000)
        return secret

    def play(self, planned: Planned, ago_us: int = 0, *, finish: bool = True) -> str:
        """Record a call as the gateway does; returns its id."""
        self.clock.offset_us = -ago_us
        person = planned.person
        subject = self.vault.subject(person.id)
        identity = json.dumps({"id": person.id, "email": person.email, "name": person.name, "groups": list(person.groups)}).encode()
        parts: list[tuple[PartName, bytes]] = [("identity", identity), ("arguments", planned.arguments)]
        opened = self.worker.append(planned.opening, parts=parts, subject=subject)
        for note in planned.notifications:
            actor = planned.opening.actor
            relayed = MessageRelayed(
                direction="to_client",
                kind="notification",
                actor=actor,
                method="notifications/progress",
                connector=planned.opening.connector,
                call=opened.id,
            )
            self.worker.append(relayed, parts=[("message", note)], subject=subject)
        if finish and planned.finish is not None:
            self.clock.offset_us += planned.finish.timing.total_us if ago_us > planned.finish.timing.total_us else 0
            body = msgspec.structs.replace(planned.finish, call=opened.id, started_seq=opened.seq)
            response: list[tuple[PartName, bytes]] = [("response", planned.response)] if planned.response is not None else []
            self.worker.append(body, parts=response, subject=subject)
        self.clock.offset_us = 0
        return opened.id

    def call(self, person: Person, case: Case, ago_us: int = 0, *, finish: bool = True) -> str:
        """Record one call of a known shape."""
        return self.play(build(person, self.vault.subject(person.id), case, 41_000, self.dice), ago_us, finish=finish)

    def crowd(self, count: int, span_us: int) -> None:
        """Record many calls over a time that ends now, busier by day than by night."""
        weights = [1.0, 1.0, 0.6, 0.4, 0.4, 0.5, 0.9, 1.6, 2.6, 3.2, 3.4, 3.0, 2.4, 2.8, 3.4, 3.2, 2.8, 2.0, 1.5, 1.2, 1.0, 0.9, 0.8, 0.9]
        slots = self.dice.choices(range(24), weights, k=count)
        ago = sorted((round((23 - slot + self.dice.random()) / 24 * span_us) for slot in slots), reverse=True)
        for at_us in ago:
            self.play(self.random_call(), max(at_us, 2_000_000))

    def random_call(self) -> Planned:
        """A call of a random person; some call far more than others."""
        person = self.dice.choices(PEOPLE, [1 / (rank + 1) ** 0.7 for rank in range(len(PEOPLE))])[0]
        return plan(self.dice, self.vault.subject(person.id), person)

    def settle(self, seal: bool) -> None:
        """Bring the index up to the log, and the tree with `seal`."""
        assert self.index is not None
        while self.follower.step(flush=True):
            pass
        if seal:
            self.sealer.step(flush=True)

    async def settled(self, *, seal: bool = True) -> None:
        """The same from a loop: what was appended is durable first."""
        receipt = self.worker.last_seq, self.keeper.last_seq
        while self.worker.durable_seq < receipt[0] or self.keeper.durable_seq < receipt[1]:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        await asyncio.to_thread(self.settle, seal)

    def close(self) -> None:
        """Let go of everything."""
        self.exports.stop()
        self.sealer.close()
        self.follower.close()
        if self.index is not None:
            self.index.close()
        self.worker.close()
        self.keeper.close()
        self.store.close()
