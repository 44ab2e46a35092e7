"""Saved searches, share links and preferences: who may see and change what, within which limits.

A change to a search that others see, or saw until then, is a record before it is made; what somebody keeps for themselves is not.
State is read and written in a thread, so that a change that somebody else is making never stops the event loop.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection

from gatebook.identity.tokens import without_tokens
from gatebook.log.book import Book
from gatebook.log.clock import Clock, SystemClock
from gatebook.query import QueryError, parse
from gatebook.query.parser import LENGTH_MAX
from gatebook.reading.absolute import absolute
from gatebook.reading.room import Question
from gatebook.reading.viewer import Viewer
from gatebook.record.body import ConfigChanged
from gatebook.state import saved as tables
from gatebook.state.changes import unified
from gatebook.state.revision import read_revision
from gatebook.state.saved import Preference, Saved, Share
from gatebook.state.store import Store

NAME_CHARACTERS_MAX: Final = 100
RANGE_CHARACTERS_MAX: Final = 80
COLUMNS_MAX: Final = 60
COLUMN_CHARACTERS_MAX: Final = 120
GROUPS_MAX: Final = 20
SAVED_MAX: Final = 200
SHARES_MAX: Final = 2000
PREFERENCES_MAX: Final = 50
PREFERENCE_BYTES_MAX: Final = 8 * 1024
EVERYONE: Final = "everyone"

# What would let a name look like another one, or break a line: control characters, directions of text, line separators.
_HIDDEN_RANGES: Final = r"\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
_HIDDEN: Final = re.compile(f"[{_HIDDEN_RANGES}\ud800-\udfff]")
VISIBLE_PATTERN: Final = f"^[^{_HIDDEN_RANGES}]*$"
NAME_PATTERN: Final = rf"^[^{_HIDDEN_RANGES}\s][^{_HIDDEN_RANGES}]*$"
PREFERENCE_NAME_PATTERN: Final = "[a-z][a-z0-9._-]{0,59}"
# Without letters and digits that look like others; 13 of them are 64 bits.
_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
_ID_CHARACTERS: Final = 13
ID_PATTERN: Final = f"[{_ALPHABET}]{{{_ID_CHARACTERS}}}"
_T = TypeVar("_T")


class SavedError(ValueError):
    """What somebody wants to keep cannot be kept like that. `field` names what is wrong, the text says what would be right."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class Conflict(Exception):
    """It was changed or taken meanwhile, or there is no room for more. The text says which."""


class Wish(Struct, frozen=True, kw_only=True):
    """A saved search as its owner wants it. `shared`: groups, `everyone` for all people, nobody when empty. `columns`: those of the table."""

    name: str
    text: str = ""
    range: str = ""
    columns: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()


