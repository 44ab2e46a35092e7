"""One call, read from the log itself: the index only says where its records are."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from gatebook.index.rows import CallRow, RecordRow
from gatebook.log.errors import LogDamaged, PartUnavailable
from gatebook.log.position import Position
from gatebook.log.reader import Entry, read_entry
from gatebook.log.vault import Vault
from gatebook.record.base import Header
from gatebook.record.body import AnyBody
from gatebook.record.codec import RecordError, decode_body, decode_header, leaf_hash
from gatebook.record.parts import PartName, Payload

_LOST = {
    "dropped": "Dropped by retention. The record and its proof are whole.",
    "erased": "Erased: the key of this person's payloads was destroyed. The record and its proof are whole.",
    "damaged": "Damaged: what is stored does not match the record. Run gatebook verify.",
}


class StoredRecord(Struct, frozen=True, kw_only=True):
    """A record as it lies in the log. `leaf` is its leaf hash, hex. `lost` says why the payload cannot be read, where it cannot; `listed` what is in it."""

    header: Header
    core: bytes
    body: AnyBody
    leaf: str
    parts: dict[PartName, bytes]
    lost: str | None = None
    listed: tuple[PartName, ...] = ()


class CallDetail(Struct, frozen=True, kw_only=True):
    """A call: its row, the record that opens it, that of its outcome where there is one, and the messages within it."""

    row: CallRow
    opening: StoredRecord
    outcome: StoredRecord | None
    messages: tuple[StoredRecord, ...]

    @property
    def records(self) -> tuple[StoredRecord, ...]:
        """The record that opens the call and, when that is another, the record of its outcome."""
        return (self.opening,) if self.outcome is None else (self.opening, self.outcome)

    def part(self, name: PartName) -> tuple[bytes | None, str | None]:
        """A payload of the call, or why there is none."""
        for record in self.records:
            if name in record.parts:
                return record.parts[name], None
            if record.lost and name in record.listed:
                return None, record.lost
        return None, None


Places = Sequence[tuple[str, Position]]


def places_of(row: CallRow, messages: Sequence[RecordRow]) -> list[tuple[str, Position]]:
    """Where the records of a call are: opening, outcome when there is another, messages."""
    places = [(row.stream, Position(row.started_segment, row.started_offset))]
    if row.outcome_seq and row.outcome_seq != row.started_seq:
        places.append((row.stream, Position(row.outcome_segment, row.outcome_offset)))
    return places + [(record.stream, Position(record.segment, record.offset)) for record in messages]


def read_entries(log_dir: Path, places: Places) -> list[Entry]:
    """Read records at their places; blocking. Raises LogDamaged."""
    return [read_entry(log_dir / stream, at) for stream, at in places]


def open_record(entry: Entry, vault: Vault) -> StoredRecord:
    """Decode a record and open its payload. Raises LogDamaged when the bytes are not a record."""
    try:
        header, body = decode_header(entry.core), decode_body(entry.core)
    except RecordError as error:
        raise LogDamaged("?", entry.at.segment, entry.at.offset, 0, str(error)) from error
    parts: dict[PartName, bytes] = {}
    lost = None
    payload: Payload | None = getattr(body, "payload", None)
    if payload is not None:
        try:
            parts = vault.open(header.id, payload, entry.payload)
        except PartUnavailable as error:
            lost = _LOST[error.reason]
    listed = tuple(part.part for part in payload.parts) if payload else ()
    return StoredRecord(header=header, core=entry.core, body=body, leaf=leaf_hash(entry.core).hex(), parts=parts, lost=lost, listed=listed)
