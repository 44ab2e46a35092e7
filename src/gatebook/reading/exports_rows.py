"""The rows of an export: what the index knows of each call, and its payloads and records read from the log itself."""

from pathlib import Path
from typing import Final, get_type_hints

from msgspec import Struct
from msgspec.structs import replace

from gatebook.identity.access import Access
from gatebook.index.rows import CALL_COLUMNS, CallRow
from gatebook.log.errors import LogError, PartUnavailable
from gatebook.log.lookup import Lookup
from gatebook.log.position import Position
from gatebook.log.reader import Entry
from gatebook.log.vault import Vault
from gatebook.reading.masking import HIDDEN, Eyes, seen_row
from gatebook.reading.sentence import sentence
from gatebook.record.body import CallFinished, CallOutcomeUnknown, CallRefused, CallStarted
from gatebook.record.codec import RecordError, decode_body, decode_header, leaf_hash
from gatebook.record.parts import PartName, Payload
from gatebook.record.views.call import Call, Ending, Identity, Opening

INTERNAL: Final = frozenset({"started_segment", "started_offset", "outcome_segment", "outcome_offset"})
COLUMNS: Final[tuple[str, ...]] = tuple(name for name in CALL_COLUMNS if name not in INTERNAL)
"""Columns of every export: those of the index but for places in files, which mean nothing outside of the node."""
PAYLOAD_COLUMNS: Final = ("arguments", "arguments_missing", "response", "response_missing")
KINDS: Final[dict[str, type]] = {name: kind for name, kind in get_type_hints(CallRow).items() if name in COLUMNS}
TIMES: Final = frozenset({"time", "finished"})
_PARTS: Final[tuple[PartName, ...]] = ("arguments", "response")


class Loaded(Struct, frozen=True, kw_only=True):
    """A call as an export writes it. `parts` has the payloads that could be read, `missing` why another could not; `call` its records."""

    row: CallRow
    parts: dict[PartName, bytes] = {}
    missing: dict[PartName, str] = {}
    call: Call | None = None


class Loader:
    """Reads from the log what an export needs of each call. Used from one thread: the vault is of that thread."""

    def __init__(self, log_dir: Path, vault: Vault, access: Access, *, payloads: bool, records: bool) -> None:
        self._access = access
        self._lookup = Lookup(log_dir)
        self._vault = vault
        self._payloads = payloads
        self._records = records

    def load(self, row: CallRow) -> Loaded:
        """One call as its reader may see it. What the log does not give is said in `missing`, so that one damaged record does not end an export."""
        if not self._records and (not self._payloads or row.payload == "none"):
            return Loaded(row=seen_row(row, self._access))
        places = [Position(row.started_segment, row.started_offset)]
        if row.outcome_seq and row.outcome_seq != row.started_seq:
            places.append(Position(row.outcome_segment, row.outcome_offset))
        eyes = Eyes(self._access, row.subject)
        parts: dict[PartName, bytes] = {}
        missing: dict[PartName, str] = {}
        if row.response_dropped and eyes.sees("responses"):
            missing["response"] = f"not recorded: {row.response_dropped}"
        records: list[Opening | Ending] = []
        try:
            for place in places:
                records.append(self._record(self._lookup.read(row.stream, place), parts, missing))
        except (LogError, RecordError, OSError) as error:
            lost: dict[PartName, str] = {name: f"damaged: {error}" for name in _PARTS if name not in parts}
            missing |= lost
        for name in _PARTS:
            if self._payloads and not eyes.sees_part(name):
                parts.pop(name, None)
                missing[name] = HIDDEN
        seen = seen_row(row, self._access)
        call = self._call(seen, [self._seen(record, eyes) for record in records], parts, missing) if self._records else None
        return Loaded(row=seen, parts=parts, missing=missing, call=call)

    def _seen(self, record: Opening | Ending, eyes: Eyes) -> Opening | Ending:
        if eyes.sees_everything:
            return record
        leaf = record.leaf if eyes.sees("evidence") else ""
        return replace(record, header=eyes.piece(record.header), body=eyes.piece(record.body), leaf=leaf)

    def close(self) -> None:
        """Give the files back."""
        self._lookup.close()

    def _record(self, entry: Entry, parts: dict[PartName, bytes], missing: dict[PartName, str]) -> Opening | Ending:
        header, body = decode_header(entry.core), decode_body(entry.core)
        payload: Payload | None = getattr(body, "payload", None)
        if self._payloads and payload is not None:
            try:
                opened = self._vault.open(header.id, payload, entry.payload)
                parts.update((name, data) for name, data in opened.items() if name in _PARTS)
            except PartUnavailable as error:
                missing.update((part.part, error.reason) for part in payload.parts if part.part in _PARTS)
        leaf = leaf_hash(entry.core).hex()
        if isinstance(body, CallStarted | CallRefused):
            return Opening(header=header, body=body, leaf=leaf)
        if isinstance(body, CallFinished | CallOutcomeUnknown):
            return Ending(header=header, body=body, leaf=leaf)
        raise RecordError(f"a record of type {header.type} stands where one of a call should")

    def _call(
        self, row: CallRow, records: list[Opening | Ending], parts: dict[PartName, bytes], missing: dict[PartName, str]
    ) -> Call | None:
        opening = next((record for record in records if isinstance(record, Opening)), None)
        if opening is None:
            return None
        return Call(
            opening=opening,
            ending=next((record for record in records if isinstance(record, Ending)), None),
            identity=Identity(person=row.person, email=row.email, name=row.name, groups=row.groups),
            sentence=sentence(row),
            arguments=parts.get("arguments"),
            response=parts.get("response"),
            lost={str(name): reason for name, reason in missing.items()},
        )
