"""People for people: who is in the directory, what each may do, and why. Whoever reads only their own calls may ask about themselves.

Each question is on the record. What one revision of state comes to is kept until the next.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict, replace

from gatebook.definitions.key import key_of
from gatebook.index import EngineError
from gatebook.index.counts import Group
from gatebook.policy.explain import Explanation
from gatebook.policy.reach import Reach, Reachable
from gatebook.query.writing import both, term
from gatebook.reading.asked import UNREADABLE, arguments_of
from gatebook.reading.people_facts import (
    OUTCOMES,
    Deciding,
    Explained,
    GrantFacts,
    PackFacts,
    PeopleList,
    PersonDetail,
    PersonFacts,
    PersonTools,
    TokenFacts,
    ToolMay,
)
from gatebook.reading.permissions import Asked, Permissions
from gatebook.reading.rights import check_reader
from gatebook.reading.room import Question, ReadingRoom, TooSlow
from gatebook.reading.tallies import Asking
from gatebook.reading.tool_activity import BUDGET_S, CALLS, DAY_US
from gatebook.reading.verdict import verdict
from gatebook.reading.viewer import Viewer
from gatebook.state.deciding import named
from gatebook.state.revision import read_revision
from gatebook.state.snapshot import Person, Token
from gatebook.state.store import Store
from gatebook.state.uses import read_uses

ME: Final = "me"
PAGE_PEOPLE: Final = 100
_KEPT_MAX: Final = 20_000
_GROUPS_MAX: Final = 20_000
_TOKENS_MAX: Final = 100
_LIST_DAYS: Final = 30
_TOOL_DAYS: Final = 90
_OTHERS: Final = "what other people may do is for those who see the metadata of all calls; you may ask about yourself"
_logger = logging.getLogger(__name__)


class Wanted(Struct, frozen=True, kw_only=True):
    """Which people. `text` is in id, e-mail address, name or a group; `active` None: both."""

    text: str = ""
    active: bool | None = None
    page: int = 1


class _Count(Struct, frozen=True):
    """Tools by outcome, of all people who are alike; the numbers hold until `until_us`, when access that was granted for a time ends."""

    may: dict[str, int]
    until_us: int | None


class _Kept(Struct, frozen=True):
    """What one revision comes to, with what was counted so far, by `Permissions.likeness`."""

    permissions: Permissions
    counts: dict[tuple[object, ...], _Count]


class Recorded(Struct, frozen=True, kw_only=True):
    """A call of the book as it would be asked again. `lost` says why its arguments are not known; then there are none in `asked`."""

    call: str
    asked: Asked
    groups: tuple[str, ...]
    lost: str = ""


class PeopleRoom:
    """What faces read about people. `subject_of` makes the pseudonym of an id (Vault.subject); call it on the event loop."""

    def __init__(self, room: ReadingRoom, store: Store, subject_of: Callable[[str], str]) -> None:
        self._room = room
        self._store = store
        self._subject_of = subject_of
        self._kept: _Kept | None = None
        self._turn = asyncio.Lock()

    async def people(self, viewer: Viewer, wanted: Wanted) -> PeopleList:
        """One page of the directory; a page that is not there is empty. Raises NotForYou, StateError, LogUnavailable."""
        check_reader(viewer, _OTHERS)
        kept, now_us = await self._read(), self._room.clock.wall_us()

        def read() -> tuple[int, list[PersonFacts]]:
            found = sorted(_fitting(kept.permissions.stored.people.values(), wanted), key=lambda one: one.id)
            start = (wanted.page - 1) * PAGE_PEOPLE
            return len(found), [_told(kept, one, now_us) for one in found[start : start + PAGE_PEOPLE]]

        total, people = await asyncio.to_thread(read)
        groups = await self._asked(viewer, Question(text=CALLS, since_us=now_us - _LIST_DAYS * DAY_US), ("subject",))
        if groups is not None:
            calls = {group.keys[0]: group for group in groups}
            people = [replace(one, **_activity(calls.get(self._subject_of(one.id)))) for one in people]
        return PeopleList(people=tuple(people), total=total, page=wanted.page, pages=max(1, -(-total // PAGE_PEOPLE)))

    async def person(self, viewer: Viewer, id: str) -> tuple[PersonDetail, PersonTools] | None:
        """One person with all tools; `me` is the viewer. None when there is none. Raises as `people` does."""
        id = _whom(viewer, id)
        permissions, now_us = (await self._read()).permissions, self._room.clock.wall_us()
        person = permissions.stored.people.get(id)
        if person is None:
            return None
        found = await asyncio.to_thread(_seen, viewer, permissions, person, now_us)
        text = _own(self._subject_of(id))
        groups = await self._asked(viewer, Question(text=text, since_us=now_us - _TOOL_DAYS * DAY_US), ("connector", "tool"))
        tools = tuple(_tool(permissions, one) for one in found)
        uses = await asyncio.to_thread(self._uses, id)
        detail = _detail(permissions, person, _counted(found), now_us)
        detail = replace(detail, tokens=tuple(replace(one, last_used_us=uses.get(one.id)) for one in detail.tokens))
        if groups is not None:
            by_tool = {group.keys: group for group in groups}
            tools = tuple(replace(one, **_activity(by_tool.get((one.connector, one.tool)))) for one in tools)
            last_us = max((int(group.values["last_us"]) for group in groups), default=0)
            detail = replace(detail, calls=sum(int(group.values["count"]) for group in groups), last_us=last_us or None)
        return detail, PersonTools(person=id, may=detail.may, tools=tools)

    async def explain(self, viewer: Viewer, id: str, asked: Asked) -> Explained | None:
        """Decide a call that nobody makes; None when there is no such person. `asked.tool` may be a key. Raises as `people` does."""
        id = _whom(viewer, id)
        permissions = (await self._read()).permissions
        person = permissions.stored.people.get(id)
        if person is None:
            return None
        name = named(asked.tool, permissions.known(asked.connector))
        if name is not None and (viewer.reads_all or permissions.given(person, asked.connector, name)):
            asked = replace(asked, tool=name)
        found = await asyncio.to_thread(permissions.explain, person, asked)
        about = both(term("subject", self._subject_of(id)), term("connector", asked.connector), term("tool", asked.tool))
        await self._room.note(viewer, "search", about, rows=0)
        seen = found if viewer.reads_all else _concerning(permissions, person, asked, found)
        return Explained(
            person=id,
            name=person.name,
            connector=asked.connector,
            tool=asked.tool,
            sentence=verdict(person.name or id, asked.connector, asked.tool, found),
            effect=found.decision.effect,
            rule=found.decision.rule,
            kind=permissions.kind_of(found.decision.rule),
            reason=found.decision.reason,
            bundle=found.decision.bundle,
            steps=seen.steps,
            partial=not viewer.reads_all,
        )

    async def recorded(self, viewer: Viewer, id: str, call: str) -> Recorded | None:
        """A call of a tool that the person made, read with its arguments; None when there is none that the viewer may see. Raises as `ReadingRoom.show` does."""
        id = _whom(viewer, id)
        row = await self._room.find(viewer, call) if call else None
        if row is None or row.subject != self._subject_of(id) or row.method != "tools/call":
            return None
        detail = await self._room.show(viewer, call)
        if detail is None:
            return None
        data, lost = detail.part("arguments")
        arguments = arguments_of(data or b"{}")
        asked = Asked(
            connector=row.connector,
            tool=row.tool,
            arguments=arguments or b"{}",
            client=row.client,
            source_ip=row.ip,
            at_us=row.time,
        )
        return Recorded(call=call, asked=asked, groups=row.groups, lost=lost or ("" if arguments is not None else UNREADABLE))

    async def _read(self) -> _Kept:
        def read() -> _Kept:
            with self._store.read() as connection:
                if self._kept is not None and self._kept.permissions.stored.revision == read_revision(connection):
                    return self._kept
                return _Kept(Permissions.read(connection), {})

        async with self._turn:
            self._kept = await asyncio.to_thread(read)
        return self._kept

    def _uses(self, person: str) -> dict[str, int]:
        # Uses of tokens are no change that the kept state would follow.
        with self._store.read() as connection:
            return read_uses(connection, person)

    async def _asked(self, viewer: Viewer, question: Question, by: tuple[str, ...]) -> list[Group] | None:
        """Count calls, on the record; None where the index does not answer, or not of all, or the viewer's roles do not show who called."""
        if not viewer.access.shows_wherever_listed("subject") and question.text != _own(self._subject_of(viewer.principal.person)):
            return None
        groups: list[Group] | None = None
        try:
            asking = Asking(self._room, viewer, question, BUDGET_S)
            groups = await asking.table(by, ("count", "last_us"), limit=_GROUPS_MAX)
        except (EngineError, TooSlow) as error:
            _logger.warning("calls of people could not be counted: %s", error)
        rows = None if groups is None else sum(int(group.values["count"]) for group in groups)
        await self._room.note(viewer, "search", question.words(), rows=rows)
        return groups if groups is not None and len(groups) < _GROUPS_MAX else None


