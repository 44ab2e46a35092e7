"""What a scan gives: hits, and the reason when a payload could not be scanned to its end."""

from typing import Literal

from msgspec import Struct

Fault = Literal["too_large", "too_deep", "budget", "not_json", "too_many", "names_absent", "names_late", "names_busy", "names_failed"]


class Limits(Struct, frozen=True, kw_only=True):
    """How much work a scan may be. Whatever exceeds a limit is a fault, and the caller blocks."""

    scan_bytes_max: int = 1 << 20
    time_budget_ms: float = 50.0
    depth_max: int = 128
    decode_depth_max: int = 2
    decode_bytes_max: int = 1 << 20
    hits_max: int = 10_000
    texts_max: int = 20_000


class Place(Struct, frozen=True, kw_only=True, gc=False):
    """A span of one token of a JSON document: `at` is the byte offset of the token, `start` and `end` count characters of its decoded text."""

    at: int
    start: int
    end: int


class Hit(Struct, frozen=True, kw_only=True, gc=False):
    """A value that was found. It holds the value: it must not outlive the call.

    `pointer` is the JSON pointer (RFC 6901) of the leaf, or of the member whose key holds the value when `in_key`;
    `safe_pointer` is the same with keys that hold a value replaced. `layers` are the codings around the
    value, outermost first, without the payload's own JSON. `places` leads to the bytes that redaction replaces: all but the last are embedded JSON.
    """

    detector: str
    pointer: str
    safe_pointer: str
    in_key: bool
    value: str
    layers: tuple[str, ...]
    places: tuple[Place, ...]


class Scanned(Struct, frozen=True, kw_only=True):
    """The outcome of a scan. With a `fault` the payload counts as not scanned, whatever the hits say."""

    hits: tuple[Hit, ...] = ()
    fault: Fault | None = None


class Exhausted(Exception):
    """Raised inside a scan when a limit is reached; `fault` says which."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault: Fault = fault
