"""Take out of calls what their reader may not see, here and once: what is hidden never reaches a face.

What is taken out is absent: texts are empty, numbers 0, pieces not there; which groups these are of stands in `hidden`, and does not depend on values.
"""

from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import fields, replace

from gatebook.identity.access import Access
from gatebook.index.rows import CallRow
from gatebook.query.groups import PLACES
from gatebook.query.record_groups import PART_GROUPS, RECORD_GROUPS
from gatebook.reading.detail import CallDetail, StoredRecord

_T = TypeVar("_T", bound=Struct)
HIDDEN = "hidden from your role"


class SeenRow(CallRow, frozen=True, kw_only=True):
    """A call of which some is hidden. `hidden` names the groups of fields."""

    hidden: Annotated[tuple[str, ...], Meta(description="Groups of fields that the reader's roles do not show of this call.")] = ()


_BLANKS: dict[str, Any] = {
    field.name: "" if field.required else (field.default if field.default is not msgspec.NODEFAULT else field.default_factory())
    for field in fields(CallRow)
}


def hidden_of(row: CallRow) -> tuple[str, ...]:
    """The groups that are hidden of a row that was masked."""
    return row.hidden if isinstance(row, SeenRow) else ()


def seen_row(row: CallRow, access: Access) -> CallRow:
    """The row as its reader may see it; the same one where nothing is hidden."""
    if access.is_whole or not (hidden := access.hidden(row.subject)):
        return row
    shown = {name: getattr(row, name) for name in CallRow.__struct_fields__}
    shown |= {name: _BLANKS[name] for name in access.hidden_columns(row.subject) if name in _BLANKS}
    return SeenRow(**shown, hidden=hidden)


def seen_rows(rows: Iterable[CallRow], access: Access) -> list[CallRow]:
    """The same for several."""
    return [seen_row(row, access) for row in rows]


def seen_detail(detail: CallDetail, access: Access) -> CallDetail:
    """A call with its records as its reader may see it."""
    subject = detail.row.subject
    if access.is_whole or not access.hidden(subject):
        return detail
    eyes = Eyes(access, subject)
    return CallDetail(
        row=seen_row(detail.row, access),
        opening=eyes.record(detail.opening),
        outcome=None if detail.outcome is None else eyes.record(detail.outcome),
        messages=tuple(eyes.record(record) for record in detail.messages) if eyes.sees("arguments+responses") else (),
    )


class Eyes:
    """What one reader sees of the calls of one person."""

    def __init__(self, access: Access, subject: str) -> None:
        self._access = access
        self._subject = subject
        self._hidden = access.hidden(subject)

    def sees(self, mark: str) -> bool:
        """Whether what is marked so is visible."""
        group, _, field = mark.partition(":")
        if field in PLACES and not self._access.shows_place(self._subject):
            return False
        if field and self._access.shows_metadata(self._subject, field):
            return True
        return not any(one in self._hidden for one in group.split("+"))

    @property
    def sees_everything(self) -> bool:
        """Whether nothing is hidden."""
        return not self._hidden

    def sees_part(self, name: str) -> bool:
        """Whether a payload part is visible."""
        return all(self.sees(group) for group in PART_GROUPS[name])

    def record(self, record: StoredRecord) -> StoredRecord:
        """A record without what is hidden. Its bytes as stored are gone, and its hash too, unless it is evidence for the reader."""
        header, body = self.piece(record.header), self.piece(record.body)
        seen = [name for name in record.listed if self.sees_part(name)]
        core = msgspec.json.encode({**_kept(header), **_kept(body), "hidden": self._hidden})
        return StoredRecord(
            header=header,
            core=core,
            body=body,
            leaf=record.leaf if self.sees("evidence") else "",
            parts={name: data for name, data in record.parts.items() if name in seen},
            lost=record.lost if seen else None,
            listed=tuple(seen),
        )

    def piece(self, piece: _T) -> _T:
        """A piece of a record without what is hidden."""
        marks = RECORD_GROUPS[type(piece).__name__]
        changes: dict[str, Any] = {}
        for field in fields(piece):
            value, mark = getattr(piece, field.name), marks[field.name]
            if mark == "open":
                changes[field.name] = self._open(field, value)
            elif not self.sees(mark):
                changes[field.name] = _blank(field, value)
        return replace(piece, **changes) if changes else piece

    def _open(self, field: Any, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self.piece(item) for item in value if self._any(item))
        if not isinstance(value, Struct):
            return value
        return self.piece(value) if field.default is not None or self._any(value) else None

    def _any(self, piece: Struct) -> bool:
        """Whether the reader sees something of a sort of piece, whatever it holds."""
        return any(self.sees(mark) for mark in RECORD_GROUPS[type(piece).__name__].values())


def _blank(field: Any, value: Any) -> Any:
    return type(value)() if field.required else field.default


def _kept(piece: Struct) -> dict[str, Any]:
    """What is left of a piece, for its form as JSON."""
    built = msgspec.to_builtins(piece)
    return {name: value for name, value in built.items() if value not in ("", 0, None, [], {})}
