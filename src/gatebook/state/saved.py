"""What people keep for themselves: saved searches, share links, preferences. Plain reading and writing in the caller's transaction.

Who may see and change what, and within which limits, is decided by `gatebook.reading.saved`. None of it is part of the revision:
gateways do not decide with it.
"""

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from gatebook.state.schema import preferences, saved_searches, shares


class Saved(Struct, frozen=True, kw_only=True):
    """A saved search. `shared` holds groups, `everyone` for all people; empty: nobody. `range` is a preset or absolute, as faces write it.

    Times in microseconds since 1970; `version` counts changes from 1.
    """

    id: str
    owner: str
    name: str
    shared: tuple[str, ...] = ()
    text: str = ""
    range: str = ""
    columns: tuple[str, ...] = ()
    version: int = 1
    created_us: int = 0
    changed_us: int = 0


class Share(Struct, frozen=True, kw_only=True):
    """A question that somebody passes on by a short link: query, absolute half-open time range, columns. Times in microseconds since 1970."""

    id: str
    by: str
    text: str = ""
    since_us: int | None = None
    until_us: int | None = None
    columns: tuple[str, ...] = ()
    at_us: int = 0


class Preference(Struct, frozen=True, kw_only=True):
    """A setting of one person; `value` is JSON text."""

    person: str
    name: str
    value: str


def list_saved(connection: Connection) -> list[Saved]:
    """All saved searches, by name."""
    rows = connection.execute(select(saved_searches).order_by(saved_searches.c.name, saved_searches.c.id)).mappings()
    return [_saved(row) for row in rows]


def find_saved(connection: Connection, id: str) -> Saved | None:
    """One saved search."""
    row = connection.execute(select(saved_searches).where(saved_searches.c.id == id)).mappings().first()
    return _saved(row) if row else None


def find_saved_name(connection: Connection, owner: str, name: str) -> Saved | None:
    """The saved search of this owner and name."""
    same = (saved_searches.c.owner == owner) & (saved_searches.c.name == name)
    row = connection.execute(select(saved_searches).where(same)).mappings().first()
    return _saved(row) if row else None


def count_saved(connection: Connection, owner: str) -> int:
    """How many a person has."""
    return int(connection.execute(select(func.count()).where(saved_searches.c.owner == owner)).scalar_one())


def put_saved(connection: Connection, saved: Saved) -> None:
    """Store a search; it replaces the one of the same id."""
    values = {**msgspec.structs.asdict(saved), "shared": _text(saved.shared), "columns": _text(saved.columns)}
    if connection.execute(update(saved_searches).where(saved_searches.c.id == saved.id).values(**values)).rowcount == 0:
        connection.execute(insert(saved_searches).values(**values))


def delete_saved(connection: Connection, id: str) -> None:
    """Forget a search."""
    connection.execute(delete(saved_searches).where(saved_searches.c.id == id))


def add_share(connection: Connection, share: Share) -> None:
    """Store a share link."""
    connection.execute(insert(shares).values(**{**msgspec.structs.asdict(share), "columns": _text(share.columns)}))


def find_share(connection: Connection, id: str) -> Share | None:
    """One share link."""
    row = connection.execute(select(shares).where(shares.c.id == id)).mappings().first()
    return _share(row) if row else None


def list_shares(connection: Connection, by: str) -> list[Share]:
    """The share links of one person, newest first."""
    rows = connection.execute(select(shares).where(shares.c.by == by).order_by(shares.c.at_us.desc(), shares.c.id)).mappings()
    return [_share(row) for row in rows]


def delete_share(connection: Connection, id: str) -> None:
    """Forget a share link."""
    connection.execute(delete(shares).where(shares.c.id == id))


def list_preferences(connection: Connection, person: str) -> list[Preference]:
    """The preferences of one person, by name."""
    rows = connection.execute(select(preferences).where(preferences.c.person == person).order_by(preferences.c.name)).mappings()
    return [Preference(person=row["person"], name=row["name"], value=row["value"]) for row in rows]


def put_preference(connection: Connection, preference: Preference) -> None:
    """Store a preference; it replaces the one of the same name."""
    same = (preferences.c.person == preference.person) & (preferences.c.name == preference.name)
    if connection.execute(update(preferences).where(same).values(value=preference.value)).rowcount == 0:
        connection.execute(insert(preferences).values(**msgspec.structs.asdict(preference)))


def delete_preference(connection: Connection, person: str, name: str) -> None:
    """Forget a preference."""
    connection.execute(delete(preferences).where((preferences.c.person == person) & (preferences.c.name == name)))


def _saved(row: RowMapping) -> Saved:
    return Saved(**{**row, "shared": _list(row["shared"]), "columns": _list(row["columns"])})


def _share(row: RowMapping) -> Share:
    return Share(**{**row, "columns": _list(row["columns"])})


def _text(items: tuple[str, ...]) -> str:
    return msgspec.json.encode(items).decode()


def _list(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])