def _own(subject: str) -> str:
    """The query for the calls of one person."""
    return both(CALLS, term("subject", subject))


def _whom(viewer: Viewer, id: str) -> str:
    own = viewer.principal.person
    wanted = own if id == ME else id.lower()
    # Said before anything is looked up, so that nobody learns who is there.
    if wanted != own:
        check_reader(viewer, _OTHERS)
    return wanted


def _told(kept: _Kept, person: Person, now_us: int) -> PersonFacts:
    alike = kept.permissions.likeness(person)
    found = kept.counts.get(alike)
    if found is None or (found.until_us is not None and found.until_us <= now_us):
        ends = [grant.until_us or 0 for grant in kept.permissions.stored.grants if grant.person == person.id]
        until_us = min((end for end in ends if end > now_us), default=None)
        found = _Count(_counted(kept.permissions.tools(person, now_us)), until_us)
        if len(kept.counts) >= _KEPT_MAX:
            kept.counts.clear()
        kept.counts[alike] = found
    return _facts(person, found.may)


def _seen(viewer: Viewer, permissions: Permissions, person: Person, now_us: int) -> list[Reachable]:
    found = permissions.tools(person, now_us)
    if viewer.reads_all:
        return found
    return [one for one in found if one.outcome != "denied" or permissions.given(person, one.connector, one.tool)]


