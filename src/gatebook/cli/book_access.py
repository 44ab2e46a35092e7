"""How the reading verbs reach the book: through the running keeper, else in this process through the very same API.

Either way each reading is a record before its answer is shown.
"""

import asyncio
import contextlib
import functools
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from gatebook import __version__
from gatebook.cli.main import Problem
from gatebook.cli.width import clean, cut, width
from gatebook.control import office
from gatebook.control.caller import local_caller
from gatebook.control.client import KeeperAbsent, KeeperRefused
from gatebook.control.key_files import read_credential_keys, read_master_key
from gatebook.query import QueryError, parse
from gatebook.settings import Settings

if TYPE_CHECKING:
    from gatebook.api.deps import ApiDeps
    from gatebook.control.desk import Desk
    from gatebook.index import Follower
    from gatebook.log.book import Book
    from gatebook.log.vault import Vault
    from gatebook.reading.room import ReadingRoom

_SHOWN_COLUMNS = 100
_NO_KEEPER = "needs a running keeper (gatebook up)"
_POLL_S = 0.25


class Refused(Exception):
    """The API answered with an error. `members` are those of its problem details; `detail` is a sentence."""

    def __init__(self, members: dict[str, Any]) -> None:
        super().__init__(str(members.get("detail") or members.get("title") or "the keeper refused"))
        self.members = members


def get(settings: Settings, path: str, **params: Any) -> Any:
    """Ask the API; parameters that are None are left out. Raises Refused, or Problem when neither keeper nor log can be reached."""
    kept = {name: value for name, value in params.items() if value is not None}
    address = f"/api/v1{path}" + (f"?{urlencode(kept)}" if kept else "")
    try:
        return of_keeper(settings, address)
    except KeeperAbsent:
        return asyncio.run(_alone(settings, address))


def job(settings: Settings, path: str, order: Any, show: Callable[[float], None]) -> Any:
    """Have the API do long work, which is begun by a POST and looked at by its `id`; `show` gets the share that is done. Returns the work when it ended.

    Raises as `get` does.
    """
    try:
        begun = office.keeper_client(settings).post(f"/api/v1{path}", order)
        while begun["state"] == "running":
            show(begun["done"])
            time.sleep(_POLL_S)
            begun = of_keeper(settings, f"/api/v1{path}/{begun['id']}")
        return begun
    except KeeperRefused as error:
        raise Refused(_members(str(error))) from None
    except KeeperAbsent:
        return asyncio.run(_job_alone(settings, f"/api/v1{path}", order, show))


def of_keeper(settings: Settings, address: str) -> Any:
    """Ask the API of a running keeper. Raises Refused, KeeperAbsent."""
    try:
        return office.keeper_client(settings).get(address)
    except KeeperRefused as error:
        raise Refused(_members(str(error))) from None


def post(settings: Settings, path: str, body: Any) -> Any:
    """Send JSON to the API of a running keeper. Raises Refused, Problem."""
    try:
        return office.keeper_client(settings).post(f"/api/v1{path}", body)
    except KeeperRefused as error:
        raise Refused(_members(str(error))) from None
    except KeeperAbsent as error:
        raise Problem(f"{error}; this {_NO_KEEPER}") from None


def delete(settings: Settings, path: str) -> None:
    """Delete what is at an address of the API of a running keeper. Raises Refused, Problem."""
    try:
        office.keeper_client(settings).delete(f"/api/v1{path}")
    except KeeperRefused as error:
        raise Refused(_members(str(error))) from None
    except KeeperAbsent as error:
        raise Problem(f"{error}; this {_NO_KEEPER}") from None


def pieces(settings: Settings, path: str, start: int, tag: str) -> Iterator[bytes]:
    """A file of the API of a running keeper, from byte `start` on: see `KeeperClient.pieces`. Raises Refused, KeeperAbsent."""
    try:
        yield from office.keeper_client(settings).pieces(f"/api/v1{path}", start, tag)
    except KeeperRefused as error:
        raise Refused(_members(str(error))) from None