class Shelf:
    """What people keep. Lives on the event loop of the book."""

    def __init__(self, store: Store, book: Book, clock: Clock | None = None) -> None:
        self._store = store
        self._book = book
        self._clock = clock or SystemClock()
        # One change at a time, so that what was checked is still so when it is written.
        self._turn = asyncio.Lock()

    async def searches(self, viewer: Viewer) -> list[Saved]:
        """The viewer's own searches, and those that are shared with them and that they may ask, by name. Raises StateError."""
        found = await self._read(tables.list_saved)
        return [saved for saved in found if may_use(viewer, saved)]

    async def search(self, viewer: Viewer, id: str) -> Saved | None:
        """One search; None also when the viewer may not see it. Raises StateError."""
        found = await self._read(lambda connection: tables.find_saved(connection, id))
        return found if found is not None and may_use(viewer, found) else None

    async def create(self, viewer: Viewer, wish: Wish) -> Saved:
        """Save a new search. Raises SavedError, QueryError, Conflict, StateError, LogUnavailable."""
        wish = checked(wish)
        async with self._turn:
            owner = viewer.principal.person
            await self._read(lambda connection: _check_room(connection, owner, wish.name, None))
            now_us = self._clock.wall_us()
            saved = Saved(id=_new_id(), owner=owner, created_us=now_us, changed_us=now_us, **msgspec.structs.asdict(wish))
            await self._record(viewer, None, saved)
            await self._write(lambda connection: tables.put_saved(connection, saved))
        return saved

    async def change(self, viewer: Viewer, id: str, wish: Wish, version: int) -> Saved | None:
        """Change an own search that is still at `version`; None when there is none. Raises as `create` does."""
        wish = checked(wish)
        async with self._turn:
            old = await self.search(viewer, id)
            if old is None or old.owner != viewer.principal.person:
                return None
            if old.version != version:
                raise Conflict(f"“{old.name}” was changed meanwhile: it is at version {old.version}")
            await self._read(lambda connection: _check_room(connection, old.owner, wish.name, id))
            fields = msgspec.structs.asdict(wish)
            new = msgspec.structs.replace(old, version=old.version + 1, changed_us=self._clock.wall_us(), **fields)
            await self._record(viewer, old, new)
            await self._write(lambda connection: tables.put_saved(connection, new))
        return new

    async def delete(self, viewer: Viewer, id: str) -> bool:
        """Delete an own search; False when there is none. Raises StateError, LogUnavailable."""
        async with self._turn:
            old = await self.search(viewer, id)
            if old is None or old.owner != viewer.principal.person:
                return False
            await self._record(viewer, old, None)
            await self._write(lambda connection: tables.delete_saved(connection, id))
        return True

    async def share(self, viewer: Viewer, question: Question, columns: Sequence[str] = ()) -> Share:
        """Make a short link to a question as it is now: relative times become absolute. The same question gives the same link.

        Raises SavedError, QueryError, Conflict, StateError.
        """
        now_us = self._clock.wall_us()
        text = absolute(_text_checked(question.text), now_us)
        parse(text)
        until_us = now_us if question.until_us is None else question.until_us
        wanted = Share(
            id=_new_id(),
            by=viewer.principal.person,
            text=text,
            since_us=question.since_us,
            until_us=until_us,
            columns=_columns_checked(tuple(columns)),
            at_us=now_us,
        )

        def add(connection: Connection) -> Share:
            known = tables.list_shares(connection, wanted.by)
            for share in known:
                if msgspec.structs.replace(share, id=wanted.id, at_us=now_us) == wanted:
                    return share
            if len(known) >= SHARES_MAX:
                raise Conflict(f"there are {SHARES_MAX:,} share links of yours; delete some first")
            tables.add_share(connection, wanted)
            return wanted

        async with self._turn:
            return await self._write(add)

    async def opened(self, viewer: Viewer, id: str) -> Share | None:
        """What a share link holds, for anybody who is signed in and may ask it: what they see of it is up to their own scope.

        Raises HiddenField where it asks for what their roles show nowhere: then its text is not shown either. Raises StateError.
        """
        found = await self._read(lambda connection: tables.find_share(connection, id))
        if found is not None and found.by != viewer.principal.person:
            viewer.scoped(parse(found.text))
        return found

    async def shares(self, viewer: Viewer) -> list[Share]:
        """The viewer's own share links, newest first. Raises StateError."""
        return await self._read(lambda connection: tables.list_shares(connection, viewer.principal.person))

    async def unshare(self, viewer: Viewer, id: str) -> bool:
        """Delete an own share link; False when there is none. Raises StateError."""

        def forget(connection: Connection) -> bool:
            share = tables.find_share(connection, id)
            if share is None or share.by != viewer.principal.person:
                return False
            tables.delete_share(connection, id)
            return True

        async with self._turn:
            return await self._write(forget)

    async def preferences(self, viewer: Viewer) -> dict[str, str]:
        """The viewer's preferences: JSON text by name. Raises StateError."""
        found = await self._read(lambda connection: tables.list_preferences(connection, viewer.principal.person))
        return {one.name: one.value for one in found}

    async def prefer(self, viewer: Viewer, name: str, value: str) -> None:
        """Keep a preference; the last one under a name counts. `value` is JSON text. Raises SavedError, Conflict, StateError."""
        if re.fullmatch(PREFERENCE_NAME_PATTERN, name) is None:
            raise SavedError("name", "must be lower-case letters, digits, dots and hyphens, at most 60")
        if len(value.encode("utf-8", "replace")) > PREFERENCE_BYTES_MAX:
            raise SavedError("value", f"must have at most {PREFERENCE_BYTES_MAX:,} bytes")
        person = viewer.principal.person

        def put(connection: Connection) -> None:
            known = {one.name for one in tables.list_preferences(connection, person)}
            if name not in known and len(known) >= PREFERENCES_MAX:
                raise Conflict(f"there are {PREFERENCES_MAX} preferences of yours; delete some first")
            tables.put_preference(connection, Preference(person=person, name=name, value=value))

        async with self._turn:
            await self._write(put)

    async def forget(self, viewer: Viewer, name: str) -> None:
        """Delete a preference, whether there is one or not. Raises StateError."""
        async with self._turn:
            await self._write(lambda connection: tables.delete_preference(connection, viewer.principal.person, name))

    async def _record(self, viewer: Viewer, old: Saved | None, new: Saved | None) -> None:
        """Put a change of what others see on the record, durable. The id stands in the core; names and queries in the payload, where they can be erased."""
        if not any(saved and saved.shared for saved in (old, new)):
            return
        one = new or old
        assert one is not None
        action: Literal["created", "changed", "deleted"] = "created" if old is None else "deleted" if new is None else "changed"
        body = ConfigChanged(
            kind="SavedSearch",
            name=one.id,
            action=action,
            version=one.version + (new is None),
            revision=await self._read(read_revision),
            actor=viewer.actor,
        )
        diff = unified(_lines(old), _lines(new), f"SavedSearch/{one.id}").encode("utf-8", "replace")
        parts = [("identity", viewer.principal.identity), ("diff", diff)]
        await self._book.append(body, parts=parts, subject=viewer.subject).durable()  # type: ignore[arg-type]

    async def _read(self, work: Callable[[Connection], _T]) -> _T:
        def run() -> _T:
            with self._store.read() as connection:
                return work(connection)

        return await asyncio.to_thread(run)

    async def _write(self, work: Callable[[Connection], _T]) -> _T:
        def run() -> _T:
            with self._store.write() as connection:
                return work(connection)

        return await asyncio.to_thread(run)


