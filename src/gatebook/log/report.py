"""What verification finds: plain data, the same for the command line, the API and tests."""

from typing import Literal

import msgspec

Kind = Literal[
    "frame",  # the bytes are not a whole frame with the right checksum
    "core",  # the record is not one, or is of another stream
    "payload",  # a part of a payload is not the one that the record vouches for
    "chain",  # the record after it names another record before it
    "missing",  # records are not where they should be
    "order",  # a record is here that belongs elsewhere: twice, swapped or put in
    "segment",  # a segment file or its header is wrong
    "leaf",  # the record is not the one in the sealed tree
    "runs",  # the list of which records the leaves are is wrong
    "tile",  # a tile of the tree is missing or wrong while the records are as signed
    "checkpoint",  # records before a checkpoint are not those that were signed
    "signature",  # a checkpoint is not signed by the trusted key
    "rollback",  # the log has gone back behind a checkpoint
]
FINDINGS_MAX = 200


class Finding(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One thing that is wrong, and where.

    `seq` is the first bad place in `stream`; `seq_last` is set when the place is a range. `segment` is the first seq of the segment file and
    `offset` the byte in it. `leaf` is the index in the tree; with `leaf_last` a range of leaves, in which a checkpoint that does not match leaves the place open.
    """

    kind: Kind
    message: str
    stream: str | None = None
    seq: int | None = None
    seq_last: int | None = None
    segment: int | None = None
    offset: int | None = None
    leaf: int | None = None
    leaf_last: int | None = None

    def place(self) -> str:
        """Say in words where it is; empty when it has no place in a stream."""
        if self.stream is None or self.seq is None:
            return ""
        text = f"stream {self.stream}, record {self.seq}"
        if self.seq_last is not None and self.seq_last != self.seq:
            text += f" to {self.seq_last}"
        if self.segment is not None and self.offset is not None:
            text += f", {self.segment:016d}.seg at byte {self.offset}"
        return text


class StreamReport(msgspec.Struct, kw_only=True):
    """What was checked of one stream. `last_seq` is 0 when it has no records."""

    name: str
    first_seq: int = 0
    last_seq: int = 0
    records: int = 0
    sealed_seq: int = 0
    payloads_dropped: int = 0
    unfinished_tail_bytes: int = 0
    findings: int = 0


class Report(msgspec.Struct, kw_only=True):
    """The result of a verification. `findings` is empty exactly when `ok`; `notes` are facts that a reader should know and that are no faults."""

    ok: bool
    records: int
    streams: list[StreamReport]
    tree_size: int
    root: str
    checkpoint_time: str
    checkpoints: int
    kept_checkpoints: int
    key: str
    key_trusted: bool
    unsealed: int
    findings: list[Finding]
    findings_left_out: int
    first_bad: Finding | None
    notes: list[str]


class Findings:
    """Collects findings of one part of the work, up to `FINDINGS_MAX`; the rest are counted."""

    def __init__(self) -> None:
        self.items: list[Finding] = []
        self.left_out = 0

    def add(self, finding: Finding) -> Finding:
        """Keep the finding, or count it when there are too many."""
        if len(self.items) < FINDINGS_MAX:
            self.items.append(finding)
        else:
            self.left_out += 1
        return finding