def follow(settings: Settings, query: str) -> Iterator[dict[str, Any]]:
    """Follow calls that match: their rows as they are indexed, from the return of this function on. Raises Refused, Problem without a keeper."""
    lines = office.keeper_client(settings).lines(f"/api/v1/tail?{urlencode({'q': query})}")
    try:
        next(lines, None)
    except KeeperRefused as error:
        raise Refused(_members(str(error))) from None
    except KeeperAbsent as error:
        raise Problem(f"{error}; a tail {_NO_KEEPER}") from None
    return _rows(lines)


def _rows(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    event = ""
    for line in lines:
        name, _, value = line.decode().partition(": ")
        if name == "event":
            event = value
        elif name == "data" and event == "call":
            yield json.loads(value)
        elif name == "data" and event == "gap":
            print("… some calls are left out here: too many at once", file=sys.stderr)


def check(query: str) -> str:
    """Return a query that parses. Raises Problem, which shows a mistake under the query itself."""
    try:
        parse(query)
    except QueryError as error:
        start = max(0, error.position - 60)
        before, after = clean(query[start : error.position]), clean(query[error.position :])
        line = cut(("…" if start else "") + before + after, _SHOWN_COLUMNS)
        raise Problem(f"{clean(str(error))}\n  {line}\n  {' ' * (width(before) + bool(start))}^", exit_code=2) from None
    return query


async def _alone(settings: Settings, address: str) -> Any:
    with _api(settings) as api:
        return await _request(api, "GET", address)


async def _job_alone(settings: Settings, address: str, order: Any, show: Callable[[float], None]) -> Any:
    with _api(settings) as api:
        begun = await _request(api, "POST", address, json.dumps(order).encode())
        while begun["state"] == "running":
            show(begun["done"])
            await asyncio.sleep(_POLL_S)
            begun = await _request(api, "GET", f"{address}/{begun['id']}")
        return begun


@contextlib.contextmanager
def _api(settings: Settings) -> Iterator["_Api"]:
    """The API over the files of a deployment whose keeper does not run, for the account that runs this command. Raises Problem."""
    # Imported here: with a keeper running the command needs neither engine nor API.
    from gatebook.api.app import create_api
    from gatebook.api.deps import CALLER_KEY
    from gatebook.control.desk import Desk
    from gatebook.identity.journal import Journal
    from gatebook.log.vault import Vault
    from gatebook.reading.room import ReadingRoom
    from gatebook.state.opening import open_state

    master_key = read_master_key(settings)
    vault = Vault(settings.keys_dir, master_key)
    with contextlib.ExitStack() as parts:
        book = _book(settings, vault)
        parts.callback(book.close)
        follower = parts.enter_context(_followed(settings, Vault(settings.keys_dir, master_key)))
        room = ReadingRoom(lambda: follower.index, book, vault, settings.log_dir)
        store = open_state(settings, create=False)
        parts.callback(store.close)
        desk = Desk(Journal(store, book, vault.subject), settings.console_url)
        api = create_api(_deps(settings, room, desk, vault, follower))
        yield _Api(api, {CALLER_KEY: local_caller(None, vault.subject)})


def _deps(settings: Settings, room: "ReadingRoom", desk: "Desk", vault: "Vault", follower: "Follower") -> "ApiDeps":
    """What the API is made of, without a keeper."""
    from gatebook.api.deps import ApiDeps
    from gatebook.control.deciding import Deciding
    from gatebook.identity.access import Accesses
    from gatebook.identity.directory import Directory
    from gatebook.identity.scim.visits import Visits
    from gatebook.keeper.upstream import build_upstream
    from gatebook.log.vault import Vault as MadeVault
    from gatebook.reading.backtests import Backtests
    from gatebook.reading.client_room import ClientRoom
    from gatebook.reading.cut_off_room import CutOffRoom
    from gatebook.reading.directory_room import DirectoryRoom
    from gatebook.reading.exports import Exports
    from gatebook.reading.health import health
    from gatebook.reading.people_room import PeopleRoom
    from gatebook.reading.replays import Replays
    from gatebook.reading.requests import Requests
    from gatebook.reading.roles_room import RolesRoom
    from gatebook.reading.rule_room import RuleRoom
    from gatebook.reading.saved import Shelf
    from gatebook.reading.token_room import TokenRoom
    from gatebook.reading.tool_room import ToolRoom
    from gatebook.reading.trials import Trials
    from gatebook.record.views.call import Origin
    from gatebook.state.approvals import ARGUMENTS_KEY

    store, master_key = desk.store, read_master_key(settings)
    make_vault = functools.partial(MadeVault, settings.keys_dir, master_key)

    def accesses() -> Accesses:
        return Accesses(store.snapshot(), vault.subject)

    return ApiDeps(
        room=room,
        exports=Exports(room, settings.exports_dir, make_vault, Origin(deployment=settings.deployment, version=__version__)),
        backtests=Backtests(room, store, make_vault),
        replays=Replays(room, store),
        trials=Trials(room, store),
        requests=Requests(room, store, Deciding(desk), vault.derive(ARGUMENTS_KEY)),
        shelf=Shelf(store, desk.journal.book, room.clock),
        store=store,
        tools=ToolRoom(room, store, desk),
        rules=RuleRoom(room, store, desk.changing),
        directory=lambda: Directory(store.snapshot(), vault.subject),
        accesses=accesses,
        people=PeopleRoom(room, store, vault.subject),
        clients=ClientRoom.alone(desk.journal),
        cut_offs=CutOffRoom(store, desk),
        provisioned=DirectoryRoom(desk.journal, Visits(desk.journal), store.snapshot, settings.console_url),
        connections=build_upstream(desk.journal, read_credential_keys(settings), settings.console_url).room,
        roles=RolesRoom(room, accesses),
        tokens=TokenRoom(store, desk.issuing, room.clock),
        session=lambda _: None,
        health=lambda: health(settings.log_dir, follower.lag(), None, room.clock.wall_us()),
        deployment=settings.deployment,
        console_url=settings.console_url,
    )


def _book(settings: Settings, vault: "Vault") -> "Book":
    """The stream of the keeper, which nobody else writes now. Raises Problem."""
    from gatebook.log.book import Book
    from gatebook.log.errors import StreamBusy

    try:
        return Book.open(settings.log_dir, settings.keeper_stream, vault, settings.log)
    except StreamBusy as error:
        raise Problem(f"a keeper runs (process {error.pid}) but does not answer on {settings.keeper_socket}; try again") from error


@contextlib.contextmanager
def _followed(settings: Settings, vault: "Vault") -> Iterator["Follower"]:
    """The index with all that is in the log. Raises Problem."""
    from gatebook.index import EngineError, Follower, Index

    with contextlib.ExitStack() as parts:
        try:
            index = Index.open(settings.index_dir)
            parts.callback(index.close)
            follower = Follower(settings.log_dir, vault, index)
            parts.callback(follower.close)
            follower.catch_up()
        except EngineError as error:
            raise Problem(f"the index cannot be read: {error}; `gatebook index rebuild` makes it anew") from error
        yield follower


class _Api(NamedTuple):
    """An ASGI app, and what its scope holds besides."""

    app: Any
    extra: dict[str, Any]


async def _request(api: _Api, method: str, address: str, sent: bytes = b"") -> Any:
    """Ask an ASGI app once, with a body of JSON where there is one. Raises Refused."""
    path, _, query = address.removeprefix("/api").partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "root_path": "", "headers": [(b"content-type", b"application/json")], "client": None, "server": None, **api.extra,
    }  # fmt: skip
    status, body = 500, bytearray()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            body.extend(message.get("body", b""))

    await api.app(scope, receive, send)
    if status >= 400:
        raise Refused(_members(body.decode(errors="replace")))
    return json.loads(body)


def _members(text: str) -> dict[str, Any]:
    try:
        members = json.loads(text)
    except ValueError:
        return {"detail": text}
    return members if isinstance(members, dict) else {"detail": text}