def may_use(viewer: Viewer, saved: Saved) -> bool:
    """Whether somebody sees a saved search. What it finds for them is up to their own scope; one for a field that their roles show nowhere is not theirs to read."""
    if saved.owner == viewer.principal.person:
        return True
    return not {EVERYONE, *viewer.principal.groups}.isdisjoint(saved.shared) and _may_ask(viewer, saved.text)


def _may_ask(viewer: Viewer, text: str) -> bool:
    try:
        viewer.scoped(parse(text))
    except QueryError:
        return False
    return True


def checked(wish: Wish) -> Wish:
    """The wish, its name without outer space. Raises SavedError, QueryError."""
    name = wish.name.strip()
    if not name or len(name) > NAME_CHARACTERS_MAX:
        raise SavedError("name", f"must have 1 to {NAME_CHARACTERS_MAX} characters")
    for field, value in (("name", name), ("range", wish.range), *(("shared", group) for group in wish.shared)):
        if _HIDDEN.search(value):
            raise SavedError(field, "holds characters that cannot be seen")
    if len(wish.range) > RANGE_CHARACTERS_MAX:
        raise SavedError("range", f"must have at most {RANGE_CHARACTERS_MAX} characters")
    if len(wish.shared) > GROUPS_MAX or any(not 0 < len(group) <= NAME_CHARACTERS_MAX for group in wish.shared):
        raise SavedError("shared", f"must be at most {GROUPS_MAX} groups of 1 to {NAME_CHARACTERS_MAX} characters")
    parse(_text_checked(wish.text))
    shared = tuple(dict.fromkeys(wish.shared))
    return msgspec.structs.replace(wish, name=name, columns=_columns_checked(wish.columns), shared=shared)


def _text_checked(text: str) -> str:
    if len(text) > LENGTH_MAX or "\x00" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise SavedError("text", f"must be a query of at most {LENGTH_MAX:,} characters, without NUL")
    if without_tokens(text) != text:
        raise SavedError("text", "holds an access token; search for its name, and revoke it if others may have seen it")
    return text


def _columns_checked(columns: tuple[str, ...]) -> tuple[str, ...]:
    if len(columns) > COLUMNS_MAX or any(len(name) > COLUMN_CHARACTERS_MAX or not name or _HIDDEN.search(name) for name in columns):
        raise SavedError("columns", f"must be at most {COLUMNS_MAX} names of columns")
    return columns


def _check_room(connection: Connection, owner: str, name: str, id: str | None) -> None:
    same = tables.find_saved_name(connection, owner, name)
    if same is not None and same.id != id:
        raise Conflict(f"there is a saved search “{name}” of yours already")
    if id is None and tables.count_saved(connection, owner) >= SAVED_MAX:
        raise Conflict(f"there are {SAVED_MAX} saved searches of yours; delete some first")


def _lines(saved: Saved | None) -> str:
    if saved is None:
        return ""
    fields = {"name": saved.name, "query": saved.text, "range": saved.range, "columns": saved.columns, "shared": saved.shared}
    return "".join(f"{field}: {msgspec.json.encode(value).decode()}\n" for field, value in fields.items())


def _new_id() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_ID_CHARACTERS))
