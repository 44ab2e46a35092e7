"""What the record of a reading says beside the question: with which roles, which groups of fields, for what reason, and whose calls. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from gatebook.identity.access import Access
from gatebook.index import CallRow, Page
from gatebook.query.groups import GROUPS, PAYLOADS, FieldGroup
from gatebook.reading.viewer import Viewer

SUBJECTS_MAX: Final = 200
REASON_CHARACTERS_MAX: Final = 300


class SeenPage(Page[CallRow], frozen=True, kw_only=True):
    """A page as a viewer sees it. `subjects`: whose calls these are, for the record of the reading only: they may be hidden."""

    subjects: frozenset[str] = frozenset()


def reading_groups(access: Access, payloads: bool) -> tuple[FieldGroup, ...]:
    """The groups that a reading can have shown."""
    return tuple(group for group in GROUPS if access.scope(group) != "none" and (payloads or group not in PAYLOADS))


def read_with(access: Access, groups: Sequence[str]) -> dict[str, Any]:
    """The fields of a `log.read` that say with what somebody read."""
    return {"roles": access.roles, "groups": tuple(groups), "reason": access.reason or None}


def others(viewer: Viewer, subjects: Iterable[str]) -> tuple[str, ...]:
    """The pseudonyms of others among those whose calls were shown."""
    return tuple(sorted({one for one in subjects if one not in ("", "-", viewer.subject)})[:SUBJECTS_MAX])
