"""What the record of a reading says beside the question: with which roles, which groups of fields, for what reason, and whose calls. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from gatebook.identity.access import Access
from gatebook.identity.tokens import without_tokens
from gatebook.index import CallRow, Page
from gatebook.query.groups import GROUPS, PAYLOADS, FieldGroup
from gatebook.reading.viewer import Viewer
from gatebook.record.body import LogRead

SUBJECTS_MAX: Final = 200
REASON_CHARACTERS_MAX: Final = 300


class SeenPage(Page[CallRow], frozen=True, kw_only=True):
    """A page as a viewer sees it. `whole`: the same rows as they are stored, for the room's own use: what is hidden stands in them."""

    whole: list[CallRow] = []

    @property
    def subjects(self) -> frozenset[str]:
        """Whose calls these are, for the record of the reading only."""
        return frozenset(row.subject for row in self.whole)


def reading_groups(access: Access, payloads: bool) -> tuple[FieldGroup, ...]:
    """The groups that a reading can have shown."""
    return tuple(group for group in GROUPS if access.scope(group) != "none" and (payloads or group not in PAYLOADS))


def read_with(access: Access, groups: Sequence[str]) -> dict[str, Any]:
    """The fields of a `log.read` that say with what somebody read."""
    return {"roles": access.roles, "groups": tuple(groups), "reason": access.reason or None}


def others(viewer: Viewer, subjects: Iterable[str]) -> tuple[str, ...]:
    """The pseudonyms of others among those whose calls were shown."""
    return tuple(sorted({one for one in subjects if one not in ("", "-", viewer.subject)}))


def in_parts(reading: LogRead) -> Iterator[LogRead]:
    """The reading as one record, or as several where it showed calls of more people than one record names; the first has the number of rows.

    What looks like an access token in the words of the reader is not kept.
    """
    reading = replace(reading, query=without_tokens(reading.query), reason=without_tokens(reading.reason) if reading.reason else None)
    yield replace(reading, subjects=reading.subjects[:SUBJECTS_MAX])
    for at in range(SUBJECTS_MAX, len(reading.subjects), SUBJECTS_MAX):
        yield replace(reading, subjects=reading.subjects[at : at + SUBJECTS_MAX], rows=None)
