"""What changed at which revision, so that those who follow state read that and not everything.

Whoever changes people, memberships or tokens notes them here, in the same transaction and before `bump`, which counts the revision that they belong to.
A revision of which nothing is noted is taken to have changed all but people and tokens; one that changed both says so with `note_rest`.
"""

from collections.abc import Iterable

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, text

from gatebook.state.directory_schema import state_feed
from gatebook.state.revision import read_revision

_KEPT_REVISIONS = 10_000
_ROWS_MAX = 20_000
"""Who is behind by more reads everything anew, which is faster then."""
_PRUNED = "pruned"


class Noted(Struct, frozen=True, kw_only=True):
    """What changed since a revision. `rest`: whether anything but people, tokens and cut-offs did."""

    people: tuple[str, ...]
    tokens: tuple[str, ...]
    rest: bool


def note_people(connection: Connection, ids: Iterable[str]) -> None:
    """These people have changed, were created, or are in other groups."""
    _note(connection, "person", ids)


def note_tokens(connection: Connection, sha256s: Iterable[str]) -> None:
    """The tokens with these hashes have changed, were created or deleted."""
    _note(connection, "token", sha256s)


def note_rest(connection: Connection) -> None:
    """This change also concerns something else than people and tokens."""
    _note(connection, "resources", [""])


def read_noted(connection: Connection, since: int, revision: int) -> Noted | None:
    """What changed after the revision `since`, up to and including `revision`; None when that is no longer known, or so much that nobody should ask."""
    feed = state_feed.c
    query = select(feed.revision, feed.kind, feed.id).where(feed.revision > since).order_by(feed.revision).limit(_ROWS_MAX + 1)
    rows = connection.execute(query).all()
    if revision < since or len(rows) > _ROWS_MAX or any(kind == _PRUNED for _, kind, _ in rows):
        return None
    told = {number for number, _, _ in rows}
    rest = len(told) < revision - since or any(kind == "resources" for _, kind, _ in rows)
    ids = {wanted: tuple(dict.fromkeys(id for _, kind, id in rows if kind == wanted)) for wanted in ("person", "token")}
    return Noted(people=ids["person"], tokens=ids["token"], rest=rest)


def prune_feed(connection: Connection, kept: int = _KEPT_REVISIONS) -> int:
    """Drop what is older than the last `kept` revisions; returns how many rows. Who is further behind reads everything."""
    last = read_revision(connection) - kept
    old = state_feed.c.revision <= last
    if connection.execute(select(state_feed.c.kind).where(old & (state_feed.c.kind != _PRUNED)).limit(1)).first() is None:
        return 0
    dropped = connection.execute(delete(state_feed).where(old)).rowcount
    connection.execute(insert(state_feed).values(revision=last, kind=_PRUNED, id=""))
    return dropped


def _note(connection: Connection, kind: str, ids: Iterable[str]) -> None:
    revision = read_revision(connection) + 1
    rows = [{"revision": revision, "kind": kind, "id": id} for id in dict.fromkeys(ids)]
    if rows:
        # The same person may change twice in one transaction.
        connection.execute(text("INSERT INTO state_feed (revision, kind, id) VALUES (:revision, :kind, :id) ON CONFLICT DO NOTHING"), rows)
