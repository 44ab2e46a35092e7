"""What the API answers about calls and records: one Struct for each answer, from which the OpenAPI document is made."""

import base64
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from gatebook.identity.access import Access
from gatebook.index import CallRow, RecordRow
from gatebook.reading.detail import CallDetail, StoredRecord
from gatebook.reading.health import Health, Sealed, Verified
from gatebook.reading.proving import ProvedRecord


class CallsAnswer(Struct, frozen=True, kw_only=True):
    """One page of calls, newest first."""

    calls: Annotated[list[CallRow], Meta(description="The calls.")]
    next_cursor: Annotated[str | None, Meta(description="Send as `before` for the page of older calls; null on the last one.")]
    previous_cursor: Annotated[str | None, Meta(description="Send as `after` for newer calls; null on an empty page.")]
    next: Annotated[str | None, Meta(description="Address of the page of older calls.")]
    total: Annotated[int | None, Meta(description="How many calls match in all; null when that was not asked for.")]
    snapshot: Annotated[str, Meta(description="Send as `snapshot` to ask more of exactly these calls; kept for ten minutes.")]
    positions: Annotated[dict[str, int], Meta(description="The last record of each stream that the answer knows of.")]


class RecordCore(Struct, frozen=True, kw_only=True):
    """A record as it is stored: `leaf_hash` is the hash of exactly these bytes of `core`."""

    core: Annotated[msgspec.Raw, Meta(description="The record, see the record schema.")]
    leaf_hash: Annotated[str, Meta(description="RFC 6962 leaf hash, hex.")]


class PartAnswer(Struct, frozen=True, kw_only=True):
    """A payload: as `json` when it is JSON, else as `text`, else as `base64`; `missing` says why it cannot be read."""

    json: msgspec.Raw | UnsetType = UNSET
    text: str | UnsetType = UNSET
    base64: str | UnsetType = UNSET
    size: Annotated[int, Meta(description="Bytes as they are stored.")] | UnsetType = UNSET
    missing: str | UnsetType = UNSET


class MessageAnswer(Struct, frozen=True, kw_only=True):
    """A message that was relayed within a call."""

    core: msgspec.Raw
    leaf_hash: str
    message: PartAnswer | None


class CallAnswer(Struct, frozen=True, kw_only=True):
    """One call, as it lies in the log."""

    call: Annotated[CallRow, Meta(description="Its row in the index.")]
    records: Annotated[list[RecordCore], Meta(description="The record that opens it, and that of its outcome.")]
    arguments: PartAnswer | None
    response: PartAnswer | None
    identity: PartAnswer | None
    messages: list[MessageAnswer]


class ProofAnswer(Struct, frozen=True, kw_only=True):
    """The inclusion proofs of a call's records, each checked as a stranger would."""

    call_id: str
    verified: Annotated[bool, Meta(description="True when every proof holds.")]
    records: list[ProvedRecord]


class RecordAnswer(Struct, frozen=True, kw_only=True):
    """A record that is not part of a call."""

    id: str
    core: Annotated[msgspec.Raw, Meta(description="The record, see the record schema.")]


class RecordsAnswer(Struct, frozen=True, kw_only=True):
    """One page of records, newest first."""

    records: list[RecordAnswer]
    next_cursor: Annotated[str | None, Meta(description="Send as `before` for the page of older records; null on the last one.")]


class StatusAnswer(Struct, frozen=True, kw_only=True):
    """How far sealing and indexing are."""

    now_us: Annotated[int, Meta(description="The keeper's clock, microseconds since 1970.")]
    positions: Annotated[dict[str, int], Meta(description="The last record of each stream in the index.")]
    behind_bytes: Annotated[int, Meta(description="Bytes of the log that are not in the index.")]
    behind_s: Annotated[float, Meta(description="Age of the oldest record that is not in the index, in seconds.")]
    open_calls: Annotated[int, Meta(description="Calls without an outcome.")]
    errors: Annotated[dict[str, str], Meta(description="What keeps a stream from being indexed.")]
    sealed: Annotated[Sealed | None, Meta(description="The newest checkpoint.")]
    verified: Annotated[Verified | None, Meta(description="The last verification of the whole log.")]
    records: Annotated[int, Meta(description="Records in the index.")]
    sealed_fresh: Annotated[bool, Meta(description="Whether the newest checkpoint is good and as new as it should be.")]
    rebuilt: Annotated[float | None, Meta(description="How much of the index is built, 0 to 1; null when all is.")]
    searchable_since_us: Annotated[
        int | None,
        Meta(
            description="While the index is being built: everything newer is in it, microseconds since 1970; null when that cannot be said."
        ),
    ]
    index_state: Annotated[str, Meta(description="How far the index is, in words.")]


def call_answer(detail: CallDetail) -> CallAnswer:
    """The answer for a call that was read."""
    return CallAnswer(
        call=detail.row,
        # The core goes out as stored: its bytes are what the leaf hash is of.
        records=[RecordCore(core=msgspec.Raw(record.core), leaf_hash=record.leaf) for record in detail.records],
        arguments=_part(*detail.part("arguments")),
        response=_part(*detail.part("response")),
        identity=_part(*detail.part("identity")),
        messages=[_message(record) for record in detail.messages],
    )


def record_answer(row: RecordRow) -> RecordAnswer:
    """The answer for a record of the index."""
    return RecordAnswer(id=row.id, core=msgspec.Raw(row.summary.encode()))


def status_answer(health: Health, access: Access) -> StatusAnswer:
    """The answer for how it stands; without numbers that tell how much others do, for who sees some calls only."""
    fields = {name: getattr(health, name) for name in StatusAnswer.__struct_fields__}
    if not access.sees_places:
        fields |= {"positions": {}, "behind_bytes": 0, "open_calls": 0, "records": 0, "errors": dict.fromkeys(health.errors, "stopped")}
        fields["sealed"] = replace(health.sealed, size=0, root="") if health.sealed is not None else None
    return StatusAnswer(**fields)


def _message(record: StoredRecord) -> MessageAnswer:
    return MessageAnswer(core=msgspec.Raw(record.core), leaf_hash=record.leaf, message=_part(record.parts.get("message"), record.lost))


def _part(data: bytes | None, lost: str | None) -> PartAnswer | None:
    if data is None:
        return PartAnswer(missing=lost) if lost else None
    try:
        msgspec.json.decode(data)
        return PartAnswer(json=msgspec.Raw(data), size=len(data))
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        return PartAnswer(text=data.decode(), size=len(data))
    except UnicodeDecodeError:
        return PartAnswer(base64=base64.b64encode(data).decode(), size=len(data))
