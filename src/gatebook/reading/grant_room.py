"""Grants and their use for people: the report, and drafts that narrow. State is read in a thread, use comes from the index, each reading is on the record."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Final

from msgspec import Struct

from gatebook.policy.given import Given, Tools
from gatebook.policy.narrow import cuts
from gatebook.policy.request import HINTS, Hints, Request
from gatebook.policy.unused import Held, Use, Uses, held
from gatebook.query.writing import both, term
from gatebook.reading.grant_facts import ConnectorGrants, GrantFacts, GrantReport, LeftOut, Narrowing
from gatebook.reading.health import Health
from gatebook.reading.inventory import Inventory
from gatebook.reading.room import Question, ReadingRoom
from gatebook.reading.tallies import REPORT_BUDGET_S, Asking
from gatebook.reading.tool_activity import DAY_US
from gatebook.reading.viewer import Viewer
from gatebook.state.checking import Draft
from gatebook.state.documents import Document, DocumentError
from gatebook.state.owned import narrowing, text_of
from gatebook.state.since import History
from gatebook.state.snapshot import Person
from gatebook.state.store import Store

DAYS: Final = 90
DAYS_MAX: Final = 400
LIMIT_MAX: Final = 5000
USED: Final = "method:tools/call connector:* -decision:blocked"
_GROUPS_MAX: Final = 100_000
_UNLISTED_MAX: Final = 200
_BEHIND_S_MAX: Final = 60


class Asked(Struct, frozen=True, kw_only=True):
    """Which grants, and of how many days the use. `to`: a group or person; empty texts ask for all."""

    days: int = DAYS
    connector: str = ""
    to: str = ""
    unused: bool = False
    limit: int = 500
    offset: int = 0


class UseUnknown(Exception):
    """What was used cannot be told, so nothing is called unused. The text is a sentence."""


class GrantRoom:
    """What faces read about grants. `inventory` gives that of the newest revision, to those who may read it."""

    def __init__(self, room: ReadingRoom, store: Store, inventory: Callable[[Viewer], Awaitable[Inventory]]) -> None:
        self._room = room
        self._store = store
        self._inventory = inventory

    async def report(self, viewer: Viewer, asked: Asked, health: Health) -> GrantReport:
        """The report. Raises NotForYou, UseUnknown, StateError, EngineError, QueryTooHeavy, TooSlow, LogUnavailable."""
        found = await self._found(viewer, asked, health)
        rows = [one for one in found.rows if one.state == "unused"] if asked.unused else found.rows
        return GrantReport(
            since_us=found.since_us,
            until_us=found.until_us,
            days=asked.days,
            **_states(found.rows),
            connectors=_by_connector(found.rows),
            total=len(rows),
            grants=[facts(one) for one in rows[asked.offset : asked.offset + asked.limit]],
        )

    async def narrow(self, viewer: Viewer, asked: Asked, ids: Collection[str] | None, health: Health) -> Narrowing:
        """Draft policies that take grants away: those of these ids, else all unused ones that were asked for. Raises as `report` does."""
        found = await self._found(viewer, asked, health)
        by_id = {one.given.id: one for one in found.rows}
        wanted = [one.given.id for one in found.rows if one.state == "unused"] if ids is None else list(dict.fromkeys(ids))
        left = [LeftOut(id=id, text="", why="There is no such grant.") for id in wanted if id not in by_id]
        left += [_left(one.given, _used(one, asked.days)) for id in wanted if (one := by_id.get(id)) is not None and one.use.calls]
        chosen = [one.given for id in wanted if (one := by_id.get(id)) is not None and not one.use.calls]

        def draft() -> Narrowing:
            made, kept = cuts(found.inventory.bundle.sources, found.tools, chosen, found.until_us)
            documents = narrowing(made, found.inventory.snapshot.rules, asked.days)
            problems, warnings = self.checked(documents)
            return Narrowing(
                documents=text_of(documents),
                names=[document.name for document in documents],
                taken=len(chosen) - len(kept),
                left_out=left + [_left(one.given, one.why) for one in kept],
                problems=problems,
                warnings=warnings,
            )

        return await asyncio.to_thread(draft)

    def checked(self, documents: list[Document]) -> tuple[list[str], list[str]]:
        """What keeps documents from being applied, and what deserves a look."""
        if not documents:
            return [], []
        with self._store.read() as connection:
            draft = Draft(connection, documents)
        try:
            return [], draft.check()
        except DocumentError as error:
            return error.problems, []

    async def _found(self, viewer: Viewer, asked: Asked, health: Health) -> "_Found":
        inventory = await self._inventory(viewer)
        until_us = self._room.clock.wall_us()
        since_us = until_us - asked.days * DAY_US
        if why := _missing(health, since_us):
            raise UseUnknown(f"{why}; until it is whole, nobody can say what was not used")
        history = await asyncio.to_thread(self._history)
        people = [_request(person, until_us) for person in inventory.snapshot.people.values() if person.active]
        known = {self._room.subject(name): name for name in _names(inventory)}
        uses = await self._uses(viewer, Question(text=_question(asked.connector), since_us=since_us, until_us=until_us), known)

        def work() -> _Found:
            tools, seen_us = _tools(inventory, uses)
            tools = {name: some for name, some in tools.items() if asked.connector in ("", name)}

            def since_of(one: Given) -> int:
                return max(history.since_us(one), seen_us.get((one.connector, one.tool), 0))

            rows = held(inventory.bundle, people, tools, uses, since_of, since_us)
            rows = [one for one in rows if asked.to.lower() in ("", one.given.to.lower())]
            rows.sort(key=lambda one: (one.given.connector, one.given.holder, one.given.through, one.given.tool))
            return _Found(inventory, tools, rows, since_us, until_us)

        return await asyncio.to_thread(work)

    def _history(self) -> History:
        with self._store.read() as connection:
            return History.read(connection)

    async def _uses(self, viewer: Viewer, question: Question, known: Mapping[str, str]) -> Uses:
        if not viewer.access.shows_wherever_listed("subject"):
            raise UseUnknown("your role does not show who called")
        asking = Asking(self._room, viewer, question, REPORT_BUDGET_S)
        measures = ("count", "people", "last_us")
        by_person = await asking.table(("subject", "connector", "tool"), measures, limit=_GROUPS_MAX)
        by_group = await asking.table(("group", "connector", "tool"), measures, limit=_GROUPS_MAX)
        if max(len(by_person), len(by_group)) >= _GROUPS_MAX:
            raise UseUnknown("there is too much use to count at once; ask for one connector, or for fewer days")
        await self._room.note(viewer, "search", question.words(), rows=sum(int(group.values["count"]) for group in by_person))

        def use(values: Mapping[str, float]) -> Use:
            return Use(int(values["people"]), int(values["count"]), int(values["last_us"]))

        persons = {(known.get(group.keys[0], group.keys[0]), *group.keys[1:]): use(group.values) for group in by_person}
        groups: dict[tuple[str, str, str], Use] = {}
        for group in by_group:
            name, connector, tool = group.keys
            place, found = (name.lower(), connector, tool), use(group.values)
            before = groups.get(place, Use())
            groups[place] = Use(before.people + found.people, before.calls + found.calls, max(before.last_us, found.last_us))
        return Uses(by_person=persons, by_group=groups)  # type: ignore[arg-type]


class _Found(Struct, frozen=True):
    inventory: Inventory
    tools: Tools
    rows: list[Held]
    since_us: int
    until_us: int


def facts(one: Held) -> GrantFacts:
    """One grant, as people read it."""
    way = one.given
    return GrantFacts(
        id=way.id,
        connector=way.connector,
        tool=way.tool,
        kind=way.kind,
        to=way.to,
        through=way.through,
        may_call=one.may,
        did_call=one.use.people,
        idle=one.idle,
        calls=one.use.calls,
        last_us=one.use.last_us or None,
        since_us=one.since_us or None,
        state=one.state,
    )


def _missing(health: Health, since_us: int) -> str:
    """Return as a clause what the index lacks of the calls since then; empty where it has all. A fresh call or two may be missing."""
    if not health.positions:
        return "the search index is being opened"
    if health.rebuilt is not None and (health.searchable_since_us is None or health.searchable_since_us > since_us):
        return f"the search index is being built ({health.index_state})"
    if health.errors:
        return f"the search index lacks records of {', '.join(sorted(health.errors))}"
    return f"the search index is {health.behind_s:.0f} s behind the log" if health.behind_s > _BEHIND_S_MAX else ""


def _request(person: Person, time_us: int) -> Request:
    return Request(connector="", person=person.id, email=person.email, kind=person.kind, groups=person.groups, time_us=time_us)


def _names(inventory: Inventory) -> Iterable[str]:
    """Everybody whose pseudonym must be known: the people, and whoever is granted something by name."""
    sources = inventory.bundle.sources
    yield from (name.lower() for access in sources.access for name in access.people)
    yield from (name.lower() for pack in sources.packs for name in pack.people)
    yield from inventory.snapshot.people


def _question(connector: str) -> str:
    return both(USED, term("connector", connector)) if connector else USED


def _tools(inventory: Inventory, uses: Uses) -> tuple[dict[str, list[tuple[str, Hints]]], dict[tuple[str, str], int]]:
    """Return the tools that may be called, and when each was seen first. A connector that is not checked has those that were called."""
    listed = inventory.callable_tools()
    tools = {name: [(one.tool, one.hints) for one in some] for name, some in listed.items()}
    seen_us = {(name, one.tool): one.first_us for name, some in listed.items() for one in some}
    unchecked = {name for name, one in inventory.snapshot.connectors.items() if one.spec.tool_approval == "none"}
    for connector, tool in sorted({(connector, tool) for _, connector, tool in uses.by_person if connector in unchecked}):
        if (connector, tool) not in seen_us and len(tools[connector]) < _UNLISTED_MAX:
            tools[connector].append((tool, HINTS))
    return tools, seen_us


def _states(rows: Iterable[Held]) -> dict[str, int]:
    counts = {"used": 0, "unused": 0, "new": 0}
    for one in rows:
        counts[one.state] += 1
    return counts


def _by_connector(rows: Iterable[Held]) -> list[ConnectorGrants]:
    found: dict[str, list[Held]] = {}
    for one in rows:
        found.setdefault(one.given.connector, []).append(one)
    return [ConnectorGrants(connector=name, **_states(some)) for name, some in sorted(found.items())]


def _left(one: Given, why: str) -> LeftOut:
    return LeftOut(id=one.id, text=f"{one.tool} of {one.connector} for {one.to}", why=why)


def _used(one: Held, days: int) -> str:
    return f"It was used: {one.use.calls:,} {'call' if one.use.calls == 1 else 'calls'} in {days} days."
