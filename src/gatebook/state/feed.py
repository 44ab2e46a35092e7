"""What changed at which revision, so that those who follow state read that and not everything.

Whoever changes people, memberships or tokens notes them here, in the same transaction and before `bump`, which counts the revision that they belong to.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, text

from gatebook.state.revision import read_revision


def note_people(connection: Connection, ids: Iterable[str]) -> None:
    """These people have changed, were created, or are in other groups."""
    _note(connection, "person", ids)


def note_tokens(connection: Connection, sha256s: Iterable[str]) -> None:
    """The tokens with these hashes have changed, were created or deleted."""
    _note(connection, "token", sha256s)


def _note(connection: Connection, kind: str, ids: Iterable[str]) -> None:
    revision = read_revision(connection) + 1
    rows = [{"revision": revision, "kind": kind, "id": id} for id in dict.fromkeys(ids)]
    if rows:
        # The same person may change twice in one transaction.
        connection.execute(text("INSERT INTO state_feed (revision, kind, id) VALUES (:revision, :kind, :id) ON CONFLICT DO NOTHING"), rows)