def _fitting(people: Iterable[Person], wanted: Wanted) -> Iterable[Person]:
    part = wanted.text.strip().lower()
    for one in people:
        texts = (one.id, one.email, one.name.lower(), *(group.lower() for group in one.groups))
        if (wanted.active is None or wanted.active == one.active) and any(part in text for text in texts):
            yield one


def _concerning(permissions: Permissions, person: Person, asked: Asked, found: Explanation) -> Explanation:
    """What concerns the person: what matched, and the policies that would under other circumstances. The rest names other people and connectors."""
    candidates = permissions.bundle.candidates(permissions.request(person, asked))
    asks = candidates.asks(asked.at_us)
    if not asks and not permissions.given(person, asked.connector, asked.tool):
        # The same as for what does not exist.
        return replace(found, steps=tuple(one for one in found.steps if one.kind in ("person", "default")))
    own = {one.rule.id for one in candidates.rules} if asks else set()
    return replace(found, steps=tuple(one for one in found.steps if one.matched or one.id in own))


def _counted(found: Iterable[Reachable]) -> dict[str, int]:
    counts: dict[str, int] = dict.fromkeys(OUTCOMES, 0)
    for one in found:
        counts[one.outcome] += 1
    return counts


def _facts(person: Person, may: dict[str, int]) -> PersonFacts:
    names = ("id", "name", "email", "kind", "groups", "active")
    return PersonFacts(**{name: getattr(person, name) for name in names}, may=may)


def _activity(group: Group | None) -> dict[str, int | None]:
    if group is None:
        return {"calls": 0, "last_us": None}
    return {"calls": int(group.values["count"]), "last_us": int(group.values["last_us"]) or None}


def _tool(permissions: Permissions, one: Reachable) -> ToolMay:
    rules = tuple(Deciding(id=rule, kind=permissions.kind_of(rule)) for rule in one.rules)
    return ToolMay(connector=one.connector, tool=one.tool, key=key_of(one.tool), outcome=one.outcome, rules=rules, reason=one.reason)


def _detail(permissions: Permissions, person: Person, may: dict[str, int], now_us: int) -> PersonDetail:
    stored = permissions.stored
    tokens = sorted((token for token in stored.tokens.values() if token.person == person.id), key=lambda one: (-one.created_us, one.id))
    grants = tuple(
        GrantFacts(
            id=one.id,
            call=one.call,
            connector=one.connector,
            tool=one.tool,
            rules=one.rules,
            until_us=one.until_us or 0,
            decided_by=one.decided_by,
        )
        for one in stored.grants
        if one.person == person.id and (one.until_us or 0) > now_us
    )
    packs = tuple(PackFacts(name=pack.name, tools=pack.tools, by=by) for pack, by in permissions.packs(person))
    shown = tuple(_token(token) for token in tokens[:_TOKENS_MAX])
    return PersonDetail(**asdict(_facts(person, may)), tokens=shown, grants=grants, packs=packs)


def _token(token: Token) -> TokenFacts:
    return TokenFacts(**{name: getattr(token, name) for name in TokenFacts.__struct_fields__})


def of_outcome(found: PersonTools, outcome: Reach | None) -> PersonTools:
    """Only the tools of one outcome; None: all. The counts stay those of all."""
    return found if outcome is None else replace(found, tools=tuple(one for one in found.tools if one.outcome == outcome))
