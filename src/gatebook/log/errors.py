"""What can go wrong with the log.

LogError
├── LogUnavailable    the record cannot be made durable now; nothing was acknowledged
├── LogDamaged        bytes that had been durable are not what was written; the place is named
├── StreamBusy        another process writes to the stream
├── RecordTooLarge    the record would not fit into a segment
├── PartUnavailable   a payload cannot be read: dropped, erased or damaged
└── KeyFileUnsafe     the master key file is unfit: readable by others, or of the wrong size
"""

from typing import Literal

UnavailableReason = Literal["disk_full", "io_error", "stalled", "closed"]
PartReason = Literal["dropped", "erased", "damaged"]


class LogError(Exception):
    """Base of everything that the log raises."""


class LogUnavailable(LogError):
    """The record was refused or could not be made durable. `reason`: disk_full, io_error, stalled or closed."""

    def __init__(self, reason: UnavailableReason, detail: str = "") -> None:
        super().__init__(f"the log cannot be written: {reason}" + (f" ({detail})" if detail else ""))
        self.reason: UnavailableReason = reason


class LogDamaged(LogError):
    """The log is not what was written. Names the place: stream, first seq of the segment, offset in it, and seq."""

    def __init__(self, stream: str, segment: int, offset: int, seq: int, what: str) -> None:
        super().__init__(f"stream {stream}, segment {segment:016d}.seg, offset {offset}, record {seq}: {what}")
        self.stream = stream
        self.segment = segment
        self.offset = offset
        self.seq = seq
        self.what = what


class StreamBusy(LogError):
    """Another process holds the stream. `pid` is None when the holder has not written it yet."""

    def __init__(self, stream: str, pid: int | None) -> None:
        super().__init__(f"stream {stream} is written by process {pid if pid is not None else 'unknown'}")
        self.stream = stream
        self.pid = pid


class RecordTooLarge(LogError):
    """The record would not fit into a segment of the configured size."""

    def __init__(self, size_bytes: int, size_bytes_max: int) -> None:
        super().__init__(f"a record of {size_bytes} bytes exceeds {size_bytes_max}, half of a segment")
        self.size_bytes = size_bytes
        self.size_bytes_max = size_bytes_max


class PartUnavailable(LogError):
    """A payload cannot be read. `reason`: dropped (retention), erased (key destroyed) or damaged."""

    def __init__(self, reason: PartReason, what: str) -> None:
        super().__init__(f"payload {reason}: {what}")
        self.reason: PartReason = reason


class KeyFileUnsafe(LogError):
    """The master key file must not be used as it is."""
