"""What an edit of several resources at once would come to: created, changed and deleted together, against what is stored now."""

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import Connection

from gatebook.state import changes
from gatebook.state.changes import Change
from gatebook.state.checking import GOVERNING, Draft
from gatebook.state.documents import Document, DocumentError


class Wanted(Struct, frozen=True, kw_only=True):
    """Resources that somebody wants to apply and to delete, `(kind, name)`. `bases`: the version of each `Kind/name` that they looked at; 0: none."""

    documents: tuple[Document, ...] = ()
    deletions: tuple[tuple[str, str], ...] = ()
    bases: Mapping[str, int] = {}


class Looked(Struct, frozen=True):
    """`moved` names what is not any more as it was looked at. `needs_second`: what is stored asks for a second person."""

    planned: list[Change]
    draft: Draft
    moved: list[str]
    needs_second: bool

    @property
    def effective(self) -> list[Change]:
        """Those that change something."""
        return [change for change in self.planned if change.action != "unchanged"]

    def check(self) -> list[str]:
        """Check what would be in force, with all tests of policies; returns warnings about what is applied. Raises DocumentError."""
        warnings = self.draft.check()
        return warnings if self.draft.documents else []


def look(connection: Connection, wanted: Wanted) -> Looked:
    """Compare an edit with what is stored. Raises DocumentError for one that names a resource twice, or deletes what is not there."""
    planned = changes.plan(connection, list(wanted.documents))
    seen = {(change.kind, change.name) for change in planned}
    for kind, name in wanted.deletions:
        if (kind, name) in seen:
            raise DocumentError([f"{kind} {name} stands twice in it"])
        seen.add((kind, name))
        planned.append(changes.plan_deletion(connection, kind, name))
    draft = Draft(connection, wanted.documents, wanted.deletions)
    governing = any(change.action != "unchanged" and change.kind in GOVERNING for change in planned)
    needs_second = governing and draft.stored.rules.governance.second_approver
    return Looked(planned, draft, moved(connection, wanted.bases), needs_second)


def moved(connection: Connection, bases: Mapping[str, int]) -> list[str]:
    """Return those of `bases` whose version is another by now. Of a deleted resource both 0 and the version of its deletion are good."""
    found = []
    for place, base in bases.items():
        kind, _, name = place.partition("/")
        stored = changes.newest(connection, kind, name)
        good = {0} if stored is None else {0, stored.version} if stored.deleted else {stored.version}
        if base not in good:
            found.append(place)
    return found
